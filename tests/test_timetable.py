"""The clock: what is due when, once for however many clocks, and none of it lost to a broken row."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text, update

from server import queue, timetable
from server.db import new_id
from server.fieldwork.timetable.occurrences import due, waiting
from server.locks import CLOCK_LOCK
from server.models.timetable import TimetableEntry, TimetableOccurrence
from tests.conftest import START

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cron(rule: str, zone: str = SHANGHAI, **changes: Any) -> Any:
    entry = {
        "at": None,
        "cron": rule,
        "timezone": zone,
        "free_days": "keep",
        "starts_at": None,
        "ends_at": None,
    }
    return SimpleNamespace(**{**entry, **changes})


# 2026-05-04 is a Monday; Shanghai is eight hours ahead of UTC the whole year.
DUE: dict[str, tuple[str, str, str | None, str, str | None]] = {
    "before": ("0 9 * * *", SHANGHAI, "2026-05-03T01:00", "2026-05-04T00:59", None),
    "on the minute": ("0 9 * * *", SHANGHAI, "2026-05-03T01:00", "2026-05-04T01:00", "2026-05-04T01:00"),
    "later the same day": ("0 9 * * *", SHANGHAI, "2026-05-03T01:00", "2026-05-04T20:00", "2026-05-04T01:00"),
    "already fired": ("0 9 * * *", SHANGHAI, "2026-05-04T01:00", "2026-05-04T20:00", None),
    "three missed days count once": (
        "0 9 * * *",
        SHANGHAI,
        "2026-05-01T01:00",
        "2026-05-04T02:00",
        "2026-05-04T01:00",
    ),
    "missed longer than a month": (
        "0 9 1 * *",
        SHANGHAI,
        "2026-01-01T01:00",
        "2026-04-20T00:00",
        "2026-04-01T01:00",
    ),
    "a minute rule after a year": (
        "* * * * *",
        SHANGHAI,
        "2025-05-04T00:00",
        "2026-05-04T00:00",
        "2026-05-04T00:00",
    ),
    "never fired": ("0 9 * * *", SHANGHAI, None, "2026-05-04T02:00", "2026-05-04T01:00"),
    "never fired, longer ago than a day": ("0 9 1 * *", SHANGHAI, None, "2026-05-04T02:00", None),
    "Monday as 1": ("0 9 * * 1", SHANGHAI, None, "2026-05-04T02:00", "2026-05-04T01:00"),
    "not Tuesday": ("0 9 * * 2", SHANGHAI, None, "2026-05-04T02:00", None),
    "Sunday as 0": ("0 9 * * 0", SHANGHAI, None, "2026-05-03T02:00", "2026-05-03T01:00"),
    "Sunday as 7": ("0 9 * * 7", SHANGHAI, None, "2026-05-03T02:00", "2026-05-03T01:00"),
    "working days": ("0 9 * * 1-5", SHANGHAI, "2026-05-01T01:00", "2026-05-03T20:00", None),
    "Sunday to Monday": ("0 9 * * 0-1", SHANGHAI, None, "2026-05-03T02:00", "2026-05-03T01:00"),
    "by name": ("0 9 * * mon,fri", SHANGHAI, None, "2026-05-04T02:00", "2026-05-04T01:00"),
    "the other side of midnight": ("0 7 * * *", SHANGHAI, None, "2026-05-03T23:30", "2026-05-03T23:00"),
    "Berlin in winter": ("30 2 * * *", BERLIN, None, "2026-03-28T02:00", "2026-03-28T01:30"),
    "Berlin in summer": ("30 2 * * *", BERLIN, None, "2026-06-28T02:00", "2026-06-28T00:30"),
    "an hour that does not exist": (
        "30 2 * * *",
        BERLIN,
        "2026-03-28T01:30",
        "2026-03-29T06:00",
        "2026-03-29T01:30",
    ),
    "an hour that exists twice": (
        "30 2 * * *",
        BERLIN,
        "2026-10-24T00:30",
        "2026-10-25T06:00",
        "2026-10-25T00:30",
    ),
    "not again in its second hour": ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T06:00", None),
    "every hour, both of them": (
        "0 * * * *",
        BERLIN,
        "2026-10-25T00:00",
        "2026-10-25T01:10",
        "2026-10-25T01:00",
    ),
}


@pytest.mark.parametrize(("rule", "zone", "last", "now", "expected"), DUE.values(), ids=DUE)
def test_what_is_due(rule: str, zone: str, last: str | None, now: str, expected: str | None) -> None:
    found = due(cron(rule, zone), utc(last) if last else None, utc(now))
    assert found == (utc(expected) if expected else None)


@pytest.mark.parametrize("zone", [BERLIN, "Australia/Lord_Howe", SHANGHAI])
def test_a_daily_job_fires_once_on_every_day_of_the_year(zone: str) -> None:
    """Also where clocks are set back: stepping in local time never ended there."""
    last, now, fired = None, utc("2026-01-02T00:00"), []
    while now < utc("2027-01-02T00:00"):
        occurrence = due(cron("30 1 * * *", zone), last, now)
        if occurrence is not None:
            fired.append(occurrence)
            last = occurrence
        now += timedelta(hours=6)
    assert len(fired) in {365, 366}
    gaps = {later - earlier for earlier, later in pairwise(fired)}
    assert max(gaps) - min(gaps) <= timedelta(hours=2)


@pytest.mark.parametrize(
    ("at", "last", "now", "is_due"),
    [
        ("2026-05-04T02:00", None, "2026-05-04T01:59", False),
        ("2026-05-04T02:00", None, "2026-05-04T02:00", True),
        ("2025-05-04T02:00", None, "2026-05-04T02:00", True),
        ("2026-05-04T02:00", "2026-05-04T02:00", "2026-05-05T02:00", False),
    ],
)
def test_what_happens_once(at: str, last: str | None, now: str, is_due: bool) -> None:
    entry = cron("", at=utc(at))
    found = due(entry, utc(last) if last else None, utc(now))
    assert found == (utc(at) if is_due else None)


@pytest.mark.parametrize(
    ("rule", "zone"),
    [
        ("every morning", SHANGHAI),
        ("* * * *", SHANGHAI),
        ("", SHANGHAI),
        ("60 * * * *", SHANGHAI),
        ("0 9 * * 8", SHANGHAI),
        ("0 9 * * */2", SHANGHAI),
        ("0 9 * * *", "Asia/Peking2"),
        ("0 9 * * *", "../../etc/passwd"),
    ],
)
def test_a_broken_rule_is_an_error_and_not_a_wrong_time(rule: str, zone: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        due(cron(rule, zone), None, START)


@pytest.fixture
def planned(engine: Engine) -> Any:
    """Adds an entry; what a test adds goes away with the tables' emptying."""
    added = []

    def add(key: str, **values: Any) -> Any:
        row = {
            "id": new_id(),
            "key": key,
            "job": "close_waves",
            "arguments": {},
            "timezone": SHANGHAI,
            **values,
        }
        with engine.begin() as connection:
            connection.execute(insert(TimetableEntry).values(**row))
        added.append(row["id"])
        return row["id"]

    yield add
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE timetable_occurrence"))
        connection.execute(text("DELETE FROM timetable_entry WHERE id = ANY(:ids)"), {"ids": added})


def entry_of(connection: Connection, key: str) -> tuple[Any, datetime | None]:
    return next((entry, entry.last) for entry in waiting(connection, START) if entry.key == key)


def test_two_clocks_fire_an_occurrence_once(engine: Engine, planned: Any) -> None:
    planned("once", at=START)
    with engine.connect() as one, engine.connect() as other:
        entry, last = entry_of(one, "once")
        assert last is None
        assert timetable.fire(one, entry, START, START)
        one.commit()
        assert not timetable.fire(other, entry, START, START)
        other.commit()
        assert "once" not in [entry.key for entry in waiting(other, START)]
        assert queue.depth(other) == 1


def test_firing_that_fails_leaves_the_occurrence_due(engine: Engine, planned: Any) -> None:
    planned("broken", at=START, job="brew_tea")
    timetable.fire_due(engine, START)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(TimetableOccurrence)) == _shipped(
            connection
        )
        assert entry_of(connection, "broken")[1] is None


def test_a_broken_entry_does_not_hold_up_the_others(engine: Engine, planned: Any) -> None:
    planned("a-rule", cron="every morning")
    planned("b-zone", cron="* * * * *", timezone="Nowhere/At_all")
    planned("c-job", cron="* * * * *", job="brew_tea")
    planned("d-arguments", cron="* * * * *", arguments=[1])
    planned("e-nothing")
    planned("z-good", cron="* * * * *", job="launch_invitations", arguments={"wave_id": "7"})
    timetable.fire_due(engine, START)
    timetable.fire_due(engine, START)
    with engine.connect() as connection:
        jobs = connection.execute(text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")).all()
    assert ("launch_invitations", {"wave_id": "7"}) in [tuple(job) for job in jobs]
    assert [job.task_name for job in jobs].count("launch_invitations") == 1


def _shipped(connection: Connection) -> int:
    """Entries that every deployment has and that were due as well."""
    return len([entry for entry in waiting(connection, START) if entry.last is not None])


def test_what_is_switched_off_does_not_fire(engine: Engine, planned: Any) -> None:
    planned("off", at=START, enabled=False)
    with engine.connect() as connection:
        assert "off" not in [entry.key for entry in waiting(connection, START)]


def test_seeding_keeps_what_a_coordinator_changed(connection: Connection) -> None:
    change = update(TimetableEntry).where(TimetableEntry.key == "audit-anchor")
    connection.execute(change.values(cron="0 3 * * *"))
    timetable.seed(connection)
    assert connection.scalars(
        select(TimetableEntry.cron).where(TimetableEntry.key == "audit-anchor")
    ).all() == ["0 3 * * *"]


def test_everything_shipped_names_a_job_and_a_readable_rule() -> None:
    assert {str(entry["job"]) for entry in timetable.SHIPPED_ENTRIES} <= set(queue.JOBS)
    assert {chore.job for chore in timetable.CHORES} <= set(queue.JOBS)
    for entry in timetable.SHIPPED_ENTRIES:
        due(cron(str(entry["cron"])), None, START)


def test_one_clock_is_active_and_the_next_takes_over(engine: Engine) -> None:
    with engine.connect() as second:
        with engine.connect() as first:
            assert timetable.become_active(first)
            assert not timetable.become_active(second)
            first.commit()
            assert not timetable.become_active(second)  # the lock is the connection's, not the transaction's
            first.invalidate()
        # The server notices a moment later that the first is gone; this waits for that, not for a time.
        second.execute(text("SET statement_timeout = '20s'"))
        second.execute(select(func.pg_advisory_lock(CLOCK_LOCK)))
        assert timetable.become_active(second)
        second.invalidate()
