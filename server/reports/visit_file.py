"""One visit as the desk sees it: who goes, how it stands, what the phone told, and the talk about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, case, literal, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.people.reading import actor_names
from server.fieldwork.visiting import threads
from server.fieldwork.visiting.spans import spans_of
from server.fieldwork.visiting.telling import MOMENTS, moments_of
from server.fieldwork.visits.given_up import given_up
from server.models.accounts import Firm, Person
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.tasks import Assignment
from server.models.visits import LetterOfAuthority, VisitRecord
from server.reports.visits import state_of_assignment
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class VisitFile:
    """Everything about one visit.

    Attributes:
        row: the assignment with its unit, its visitor and what its phone told: see `find_visit`.
        moments: by their names, in their order, by the phone's clock.
        spans: minutes of waiting, service and stay, as far as the moments tell.
        notes: what was jotted down inside: when, and the words.
        lines: the talk, each line with its author's name, "" for somebody who is not known any more.
    """

    row: AnyRow
    moments: Mapping[str, datetime]
    spans: Mapping[str, int]
    notes: Sequence[tuple[datetime, str]]
    lines: Sequence[tuple[AnyRow, str]]


def visit_file(
    connection: Connection, wave_id: UUID, assignment_id: UUID, scope: Scope, *, now: datetime
) -> VisitFile:
    """A visit of a wave.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = find_visit(connection, wave_id, assignment_id, scope, now=now)
    told = moments_of(connection, [row.submission_id]).get(row.submission_id, {})
    lines = threads.lines(connection, row.id)
    names = actor_names(connection, [line.author for line in lines])
    return VisitFile(
        row=row,
        moments={name: told[name] for name in MOMENTS if name in told},
        spans=spans_of(told),
        notes=[(datetime.fromisoformat(note["at"]), note["text"]) for note in row.notes or ()],
        lines=[(line, names[line.author]) for line in lines],
    )


def find_visit(
    connection: Connection, wave_id: UUID, assignment_id: UUID, scope: Scope, *, now: datetime
) -> AnyRow:
    """The assignment's columns with its unit's, `person`, `firm`, the record's, `confirmed_at` of the letter,
    `submission_pk` of the report, `replaced_by`, and `state`: as in the grid, or `called_off`.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _query(now).where(Assignment.wave_id == wave_id, Assignment.id == assignment_id)
    row: AnyRow | None = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _query(now: datetime) -> AnySelect:
    later = aliased(Assignment)
    replaced_by = select(later.id).where(later.replaces_id == Assignment.id).scalar_subquery()
    state = case(
        (Assignment.cancelled_at.is_not(None), literal("called_off")), else_=state_of_assignment(now)
    )
    return (
        select(
            *Assignment.__table__.columns,
            Unit.code, Unit.name, Unit.name_en, Unit.timezone, Unit.address,
            Person.name.label("person"), Firm.name.label("firm"),
            VisitRecord.outcome, VisitRecord.outcome_note, VisitRecord.notes, VisitRecord.attempted_at,
            VisitRecord.identified_at, VisitRecord.declared_name, VisitRecord.declared_at,
            LetterOfAuthority.confirmed_at, Submission.id.label("submission_pk"),
            replaced_by.label("replaced_by"), given_up().label("given_up"), state.label("state"),
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Person, Person.id == Assignment.person_id, isouter=True)
        .join(Firm, Firm.id == Assignment.firm_id, isouter=True)
        .join(VisitRecord, VisitRecord.assignment_id == Assignment.id, isouter=True)
        .join(LetterOfAuthority, LetterOfAuthority.assignment_id == Assignment.id, isouter=True)
        .join(
            Submission,
            (Submission.wave_id == Assignment.wave_id)
            & (Submission.submission_id == Assignment.submission_id),
            isouter=True,
        )
    )  # fmt: skip
