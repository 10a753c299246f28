"""Forms as proofs: a self-check that was handed in is the duty that asked for it.

Nobody ticks such a duty off. The first submission of its instrument about its subject, received while it was
open, stands for it; each submission for one duty.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from server import audit
from server.db import AnyRow, Base
from server.fieldwork.duties.keeping import Kept, kept_programmes
from server.models.definitions import ProgrammeVersion
from server.models.duties import DutyOccurrence
from server.models.submissions import Submission
from server.models.waves import Wave
from server.scoring.programmes.duties import FORM

FORM_ACTOR: Final = "form"
# A worker may have stood still for a while; what was handed in before is found all the same.
LOOK_BACK: Final = timedelta(days=40)


def follow_forms(connection: Connection, *, now: datetime) -> int:
    """Tick off what was done by a form since the last time; returns how many."""
    found = [pair for kept in kept_programmes(connection) for pair in _pairs(connection, kept, now)]
    if found:
        table = Base.metadata.tables[DutyOccurrence.__tablename__]
        change = update(table).where(table.c.id == bindparam("row_id"), table.c.done_at.is_(None))
        values = {"submission_id": bindparam("form"), "done_at": bindparam("at"), "done_by": FORM_ACTOR}
        connection.execute(change.values(noted=table.c.times, **values), found)
        detail = {"submission": "followed"}
        entries = [audit.Entry(FORM_ACTOR, "duty_done", f"duty:{row['row_id']}", detail) for row in found]
        audit.record(connection, entries, at=now)
    return len(found)


def _pairs(connection: Connection, kept: Kept, now: datetime) -> Iterator[dict[str, Any]]:
    by_instrument: defaultdict[str, list[str]] = defaultdict(list)
    for duty in kept.programme.duties.values():
        if FORM in duty.proof:
            by_instrument[duty.instrument].append(duty.name)
    for instrument, duties in by_instrument.items():
        waiting = _waiting(connection, kept.programme_id, duties, now)
        if waiting:
            yield from _matched(waiting, _handed_in(connection, kept.programme_id, instrument, now))


def _matched(waiting: Iterable[AnyRow], handed_in: Iterable[AnyRow]) -> Iterator[dict[str, Any]]:
    free: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for form in handed_in:
        free[form.subject_id].append(form)
    for row in waiting:
        forms = free[row.about_id or row.subject_id]
        for form in (each for each in forms if row.opens_at <= each.received_at < row.closes_at):
            forms.remove(form)
            yield {"row_id": row.id, "form": form.id, "at": form.received_at}
            break


def _waiting(connection: Connection, programme_id: UUID, duties: list[str], now: datetime) -> list[AnyRow]:
    """Duties that a form can still prove, earliest first, also those whose time ended meanwhile."""
    table = DutyOccurrence
    query = (
        select(table.id, table.subject_id, table.about_id, table.opens_at, table.closes_at)
        .where(table.programme_id == programme_id, table.duty.in_(duties))
        .where(table.due_on >= (now - LOOK_BACK).date(), table.opens_at <= now)
        .where(table.done_at.is_(None), table.excused_at.is_(None))
        .order_by(table.due_on, table.number, table.id)
    )
    return list(connection.execute(query))


def _handed_in(connection: Connection, programme_id: UUID, instrument: str, now: datetime) -> list[AnyRow]:
    """Submissions of an instrument that stand for no duty yet, earliest first."""
    taken = select(DutyOccurrence.id).where(DutyOccurrence.submission_id == Submission.id)
    query = (
        select(Submission.id, Submission.subject_id, Submission.received_at)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, Wave.instrument_name == instrument)
        .where(Submission.received_at >= now - LOOK_BACK, ~taken.exists())
        .order_by(Submission.received_at, Submission.id)
    )
    return list(connection.execute(query))
