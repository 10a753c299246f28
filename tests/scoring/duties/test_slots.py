"""When a duty is due: days, weeks, half months, with holidays, days that count, grace and seasons."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.duties.slots import Slot, slots
from tests.scoring.duties.duties_for_tests import compiled

DAY = timedelta(days=1)


def days(found: list[Slot]) -> list[tuple[str, str, str]]:
    """Period, first day and due day, without the year."""
    return [(slot.period, slot.opens.isoformat()[5:], slot.due.isoformat()[5:]) for slot in found]


def slots_of(duty: dict[str, Any], first: str, last: str, **changes: Any) -> list[Slot]:
    return list(slots(*compiled(duty, **changes), date.fromisoformat(first), date.fromisoformat(last)))


@pytest.mark.parametrize(
    ("duty", "expected"),
    [
        (
            {"every": "day", "days": ["working"]},
            # 1, 4 and 5 May are free, Saturday the 9th is worked.
            ["2026-05-06", "2026-05-07", "2026-05-08", "2026-05-09", "2026-05-11"],
        ),
        ({"every": "day", "days": ["sat", "sun"]}, ["2026-05-02", "2026-05-03", "2026-05-09", "2026-05-10"]),
        ({"every": "day", "days": ["sat", "working"]}, ["2026-05-09"]),
    ],
)
def test_days_that_count(duty: dict[str, Any], expected: list[str]) -> None:
    assert [slot.period for slot in slots_of(duty, "2026-05-01", "2026-05-11")] == expected


@pytest.mark.parametrize(
    ("duty", "expected"),
    [
        ({"every": "week"}, [("2026-W18", "04-27", "05-03"), ("2026-W19", "05-04", "05-10")]),
        (
            {"every": "week", "days": ["working"]},
            [("2026-W18", "04-27", "04-30"), ("2026-W19", "05-06", "05-09")],
        ),
        (
            {"every": "week", "days": ["mon"]},
            [("2026-W18", "04-27", "04-27"), ("2026-W19", "05-04", "05-04")],
        ),
        # The Monday is a holiday: nothing is owed that week.
        ({"every": "week", "days": ["mon", "working"]}, [("2026-W18", "04-27", "04-27")]),
        ({"every": "week", "due": 3}, [("2026-W18", "04-27", "04-29"), ("2026-W19", "05-04", "05-06")]),
        (
            {"every": "half_month"},
            [("2026-04/2", "04-16", "04-30"), ("2026-05/1", "05-01", "05-15")],
        ),
        ({"every": "month", "due": 5}, [("2026-05", "05-01", "05-05")]),
        (
            {"every": "month", "due": 3, "days": ["working"]},
            [("2026-05", "05-06", "05-08")],
        ),
        ({"every": "month", "opens": 6, "due": 10}, [("2026-05", "05-06", "05-10")]),
        ({"every": "month", "due": 31}, [("2026-04", "04-01", "04-30"), ("2026-05", "05-01", "05-31")]),
        ({"every": "quarter"}, [("2026Q2", "04-01", "06-30")]),
        ({"every": "half"}, [("2026H1", "01-01", "06-30")]),
        ({"every": "year", "due": 31}, []),
        ({"every": "event"}, []),
    ],
)
def test_periods_and_their_days(duty: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert days(slots_of(duty, "2026-04-27", "2026-05-10")) == expected


def test_a_slot_is_found_while_its_grace_runs() -> None:
    duty = {"every": "week", "due": 5, "grace": 3}
    (slot, *_) = slots_of(duty, "2026-05-11", "2026-05-11")
    assert (slot.period, slot.due, slot.closes) == ("2026-W19", date(2026, 5, 8), date(2026, 5, 11))
    assert slots_of(duty, "2026-05-12", "2026-05-12")[0].period == "2026-W20"


def test_a_week_belongs_to_the_year_of_the_calendar_it_is_counted_in() -> None:
    found = slots_of({"every": "week"}, "2026-12-31", "2027-01-03")
    assert days(found) == [("2026-W53", "12-28", "01-03")]


@pytest.mark.parametrize(
    ("duty", "first", "last", "expected"),
    [
        ({"from": "04-01"}, "2026-03-30", "2026-04-02", ["2026-04-01", "2026-04-02"]),
        ({"from": "04-01"}, "2027-03-31", "2027-04-01", ["2027-04-01"]),
        ({"from": "2026-04-01"}, "2027-01-01", "2027-01-01", ["2027-01-01"]),
        ({"from": "03-01", "until": "03-31"}, "2026-03-31", "2026-04-01", ["2026-03-31"]),
        ({"until": "2026-03-30"}, "2026-03-30", "2026-03-31", ["2026-03-30"]),
        # A winter goes round the end of the year.
        ({"from": "11-01", "until": "02-28"}, "2026-02-28", "2026-03-01", ["2026-02-28"]),
        ({"from": "11-01", "until": "02-28"}, "2026-10-31", "2026-11-01", ["2026-11-01"]),
    ],
)
def test_seasons(duty: dict[str, Any], first: str, last: str, expected: list[str]) -> None:
    assert [slot.period for slot in slots_of(duty, first, last)] == expected


def test_months_of_a_scheme_that_starts_on_the_26th() -> None:
    calendar = {"yearStarts": "12-26"}
    found = slots_of({"every": "half_month"}, "2026-01-01", "2026-01-30", calendar=calendar)
    assert days(found) == [
        ("2025-12/1", "12-26", "01-09"),
        ("2025-12/2", "01-10", "01-25"),
        ("2026-01/1", "01-26", "02-09"),
    ]


def test_a_setting_moves_the_due_day_and_a_missing_one_asks_for_nothing() -> None:
    duty = {"every": "month", "due": "{unset}"}
    first, last = date(2026, 6, 1), date(2026, 6, 1)
    assert list(slots(*compiled(duty), first, last)) == []
    (slot,) = slots(*compiled(duty, {"unset": "8"}), first, last)
    assert slot.due == date(2026, 6, 8)


CADENCES = st.sampled_from(["day", "week", "half_month", "month", "quarter", "half", "year"])
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(every=CADENCES, first=DAYS, length=st.integers(0, 60), cut=st.integers(0, 60))
def test_generating_in_pieces_finds_the_same(every: str, first: date, length: int, cut: int) -> None:
    """A clock that was down goes on where it stopped: nothing is lost at the seam, nothing is there twice."""
    duty, agenda = compiled({"every": every, "grace": 2})
    last = first + length * DAY
    seam = min(first + cut * DAY, last)
    whole = list(slots(duty, agenda, first, last))
    pieces = [*slots(duty, agenda, first, seam), *slots(duty, agenda, seam, last)]
    assert set(pieces) == set(whole)
    assert len({slot.period for slot in whole}) == len(whole)


@given(every=CADENCES, day=DAYS)
def test_every_day_lies_in_one_period(every: str, day: date) -> None:
    duty, agenda = compiled({"every": every})
    (slot,) = slots(duty, agenda, day, day)
    assert slot.opens <= day <= slot.due == slot.closes
