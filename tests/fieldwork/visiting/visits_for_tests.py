"""Visits of which a phone has told something."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from server.models.tasks import Assignment
from server.models.visits import VisitRecord
from tests.builders import NOW


def given_back(connection: Connection, assignment_id: UUID, reason: str = "家里有事") -> None:
    said: dict[str, Any] = {"given_back_at": NOW, "given_back_reason": reason}
    connection.execute(update(Assignment).where(Assignment.id == assignment_id).values(**said))


def attempted(connection: Connection, assignment_id: UUID, outcome: str = "closed", **told: Any) -> None:
    """It was reported that a visit could not be made."""
    submission = select(Assignment.submission_id).where(Assignment.id == assignment_id).scalar_subquery()
    connection.execute(
        insert(VisitRecord).values(
            submission_id=submission, assignment_id=assignment_id, outcome=outcome,
            outcome_note="门口贴了告示", attempted_at=NOW, updated_at=NOW, **told,
        )
    )  # fmt: skip
