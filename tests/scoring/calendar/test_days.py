"""Later days: short months, holidays, worked weekends, and waits that no calendar holds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.calendar import Calendar, Span

# Spring festival 2026: 15 to 23 February off, Saturdays 14 and 28 February worked.
HOLIDAYS = frozenset(date(2026, 2, 15) + timedelta(days=count) for count in range(9))
FESTIVE = Calendar(holidays=HOLIDAYS, workdays=frozenset({date(2026, 2, 14), date(2026, 2, 28)}))

days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("day", "span", "later"),
    [
        (date(2026, 1, 31), Span(months=1), date(2026, 2, 28)),
        (date(2028, 1, 31), Span(months=1), date(2028, 2, 29)),
        (date(2028, 2, 29), Span(months=12), date(2029, 2, 28)),
        (date(2026, 12, 31), Span(months=1), date(2027, 1, 31)),
        (date(2026, 11, 30), Span(months=14), date(2028, 1, 30)),
        (date(2026, 12, 31), Span(days=1), date(2027, 1, 1)),
        (date(2026, 1, 31), Span(months=1, days=1), date(2026, 3, 1)),
        (date(2026, 5, 9), Span(), date(2026, 5, 9)),
        (date(2026, 5, 8), Span(working_days=1), date(2026, 5, 11)),
        (date(2026, 5, 9), Span(working_days=1), date(2026, 5, 11)),
        (date(2026, 5, 8), Span(working_days=10), date(2026, 5, 22)),
        (date(2026, 2, 13), Span(working_days=1), date(2026, 2, 14)),
        (date(2026, 2, 14), Span(working_days=1), date(2026, 2, 24)),
        (date(2026, 2, 27), Span(working_days=2), date(2026, 3, 2)),
        (date(2026, 1, 13), Span(months=1, working_days=2), date(2026, 2, 24)),
    ],
)
def test_later_days(day: date, span: Span, later: date) -> None:
    assert FESTIVE.later(day, span) == later


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 2, 13), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 16), False),
        (date(2026, 2, 22), False),
        (date(2026, 2, 24), True),
        (date(2026, 3, 7), False),
        (date(2026, 3, 9), True),
    ],
)
def test_working_days(day: date, working: bool) -> None:
    assert FESTIVE.is_working_day(day) is working


@given(st.frozensets(days, max_size=60), st.frozensets(days, max_size=60), days, st.integers(1, 80))
def test_waiting_for_working_days_is_walking_from_one_to_the_next(
    holidays: frozenset[date], workdays: frozenset[date], day: date, count: int
) -> None:
    calendar = Calendar(holidays=holidays, workdays=workdays)
    walked = day
    for _ in range(count):
        walked += timedelta(days=1)
        while not (walked in workdays or (walked.weekday() < 5 and walked not in holidays)):
            walked += timedelta(days=1)
    assert calendar.later(day, Span(working_days=count)) == walked
    assert calendar.is_working_day(walked)


@pytest.mark.parametrize("span", [Span(months=10**30), Span(days=10**30), Span(working_days=10**30)])
def test_a_wait_beyond_the_calendar_ends_with_it(span: Span) -> None:
    assert Calendar().later(date(2026, 5, 9), span) == date.max
