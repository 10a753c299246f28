"""Years of public holidays: what is shipped, what is refused, and who has the last word about a day."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.scoring.calendar import Calendar
from server.scoring.timetabling.holidays import HolidayYear, day_table, lint_year, read_year

FOLDER = Path(__file__).parents[3] / "form_definitions" / "calendars"
FILES = sorted(FOLDER.glob("*/*.json"))


def shipped(year: int) -> HolidayYear:
    found = read_year(json.loads((FOLDER / "CN" / f"{year}.json").read_text("utf-8")))
    assert found is not None
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_shipped_is_right_and_says_where_it_comes_from(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    assert lint_year(content) == ()
    assert (content["country"], str(content["year"])) == (path.parent.name, path.stem)
    assert "国务院办公厅" in content["source"]


# 365 days less 104 of weekends less 13 statutory days off: a slip in one date shows in the sum.
@pytest.mark.parametrize(("year", "days_off", "worked", "working"), [(2025, 28, 5, 248), (2026, 33, 6, 248)])
def test_sums_of_a_year(year: int, days_off: int, worked: int, working: int) -> None:
    found = shipped(year)
    assert (len(found.titles), len(found.workdays)) == (days_off, worked)
    table = day_table([found], Calendar())
    first = date(year, 1, 1)
    days = [first + timedelta(days=count) for count in range((date(year + 1, 1, 1) - first).days)]
    assert sum(map(table.working.includes, days)) == working


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2025-10-08", False), ("2025-09-28", True), ("2025-10-11", True), ("2025-05-31", False),
        ("2026-01-02", False), ("2026-01-04", True), ("2026-02-14", True), ("2026-02-23", False),
        ("2026-02-24", True), ("2026-05-09", True), ("2026-06-19", False), ("2026-09-20", True),
        ("2026-10-08", True), ("2026-10-10", True), ("2026-10-11", False), ("2027-01-01", True),
    ],
)  # fmt: skip
def test_days(day: str, works: bool) -> None:
    table = day_table([shipped(2025), shipped(2026)], Calendar())
    assert table.working.includes(date.fromisoformat(day)) is works


def test_a_programmes_own_days_come_first() -> None:
    own = Calendar(
        holidays=frozenset({date(2026, 5, 9), date(2026, 7, 1)}), workdays=frozenset({date(2026, 5, 2)})
    )
    works = day_table([shipped(2026)], own).working.includes
    assert [works(date(2026, month, day)) for month, day in ((5, 9), (7, 1), (5, 2), (5, 3))] == [
        False, False, True, False,
    ]  # fmt: skip


def test_a_year_that_nobody_entered_is_said() -> None:
    table = day_table([shipped(2025), shipped(2026)], Calendar())
    assert table.unknown(date(2026, 1, 1), date(2026, 12, 31)) == ()
    assert table.unknown(date(2026, 12, 1), date(2028, 1, 31)) == (2027, 2028)


def year(**changes: Any) -> dict[str, Any]:
    base = {
        "country": "CN",
        "year": 2027,
        "source": "somewhere",
        "holidays": [{"title": "元旦", "from": "2027-01-01", "to": "2027-01-03"}],
        "workdays": [],
    }
    return {**base, **changes}


def span(first: str, last: str) -> dict[str, str]:
    return {"title": "假", "from": first, "to": last}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"source": ""}, "/source", "scoring_wrong_type"),
        ({"holydays": []}, "/holydays", "programme_unknown_property"),
        ({"holidays": [span("2027-01-03", "2027-01-01")]}, "/holidays/0", "holiday_reversed"),
        ({"holidays": [span("2027-02-30", "2027-03-01")]}, "/holidays/0/from", "scoring_wrong_type"),
        ({"holidays": [span("2026-05-01", "2026-05-01")]}, "/holidays/0/from", "holiday_other_year"),
        (
            {"holidays": [span("2027-01-01", "2027-01-03"), span("2027-01-03", "2027-01-04")]},
            "/holidays/1",
            "holiday_overlap",
        ),
        ({"workdays": ["2027-01-05"]}, "/workdays/0", "workday_no_weekend"),
        ({"workdays": ["2027-01-02"]}, "/workdays/0", "workday_is_holiday"),
        ({"workdays": ["2028-01-08"]}, "/workdays/0", "holiday_other_year"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], pointer: str, code: str) -> None:
    assert (pointer, code) in [(each.pointer, each.code) for each in lint_year(year(**changes))]
    assert read_year(year(**changes)) is None


def test_new_years_day_may_begin_in_december() -> None:
    content = year(holidays=[span("2026-12-31", "2027-01-02")], workdays=["2026-12-27"])
    found = read_year(content)
    assert found is not None
    assert date(2026, 12, 31) in found.titles


@pytest.mark.parametrize("content", [None, [], 7, {}, {"year": "2027"}])
def test_what_is_no_year_at_all(content: object) -> None:
    assert lint_year(content)
    assert read_year(content) is None
