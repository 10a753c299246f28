"""Periods: months to years from any first day, phases by date, and what contains or precedes what."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.calendar import PERIODS, Calendar, Period, Phase

THIRDS = (
    Phase("rectify", (1, 1), (4, 30), {"target": "92"}),
    Phase("reach", (5, 1), (8, 31), {"target": "95"}),
    Phase("raise", (9, 1), (12, 31), {"target": "98"}),
)
PLAIN = Calendar(phases=THIRDS)
FROM_APRIL = Calendar(
    year_starts=(4, 1), phases=(Phase("summer", (4, 1), (10, 31), {}), Phase("winter", (11, 1), (3, 31), {}))
)
FROM_26_DECEMBER = Calendar(year_starts=(12, 26))

year_starts = st.one_of(
    st.just((1, 1)),
    st.tuples(st.integers(1, 12), st.integers(1, 28)),
    st.sampled_from([(1, 31), (2, 29), (8, 30), (12, 31)]),
)
days = st.dates(date(1990, 1, 1), date(2110, 12, 31))
regular = st.sampled_from(["month", "quarter", "half", "year"])


@pytest.mark.parametrize(
    ("kind", "day", "identity", "number", "starts", "ends"),
    [
        ("month", date(2026, 5, 31), "2026-05", 5, date(2026, 5, 1), date(2026, 5, 31)),
        ("month", date(2028, 2, 29), "2028-02", 2, date(2028, 2, 1), date(2028, 2, 29)),
        ("quarter", date(2026, 3, 31), "2026Q1", 1, date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", date(2026, 10, 1), "2026Q4", 4, date(2026, 10, 1), date(2026, 12, 31)),
        ("half", date(2026, 7, 1), "2026H2", 2, date(2026, 7, 1), date(2026, 12, 31)),
        ("year", date(2026, 12, 31), "2026", 2026, date(2026, 1, 1), date(2026, 12, 31)),
        ("phase", date(2026, 4, 30), "2026/rectify", 1, date(2026, 1, 1), date(2026, 4, 30)),
        ("phase", date(2026, 5, 1), "2026/reach", 2, date(2026, 5, 1), date(2026, 8, 31)),
    ],
)
def test_a_day_belongs_to_one_period_of_each_kind(
    kind: str, day: date, identity: str, number: int, starts: date, ends: date
) -> None:
    name = identity.partition("/")[2] or identity
    assert PLAIN.containing(kind, day) == Period(kind, identity, starts, ends, number, name)


@pytest.mark.parametrize(
    ("kind", "day", "identity", "number"),
    [
        ("year", date(2027, 3, 31), "2026", 2026),
        ("year", date(2027, 4, 1), "2027", 2027),
        ("quarter", date(2026, 4, 1), "2026Q1", 1),
        ("quarter", date(2027, 2, 28), "2026Q4", 4),
        ("half", date(2027, 1, 1), "2026H2", 2),
        ("month", date(2027, 1, 31), "2027-01", 1),
        ("phase", date(2026, 12, 31), "2026/winter", 2),
        ("phase", date(2027, 3, 31), "2026/winter", 2),
        ("phase", date(2027, 4, 1), "2027/summer", 1),
    ],
)
def test_quarters_halves_and_phases_count_from_the_start_of_the_scheme_year(
    kind: str, day: date, identity: str, number: int
) -> None:
    found = FROM_APRIL.containing(kind, day)
    assert found is not None
    assert (found.id, found.number) == (identity, number)


def test_months_of_a_year_that_starts_on_the_26th_run_to_the_25th() -> None:
    months = FROM_26_DECEMBER.periods("month", 2025)
    assert (months[0].id, months[0].starts, months[0].ends) == (
        "2025-12",
        date(2025, 12, 26),
        date(2026, 1, 25),
    )
    assert (months[-1].id, months[-1].ends) == ("2026-11", date(2026, 12, 25))
    assert FROM_26_DECEMBER.year_of(date(2025, 12, 25)) == 2024


@pytest.mark.parametrize("kind", ["visit", "wave"])
def test_visits_and_waves_are_not_periods_of_the_calendar(kind: str) -> None:
    assert PLAIN.periods(kind, 2026) == ()
    assert PLAIN.containing(kind, date(2026, 5, 1)) is None


def test_the_kinds_are_named_finest_first() -> None:
    assert PERIODS == ("visit", "wave", "month", "quarter", "half", "phase", "year")


@given(year_starts, regular, days)
def test_regular_periods_leave_no_day_out_and_none_twice(
    starts: tuple[int, int], kind: str, day: date
) -> None:
    calendar = Calendar(year_starts=starts)
    found = calendar.containing(kind, day)
    assert found is not None
    assert found.starts <= day <= found.ends
    following = calendar.containing(kind, found.ends + timedelta(days=1))
    assert following is not None
    assert following.starts == found.ends + timedelta(days=1)
    assert following.id != found.id
    assert calendar.earlier(following) is found


@given(year_starts, regular, st.integers(1995, 2100))
def test_finer_periods_fill_the_coarser_ones(starts: tuple[int, int], kind: str, year: int) -> None:
    calendar = Calendar(year_starts=starts)
    (whole,) = calendar.periods("year", year)
    parts = calendar.periods(kind, year)
    assert (parts[0].starts, parts[-1].ends) == (whole.starts, whole.ends)
    assert all(calendar.within(part, "year") is whole for part in parts)
    assert len({part.id for part in parts}) == len(parts)


@pytest.mark.parametrize(
    ("calendar", "kind", "day", "back", "identity"),
    [
        (PLAIN, "month", date(2026, 5, 9), 1, "2026-04"),
        (PLAIN, "month", date(2026, 1, 9), 1, "2025-12"),
        (PLAIN, "month", date(2026, 1, 9), 13, "2024-12"),
        (PLAIN, "month", date(2026, 1, 9), 0, "2026-01"),
        (PLAIN, "quarter", date(2026, 5, 9), 2, "2025Q4"),
        (PLAIN, "half", date(2026, 1, 1), 1, "2025H2"),
        (PLAIN, "year", date(2026, 1, 1), 2, "2024"),
        (PLAIN, "phase", date(2026, 1, 1), 1, "2025/raise"),
        (FROM_APRIL, "quarter", date(2027, 2, 1), 1, "2026Q3"),
        (FROM_APRIL, "month", date(2026, 4, 1), 1, "2026-03"),
        (FROM_APRIL, "phase", date(2026, 4, 1), 3, "2024/winter"),
    ],
)
def test_earlier_periods_of_the_same_kind_cross_years(
    calendar: Calendar, kind: str, day: date, back: int, identity: str
) -> None:
    period = calendar.containing(kind, day)
    assert period is not None
    earlier = calendar.earlier(period, back)
    assert earlier is not None
    assert earlier.id == identity


def test_nothing_is_earlier_than_the_first_year_there_is() -> None:
    period = PLAIN.containing("month", date(2026, 1, 1))
    assert period is not None
    assert PLAIN.earlier(period, 10**9) is None


def test_waves_and_visits_have_no_earlier_one_in_the_calendar() -> None:
    assert PLAIN.earlier(Period("wave", "w1", date(2026, 1, 1), date(2026, 2, 1), 1, "w1")) is None


@pytest.mark.parametrize(
    ("kind", "identity", "outer", "expected"),
    [
        ("month", "2026-05", "quarter", "2026Q2"),
        ("month", "2026-05", "phase", "2026/reach"),
        ("month", "2026-05", "month", "2026-05"),
        ("quarter", "2026Q2", "half", "2026H1"),
        ("quarter", "2026Q1", "phase", "2026/rectify"),
        ("quarter", "2026Q2", "phase", None),
        ("quarter", "2026Q2", "month", None),
        ("phase", "2026/reach", "year", "2026"),
        ("phase", "2026/reach", "half", None),
        ("month", "2026-05", "wave", None),
    ],
)
def test_a_period_lies_within_a_coarser_one_only_whole(
    kind: str, identity: str, outer: str, expected: str | None
) -> None:
    inner = next(period for period in PLAIN.periods(kind, 2026) if period.id == identity)
    found = PLAIN.within(inner, outer)
    assert (found and found.id) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("month", "2026-05"), ("phase", "2026/reach"), ("wave", None)]
)
def test_a_wave_belongs_to_the_period_of_its_last_day(kind: str, expected: str | None) -> None:
    wave = Period("wave", "spring", date(2026, 4, 20), date(2026, 5, 3), 1, "spring")
    found = PLAIN.within(wave, kind)
    assert (found and found.id) == expected


def test_a_phase_up_to_29_february_ends_on_the_28th_of_other_years() -> None:
    phases = (Phase("early", (1, 1), (2, 29), {}), Phase("late", (3, 1), (12, 31), {}))
    calendar = Calendar(phases=phases)
    assert calendar.periods("phase", 2026)[0].ends == date(2026, 2, 28)
    assert calendar.periods("phase", 2028)[0].ends == date(2028, 2, 29)


def test_a_phase_from_29_february_never_takes_the_28th_from_the_one_before() -> None:
    phases = (Phase("early", (1, 1), (2, 28), {}), Phase("late", (2, 29), (12, 31), {}))
    calendar = Calendar(phases=phases)
    assert [period.starts for period in calendar.periods("phase", 2026)] == [
        date(2026, 1, 1),
        date(2026, 3, 1),
    ]
    assert calendar.periods("phase", 2028)[1].starts == date(2028, 2, 29)


def test_days_outside_every_phase_have_none() -> None:
    calendar = Calendar(phases=(Phase("summer", (6, 1), (8, 31), {}),))
    assert calendar.containing("phase", date(2026, 5, 31)) is None
    assert calendar.containing("phase", date(2026, 9, 1)) is None


def test_a_phase_that_leaves_the_scheme_year_has_no_days() -> None:
    calendar = Calendar(phases=(Phase("winter", (11, 1), (2, 28), {}),))
    assert calendar.periods("phase", 2026) == ()
    period = PLAIN.periods("phase", 2026)[0]
    assert calendar.earlier(period) is None


def test_phases_are_numbered_by_their_first_days_whatever_order_they_are_written_in() -> None:
    calendar = Calendar(phases=THIRDS[::-1])
    assert [(period.number, period.name) for period in calendar.periods("phase", 2026)] == [
        (1, "rectify"),
        (2, "reach"),
        (3, "raise"),
    ]


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_time_have_no_periods(day: date) -> None:
    assert FROM_APRIL.containing("year", day) is None


def test_a_period_is_made_once() -> None:
    assert PLAIN.containing("month", date(2026, 5, 1)) is PLAIN.containing("month", date(2026, 5, 31))
    assert PLAIN.periods("month", 2026)[4] is PLAIN.containing("month", date(2026, 5, 2))
