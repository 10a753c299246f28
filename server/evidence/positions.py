"""Where a visitor was: distance from the outlet, positions that do not move, ways nobody can have made.

A position is no proof, and none is no doubt: browsers on computers have none, consent may be refused, and
inside a building a phone is often a hundred metres off and says twenty.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from server.coordinates import Point, metres, to_wgs84
from server.evidence.visit import MOMENTS, Found, Moment, OtherVisit, Place, Rules, Visit

# A phone that says it may be five kilometres off says nothing: it must not excuse everything.
MOST_ACCURACY: Final = 500
SAME_IN_A_ROW: Final = 3
# Of an outlet's coordinates and a large building together.
GROUND: Final = 500
# Door to door in a straight line nobody is faster than this: by taxi in a city, further out by the fastest
# trains and planes with the way to them. One speed for all distances would either let somebody cross a city
# in two minutes or doubt whoever takes the train.
NEAR: Final = 10_000
NEAR_SPEED, FAR_SPEED = 45, 400  # km/h
# Two readings of clocks.
SLACK: Final = timedelta(minutes=1)


def metres_between(a: Place, b: Place) -> float:
    """The way over ground, whatever datums the two are in."""
    return metres(_wgs84(a), _wgs84(b))


def with_distance(
    place: Place | None, fix: Place | None, *, consented: bool
) -> tuple[Place | None, int | None]:
    """What may be kept of a position that a phone sends: itself, and its distance from the outlet in metres.

    Without consent nothing is, whatever was sent.
    """
    if fix is None or not consented:
        return None, None
    return fix, None if place is None else round(metres_between(place, fix))


def far_away(visit: Visit, rules: Rules) -> Iterator[Found]:
    """Most of the positions told inside lie outside the radius, by more than they may be wrong.

    One stray position among several is what phones do when they come out of a cellar.
    """
    told = [
        (distance, distance - min(moment.accuracy or 0, MOST_ACCURACY) > rules.radius)
        for moment in visit.moments
        if moment.kind in MOMENTS and (distance := _distance(moment, visit.place)) is not None
    ]
    away = [distance for distance, outside in told if outside]
    if away and 2 * len(away) > len(told):
        params = {"distance": min(away), "radius": rules.radius, "count": len(away), "of": len(told)}
        yield Found("far_away", params)


def fixes_identical(visit: Visit, rules: Rules) -> Iterator[Found]:
    """The same position, to a centimetre, in minutes that differ: satellites never say that twice."""
    told = sorted((each for each in visit.moments if each.fix is not None), key=lambda each: each.at)
    longest: list[Moment] = []
    for _, group in groupby(told, key=lambda each: each.fix and _to_seven_places(each.fix)):
        # What was noted within one minute may share one reading of the satellites.
        minutes = {each.at.replace(second=0, microsecond=0): each for each in group}
        longest = max(longest, list(minutes.values()), key=len)
    if len(longest) >= SAME_IN_A_ROW:
        lasting = longest[-1].at - longest[0].at
        yield Found("fixes_identical", {"count": len(longest), "minutes": whole_minutes(lasting)})


def travel_impossible(visit: Visit, rules: Rules) -> Iterator[Found]:
    """From the visit before, or to the one after, there was less time than the way takes at the least."""
    span = visit.span()
    if span is None or visit.place is None:
        return
    came, went = span
    for other in _neighbours(visit.other_visits, came):
        distance = metres_between(visit.place, other.place)
        between = came - other.went if other.came <= came else other.came - went
        if between + SLACK < least_time(distance):
            params = {"kilometres": round(distance / 1000), "minutes": max(whole_minutes(between), 0)}
            yield Found("travel_impossible", params, {"visit": other.visit})


def least_time(distance: float) -> timedelta:
    """How long the way between two outlets takes at the very least."""
    way = max(distance - GROUND, 0)
    near, far = min(way, NEAR), max(way - NEAR, 0)
    return timedelta(hours=near / 1000 / NEAR_SPEED + far / 1000 / FAR_SPEED)


def whole_minutes(time: timedelta) -> int:
    """Minutes, as a sentence says them."""
    return round(time.total_seconds() / 60)


def _neighbours(others: Sequence[OtherVisit], came: datetime) -> list[OtherVisit]:
    """The visit just before and the one just after; with those further away it is always more time."""
    earlier = sorted((each for each in others if each.came <= came), key=lambda each: each.went)
    later = sorted((each for each in others if each.came > came), key=lambda each: each.came)
    return [*earlier[-1:], *later[:1]]


def _distance(moment: Moment, place: Place | None) -> int | None:
    """The position itself comes first: an outlet's coordinates may have been corrected since."""
    if moment.fix is not None and place is not None:
        return round(metres_between(moment.fix, place))
    return moment.distance


def _to_seven_places(fix: Place) -> tuple[float, float]:
    return round(fix.longitude, 7), round(fix.latitude, 7)


def _wgs84(place: Place) -> Point:
    return to_wgs84(Point(place.longitude, place.latitude), place.datum)
