"""The desk's side of the talk about a visit: reading what came from a phone, and answering it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.links import app_link
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.visiting import threads
from server.fieldwork.visiting.messages import Line, write_to_visitor
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.accounts import PersonPrivate
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.notify.texts import compose_visit_answer
from server.scope import Scope

# Later, the talk is over or they have looked by themselves.
WORTH_TELLING: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody at the desk says to whoever goes."""

    wave_id: UUID
    assignment_id: UUID
    said: str
    by: str
    now: datetime


def answer(connection: Connection, reply: Reply, scope: Scope, sender: Sender) -> None:
    """Add the desk's line to the talk about a visit, and tell whoever goes by a neutral message.

    Nobody is told again before they have read what they were told of.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, or invalid_fields: as
            `threads.say`, or thread_closed where nobody would read it.
    """
    row = _locked(connection, reply.wave_id, reply.assignment_id, scope)
    if not is_read(row):
        raise Refusal("invalid_fields", details=[Detail("thread_closed", "/said")])
    told = threads.has_unread(connection, row.id)
    line_id = threads.say(connection, row.id, reply.said, author=reply.by, from_desk=True, now=reply.now)
    if not told:
        names, now = row.settings["organisation"], reply.now
        text = compose_visit_answer(organisation=names["zh"], link=app_link(sender.public_url))
        line = Line(f"answer:{line_id}", text, now + WORTH_TELLING)
        write_to_visitor(connection, row, line, sender, now=now)


def read(connection: Connection, wave_id: UUID, assignment_id: UUID, scope: Scope, *, now: datetime) -> None:
    """Somebody who may answer looked at the talk: what came from the phone was read.

    Raises:
        Refusal: not_found or forbidden, as `answer`.
    """
    _locked(connection, wave_id, assignment_id, scope)
    threads.mark_read(connection, assignment_id, by_desk=True, now=now)


def is_read(visit: AnyRow) -> bool:
    """Whether a phone shows the talk about a visit: somebody goes, and it was neither given back nor called
    off."""
    return visit.person_id is not None and visit.given_back_at is None and visit.cancelled_at is None


def _locked(connection: Connection, wave_id: UUID, assignment_id: UUID, scope: Scope) -> AnyRow:
    find_wave_to_run(connection, wave_id, scope)
    query = (
        select(
            Assignment.id, Assignment.wave_id, Assignment.person_id, Assignment.given_back_at,
            Assignment.cancelled_at, PersonPrivate.phone, Unit.timezone, Wave.settings,
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(PersonPrivate, PersonPrivate.person_id == Assignment.person_id, isouter=True)
        .where(Assignment.wave_id == wave_id, Assignment.id == assignment_id)
        .with_for_update(of=Assignment, key_share=True)
    )  # fmt: skip
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row
