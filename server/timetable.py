"""The clock process: one is active by lock, the others stand by.

Our rows are the truth and are read again every few seconds; APScheduler only wakes us. Its own job store is
not used: a job that another process added did not fire, then vanished. Chores of the system itself are code;
what coordinators plan are rows, each firing once because an occurrence is UNIQUE.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import queue
from server.db import AnyRow, db, new_id
from server.locks import CLOCK_LOCK
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.services import services

STANDBY_SECONDS = 3.0
REREAD_SECONDS = 10
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# The newest occurrence is looked for in the last hour first: a clock that stood still for a month has missed
# 44,640 minutes, and wants one of them.
LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32))

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """A job of the system itself."""

    job: str
    seconds: int


CHORES = (
    Chore("follow_submissions", 2),
    Chore("send_messages", 5),
    Chore("follow_messages", 10),
    Chore("seal_audit", 10),
    Chore("retry_stalled", 60),
    Chore("close_waves", 60),
    Chore("sweep_trials", 3600),
)

# Entries every deployment has; coordinators add their own.
SHIPPED_ENTRIES = ({"key": "audit-anchor", "job": "anchor_audit", "cron": "7 * * * *"},)


def seed(connection: Connection) -> None:
    """Write the shipped entries that are not there yet."""
    for entry in SHIPPED_ENTRIES:
        connection.execute(
            insert_or_skip(TimetableEntry)
            .values(id=new_id(), arguments={}, timezone="Asia/Shanghai", enabled=True, **entry)
            .on_conflict_do_nothing(index_elements=["key"])
        )


def run_clock(app: Flask) -> None:
    """Stand by until the lock is free, then fire until the lock's connection breaks or we are stopped."""
    with app.app_context(), db.engine.connect() as lock:
        while not become_active(lock):
            time.sleep(STANDBY_SECONDS)
        log.info("clock_active")
        _Clock(app, lock).run()


def become_active(lock: Connection) -> bool:
    """Whether this connection now holds the clock's lock, until it is closed."""
    held = lock.scalar(select(func.pg_try_advisory_lock(CLOCK_LOCK)))
    lock.commit()
    return bool(held)


class _Clock:
    def __init__(self, app: Flask, lock: Connection) -> None:
        self._app = app
        self._lock = lock
        # misfire_grace_time is 1 s by default, and whatever is later than that silently never happens.
        self._scheduler = BlockingScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None, "coalesce": True},
            timezone=ZoneInfo("UTC"),
        )

    def run(self) -> None:
        for chore in CHORES:
            self._scheduler.add_job(
                self._chore, "interval", seconds=chore.seconds, args=[chore.job], id=f"chore:{chore.job}"
            )
        self._scheduler.add_job(
            self._reread,
            "interval",
            seconds=REREAD_SECONDS,
            id="reread",
            next_run_time=services().clock.now(),
        )
        self._scheduler.start()

    def _chore(self, job: str) -> None:
        with self._app.app_context(), db.engine.begin() as connection:
            queue.defer_unless_waiting(connection, job)

    def _reread(self) -> None:
        """Catch up with what was missed, and hold what comes. Stops when the lock may be another's."""
        try:
            self._lock.execute(text("SELECT 1"))
            self._lock.commit()
        except Exception:
            log.exception("clock_lock_lost")
            self._scheduler.shutdown(wait=False)
            return
        with self._app.app_context():
            fire_due(db.engine, services().clock.now())


def fire_due(engine: Engine, now: datetime) -> None:
    """Fire what is due, an entry a transaction: one with a broken rule must not hold up the others."""
    with engine.connect() as connection:
        waiting = entries(connection)
    for entry, last in waiting:
        try:
            occurrence = due(entry, last, now)
            if occurrence is not None:
                with engine.begin() as connection:
                    fire(connection, entry, occurrence, now)
        except (ValueError, LookupError, TypeError):
            log.exception("timetable_entry_broken", key=entry.key)


def entries(connection: Connection) -> list[tuple[AnyRow, datetime | None]]:
    """Enabled entries with their last occurrence."""
    last = (
        select(func.max(TimetableOccurrence.occurs_at))
        .where(TimetableOccurrence.entry_id == TimetableEntry.id)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(*TimetableEntry.__table__.columns, last.label("last"))
        .where(TimetableEntry.enabled)
        .order_by(TimetableEntry.key)
    )
    return [(row, row.last) for row in rows]


def due(entry: Any, last: datetime | None, now: datetime) -> datetime | None:
    """The newest occurrence that should have fired by now and has not; several missed ones count once.

    A cron entry that has never fired is due at the newest occurrence of the day before. Where clocks are set
    back, what names its hour fires in the first of the two; where they are set forward, an hour that does not
    exist fires an hour later.

    Raises:
        ValueError, LookupError: for a rule or a time zone that is none.
    """
    if entry.at is not None:
        return cast(datetime, entry.at) if entry.at <= now and last is None else None
    trigger = _trigger(entry.cron or "", entry.timezone)
    names_its_hour = "*" not in entry.cron.split()[1]
    after = last or now - timedelta(days=1)
    for start in sorted({after, *(max(after, now - back) for back in LOOK_BACK)}, reverse=True):
        newest = None
        for occurrence in _occurrences(trigger, start, now):
            if not (names_its_hour and occurrence.fold):
                newest = occurrence.astimezone(UTC)
        if newest is not None:
            return newest
    return None


def _occurrences(trigger: CronTrigger, after: datetime, until: datetime) -> Iterator[datetime]:
    upcoming = trigger.get_next_fire_time(None, after + timedelta(seconds=1))
    while upcoming is not None and upcoming <= until:
        yield upcoming
        # Stepping on in local time would fall back an hour where clocks are set back, and never end.
        upcoming = trigger.get_next_fire_time(None, upcoming.astimezone(UTC) + timedelta(seconds=1))


def _trigger(cron: str, timezone: str) -> CronTrigger:
    """APScheduler counts weekdays from Monday = 0; crontab, and whoever reads one, from Sunday = 0 and 7."""
    *fields, weekdays = cron.split()
    return CronTrigger.from_crontab(" ".join([*fields, _weekdays(weekdays)]), timezone=ZoneInfo(timezone))


def _weekdays(field: str) -> str:
    if "/" in field:
        raise ValueError("name weekdays instead of counting them in steps")
    named = []
    for part in field.split(","):
        numbers = re.fullmatch(r"([0-7])(?:-([0-7]))?", part)
        if numbers is None:
            named.append(part)
        else:
            first = int(numbers[1])
            named += [WEEKDAYS[day % 7] for day in range(first, int(numbers[2] or first) + 1)]
    return ",".join(named)


def fire(connection: Connection, entry: Any, occurs_at: datetime, now: datetime) -> bool:
    """Defer the entry's job once for this occurrence, whoever else tries."""
    inserted = connection.execute(
        insert_or_skip(TimetableOccurrence)
        .values(id=new_id(), entry_id=entry.id, occurs_at=occurs_at, fired_at=now)
        .on_conflict_do_nothing(index_elements=["entry_id", "occurs_at"])
        .returning(TimetableOccurrence.id)
    ).first()
    if inserted is None:
        return False
    queue.defer(connection, entry.job, **entry.arguments)
    return True
