"""People who come back to a link: the language they chose before, and whether they said no meanwhile.

What a person did last counts. Somebody declined when their number said stop and no browser has redeemed the
link since; redeeming it again is how they say that they want to answer after all. Their number stays on the
list of those who get no messages either way.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from server.fieldwork import responding
from server.fieldwork.outreach.reach import known_by
from server.fieldwork.responding import Task
from server.models.contacts import OptOut
from server.models.tasks import Invitation, RespondentSession

# The provider says `stop` for numbers it cannot reach, which is nobody's wish.
NO_WISH = "provider"


def chosen_language(connection: Connection, task: Task) -> str | None:
    """The language of whoever redeemed the link last, or None while nobody has."""
    return connection.scalar(
        select(RespondentSession.locale)
        .where(_of(task))
        .order_by(RespondentSession.created_at.desc(), RespondentSession.id.desc())
        .limit(1)
    )


def choose_language(connection: Connection, task: Task, locale: str) -> None:
    """Keep a language for everybody who comes back to a link that was redeemed; a fresh one is left alone."""
    connection.execute(update(RespondentSession).where(_of(task)).values(locale=locale))


def has_declined(connection: Connection, task: Task) -> bool:
    """Whether "no" is the last thing that this person said."""
    if task.kind != "invitation":
        return False
    redeemed_at = select(func.max(RespondentSession.created_at)).where(_of(task)).scalar_subquery()
    said_no = select(OptOut.phone_hash).where(
        OptOut.phone_hash == known_by(task.id),
        OptOut.source != NO_WISH,
        or_(redeemed_at.is_(None), OptOut.at >= redeemed_at),
    )
    return connection.execute(said_no).first() is not None


def decline(connection: Connection, task: Task, *, now: datetime) -> None:
    """No more messages for the person behind an invitation. Saying so twice is saying it once."""
    # Two presses at once: the second one waits here, and then sees what the first one did.
    connection.execute(select(Invitation.id).where(Invitation.id == task.id).with_for_update(key_share=True))
    if has_declined(connection, task):
        return
    responding.decline(connection, task, now=now)
    # A number that had said stop before keeps its row; what counts is that this person says it again.
    own = OptOut.phone_hash == known_by(task.id)
    connection.execute(update(OptOut).where(own).values(source="link", at=now))


def _of(task: Task) -> ColumnElement[bool]:
    """The sessions of everybody who redeemed the task's link."""
    if task.kind == "invitation":
        return RespondentSession.invitation_id == task.id
    return RespondentSession.assignment_id == task.id
