"""How a wave stands: sent, delivered, started, completed, and who said no."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.models.contacts import ContactPrivate, OptOut
from server.models.messages import Message
from server.models.organisation import Subject
from server.models.submissions import Submission
from server.models.tasks import Assignment, Invitation, RespondentSession
from server.sampling.estimates import Interval, wilson
from server.scope import Scope

SENT = ("accepted", "delivered", "undelivered")


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of people. Rate and interval are None while nobody was asked.

    Attributes:
        expired: their message was never sent, because the time for it was over.
        declined: asked, and said no since, by the link or by a reply; who answered all the same is not
            counted.
    """

    asked: int
    sent: int
    delivered: int
    failed: int
    expired: int
    started: int
    completed: int
    declined: int
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
        expired=states.get("expired", 0),
        started=started,
        completed=completed,
        declined=_declined(connection, wave_id, scope) if table is Invitation else 0,
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


def _declined(connection: Connection, wave_id: UUID, scope: Scope) -> int:
    """Whose last word was no: whoever opens the link again after saying so wants to answer after all."""
    opened_at = (
        select(func.max(RespondentSession.created_at))
        .where(RespondentSession.invitation_id == Invitation.id)
        .correlate(Invitation)
        .scalar_subquery()
    )
    query = (
        select(func.count())
        .select_from(Invitation)
        .join(Subject, Subject.id == Invitation.subject_id)
        .join(ContactPrivate, ContactPrivate.contact_id == Invitation.contact_id)
        .join(OptOut, OptOut.phone_hash == ContactPrivate.phone_hash)
        .where(
            Invitation.wave_id == wave_id,
            Invitation.completed_at.is_(None),
            OptOut.source != "provider",  # a number that cannot be reached is nobody's wish
            OptOut.at >= func.coalesce(opened_at, Invitation.created_at),
        )
    )
    return connection.scalar(scope.subjects(query)) or 0


def _submissions(connection: Connection, wave_id: UUID, scope: Scope) -> int:
    query = select(func.count()).select_from(Submission).where(Submission.wave_id == wave_id)
    return connection.scalar(scope.submissions(query)) or 0
