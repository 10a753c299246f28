"""Photos that were taken at another time, or that were handed in before.

A picture that was scaled or compressed again differs from the first in a few bits of its difference hash;
pictures of different things differ in about 32 of 64. A wall, a floor or a thumb has next to no detail, and
all of them look alike, so such pictures are compared with nothing.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from server.evidence.positions import whole_minutes
from server.evidence.visit import EarlierPhoto, Found, Photo, Rules, Visit

# Bits in which two hashes differ: below `ALIKE` it is one picture, up to `SUSPECT` it may be.
ALIKE: Final = 6
SUSPECT: Final = 12
LEAST_DETAIL: Final = 10
# The front is photographed before entering, the receipt after leaving.
AROUND: Final = timedelta(hours=1)
# Xinjiang lives by a clock of its own, two hours behind the one that its outlets open by.
ZONES: Final = (timedelta(0), timedelta(hours=2), timedelta(hours=-2))


def photo_other_time(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The camera's clock says another time than the visit's; a photo that says none is no doubt.

    Later on the same day is none either: tickets and receipts are photographed at home.
    """
    start, end = visit.span() or (visit.opens_at, visit.handed_in_at)
    first, last = (each.astimezone(visit.zone).replace(tzinfo=None) for each in (start, end))
    last = max(last, first.replace(hour=23, minute=59))
    error = max((each.error for each in visit.moments), key=abs, default=timedelta(0))
    for photo in visit.photos:
        if photo.taken is None:
            continue
        off = min(_outside(photo.taken + error + zone, first, last) for zone in ZONES)
        if off > AROUND:
            taken = f"{photo.taken:%Y-%m-%d %H:%M}"
            params: dict[str, int | str] = {"taken": taken, "minutes": whole_minutes(off)}
            yield Found("photo_other_time", params, {"photo": photo.id})


def photo_reused(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The very same file came with another visit."""
    for photo in visit.photos:
        other = _reused(photo, visit)
        if other is not None:
            yield Found("photo_reused", _about(other), {"photo": photo.id})


def photo_alike(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The same picture came with another visit, scaled or compressed anew."""
    yield from _similar(visit, "photo_alike", range(ALIKE))


def photo_suspect(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The same person handed in a picture of another place that looks much like this one."""
    yield from _similar(visit, "photo_suspect", range(ALIKE, SUSPECT + 1))


def distance(one: int, other: int) -> int:
    """In how many bits two hashes differ."""
    return (one ^ other).bit_count()


def _outside(taken: datetime, first: datetime, last: datetime) -> timedelta:
    return max(first - taken, taken - last, timedelta(0))


def _reused(photo: Photo, visit: Visit) -> EarlierPhoto | None:
    same = (each for each in visit.earlier_photos if each.sha256 == photo.sha256 and not each.same_task)
    return next(same, None)


def _similar(visit: Visit, code: str, within: range) -> Iterator[Found]:
    """One doubt a photo, about the nearest; what was said already with more certainty is not said again."""
    for photo in visit.photos:
        if _reused(photo, visit) is not None:
            continue
        apart = _nearest(photo, visit)
        if apart is not None and apart[0] in within:
            yield Found(code, {"bits": apart[0], **_about(apart[1])}, {"photo": photo.id})


def _nearest(photo: Photo, visit: Visit) -> tuple[int, EarlierPhoto] | None:
    if photo.difference_hash is None or (photo.detail or 0) < LEAST_DETAIL:
        return None
    found = [
        (apart, other)
        for other in visit.earlier_photos
        if other.difference_hash is not None
        and (other.detail or 0) >= LEAST_DETAIL
        and not other.same_task
        # Pictures of one place look alike, and so do those of different people by chance, among a million.
        and ((apart := distance(photo.difference_hash, other.difference_hash)) < ALIKE or _comparable(other))
    ]
    return min(found, key=lambda each: (each[0], each[1].id), default=None)


def _comparable(other: EarlierPhoto) -> bool:
    return other.same_person and not other.same_place


def _about(other: EarlierPhoto) -> dict[str, int | str]:
    return {"other": other.id, "visit": other.visit}
