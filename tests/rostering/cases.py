"""Small rosters: builders with sensible defaults, and strategies that try every rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from server.coordinates import Point
from server.rostering.rules import Rules
from server.rostering.visits import SLOTS, Visit
from server.rostering.workers import LastVisit, Share, Worker

MONDAY = date(2026, 10, 12)
PARENTS = ("C/D1/B1/", "C/D1/B2/", "C/D2/B3/")
PLACES = ("o0", "o1", "o2", "C/D1/", "C/D1/B2/", "C/D2/B3/")
CERTIFICATES = ("quiz", "video")
NO_ROTATION = Rules(rotation_days=0)


def day(number: int) -> date:
    """Day 0 is a Monday."""
    return MONDAY + timedelta(days=number)


def visit(
    name: str, outlet: str = "", first: int = 0, last: int = 6, parent: str = PARENTS[0], **more: object
) -> Visit:
    """A visit of its own outlet within one week."""
    return Visit(name, outlet or f"o-{name}", parent, day(first), day(last), **more)


@dataclass(frozen=True, slots=True)
class Small:
    """A roster to be made."""

    visits: Sequence[Visit]
    workers: Sequence[Worker]
    rules: Rules


SMALL = st.integers(0, 3)
PLACE_SETS = st.frozensets(st.sampled_from(PLACES), max_size=1)
POINTS = st.none() | st.builds(Point, st.sampled_from([118.0, 118.1, 119.0]), st.just(26.0))
SOME_DAYS = st.none() | st.frozensets(st.integers(0, 8).map(day), min_size=1, max_size=5)
RULES = st.builds(
    Rules,
    rotation_days=st.sampled_from([0, 5, 90]),
    rotation_waves=st.integers(0, 1),
    per_parent=st.none() | st.integers(1, 2),
    minimum_rating=st.none() | st.just(Decimal(7)),
    off_peak=st.sampled_from([Fraction(0), Fraction(3, 10), Fraction(1)]),
    weekend=st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1)]),
    balance=st.sampled_from([Decimal(0), Decimal(1), Decimal(20)]),
)
SEEN = st.dictionaries(
    st.sampled_from(["o0", "o1", "o2"]),
    st.builds(LastVisit, st.integers(-100, -1).map(day), st.none() | st.integers(1, 3)),
    max_size=2,
)


@st.composite
def visits(draw: st.DrawFn, most: int = 5) -> list[Visit]:
    """Some outlets are visited twice, some sub-branches have several outlets."""
    found = []
    for index in range(draw(st.integers(1, most))):
        first, outlet = draw(st.integers(0, 6)), draw(st.integers(0, 3))
        found.append(
            Visit(
                id=f"v{index}",
                outlet=f"o{outlet}",
                parent=PARENTS[outlet % len(PARENTS)],
                first=day(first),
                last=day(min(8, first + draw(st.integers(0, 4)))),
                position=draw(POINTS),
                closed=draw(st.frozensets(st.just(day(5)))),
                slots=draw(st.sampled_from([frozenset(SLOTS), frozenset(SLOTS), frozenset({"peak"})])),
                certificates=draw(st.frozensets(st.sampled_from(CERTIFICATES), max_size=1)),
                fee=draw(st.sampled_from([Decimal(80), Decimal("99.99")])),
                reason=draw(st.sampled_from(["must", "parent", "random"])),
            )
        )
    return found


@st.composite
def workers(draw: st.DrawFn, most: int = 3) -> list[Worker]:
    """People, and at times a firm with a share."""
    found = [
        Worker(
            id=f"w{index}",
            kind=draw(st.sampled_from(["shopper", "staff"])),
            home=draw(POINTS),
            territories=draw(st.one_of(st.just(frozenset[str]()), PLACE_SETS)),
            certificates=draw(
                st.dictionaries(st.sampled_from(CERTIFICATES), st.none() | st.integers(0, 9).map(day))
            ),
            per_day=draw(st.none() | st.integers(1, 2)),
            total=draw(st.none() | SMALL),
            days=draw(SOME_DAYS),
            conflicts=draw(PLACE_SETS),
            identified=draw(PLACE_SETS),
            seen=draw(SEEN),
            rating=draw(st.sampled_from([None, Decimal(6), Decimal(8)])),
            cost_per_km=draw(st.sampled_from([Decimal(0), Decimal("1.2")])),
            fee_factor=draw(st.sampled_from([Decimal(1), Decimal("1.5")])),
        )
        for index in range(draw(st.integers(1, most)))
    ]
    if draw(st.booleans()):
        share = Share(draw(st.sampled_from([0, 1, Fraction(1, 2)])), draw(st.none() | st.integers(1, 2)))
        found.append(Worker("firm", "firm", share=share, fee_factor=Decimal(2), territories=draw(PLACE_SETS)))
    return found


@st.composite
def smalls(draw: st.DrawFn) -> Small:
    """A few visits and workers with any rules."""
    return Small(draw(visits()), draw(workers()), draw(RULES))
