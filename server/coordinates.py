"""Points on the ground in the three datums of Chinese maps, and the metres between them.

Satellites and phones say WGS-84. Maps published in China shift it by 100 to 700 m: GCJ-02 (AutoNavi,
Tencent), and BD-09 (Baidu) on top of that. A coordinate is kept as it was given, with its datum, and
converted when it is read. The shift has no inverse of its own, so the way back is found by iteration.

Outside a rectangle around China nothing is shifted, as in every published implementation; the rectangle
reaches into neighbouring countries, where Chinese maps shift as well. The formulas are those that became
public in 2013 (GCJ-02: on the Krasovsky ellipsoid) and Baidu's own for BD-09.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt

WGS84, GCJ02, BD09 = DATUMS = ("WGS-84", "GCJ-02", "BD-09")

WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
KRASOVSKY_AXIS = 6_378_245.0
KRASOVSKY_ECCENTRICITY = 0.00669342162296594323
EARTH_RADIUS = 6_371_008.8  # the mean radius of WGS-84, in metres
BD_LONGITUDE, BD_LATITUDE = 0.0065, 0.006
BD_TURN = pi * 3000 / 180
CLOSE_ENOUGH = 1e-10  # degrees: a hundredth of a millimetre
MOST_STEPS = 30


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees, east and north positive."""

    longitude: float
    latitude: float


def to_wgs84(point: Point, datum: str) -> Point:
    """A point of any of `DATUMS` where a satellite would say it is.

    Raises:
        KeyError: there is no such datum.
    """
    return _TO_WGS84[datum](point)


def from_wgs84(point: Point, datum: str) -> Point:
    """A satellite's point as a map of this datum has it.

    Raises:
        KeyError: there is no such datum.
    """
    return _FROM_WGS84[datum](point)


def convert(point: Point, datum: str, wanted: str) -> Point:
    """A point of one datum in another; the same point where they are the same.

    Raises:
        KeyError: there is no such datum.
    """
    return point if datum == wanted else from_wgs84(to_wgs84(point, datum), wanted)


def metres(a: Point, b: Point) -> float:
    """The way over ground between two points of the same datum, on a sphere: right to 0.6 %."""
    latitude_a, latitude_b = radians(a.latitude), radians(b.latitude)
    across = sin((latitude_b - latitude_a) / 2) ** 2
    along = sin(radians(b.longitude - a.longitude) / 2) ** 2
    half = across + cos(latitude_a) * cos(latitude_b) * along
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half)))


def east_and_north(start: Point, end: Point) -> tuple[float, float]:
    """How far `end` lies east and north of `start`, in metres; below nothing for west and south.

    For points of the same datum and of one town.
    """
    corner = Point(end.longitude, start.latitude)
    east, north = metres(start, corner), metres(corner, end)
    return (
        east if end.longitude >= start.longitude else -east,
        north if end.latitude >= start.latitude else -north,
    )


def in_china(point: Point) -> bool:
    """Whether maps of China shift this point."""
    return WEST <= point.longitude <= EAST and SOUTH <= point.latitude <= NORTH


def _wgs84_to_gcj02(point: Point) -> Point:
    if not in_china(point):
        return point
    x, y = point.longitude - 105, point.latitude - 35
    waves = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    east = (
        300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
        + (waves + 20 * sin(x * pi) + 40 * sin(x / 3 * pi)
           + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    )  # fmt: skip
    north = (
        -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
        + (waves + 20 * sin(y * pi) + 40 * sin(y / 3 * pi)
           + 160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)) * 2 / 3
    )  # fmt: skip
    latitude = radians(point.latitude)
    bulge = 1 - KRASOVSKY_ECCENTRICITY * sin(latitude) ** 2
    degree_north = KRASOVSKY_AXIS * (1 - KRASOVSKY_ECCENTRICITY) / bulge**1.5 * pi / 180
    degree_east = KRASOVSKY_AXIS / sqrt(bulge) * cos(latitude) * pi / 180
    return Point(point.longitude + east / degree_east, point.latitude + north / degree_north)


def _gcj02_to_bd09(point: Point) -> Point:
    if not in_china(point):
        return point
    x, y = point.longitude, point.latitude
    length = hypot(x, y) + 0.00002 * sin(y * BD_TURN)
    turn = atan2(y, x) + 0.000003 * cos(x * BD_TURN)
    return Point(length * cos(turn) + BD_LONGITUDE, length * sin(turn) + BD_LATITUDE)


def _back(forward: Callable[[Point], Point], shifted: Point) -> Point:
    """The point that `forward` takes to `shifted`, found by correcting a guess by what it misses.

    Where no point of China goes there (just outside the rectangle), it is the point itself, unshifted.
    """
    guess = shifted
    for _ in range(MOST_STEPS):
        found = forward(guess)
        east, north = shifted.longitude - found.longitude, shifted.latitude - found.latitude
        guess = Point(guess.longitude + east, guess.latitude + north)
        if abs(east) < CLOSE_ENOUGH and abs(north) < CLOSE_ENOUGH:
            return guess
    return shifted


def _gcj02_to_wgs84(point: Point) -> Point:
    return _back(_wgs84_to_gcj02, point)


def _bd09_to_wgs84(point: Point) -> Point:
    return _gcj02_to_wgs84(_back(_gcj02_to_bd09, point))


def _wgs84_to_bd09(point: Point) -> Point:
    return _gcj02_to_bd09(_wgs84_to_gcj02(point))


def _same(point: Point) -> Point:
    return point


_TO_WGS84 = {WGS84: _same, GCJ02: _gcj02_to_wgs84, BD09: _bd09_to_wgs84}
_FROM_WGS84 = {WGS84: _same, GCJ02: _wgs84_to_gcj02, BD09: _wgs84_to_bd09}
