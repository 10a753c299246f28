"""The clock process: one is active by lock, the others stand by.

Our rows are the truth and are read again every few seconds; APScheduler only wakes us. Its own job store is
not used: a job that another process added did not fire, then vanished. Chores of the system itself are code;
what waves bring and coordinators plan are rows, each firing once because an occurrence is UNIQUE.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from flask import Flask
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import queue
from server.db import AnyRow, db, new_id
from server.fieldwork.timetable import occurrences
from server.locks import CLOCK_LOCK
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.services import services

STANDBY_SECONDS = 3.0
REREAD_SECONDS = 10

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
    Chore("fetch_replies", 15),
    Chore("send_alerts", 30),
    Chore("seal_audit", 10),
    Chore("watch_sending", 60),
    Chore("send_reminders", 600),
    Chore("retry_stalled", 60),
    Chore("close_waves", 60),
    Chore("release_reserves", 300),
    Chore("plan_timetables", 300),
    Chore("sweep_trials", 3600),
    Chore("empty_positions", 3600),
    Chore("sweep_photos", 3600),
    Chore("close_leavers", 300),
    Chore("keep_duties", 1800),
    Chore("keep_orders", 900),
    Chore("follow_duty_forms", 120),
    Chore("propose_pay", 3600),
)

# Entries every deployment has; coordinators add their own.
SHIPPED_ENTRIES = (
    {"key": "audit-anchor", "job": "anchor_audit", "cron": "7 * * * *"},
    {"key": "old-messages", "job": "sweep_messages", "cron": "40 3 * * *"},
    {"key": "counts", "job": "count_again", "cron": "20 4 * * *"},
    {"key": "call-back-bulletins", "job": "make_bulletins", "cron": "10 7 * * 1"},
    {"key": "rolling-draws", "job": "draw_rolling_waves", "cron": "30 5 * * *"},
)


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
    """Fire what is due, over all entries in the order of time, each in a transaction of its own.

    An entry with a broken rule must not hold up the others, and a clock that comes back after a day tells of
    the reminder before it tells of the deadline.
    """
    for occurs_at, entry in sorted(_due(engine, now), key=lambda found: (found[0], found[1].key)):
        try:
            with engine.begin() as connection:
                fire(connection, entry, occurs_at, now)
        except (ValueError, LookupError, TypeError):
            log.exception("timetable_entry_broken", key=entry.key)


def _due(engine: Engine, now: datetime) -> Iterator[tuple[datetime, AnyRow]]:
    with engine.connect() as connection:
        days_of = occurrences.DaysOf(connection)
        for entry in occurrences.waiting(connection, now):
            try:
                occurs_at = occurrences.due(entry, entry.last, now, days_of(entry))
            except (ValueError, LookupError, TypeError, AttributeError):
                log.exception("timetable_entry_broken", key=entry.key)
                continue
            if occurs_at is not None:
                yield occurs_at, entry


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
    arguments = entry.arguments
    if entry.kind is not None:
        arguments = {"entry_id": str(entry.id), "occurs_at": occurs_at.isoformat()}
    queue.defer(connection, entry.job, **arguments)
    return True
