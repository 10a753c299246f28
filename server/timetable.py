"""The clock process: one is active by lock, the others stand by.

Our rows are the truth and are read again every few seconds; APScheduler only wakes us. Its own job store is
not used: a job that another process added did not fire, then vanished. Chores of the system itself are code;
what coordinators plan are rows, each firing once because an occurrence is UNIQUE.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import queue
from server.db import AnyRow, db, new_id
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.services import services

CLOCK_LOCK = 7_203_003
STANDBY_SECONDS = 3.0
REREAD_SECONDS = 10
KEEP_OCCURRENCES = timedelta(days=400)

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
        while not lock.scalar(select(func.pg_try_advisory_lock(CLOCK_LOCK))):
            lock.commit()
            time.sleep(STANDBY_SECONDS)
        lock.commit()
        log.info("clock_active")
        _Clock(app, lock).run()


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
        self._scheduler.add_job(self._reread, "interval", seconds=REREAD_SECONDS, id="reread")
        self._reread()
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
        with self._app.app_context(), db.engine.begin() as connection:
            now = services().clock.now()
            for entry, last in entries(connection):
                occurrence = due(entry, last, now)
                if occurrence is not None:
                    fire(connection, entry, occurrence, now)


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

    A cron entry that has never fired is due at the newest occurrence of the day before.
    """
    if entry.at is not None:
        return entry.at if entry.at <= now and last is None else None
    trigger = CronTrigger.from_crontab(entry.cron, timezone=ZoneInfo(entry.timezone))
    moment = last or now - timedelta(days=1)
    newest = None
    upcoming = trigger.get_next_fire_time(last, moment + timedelta(seconds=1))
    while upcoming is not None and upcoming <= now:
        newest, upcoming = upcoming, trigger.get_next_fire_time(upcoming, upcoming + timedelta(seconds=1))
    return newest


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
