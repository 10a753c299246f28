"""What goes wrong while waves run: visits late, nearly late, given up or asked about; lost messages."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.fieldwork.visits.dispatching import firm_waves
from server.fieldwork.waves.instruments import ASKED, ASSIGNED
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.organisation import Subject
from server.models.tasks import Assignment
from server.models.visits import ThreadLine
from server.reports.today.items import Asked, Item
from server.reports.today.waves import run_by
from server.reports.visits import state_of_assignment, was_replaced
from server.scope import Scope

RUNNING = ("launched",)
LOST = ("failed", "undelivered", "unknown")
# States of a visit that ask for something, and the line that says so.
VISITS = {"late": "visits_late", "at_risk": "visits_at_risk", "undelivered": "visits_undelivered"}
# Those that whoever had them gave up: somebody else is to go, or another outlet is visited.
BACK = ("given_back", "attempted")
# Visitors may still ask when a wave stands still, or is over.
TALKING = ("launched", "paused", "closed")


def visits(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Visits of running waves that are late, nearly late, given up, or whose message reached nobody.

    The states are those of the grid of outlets, to which the line leads.
    """
    waves = {each.id: each for each in run_by(connection, scope, RUNNING) if each.instrument in ASSIGNED}
    state = state_of_assignment(asked.now)
    query = (
        select(Assignment.wave_id, state.label("state"), func.count().label("n"))
        .join(Subject, Subject.id == Assignment.subject_id)
        .where(Assignment.wave_id.in_(waves), Assignment.cancelled_at.is_(None))
        .where(Assignment.completed_at.is_(None))
        .group_by(Assignment.wave_id, state)
    )
    back: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for row in connection.execute(scope.subjects(query)) if waves else ():
        if row.state in VISITS:
            wave = waves[row.wave_id]
            late = row.state == "late"
            due = None if late else wave.closes_at
            yield Item(VISITS[row.state], row.n, due_at=due, urgent=late, wave=wave)
        elif row.state in BACK:
            back[row.wave_id][row.state] = row.n
    for wave_id, counts in back.items():
        first = next(state for state in BACK if state in counts)
        wave = waves[wave_id]
        count = sum(counts.values())
        yield Item("visits_back", count, due_at=wave.closes_at, wave=wave, params={"state": first})


def talk(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Lines from phones that nobody at the desk has read: whoever asks may stand before the door."""
    query = (
        select(Assignment.wave_id, func.count().label("n"))
        .select_from(ThreadLine)
        .join(Assignment, Assignment.id == ThreadLine.assignment_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .where(ThreadLine.read_at.is_(None), ~ThreadLine.from_desk)
        .group_by(Assignment.wave_id)
    )
    unread = {row.wave_id: row.n for row in connection.execute(scope.subjects(query))}
    for wave in run_by(connection, scope, TALKING) if unread else ():
        if wave.id in unread:
            yield Item("thread_unread", unread[wave.id], urgent=True, wave=wave)


def unassigned(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Outlets of running waves that nobody is to visit."""
    waves = {each.id: each for each in run_by(connection, scope, RUNNING) if each.instrument in ASSIGNED}
    given = (
        select(Assignment.id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .where(Assignment.wave_id == FrameMember.wave_id, Subject.unit_id == FrameMember.unit_id)
        .where(Assignment.cancelled_at.is_(None))
        .correlate(FrameMember)
    )
    query = (
        select(FrameMember.wave_id, func.count().label("n"))
        .where(FrameMember.wave_id.in_(waves), FrameMember.outcome.in_(("selected", "released")))
        .where(~given.exists(), ~was_replaced())
        .group_by(FrameMember.wave_id)
    )
    for row in connection.execute(query) if waves else ():
        wave = waves[row.wave_id]
        yield Item("visits_unassigned", row.n, due_at=wave.closes_at, wave=wave)


def undispatched(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Visits of a firm of the scope to which it has sent nobody."""
    if scope.firm_ids is None:
        return
    for wave in firm_waves(connection, scope):
        if wave.given > wave.sent:
            yield Item("visits_undispatched", wave.given - wave.sent, due_at=wave.closes_at, wave=wave)


def lost_messages(connection: Connection, scope: Scope, asked: Asked) -> Iterator[Item]:
    """Messages of running surveys that did not arrive, or of which nobody knows.

    Only whoever decides about the whole wave is told, so that all of its messages may be counted: from the
    index of waves and states alone.
    """
    waves = {each.id: each for each in run_by(connection, scope, RUNNING) if each.instrument in ASKED}
    query = (
        select(Message.wave_id, func.count().label("n"))
        .where(Message.wave_id.in_(waves), Message.state.in_(LOST))
        .group_by(Message.wave_id)
    )
    for row in connection.execute(query) if waves else ():
        yield Item("messages_lost", row.n, wave=waves[row.wave_id])
