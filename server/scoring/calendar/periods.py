"""The periods of a scheme year: months, quarters, halves, the year itself and the scheme's own phases."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from itertools import pairwise

from server.scoring.calendar.days import day_of_month, months_later

# Finest first. A visit and a wave have dates of their own; all others follow from the calendar.
PERIODS = ("visit", "wave", "month", "quarter", "half", "phase", "year")
MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
DAY = timedelta(days=1)

MonthAndDay = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, `starts` and `ends` both belonging to it.

    `number` is the number its id shows (2026-05 → 5, 2026Q1 → 1, 2026H2 → 2, 2026 → 2026), for a phase its
    place within the year, counted from 1. `name` is the phase's name, else the id.
    """

    kind: str
    id: str
    starts: date
    ends: date
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of every scheme year with values of its own, such as a target; both days belong to it."""

    name: str
    starts: MonthAndDay
    ends: MonthAndDay
    values: Mapping[str, object]


def year_start(year_starts: MonthAndDay, year: int) -> date:
    """The first day of the scheme year that is named `year`."""
    return day_of_month(year, *year_starts)


def is_year(year: int) -> bool:
    """Whether a whole scheme year of that name fits between 0001 and 9999."""
    return MINYEAR <= year < MAXYEAR


def regular_periods(kind: str, year_starts: MonthAndDay, year: int) -> tuple[Period, ...]:
    """The months, quarters, halves or the year: equal numbers of months from the start of the scheme year.

    A month is named after the calendar month in which it starts, as a year is after its calendar year.
    """
    months = MONTHS[kind]
    # Each edge is counted from the first of the month: from the 31st, February's 28th would stick.
    first = year_start(year_starts, year).replace(day=1)
    edges = (months_later(first, count) for count in range(0, 13, months))
    starts = (day_of_month(edge.year, edge.month, year_starts[1]) for edge in edges)
    return tuple(
        _regular(kind, year, place, *bounds) for place, bounds in enumerate(pairwise(starts), start=1)
    )


def _regular(kind: str, year: int, place: int, starts: date, following: date) -> Period:
    identity, number = {
        "month": (f"{starts.year:04d}-{starts.month:02d}", starts.month),
        "quarter": (f"{year:04d}Q{place}", place),
        "half": (f"{year:04d}H{place}", place),
        "year": (f"{year:04d}", year),
    }[kind]
    return Period(kind, identity, starts, following - DAY, number, identity)


def phase_periods(phases: Sequence[Phase], year_starts: MonthAndDay, year: int) -> tuple[Period, ...]:
    """The phases of a scheme year in the order of their first days.

    A phase that would end before it starts, because it crosses the end of the scheme year, has no days.
    """
    bounds = sorted(_phase_bounds(phases, year_starts, year), key=lambda bound: bound[1])
    return tuple(
        Period("phase", f"{year:04d}/{phase.name}", starts, ends, place, phase.name)
        for place, (phase, starts, ends) in enumerate(bounds, start=1)
    )


def _phase_bounds(
    phases: Sequence[Phase], year_starts: MonthAndDay, year: int
) -> Iterator[tuple[Phase, date, date]]:
    for phase in phases:
        starts, ends = (in_year(year_starts, year, *day) for day in (phase.starts, phase.ends))
        # From 29 February on means from 1 March in a year without one: the 28th belongs to whoever ends then.
        if phase.starts[1] > starts.day:
            starts += DAY
        if starts <= ends:
            yield phase, starts, ends


def in_year(year_starts: MonthAndDay, year: int, month: int, day: int) -> date:
    """The one day of the scheme year with this month and day (the last of its month when there is none)."""
    first = year_start(year_starts, year)
    found = day_of_month(year, month, day)
    return found if found >= first else day_of_month(year + 1, month, day)
