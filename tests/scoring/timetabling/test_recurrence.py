"""What comes again: between two moments, moved off free days, looked for forwards and backwards alike."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.calendar.days import WorkingDays
from server.scoring.timetabling.cron import parse_cron
from server.scoring.timetabling.recurrence import FREE_DAYS, Recurrence, day_over, last_day, moved

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Spring festival 2026: 15 to 23 February off, Saturdays 14 and 28 February worked.
FESTIVAL = WorkingDays(
    [date(2026, 2, 15) + timedelta(days=count) for count in range(9)], [date(2026, 2, 14), date(2026, 2, 28)]
)


def mondays(free_days: str = "keep", **changes: datetime) -> Recurrence:
    return Recurrence(parse_cron("0 9 * * 1"), SHANGHAI, free_days, working=FESTIVAL, **changes)


def nine(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("free_days", "expected"),
    [
        ("keep", [(2, 9), (2, 16), (2, 23), (3, 2)]),
        # Two Mondays of the festival become one Tuesday after it.
        ("next", [(2, 9), (2, 24), (3, 2), (3, 9)]),
        # The Saturday before the festival is worked, and the same moment stands for both.
        ("previous", [(2, 9), (2, 14), (3, 2), (3, 9)]),
        ("skip", [(2, 9), (3, 2), (3, 9), (3, 16)]),
    ],
)
def test_mondays_of_the_spring_festival(free_days: str, expected: list[tuple[int, int]]) -> None:
    assert mondays(free_days).upcoming(nine(2, 8), 4) == tuple(nine(*day) for day in expected)


def test_a_stretch_has_a_first_and_no_last_moment() -> None:
    weekly = mondays(starts=nine(3, 2), ends=nine(3, 23))
    assert weekly.upcoming(nine(1, 1), 9) == (nine(3, 2), nine(3, 9), nine(3, 16))
    assert weekly.latest(nine(1, 1), nine(12, 31)) == nine(3, 16)
    assert weekly.latest(nine(1, 1), nine(3, 1)) is None
    assert weekly.between(nine(3, 2), nine(3, 9)) == (nine(3, 2),)


def test_what_was_moved_past_the_end_or_from_before_the_beginning_does_not_come() -> None:
    assert mondays("next", ends=nine(2, 20)).upcoming(nine(2, 10), 5) == ()
    # The Monday of the 23rd moves to the 24th, the one before the beginning does not.
    assert mondays("next", starts=nine(2, 24)).upcoming(nine(2, 1), 1) == (nine(3, 2),)
    assert mondays("next", starts=nine(2, 23)).upcoming(nine(2, 1), 1) == (nine(2, 24),)
    assert mondays("previous", ends=nine(2, 15)).upcoming(nine(2, 10), 5) == ()


@pytest.mark.parametrize(
    ("rule", "free_days"),
    [
        ("0 9 * * *", "skip"),
        ("0 9 * * 1", "next"),
        ("0 9 L * *", "previous"),
        ("*/20 8-10 10,20 * *", "keep"),
    ],
)
@given(start=st.integers(0, 90 * 24 * 60), hours=st.integers(1, 2_000))
def test_the_newest_is_the_last_one_on_the_way(rule: str, free_days: str, start: int, hours: int) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    until = since + timedelta(hours=hours)
    recurrence = Recurrence(parse_cron(rule), SHANGHAI, free_days, working=FESTIVAL)
    instant = timedelta(microseconds=1)
    on_the_way = recurrence.between(since + instant, until + instant)
    assert recurrence.latest(since, until) == (on_the_way[-1] if on_the_way else None)
    assert recurrence.upcoming(since, len(on_the_way)) == on_the_way


@given(st.sampled_from(FREE_DAYS[1:3]), st.dates(date(2026, 1, 1), date(2026, 3, 31)))
def test_a_moved_day_is_the_nearest_working_one(free_days: str, day: date) -> None:
    found = moved(day, free_days, FESTIVAL)
    step = timedelta(days=1 if free_days == "next" else -1)
    while not FESTIVAL.includes(day):
        day += step
    assert found == day


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(1, 60))
def test_working_days_back_are_those_forward(day: date, count: int) -> None:
    earlier = FESTIVAL.earlier(day, count)
    assert FESTIVAL.includes(earlier)
    between = [earlier + timedelta(days=each) for each in range((day - earlier).days)]
    assert sum(map(FESTIVAL.includes, between)) == count


def test_a_day_ends_at_the_first_moment_after_it() -> None:
    end = day_over(date(2026, 12, 15), SHANGHAI)
    assert end == at("2026-12-15T16:00")
    assert last_day(end, SHANGHAI) == date(2026, 12, 15)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_may_have_another_length(day: date, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert day_over(day, berlin) - day_over(day - timedelta(days=1), berlin) == timedelta(hours=hours)
