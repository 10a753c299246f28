"""Entries of the log as findings of a settlement."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.models.finding_log import LoggedFinding


def log_facts(
    connection: Connection, programme_id: UUID, codes: Mapping[UUID, str], days: tuple[date, date]
) -> list[dict[str, Any]]:
    """Entries between two days as findings of a settlement, pending ones too: they count nowhere.

    Args:
        codes: of the subjects that are judged, by their id.
    """
    rows = connection.execute(
        select(*LoggedFinding.__table__.columns)
        .where(LoggedFinding.programme_id == programme_id, LoggedFinding.day.between(*days))
        .order_by(LoggedFinding.day, LoggedFinding.id)
    )
    return [_fact(row, codes[row.subject_id]) for row in rows if row.subject_id in codes]


def _fact(row: AnyRow, subject: str) -> dict[str, Any]:
    optional = {
        "kind": row.kind,
        "section": row.section,
        "code": row.item,
        "person": row.person,
        "points": None if row.points is None else f"{row.points.normalize():f}",
        "amount": None if row.amount is None else f"{row.amount.normalize():f}",
    }
    return {
        "id": f"log/{row.id}",
        "subject": subject,
        "date": row.day.isoformat(),
        "status": row.state,
        "source": row.source or "log",
        **{name: value for name, value in optional.items() if value},
        **({"fields": {"due": row.due.isoformat()}} if row.due else {}),
    }
