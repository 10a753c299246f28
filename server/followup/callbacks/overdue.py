"""Notices of call-backs that are late: one a case, for who works the desk and who answers for it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, String, cast, func, select

from server.db import AnyRow
from server.fieldwork.timetable.notices import NewNotice, raise_notices, supersede
from server.models.callbacks import CallBackCase
from server.models.notices import Notice
from server.models.organisation import Unit

KIND: Final = "call_back_overdue"
TOLD: Final = ("coordinator", "call_back_agent")
BATCH: Final = 500


def raise_overdue(connection: Connection, *, now: datetime) -> int:
    """A notice for each case that should have been rung by now, as the desk counts them; how many are new.

    A customer who asked for another hour is not late before that.
    """
    told = f"{KIND}:" + cast(CallBackCase.id, String) + f":{TOLD[0]}"
    late = (
        select(
            CallBackCase.id, CallBackCase.unit_id, CallBackCase.programme_version_id, CallBackCase.due_at,
            func.greatest(CallBackCase.due_at, CallBackCase.ring_at).label("at"), Unit.name, Unit.name_en,
        )
        .join(Unit, Unit.id == CallBackCase.unit_id)
        .where(CallBackCase.closed_at.is_(None), CallBackCase.due_at <= now, CallBackCase.ring_at <= now)
        .where(~select(Notice.id).where(Notice.key == told).correlate(CallBackCase).exists())
        .order_by(CallBackCase.due_at)
        .limit(BATCH)
    )  # fmt: skip
    rows = connection.execute(late).all()
    return raise_notices(connection, [_notice(row, role) for row in rows for role in TOLD], now=now)


def settle_overdue(connection: Connection, case_id: UUID, *, now: datetime) -> None:
    """A case that has ended is late no more."""
    supersede(connection, [_key(case_id, role) for role in TOLD], now=now)


def case_of(key: str) -> UUID:
    """The case that a notice is about, by the notice's key."""
    return UUID(key.split(":")[1])


def _key(case_id: UUID, role: str) -> str:
    return f"{KIND}:{case_id}:{role}"


def _notice(row: AnyRow, role: str) -> NewNotice:
    return NewNotice(
        key=_key(row.id, role),
        kind=KIND,
        role=role,
        at=row.at,
        unit_id=row.unit_id,
        programme_version_id=row.programme_version_id,
        params={"place": {"zh": row.name, "en": row.name_en or row.name}},
        due_at=row.due_at,
        replaces=False,
    )
