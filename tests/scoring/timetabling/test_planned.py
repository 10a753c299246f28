"""What waves and programme years bring: E1's year, E3's quarter, E4's 5th and 10th, and days nobody works."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.calendar import Calendar
from server.scoring.programmes.compiling import compile_programme
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.holidays import day_table, read_year
from server.scoring.timetabling.planned import KINDS, ROLES, Planned, Window, wave_entries, year_entries
from server.scoring.timetabling.settings import DEFAULTS, Steps, steps_of

DEFINITIONS = Path(__file__).parents[3] / "form_definitions"
SHANGHAI = ZoneInfo("Asia/Shanghai")
YEARS = [
    found
    for path in sorted((DEFINITIONS / "calendars" / "CN").glob("*.json"))
    if (found := read_year(json.loads(path.read_text("utf-8")))) is not None
]
WORKING = day_table(YEARS, Calendar()).working


def local(day: str, hour: str = "00:00", zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=zone)


def window(first: str, end: str, **changes: Any) -> Window:
    """`end` is the first day after it."""
    return Window(local(first), local(end), SHANGHAI, **changes)


def told(entries: tuple[Planned, ...]) -> dict[str, str]:
    """Key -> moment on Shanghai's clocks, or rule."""
    return {
        each.key: each.cron or f"{each.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        if each.at or each.cron
        else ""
        for each in entries
    }


def test_a_quarter_of_mystery_visits() -> None:
    """E3's second quarter: closes on Tuesday 30 June; Dragon Boat is 19 to 21 June."""
    found = wave_entries(window("2026-04-01", "2026-07-01"), DEFAULTS["visit"], WORKING)
    assert told(found) == {
        "open": "2026-04-01 00:00",
        "bulletin": "0 9 * * 1",
        "reminder-7": "2026-06-23 09:00",
        "reminder-3": "2026-06-26 09:00",  # the 27th is a Saturday
        "field_deadline": "2026-06-29 00:00",
        "reminder-1": "2026-06-29 09:00",
        "submission_deadline": "2026-07-01 00:00",
        "review": "2026-07-01 09:00",
        "facts_check": "2026-07-08 09:00",
        "publication": "2026-07-13 09:00",
        "feedback": "2026-07-15 09:00",
    }
    due = {each.kind: each.due for each in found}
    assert due["review"] == local("2026-07-08")
    assert due["facts_check"] == local("2026-07-11")
    assert due["publication"] == local("2026-07-15")
    assert due["feedback"] == local("2026-07-29")


def test_working_days_after_the_close_skip_the_festival_and_count_the_worked_saturdays() -> None:
    found = wave_entries(window("2026-02-01", "2026-02-13"), DEFAULTS["visit"], WORKING)
    due = {each.kind: each.due for each in found}
    # Friday 13, Saturday 14 (worked), then Tuesday 24 to Thursday 26 February.
    assert due["review"] == local("2026-02-27")


@pytest.mark.parametrize(
    ("instrument", "kinds"),
    [
        ("survey", {"open", "reminder", "submission_deadline", "bulletin", "publication"}),
        ("ballot", {"open", "reminder", "submission_deadline", "publication"}),
        ("panel", {"open", "reminder", "submission_deadline", "publication"}),
        ("self_check", {"open", "reminder", "submission_deadline", "publication"}),
        ("log", {"open", "reminder", "submission_deadline", "bulletin", "publication"}),
        (
            "video",
            {
                "open", "reminder", "submission_deadline", "bulletin", "review", "facts_check", "publication",
                "feedback",
            },
        ),
    ],
)  # fmt: skip
def test_which_kinds_an_instrument_has(instrument: str, kinds: set[str]) -> None:
    found = wave_entries(window("2026-04-01", "2026-05-01"), steps_of(instrument, {}), WORKING)
    assert {each.kind for each in found} == kinds


def test_a_firm_is_told_only_where_one_collects() -> None:
    for firm in (False, True):
        found = wave_entries(window("2026-04-01", "2026-05-01", firm=firm), DEFAULTS["visit"], WORKING)
        assert any("firm" in each.roles for each in found) is firm


def test_reminders_that_fall_together_come_once_and_none_before_the_opening() -> None:
    # Closes on Sunday 10 May: three days before and one day before are worked, seven before is a holiday.
    found = told(wave_entries(window("2026-05-06", "2026-05-11"), DEFAULTS["survey"], WORKING))
    assert [key for key in found if key.startswith("reminder")] == ["reminder-3", "reminder-1"]
    assert found["reminder-1"] == "2026-05-09 09:00"  # a Saturday, worked
    # Closes on Monday 4 May, in the holidays from 1 May: both are moved to Thursday 30 April.
    found = told(wave_entries(window("2026-04-20", "2026-05-05"), DEFAULTS["survey"], WORKING))
    assert {key: at for key, at in found.items() if key.startswith("reminder")} == {
        "reminder-7": "2026-04-27 09:00",
        "reminder-1": "2026-04-30 09:00",
    }


def test_a_day_of_another_zone_ends_on_its_own_clocks() -> None:
    """Closes on 29 March, the day Berlin's clocks are set forward; no Chinese holidays there."""
    berlin = ZoneInfo("Europe/Berlin")
    there = Window(local("2026-03-01", zone=berlin), local("2026-03-30", zone=berlin), berlin)
    days = day_table((), Calendar()).working
    found = {each.key: each.at for each in wave_entries(there, DEFAULTS["visit"], days)}
    assert found["submission_deadline"] == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert found["field_deadline"] == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert found["reminder-1"] == datetime(2026, 3, 27, 8, tzinfo=UTC)  # Friday, at 9 in winter time
    assert found["review"] == datetime(2026, 3, 30, 7, tzinfo=UTC)  # Monday, at 9 in summer time


@given(
    st.dates(date(2025, 1, 1), date(2026, 11, 1)),
    st.integers(1, 120),
    st.sampled_from(sorted(DEFAULTS)),
    st.booleans(),
)
def test_any_wave_is_planned_in_order_within_its_time(
    first: date, days: int, instrument: str, firm: bool
) -> None:
    end = first + timedelta(days=days)
    shape = window(first.isoformat(), end.isoformat(), firm=firm)
    found = wave_entries(shape, DEFAULTS[instrument], WORKING)
    assert found == wave_entries(shape, DEFAULTS[instrument], WORKING)
    assert len({each.key for each in found}) == len(found)
    moments = [each.at or each.starts for each in found]
    assert moments == sorted(moments)
    for each in found:
        assert each.kind in KINDS
        assert set(each.roles) <= set(ROLES[each.kind])
        assert (each.at is None) is bool(each.cron)
        assert each.at is None or each.due is None or each.at <= each.due
    assert all(
        each.at <= shape.closes for each in found if each.kind in ("reminder", "field_deadline") and each.at
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"remind": [2, 10, 2]}, {"remind": (10, 2)}),
        ({"remind": []}, {"remind": ()}),
        ({"remind_at": "08:30", "bulletin": ""}, {"remind_at": time(8, 30), "bulletin": ""}),
        ({"field_days": 0, "review": 7}, {"field_days": 0, "review": 7}),
    ],
)
def test_a_wave_changes_its_steps(changes: Mapping[str, object], expected: Mapping[str, Any]) -> None:
    assert steps_of("visit", changes) == replace(DEFAULTS["visit"], **expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"remind": "7"}, {"remind": [7, -1]}, {"remind": [1, 2, 3, 4, 5, 6]}, {"review": "5"}, {"review": 91},
        {"review": True}, {"bulletin": "weekly"}, {"bulletin": None}, {"remind_at": "9"},
        {"remind_at": "09:00+08:00"}, {"reviews": 5},
    ],
)  # fmt: skip
def test_a_step_that_means_nothing_is_refused(changes: Mapping[str, object]) -> None:
    with pytest.raises(TimingWrong) as wrong:
        steps_of("visit", changes)
    assert wrong.value.code == "timetable_setting"


def shipped(name: str, year: int = 2026, **changes: Any) -> tuple[Planned, ...]:
    key, _, version = name.partition("@")
    content = json.loads((DEFINITIONS / "programmes" / key / f"{version}.json").read_text("utf-8"))
    content |= changes
    audience = {row["name"]: row.get("to", "") for row in content["calendar"]["dates"]}
    return year_entries(compile_programme(content), year, audience, WORKING, Steps())


def test_the_year_of_e1() -> None:
    """15 December, 31 December, a month later, another month later; a pre-assessment each quarter."""
    found = shipped("treasury-agent-banks@2")
    dates = {each.key: each for each in found if each.kind in ("delivery", "feedback")}
    assert {key: each.due for key, each in dates.items()} == {
        "third_party_commissioned:2026-11-10": local("2026-11-11"),
        "questionnaires_returned:2026-12-15": local("2026-12-16"),
        "reports_filed:2026-12-15": local("2026-12-16"),
        "results_submitted:2026-12-31": local("2027-01-01"),
        "results_fed_back:2027-01-31": local("2027-02-01"),
        "improvement_filed:2027-02-28": local("2027-03-01"),
    }
    assert {key for key, each in dates.items() if each.kind == "feedback"} == {
        "results_fed_back:2027-01-31", "improvement_filed:2027-02-28",
    }  # fmt: skip
    assert dates["reports_filed:2026-12-15"].roles == ("coordinator", "evaluated_body")
    assert dates["results_submitted:2026-12-31"].roles == ("coordinator",)
    preview = {each.key: each.at for each in found if each.kind == "pre_assessment"}
    assert preview == {
        "pre_assessment:2026Q1": local("2026-04-01", "09:00"),
        "pre_assessment:2026Q2": local("2026-07-01", "09:00"),
        "pre_assessment:2026Q3": local("2026-10-08", "09:00"),  # after National Day
        "pre_assessment:2026Q4": local("2027-01-01", "09:00"),  # nobody entered 2027
    }


def test_reminders_of_a_date_move_before_the_free_days() -> None:
    found = told(shipped("treasury-agent-banks@2"))
    assert [found[f"results_fed_back:2027-01-31:{days}"] for days in (7, 3, 1)] == [
        "2027-01-22 09:00",  # the 24th is a Sunday
        "2027-01-28 09:00",
        "2027-01-29 09:00",
    ]


def test_before_the_15th_may_mean_without_it() -> None:
    found = {each.key: each.due for each in shipped("treasury-agent-banks@2", policies={"A33": "before"})}
    assert found["reports_filed:2026-12-15"] == local("2026-12-15")


def test_the_5th_and_the_10th_of_e4() -> None:
    found = shipped("hall-supervisors@1")
    meetings = [
        each.due for each in found if each.key.startswith("manager_meeting") and each.kind == "delivery"
    ]
    assert meetings == [local(f"2026-{month:02}-06") for month in range(1, 13)]
    talks = [each for each in found if each.key.startswith("one_to_one") and each.kind == "delivery"]
    assert [each.due for each in talks] == [local(f"2026-{month:02}-11") for month in range(1, 13)]
    # What comes each month is reminded of the day before, and before the holidays of 1 to 5 May.
    reminders = told(found)
    assert reminders["manager_meeting:2026-05-05:1"] == "2026-04-30 09:00"
    assert reminders["one_to_one:2026-05-10:1"] == "2026-05-09 09:00"
    assert "manager_meeting:2026-05-05:7" not in reminders


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("treasury-agent-banks@2", "2026Q1", "pre_assessment"),
        ("treasury-agent-banks@2", "2026", "settlement"),
        ("postal-service-upgrade@1", "2026/rectify", "settlement"),
        ("department-goals@1", "2026Q1", "period_end"),
        ("staff-appraisal@1", "2026Q1", "settlement"),
    ],
)
def test_what_the_end_of_a_period_asks_for(name: str, key: str, kind: str) -> None:
    assert f"{kind}:{key}" in {each.key for each in shipped(name)}
