"""How a duty stands is a matter of time alone; rates are exact and say over how many."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from server.scoring.duties.standing import Completion, Times, Week, completion, state

OPENS = datetime(2026, 5, 4, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def times(done: timedelta | None = None, excused: bool = False) -> Times:
    """A week with a day of grace."""
    done_at = None if done is None else OPENS + done
    return Times(OPENS, OPENS + 7 * DAY, OPENS + 8 * DAY, done_at, excused)


@pytest.mark.parametrize(
    ("standing", "after", "expected"),
    [
        (times(), -SECOND, "upcoming"),
        (times(), 0 * DAY, "open"),
        (times(), 8 * DAY - SECOND, "open"),
        (times(), 8 * DAY, "missed"),
        (times(7 * DAY - SECOND), 30 * DAY, "done"),
        (times(7 * DAY), 30 * DAY, "done_late"),
        (times(excused=True), 30 * DAY, "excused"),
    ],
)
def test_states(standing: Times, after: timedelta, expected: str) -> None:
    assert state(standing, OPENS + after) == expected


def test_rates_are_over_what_was_due() -> None:
    found = completion(["done", "done", "done_late", "missed", "excused", "open", "upcoming"])
    assert found == Completion(done=2, late=1, missed=1, excused=1, open=1)
    assert (found.due, found.rate) == (4, Fraction(3, 4))
    assert completion(["open", "excused"]).rate is None
    assert completion(["done"] * 2 + ["missed"]).rate == Fraction(2, 3)


@pytest.mark.parametrize("day", [date(2026, 5, 4), date(2026, 5, 10)])
def test_a_week_runs_from_monday_to_sunday(day: date) -> None:
    week = Week.of(day)
    assert (week.monday, week.sunday) == (date(2026, 5, 4), date(2026, 5, 10))
    assert (week.before.monday, week.after.monday) == (date(2026, 4, 27), date(2026, 5, 11))
