"""Honest days and simple frauds, simulated: how many of each somebody is asked to look at.

The honest ones have what field work has: cheap clocks, indoor errors that phones do not admit, no consent to
positions, no EXIF, hours without a network, tickets photographed at home. Seeds are fixed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import cos, pi, radians, sin
from random import Random

import pytest

from server.coordinates import Point, from_wgs84
from server.evidence.positions import metres_between
from server.evidence.visit import (
    MOMENTS,
    EarlierNarrative,
    EarlierPhoto,
    Moment,
    Narrative,
    OtherVisit,
    Photo,
    Place,
    Visit,
)
from server.evidence.weighing import weigh
from server.scoring.programmes.visiting import EvidenceRules
from tests.evidence.cases import CAME, DAY, HOUR, MINUTE, ZONE, local

MANY = 500
RULES = EvidenceRules(narrative=15)
DEGREE = 111_195  # metres
WHEN = ("一进门", "取号以后", "等了十几分钟", "办完业务", "我问起理财时", "轮到我前", "下雨天", "快到中午")
WHAT = ("大堂经理", "保安", "柜员", "理财经理", "引导员", "客户经理")
DID = (
    "主动起身问好并询问要办什么业务", "一直低头看手机没有抬头", "把我带到取号机前教我取号",
    "耐心解释了两遍手续费怎么收", "让我自己看墙上的公告", "先给老人办再叫到我的号",
)  # fmt: skip
THEN = (
    "随后有人送来一杯温水", "等了好一会儿才有人理会", "临走时提醒我带好身份证", "填单台上的笔写不出字",
    "座椅很干净但空调太冷", "叫号屏幕有一块不亮", "隔壁窗口一直没有开",
)  # fmt: skip


def place_of(chance: Random, around: float = 0.15) -> Place:
    """An outlet somewhere in the city, as Chinese maps have it."""
    point = Point(121.4 + chance.uniform(-around, around), 31.2 + chance.uniform(-around, around))
    there = from_wgs84(point, "GCJ-02")
    return Place(there.longitude, there.latitude, "GCJ-02")


def phone_at(chance: Random, place: Place) -> Place:
    """Where a phone believes to be all through a visit: one in twenty-five only knows its cell or network."""
    off = chance.uniform(200, 900) if chance.random() < 0.04 else abs(chance.gauss(0, 40))
    return moved(chance, place, off)


def seen_from(chance: Random, place: Place, believed: Place) -> tuple[Place, int]:
    """One reading: it jumps, now and then by hundreds of metres, and its error is told too small."""
    fix = moved(
        chance, believed, abs(chance.gauss(0, 25)) if chance.random() < 0.9 else chance.uniform(80, 400)
    )
    return fix, round(max(5, metres_between(place, fix) * chance.uniform(0.3, 1.2)))


def moved(chance: Random, place: Place, off: float) -> Place:
    turn = chance.uniform(0, 2 * pi)
    north, east = off * cos(turn) / DEGREE, off * sin(turn) / DEGREE / cos(radians(place.latitude))
    return Place(place.longitude + east, place.latitude + north, place.datum)


def words(chance: Random) -> str:
    """Two or three remarks of this one's own, out of some ten thousand that could be made."""
    remarks = [
        f"{chance.choice(WHEN)}{chance.choice(WHAT)}{chance.choice(DID)}，{chance.choice(THEN)}"
        for _ in range(chance.randint(2, 3))
    ]
    return "；".join(remarks) + "。"


def hash_of(chance: Random) -> int:
    return chance.getrandbits(64)


def slow_of(chance: Random) -> timedelta:
    """Most phones are right to the second; a cheap one in twenty is minutes off, one in fifty hours."""
    drawn = chance.random()
    if drawn < 0.02:
        return timedelta(minutes=chance.choice((-1, 1)) * chance.uniform(30, 600))
    return timedelta(minutes=chance.gauss(0, 4)) if drawn < 0.07 else timedelta(seconds=chance.gauss(0, 5))


def moments_of(chance: Random, place: Place, stays: float, *, consent: bool) -> tuple[Moment, ...]:
    slow, sent = slow_of(chance), CAME + stays * MINUTE + chance.choice((1, 20, 300, 3_000)) * MINUTE
    shares = (0, 0.05, chance.uniform(0.2, 0.5), chance.uniform(0.55, 0.95), 1)
    told, believed = [], phone_at(chance, place)
    for kind, share in zip(MOMENTS, shares, strict=True):
        if kind in ("ticket", "called") and chance.random() < 0.2:
            continue
        seen = consent and chance.random() < 0.9
        fix, accuracy = seen_from(chance, place, believed) if seen else (None, None)
        at = CAME + share * stays * MINUTE
        told.append(Moment(kind, kind, at - slow, sent - slow, sent, fix, accuracy))
    return tuple(told)


def photos_of(chance: Random, stays: float, slow: timedelta) -> tuple[Photo, ...]:
    """Six photos; browsers on half of the phones tell no time; the ticket may be taken in the evening."""
    tells = chance.random() < 0.5
    photos = []
    for number in range(6):
        after = chance.uniform(-10, stays + 10) if number or chance.random() < 0.8 else 9 * 60
        taken = local(CAME + after * MINUTE - slow) if tells else None
        photo = Photo(
            f"p{number}", f"{chance.getrandbits(256):x}", taken, hash_of(chance), chance.randint(12, 80)
        )
        photos.append(photo)
    return tuple(photos)


def honest(chance: Random) -> Visit:
    place, stays = place_of(chance), chance.uniform(13, 60)
    told = moments_of(chance, place, stays, consent=chance.random() < 0.7)
    before = place_of(chance)
    gap = timedelta(minutes=chance.uniform(25, 120))
    return Visit(
        zone=ZONE,
        opens_at=CAME - 3 * DAY,
        expires_at=CAME + 4 * DAY,
        handed_in_at=told[-1].received_at,
        place=place,
        hours=((CAME - HOUR, CAME + 7 * HOUR),) if chance.random() < 0.8 else None,
        moments=told,
        photos=photos_of(chance, stays, told[0].error),
        narratives=tuple(Narrative(f"q{number}", words(chance)) for number in range(3)),
        answers=40,
        earlier_photos=tuple(
            EarlierPhoto(str(number), "v", f"{number}", hash_of(chance), 40, same_person=number < 20)
            for number in range(60)
        ),
        earlier_narratives=tuple(EarlierNarrative("v", words(chance)) for _ in range(30)),
        other_visits=(OtherVisit("v", before, CAME - gap - 20 * MINUTE, CAME - gap),),
    )


def elsewhere(chance: Random, visit: Visit, degrees: float) -> Point:
    """A place so many degrees of latitude away from the visit's."""
    assert visit.place is not None
    found = place_of(chance)
    while abs(found.latitude - visit.place.latitude) < degrees:
        found = place_of(chance)
    return found


def from_home(chance: Random, visit: Visit) -> Visit:
    """Positions are told, from a sofa kilometres away."""
    home = elsewhere(chance, visit, 0.02)
    told = []
    for moment in visit.moments:
        fix, accuracy = seen_from(chance, home, home)
        told.append(replace(moment, fix=fix, accuracy=accuracy))
    return replace(visit, moments=tuple(told))


def recycled(chance: Random, visit: Visit) -> Visit:
    """Photos of last month, compressed anew: a few bits of their hashes differ."""
    taken = [each for each in visit.photos if each.difference_hash is not None][:2]
    old = [
        EarlierPhoto(f"old{each.id}", "v", "x", (each.difference_hash or 0) ^ (1 << chance.randrange(64)), 40)
        for each in taken
    ]
    return replace(visit, earlier_photos=(*visit.earlier_photos, *old))


def copied(chance: Random, visit: Visit) -> Visit:
    """Last month's text with a comma more."""
    text = visit.narratives[0].text.replace("，", "，，", 1)
    return replace(visit, earlier_narratives=(*visit.earlier_narratives, EarlierNarrative("v", text)))


def five_minutes(chance: Random, visit: Visit) -> Visit:
    """In, a look around, and out."""
    shrunk = [
        replace(each, at=visit.moments[0].at + (each.at - visit.moments[0].at) / 12) for each in visit.moments
    ]
    return replace(visit, moments=tuple(shrunk), photos=())


def within_an_hour(chance: Random, visit: Visit) -> Visit:
    """One visit right after the other, all over the city."""
    there = elsewhere(chance, visit, 0.03)
    went = CAME - chance.uniform(-5, 2) * MINUTE
    return replace(visit, other_visits=(OtherVisit("v", there, went - 12 * MINUTE, went),))


def at_night(chance: Random, visit: Visit) -> Visit:
    """Typed in the evening, with the outlet closed."""
    return replace(visit, hours=((CAME - 10 * HOUR, CAME - 2 * HOUR),))


def looked_at(visit: Visit) -> bool:
    return weigh(visit, RULES).score < RULES.review


def test_honest_days_are_hardly_ever_looked_at() -> None:
    chance = Random(20260512)
    visits = [honest(chance) for _ in range(MANY)]
    found = [weigh(visit, RULES) for visit in visits]
    assert sum(each.score < RULES.review for each in found) <= MANY * 0.02
    assert sum(not each.doubts for each in found) >= MANY * 0.9, "the usual day raises no doubt at all"


@pytest.mark.parametrize(
    "fraud",
    [from_home, recycled, copied, five_minutes, within_an_hour, at_night],
    ids=lambda each: each.__name__,
)
def test_simple_frauds_are_looked_at(fraud: Callable[[Random, Visit], Visit]) -> None:
    chance = Random(7)
    made = [fraud(chance, honest(chance)) for _ in range(MANY // 5)]
    assert sum(map(looked_at, made)) >= len(made) * 0.95
