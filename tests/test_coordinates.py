"""Datums against published pairs, the way back by properties, distances against known ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.coordinates import (
    BD09,
    DATUMS,
    GCJ02,
    WGS84,
    Point,
    convert,
    from_wgs84,
    in_china,
    metres,
    to_wgs84,
)

# The test pairs of googollee/eviltransform, which many implementations share.
PUBLISHED = [
    (Point(121.5272106, 31.1774276), Point(121.531541859215, 31.17530398364597)),
    (Point(113.912316, 22.543847), Point(113.9171764808363, 22.540796131694766)),
    (Point(116.377817, 39.911954), Point(116.38404722455657, 39.91334545536069)),
]
# What the map services themselves answered to the examples of their documentation. The BD-09 pairs of
# eviltransform are 10 to 40 m away from Baidu's: it turns by 180 degrees where Baidu turns by 3000.
ANSWERED = [
    (GCJ02, Point(116.481499, 39.990475), Point(116.487585177952, 39.991754014757)),
    (GCJ02, Point(116.481499, 39.990375), Point(116.487585177952, 39.991653917101)),
    (BD09, Point(114.21892734521, 29.575429778924), Point(114.2307519546763, 29.57908428837437)),
]
OUTSIDE = [Point(139.767, 35.681), Point(2.35, 48.85), Point(-104.99, 39.74), Point(151.2, -33.87)]

everywhere = st.builds(
    Point, st.floats(-180, 180, allow_subnormal=False), st.floats(-90, 90, allow_subnormal=False)
)
# Within a tenth of a degree of the rectangle's edge a shifted point has left it.
china = st.builds(Point, st.floats(72.2, 137.7), st.floats(0.95, 55.7))


@pytest.mark.parametrize(("satellite", "map_"), PUBLISHED)
def test_published_pairs_of_gcj02(satellite: Point, map_: Point) -> None:
    found = from_wgs84(satellite, GCJ02)
    assert (found.longitude, found.latitude) == pytest.approx((map_.longitude, map_.latitude), abs=5e-7)
    assert metres(to_wgs84(map_, GCJ02), satellite) < 0.05


@pytest.mark.parametrize(("datum", "satellite", "map_"), ANSWERED)
def test_the_services_own_answers(datum: str, satellite: Point, map_: Point) -> None:
    assert metres(from_wgs84(satellite, datum), map_) < 1
    assert metres(to_wgs84(map_, datum), satellite) < 1


def test_a_published_pair_of_bd09_and_gcj02() -> None:
    assert metres(convert(Point(116.42703, 39.90245), GCJ02, BD09), Point(116.43351, 39.90851)) < 2


@given(china, st.sampled_from(DATUMS))
def test_there_and_back_is_the_same_place(point: Point, datum: str) -> None:
    assert metres(to_wgs84(from_wgs84(point, datum), datum), point) < 0.001
    assert metres(from_wgs84(to_wgs84(point, datum), datum), point) < 0.001


@given(china)
def test_maps_shift_by_what_the_trade_knows(point: Point) -> None:
    assert 10 < metres(point, from_wgs84(point, GCJ02)) < 1_500
    assert metres(point, from_wgs84(point, BD09)) < 3_000


@given(everywhere, st.sampled_from(DATUMS))
def test_every_point_has_an_answer(point: Point, datum: str) -> None:
    for found in (to_wgs84(point, datum), from_wgs84(point, datum)):
        assert metres(point, found) < 10_000
        if not in_china(point):
            assert metres(point, found) < 3_000


@pytest.mark.parametrize("point", OUTSIDE)
@pytest.mark.parametrize("datum", DATUMS)
def test_nothing_is_shifted_abroad(point: Point, datum: str) -> None:
    assert to_wgs84(point, datum) == from_wgs84(point, datum) == point


@given(everywhere)
def test_the_same_datum_moves_nothing(point: Point) -> None:
    assert to_wgs84(point, WGS84) == convert(point, GCJ02, GCJ02) == point


def test_an_unknown_datum_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        to_wgs84(OUTSIDE[0], "Mars")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Point(116.0, 40.0), Point(116.0, 40.0), 0),
        (Point(0, 0), Point(0, 1), 111_195),
        (Point(0, 60), Point(1, 60), 55_597),
        (Point(0, 0), Point(180, 0), 20_015_115),
        (Point(179.5, 0), Point(-179.5, 0), 111_195),
        (Point(121.531541859215, 31.17530398364597), Point(116.38404722455657, 39.91334545536069), 1_076_959),
    ],
)
def test_metres_between_known_points(a: Point, b: Point, expected: int) -> None:
    assert metres(a, b) == pytest.approx(expected, abs=1)
    assert metres(b, a) == metres(a, b)
