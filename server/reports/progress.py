"""How a wave stands: sent, delivered, started, completed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.models.messages import Message
from server.models.organisation import Subject
from server.models.submissions import Submission
from server.models.tasks import Assignment, Invitation
from server.sampling.estimates import Interval, wilson
from server.scope import Scope

SENT = ("accepted", "delivered", "undelivered")


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of people. Rate and interval are None while nobody was asked."""

    asked: int
    sent: int
    delivered: int
    failed: int
    started: int
    completed: int
    response_rate: float | None
    interval: Interval | None


def wave_progress(connection: Connection, wave_id: UUID, instrument: str, scope: Scope) -> Progress:
    """Args: instrument: `survey` counts invitations, `visit` assignments."""
    table: Any = Invitation if instrument == "survey" else Assignment
    counted = (
        select(func.count(), func.count(table.started_at), func.count(table.completed_at))
        .join(Subject, Subject.id == table.subject_id)
        .where(table.wave_id == wave_id)
    )
    asked, started, completed = connection.execute(scope.subjects(counted)).one()
    states = _message_states(connection, wave_id, table, scope)
    if not asked:
        # A firm's wave has no invitations of ours: what arrived is all there is to count.
        completed = _submissions(connection, wave_id, scope)
    return Progress(
        asked=asked,
        sent=sum(states.get(state, 0) for state in SENT),
        delivered=states.get("delivered", 0),
        failed=states.get("failed", 0) + states.get("undelivered", 0),
        started=started,
        completed=completed,
        response_rate=completed / asked if asked else None,
        interval=wilson(completed, asked) if asked else None,
    )


def _message_states(connection: Connection, wave_id: UUID, table: Any, scope: Scope) -> dict[str, int]:
    reference = Message.invitation_id if table is Invitation else Message.assignment_id
    query = (
        select(Message.state, func.count())
        .join(table, table.id == reference)
        .join(Subject, Subject.id == table.subject_id)
        .where(Message.wave_id == wave_id)
        .group_by(Message.state)
    )
    return dict(connection.execute(scope.subjects(query)).all())


def _submissions(connection: Connection, wave_id: UUID, scope: Scope) -> int:
    query = select(func.count()).select_from(Submission).where(Submission.wave_id == wave_id)
    return connection.scalar(scope.submissions(query)) or 0
