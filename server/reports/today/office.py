"""What else waits: notices of the timetable, duties, imports with bad rows, background work that failed."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.orm import aliased

from server import queue
from server.catalogue import ZONE
from server.fieldwork.duties.owed import doer_of, visible
from server.fieldwork.duties.reading import my_duties
from server.fieldwork.timetable.notices import list_notices
from server.followup.critical import KIND as CRITICAL
from server.models.duties import DutyLedger, DutyOccurrence
from server.models.import_runs import ImportRun
from server.models.organisation import Unit
from server.reports.today.items import Asked, Item
from server.scope import Scope

IMPORTS_LATELY: Final = timedelta(days=3)
MISSED_LATELY: Final = timedelta(days=7)


def notices(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """What the timetable told the reader's roles, each with a button that settles it."""
    for row in list_notices(connection, scope, asked.who.roles):
        yield Item("notice", due_at=row.due_at, urgent=row.kind == CRITICAL, row=row)


def own_duties(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """The reader's own duties that can be done now: those late or due today, and those of the next days."""
    waiting = [
        row
        for row in my_duties(connection, doer_of(connection, asked.who), now=asked.now)
        if row.done_at is None and row.opens_at <= asked.now
    ]
    midnight = end_of_day(asked.now)
    for kind, rows in (
        ("duties_late", [row for row in waiting if row.due_at <= asked.now]),
        ("duties_today", [row for row in waiting if asked.now < row.due_at <= midnight]),
        ("duties_open", [row for row in waiting if row.due_at > midnight]),
    ):
        if rows:
            due = min(row.due_at for row in rows)
            yield Item(kind, len(rows), due_at=due, urgent=kind == "duties_late")


def missed_duties(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Duties of the last seven days that nobody did, below the reader's units."""
    kept = select(DutyLedger.programme_id).where(DutyLedger.stopped_at.is_(None))
    today = asked.now.astimezone(ZoneInfo(ZONE)).date()
    query = (
        select(func.count())
        .select_from(DutyOccurrence)
        .join(Unit, Unit.id == DutyOccurrence.unit_id, isouter=True)
        .where(DutyOccurrence.programme_id.in_(kept))
        .where(DutyOccurrence.due_on.between(today - MISSED_LATELY, today))
        .where(DutyOccurrence.closes_at <= asked.now)
        .where(DutyOccurrence.done_at.is_(None), DutyOccurrence.excused_at.is_(None))
    )
    if count := connection.scalar(visible(query, scope)):
        yield Item("duties_missed", count)


def bad_imports(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """The reader's own long imports of the last days that left rows out, or broke off.

    A later one of the same kind that went through settles it.
    """
    later = aliased(ImportRun)
    mended = (
        select(later.id)
        .where(later.kind == ImportRun.kind, later.by == ImportRun.by)
        .where(later.created_at > ImportRun.created_at, later.state == "done", later.rejected == 0)
        .where(later.dry_run.is_(False))
    )
    query = (
        select(ImportRun.id, ImportRun.kind, ImportRun.filename, ImportRun.rejected, ImportRun.state)
        .where(ImportRun.created_at > asked.now - IMPORTS_LATELY, ImportRun.by == asked.who.actor)
        .where(or_(ImportRun.state == "failed", and_(ImportRun.state == "done", ImportRun.rejected > 0)))
        .where(~mended.exists())
        .order_by(ImportRun.created_at)
    )
    for row in connection.execute(query):
        kind = "import_failed" if row.state == "failed" else "import_rejected"
        yield Item(kind, row.rejected, urgent=True, row=row, params={"file": row.filename})


def failed_jobs(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Background work that was given up, or that nobody does: for those who run the machines."""
    if not scope.whole:
        return
    if count := queue.failed(connection):
        yield Item("jobs_failed", count, urgent=True)
    if not queue.has_worker(connection):
        yield Item("no_worker", queue.depth(connection), urgent=True)


def end_of_day(now: datetime) -> datetime:
    """The first moment of tomorrow where the office is."""
    there = now.astimezone(ZoneInfo(ZONE))
    return datetime.combine(there.date() + timedelta(days=1), time.min, there.tzinfo)


def start_of_day(now: datetime) -> datetime:
    there = now.astimezone(ZoneInfo(ZONE))
    return datetime.combine(there.date(), time.min, there.tzinfo)
