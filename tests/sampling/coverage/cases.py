"""Small waves at random, and an oracle that tries every choice of outlets."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain, combinations

from hypothesis import strategies as st

from server.sampling.coverage.feasibility.need import Need
from server.sampling.coverage.inputs import Capacity, Firm, LaterWave, Outlet, Requirement, Wave, Year

KEY = b"a wave key of at least 16 bytes"
STARTS, ENDS = date(2026, 1, 5), date(2026, 3, 20)
YEAR = Year(STARTS, ENDS)
NEVER = Capacity()
PARENTS = ("north", "south", "west")


def later(*visits: int | None) -> Year:
    """The year of the first wave, with one wave in each following quarter."""
    names = ("Q2", "Q3", "Q4")
    waves = [
        LaterWave(names[place], date(2026, 4 + 3 * place, 6), date(2026, 6 + 3 * place, 20), room)
        for place, room in enumerate(visits)
    ]
    return Year(STARTS, ENDS, tuple(waves))


def network(outlets: int, parents: int, below: int = 0) -> list[Outlet]:
    """Outlets dealt to sub-branches in turn; the first `below` had 80 last time, the others 90."""
    return [
        Outlet(f"o{place:04}", f"p{place % parents:03}", last_score=Decimal(80 if place < below else 90))
        for place in range(outlets)
    ]


def wave_of(
    outlets: list[Outlet], requirement: Requirement, capacity: Capacity = NEVER, year: Year = YEAR
) -> Wave:
    return Wave(tuple(outlets), requirement, capacity, year)


@st.composite
def outlets(draw: st.DrawFn, most: int = 7) -> list[Outlet]:
    count = draw(st.integers(1, most))
    return [draw(_outlet(f"o{place}")) for place in range(count)]


@st.composite
def _outlet(draw: st.DrawFn, name: str) -> Outlet:
    days = st.sampled_from([None, STARTS - timedelta(days=200), STARTS - timedelta(days=400)])
    opened = st.sampled_from([None, None, None, STARTS + timedelta(days=1)])
    closed = st.sampled_from([None, None, None, STARTS, ENDS])
    return Outlet(
        name,
        draw(st.sampled_from(PARENTS)),
        opened=draw(opened),
        closed=draw(closed),
        last_score=draw(st.sampled_from([None, Decimal("84.5"), Decimal(85), Decimal(90), Decimal(90)])),
        last_visit=draw(days),
        seen_this_year=draw(st.booleans()),
        again=draw(st.sampled_from([False] * 5 + [True])),
        fee=draw(st.sampled_from([None, Decimal("1.5"), Decimal(3), Decimal(7)])),
    )


REQUIREMENTS = st.builds(
    Requirement,
    share=st.sampled_from([Fraction(0), Fraction(3, 10), Fraction(3, 5), Fraction(1)]),
    per_parent=st.integers(0, 2),
    recheck_at_most=st.sampled_from([None, Decimal(85), Decimal(85)]),
    exclusive=st.booleans(),
    yearly=st.sampled_from([None, Fraction(1, 2), Fraction(4, 5), Fraction(1)]),
    share_in_each=st.booleans(),
    at_least=st.integers(0, 3),
)
FIRMS = st.lists(
    st.tuples(st.integers(0, 4), st.one_of(st.none(), st.frozensets(st.sampled_from(PARENTS), max_size=2))),
    max_size=3,
).map(lambda rows: tuple(Firm(f"f{place}", *row) for place, row in enumerate(rows)))
YEARS = st.sampled_from([YEAR, later(2, None, 1), later(1), later(0, 2, 2), later(4, 4, 4)])


@st.composite
def waves(draw: st.DrawFn) -> Wave:
    """Waves without a budget."""
    return Wave(
        tuple(draw(outlets())), draw(REQUIREMENTS), Capacity(fee=Decimal(2), firms=draw(FIRMS)), draw(YEARS)
    )


def choices(wave: Wave, need: Need) -> Iterator[tuple[Outlet, ...]]:
    """Every choice that keeps all promises; the year's demand on this wave is taken from the need."""
    among = [outlet for outlet in wave.outlets if outlet.is_open(wave.year.starts)]
    subsets = chain.from_iterable(combinations(among, size) for size in range(len(among) + 1))
    return (subset for subset in subsets if keeps(wave, among, subset, need.promises.new))


def keeps(wave: Wave, among: list[Outlet], chosen: tuple[Outlet, ...], new: int) -> bool:
    asked = wave.requirement
    if any(asked.must_visit(outlet) and outlet not in chosen for outlet in among):
        return False
    sizes, counts = Counter(one.parent for one in among), Counter(one.parent for one in chosen)
    if len(chosen) < max(asked.at_least, asked.share * len(among)):
        return False
    for parent, size in sizes.items():
        share = asked.share * size if asked.share_in_each else 0
        if counts[parent] < min(size, asked.per_parent) or counts[parent] < share:
            return False
    return firms_carry(wave, counts) and count_new(wave, chosen) >= new


def count_new(wave: Wave, chosen: tuple[Outlet, ...]) -> int:
    counted = (one for one in chosen if not one.seen_this_year and wave.year.counts(one))
    return 0 if wave.requirement.yearly is None else len(list(counted))


def firms_carry(wave: Wave, counts: Counter[str]) -> bool:
    """Hall's condition, for every set of firms."""
    firms = wave.capacity.firms
    if not firms:
        return True
    for size in range(len(firms) + 1):
        for some in combinations(firms, size):
            asked = sum(
                count
                for parent, count in counts.items()
                if all(firm in some for firm in firms if firm.parents is None or parent in firm.parents)
            )
            if asked > sum(firm.visits for firm in some):
                return False
    return True


def money(wave: Wave, chosen: tuple[Outlet, ...]) -> Decimal:
    return sum((wave.capacity.fee_of(outlet) for outlet in chosen), Decimal(0))
