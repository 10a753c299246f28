"""Entries become rows, move with their wave, and leave alone what people decided."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from server.db import new_id
from server.errors import Refusal
from server.fieldwork.timetable import own, steps
from server.fieldwork.timetable.agenda import Stretch, agenda, unknown_years
from server.fieldwork.timetable.holidays import add_year
from server.fieldwork.timetable.planning import Replanned, plan_timetable, plan_year, waves_to_plan
from server.models.audit import AuditLine
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW

WEEKLY = {"every": "week", "weekday": "wed", "time": "10:00", "free_days": "next"}


@pytest.fixture
def wave_id(connection: Connection) -> UUID:
    """A visit wave from 11 May through 29 May 2026, from before there were timetables; now it is 4 May."""
    builders.create_units(connection)
    made = builders.create_wave(
        connection,
        instrument="visit",
        code="V",
        opens_at=utc("2026-05-10T16:00"),
        closes_at=utc("2026-05-29T16:00"),
    )
    connection.execute(delete(TimetableEntry).where(TimetableEntry.programme_version_id.is_not(None)))
    connection.execute(delete(TimetableEntry).where(TimetableEntry.wave_id.is_not(None)))
    return made


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(connection: Connection, wave_id: UUID) -> dict[str, Any]:
    """What is not cancelled, by the end of its key."""
    query = select(*TimetableEntry.__table__.columns).where(
        TimetableEntry.wave_id == wave_id, TimetableEntry.cancelled_at.is_(None)
    )
    return {row.key.rpartition(":")[2]: row for row in connection.execute(query)}


def change_dates(connection: Connection, wave_id: UUID, **values: datetime) -> None:
    connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))


def fired(connection: Connection, entry: Any, at: datetime) -> None:
    values = {"id": new_id(), "entry_id": entry.id, "occurs_at": at, "fired_at": at}
    connection.execute(insert(TimetableOccurrence).values(**values))


def test_a_wave_gets_its_timetable_once(connection: Connection, wave_id: UUID) -> None:
    done = plan_timetable(connection, wave_id, now=NOW)
    found = rows(connection, wave_id)
    assert done == Replanned(added=len(found))
    assert set(found) == {
        "open", "bulletin", "reminder-7", "reminder-3", "reminder-1", "field_deadline", "submission_deadline",
        "review", "facts_check", "publication", "feedback",
    }  # fmt: skip
    assert found["bulletin"].ends_at == utc("2026-05-29T16:00")
    assert found["bulletin"].starts_at == utc("2026-05-11T16:00")
    later = NOW + DAY
    assert plan_timetable(connection, wave_id, now=later) == Replanned()
    assert rows(connection, wave_id) == found
    told = connection.scalars(
        select(AuditLine.detail).where(
            AuditLine.action == "timetable_planned", AuditLine.subject == f"wave:{wave_id}"
        )
    ).all()
    # Once as the wave was planned, once here; planning again changed nothing and says nothing.
    assert told == [{"added": 11, "moved": 0, "withdrawn": 0}] * 2


def test_a_wave_that_moves_takes_its_timetable_along_and_own_entries_stay(
    connection: Connection, wave_id: UUID
) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    weekly = own.add_entry(
        connection, own.NewEntry("碰头", "coordinator", WEEKLY, wave_id), EVERYTHING, by=BY, now=NOW
    )
    before = {"every": "before", "count": "2", "time": "09:00"}
    counted = own.add_entry(
        connection, own.NewEntry("催办", "coordinator", before, wave_id), EVERYTHING, by=BY, now=NOW
    )
    change_dates(connection, wave_id, closes_at=utc("2026-06-05T16:00"))
    done = plan_timetable(connection, wave_id, now=NOW + DAY)
    found = rows(connection, wave_id)
    assert done.added == done.withdrawn == 0
    assert found["submission_deadline"].at == utc("2026-06-05T16:00")
    assert found["reminder-7"].at == utc("2026-05-29T01:00")
    assert found["bulletin"].ends_at == utc("2026-06-05T16:00")
    assert found[str(weekly)].cron == "0 10 * * 3"
    assert found[str(counted)].at == utc("2026-06-03T01:00")


def test_a_reminder_that_came_comes_again_when_its_day_moves(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    reminder = rows(connection, wave_id)["reminder-7"]
    fired(connection, reminder, reminder.at)
    change_dates(connection, wave_id, closes_at=utc("2026-06-30T16:00"))
    plan_timetable(connection, wave_id, now=reminder.at + DAY)
    moved = rows(connection, wave_id)["reminder-7"]
    assert (moved.id, moved.at) == (reminder.id, utc("2026-06-23T01:00"))
    assert moved.starts_at == reminder.at + DAY
    items = agenda(connection, EVERYTHING, Stretch(NOW, NOW + 90 * DAY, NOW + 30 * DAY), wave_id=wave_id)
    assert [(item.at, item.state) for item in items if item.entry.id == reminder.id] == [
        (reminder.at, "fired"), (moved.at, "next"),
    ]  # fmt: skip


def test_what_people_cancel_stays_cancelled_and_may_come_back(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    bulletin = rows(connection, wave_id)["bulletin"]
    own.cancel_entry(connection, bulletin.id, EVERYTHING, by=BY, now=NOW)
    assert plan_timetable(connection, wave_id, now=NOW) == Replanned()
    assert "bulletin" not in rows(connection, wave_id)
    with pytest.raises(Refusal, match="conflict"):
        own.cancel_entry(connection, bulletin.id, EVERYTHING, by=BY, now=NOW)
    own.restore_entry(connection, bulletin.id, EVERYTHING, by=BY, now=NOW + DAY)
    assert rows(connection, wave_id)["bulletin"].starts_at == NOW + DAY


def test_steps_of_a_wave_are_its_own(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    changes = {"remind": [2], "review": 1, "field_days": 0, "bulletin": ""}
    done = steps.set_steps(connection, wave_id, changes, EVERYTHING, by=BY, now=NOW)
    found = rows(connection, wave_id)
    assert {"reminder-7", "reminder-3", "reminder-1", "field_deadline", "bulletin"} & set(found) == set()
    assert found["reminder-2"].at == utc("2026-05-27T01:00")
    assert found["review"].due_at == utc("2026-06-01T16:00")
    assert (done.added, done.withdrawn) == (1, 5)
    # Wanted again: what the plan withdrew comes back, as the same rows.
    back = steps.set_steps(connection, wave_id, {}, EVERYTHING, by=BY, now=NOW + DAY)
    assert (back.added, back.withdrawn) == (0, 1)
    assert {"reminder-7", "bulletin"} <= set(rows(connection, wave_id))
    assert connection.scalar(select(Wave.settings["message"]).where(Wave.id == wave_id)) is not None


@pytest.mark.parametrize("changes", [{"review": 91}, {"remind": [7, "x"]}, {"bulletin": "weekly"}, {"no": 1}])
def test_a_step_that_means_nothing_is_refused(
    connection: Connection, wave_id: UUID, changes: Mapping[str, Any]
) -> None:
    with pytest.raises(Refusal) as refused:
        steps.set_steps(connection, wave_id, changes, EVERYTHING, by=BY, now=NOW)
    assert [detail.code for detail in refused.value.details] == ["timetable_setting"]


def test_a_cancelled_wave_has_nothing_to_come(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    values = {"state": "cancelled", "cancelled_at": NOW, "cancel_reason": "名单有误"}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(**values))
    assert plan_timetable(connection, wave_id, now=NOW).withdrawn == 11
    items = agenda(connection, EVERYTHING, Stretch(NOW, NOW + 90 * DAY, NOW), wave_id=wave_id)
    assert {item.state for item in items} == {"cancelled"}


def test_what_was_over_when_it_was_planned_never_fires(connection: Connection, wave_id: UUID) -> None:
    now = utc("2026-05-25T00:00")
    plan_timetable(connection, wave_id, now=now)
    items = agenda(connection, EVERYTHING, Stretch(NOW, now + 90 * DAY, now), wave_id=wave_id)
    states = {item.entry.key.rpartition(":")[2]: item.state for item in items}
    assert (states["open"], states["reminder-7"], states["reminder-3"]) == ("passed", "passed", "next")


def test_a_years_dates_are_planned_once_for_all_its_waves(connection: Connection) -> None:
    first = plan_year(connection, "treasury-agent-banks", 2026, now=NOW)
    assert first.added > 10
    assert plan_year(connection, "treasury-agent-banks", 2026, now=NOW) == Replanned()
    titles = connection.scalars(
        select(TimetableEntry.title["default"].astext).where(
            TimetableEntry.programme_version_id.is_not(None), TimetableEntry.kind == "delivery"
        )
    ).all()
    assert "代理银行报送上一年度报告（一式两份）" in titles
    assert plan_year(connection, "no-such-programme", 2026, now=NOW) == Replanned()


def test_a_wave_brings_the_years_it_touches(connection: Connection) -> None:
    builders.create_units(connection)
    wave_id = builders.create_wave(
        connection, opens_at=utc("2026-12-01T00:00"), closes_at=utc("2027-01-10T16:00")
    )
    plan_timetable(connection, wave_id, now=NOW)
    keys = connection.scalars(select(TimetableEntry.key).where(TimetableEntry.wave_id.is_(None))).all()
    years = {key.split(":")[2] for key in keys if key.startswith("programme:branch-service:")}
    assert years == {"2026", "2027"}


def test_holidays_that_are_entered_later_move_what_is_planned(connection: Connection) -> None:
    builders.create_units(connection)
    wave_id = builders.create_wave(
        connection, opens_at=utc("2027-01-20T16:00"), closes_at=utc("2027-02-05T16:00"), instrument="visit"
    )
    january = Stretch(utc("2027-01-20T16:00"), utc("2027-02-05T16:00"), NOW)
    assert unknown_years(connection, "Asia/Shanghai", january) == (2027,)
    plan_timetable(connection, wave_id, now=NOW)
    assert rows(connection, wave_id)["review"].due_at == utc("2027-02-12T16:00")
    festival = {"title": "春节", "from": "2027-02-05", "to": "2027-02-11"}
    content = {
        "country": "CN", "year": 2027, "source": "测试", "holidays": [festival], "workdays": ["2027-02-13"],
    }  # fmt: skip
    add_year(connection, content, by=BY, now=NOW)
    assert wave_id in waves_to_plan(connection, now=NOW)
    plan_timetable(connection, wave_id, now=NOW)
    assert rows(connection, wave_id)["review"].due_at == utc("2027-02-17T16:00")
    assert unknown_years(connection, "Asia/Shanghai", january) == ()
    # What a deployment enters comes before what is shipped, and a second time before the first.
    add_year(connection, {**content, "holidays": [], "workdays": []}, by=BY, now=NOW)
    plan_timetable(connection, wave_id, now=NOW)
    assert rows(connection, wave_id)["review"].due_at == utc("2027-02-12T16:00")


def test_a_wrong_year_is_refused_with_all_that_is_wrong(connection: Connection) -> None:
    content = {"country": "CN", "year": 2027, "source": "x", "holidays": [], "workdays": ["2027-01-04", "no"]}
    with pytest.raises(Refusal) as refused:
        add_year(connection, content, by=BY, now=NOW)
    assert [(each.pointer, each.code) for each in refused.value.details] == [
        ("/workdays/1", "scoring_wrong_type"), ("/workdays/0", "workday_no_weekend"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"title": " "}, {"/title"}),
        ({"title": "x" * 81, "role": "king"}, {"/title", "/role"}),
        ({"rule": {"every": "once", "on": "2026-05-03", "time": "09:00"}}, {"/on"}),
        ({"rule": {"every": "before", "count": "60", "time": "09:00"}}, {"/count"}),
        ({"rule": {"every": "cron", "cron": "0 9 * *"}, "title": ""}, {"/cron", "/title"}),
    ],
)
def test_an_own_entry_that_cannot_be_is_refused(
    connection: Connection, wave_id: UUID, changes: Mapping[str, Any], pointers: set[str]
) -> None:
    asked: dict[str, Any] = {"title": "碰头", "role": "coordinator", "rule": WEEKLY, "wave_id": wave_id}
    with pytest.raises(Refusal) as refused:
        own.add_entry(connection, own.NewEntry(**{**asked, **changes}), EVERYTHING, by=BY, now=NOW)
    assert {each.pointer for each in refused.value.details} == pointers


def test_a_preview_is_what_will_be(connection: Connection, wave_id: UUID) -> None:
    asked = own.NewEntry("碰头", "coordinator", WEEKLY, wave_id)
    times = own.preview_entry(connection, asked, EVERYTHING, now=NOW)
    # Every Wednesday at 10, until the wave ends.
    assert times == tuple(utc(f"2026-05-{day:02}T02:00") for day in (6, 13, 20, 27))
    assert rows(connection, wave_id) == {}
    own.add_entry(connection, asked, EVERYTHING, by=BY, now=NOW)
    items = agenda(connection, EVERYTHING, Stretch(NOW, NOW + 90 * DAY, NOW), wave_id=wave_id)
    assert tuple(item.at for item in items) == times


def test_a_district_changes_what_is_its_own(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    deadline = rows(connection, wave_id)["submission_deadline"]
    district = Scope(("C01/D1/",))
    for act in (own.cancel_entry, own.restore_entry):
        with pytest.raises(Refusal, match="forbidden"):
            act(connection, deadline.id, district, by=BY, now=NOW)
    asked = own.NewEntry("晨会", "supervisor", WEEKLY, None, "D1")
    entry_id = own.add_entry(connection, asked, district, by=BY, now=NOW)
    own.change_entry(
        connection,
        entry_id,
        own.NewEntry("晚会", "supervisor", {**WEEKLY, "time": "18:00"}, None, "D1"),
        district,
        by=BY,
        now=NOW,
    )
    elsewhere = Scope(("C01/D10/",))
    with pytest.raises(Refusal, match="not_found"):
        own.cancel_entry(connection, entry_id, elsewhere, by=BY, now=NOW)
    with pytest.raises(Refusal) as refused:
        own.add_entry(connection, own.NewEntry("晨会", "supervisor", WEEKLY), district, by=BY, now=NOW)
    assert [each.code for each in refused.value.details] == ["unit_needed"]
    month = Stretch(NOW, NOW + timedelta(days=8), NOW)
    assert [item.entry.cron for item in agenda(connection, district, month) if item.entry.kind == "own"] == [
        "0 18 * * 3"
    ]
    assert not [item for item in agenda(connection, elsewhere, month) if item.entry.kind == "own"]


def test_the_plans_own_entries_move_with_the_plan_alone(connection: Connection, wave_id: UUID) -> None:
    plan_timetable(connection, wave_id, now=NOW)
    review = rows(connection, wave_id)["review"]
    with pytest.raises(Refusal, match="conflict"):
        own.change_entry(
            connection, review.id, own.NewEntry("x", "reviewer", WEEKLY, wave_id), EVERYTHING, by=BY, now=NOW
        )
