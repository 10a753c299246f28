"""Taking what comes back of a returned report: once, late or not, as a revision where something changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow
from server.errors import Refusal
from server.followup.returning.deciding import Answer, kind_of_answer
from server.intake.prepare import Ask, Incoming, Prepared, Rejected, prepare
from server.intake.record import missing_attachments
from server.intake.revising import revise
from server.intake.shelf import FormShelf
from server.models.organisation import Subject, Unit
from server.models.returns import ReturnAnswer
from server.models.submissions import Submission, SubmissionRevision
from server.models.tasks import Assignment
from server.models.visits import VisitReturn


@dataclass(frozen=True, slots=True)
class Corrected:
    """All answers of the report, as they stand after somebody went through the questions.

    Attributes:
        by: who sends them: `assignment:<id>`, as of what is handed in first.
        reason: in the visitor's own words; "" where they say nothing.
    """

    return_id: UUID
    answers: Mapping[str, Any]
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the phone is told: the same for what is sent again.

    Attributes:
        revision: the number of the state of the answers; 1 is what was handed in first.
        changed: whether this answer made a new one.
    """

    submission_id: UUID
    revision: int
    changed: bool
    late: bool
    answered_at: datetime
    missing_attachments: tuple[UUID, ...]


def answer_return(
    connection: Connection, forms: FormShelf, corrected: Corrected, *, now: datetime
) -> Answered | Rejected:
    """Store corrected answers as the answer to a return. The caller commits.

    Raises:
        Refusal: not_found for an unknown return, conflict when it was answered with other content.
    """
    row = _locked(connection, corrected.return_id)
    prepared = prepare(Incoming(row.submission_id, corrected.answers), _ask(connection, forms, row, now))
    if isinstance(prepared, Rejected):
        return prepared
    kind = kind_of_answer(row.answered_with, prepared.content_hash)
    if kind is Answer.CONFLICT:
        raise Refusal("conflict")
    if kind is Answer.OPEN:
        _store(connection, row, prepared, corrected, now)
    return _receipt(connection, row)


def _locked(connection: Connection, return_id: UUID) -> AnyRow:
    """The return with its visit, and what it was answered with. Of two answers at once one waits here."""
    visit = select(Assignment.id).join(VisitReturn, VisitReturn.assignment_id == Assignment.id)
    locked = visit.where(VisitReturn.id == return_id).with_for_update(of=Assignment, key_share=True)
    if connection.scalar(locked) is None:
        raise Refusal("not_found")
    answered = (
        select(func.coalesce(SubmissionRevision.content_hash, Submission.content_hash))
        .select_from(ReturnAnswer)
        .join(SubmissionRevision, SubmissionRevision.id == ReturnAnswer.revision_id)
        .where(ReturnAnswer.return_id == VisitReturn.id, SubmissionRevision.submission_pk == Submission.id)
        .correlate(VisitReturn, Submission)
        .scalar_subquery()
    )
    return connection.execute(
        select(
            VisitReturn.id, VisitReturn.number, VisitReturn.due_at, Assignment.id.label("assignment_id"),
            Assignment.wave_id, Assignment.subject_id, Assignment.submission_id, Assignment.variables,
            Submission.id.label("submission_pk"), Submission.form_version_id, Submission.firm_id,
            Unit.name.label("unit_name"), Unit.timezone, answered.label("answered_with"),
        )
        .select_from(VisitReturn)
        .join(Assignment, Assignment.id == VisitReturn.assignment_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(
            Submission,
            (Submission.submission_id == Assignment.submission_id)
            & (Submission.wave_id == Assignment.wave_id),
        )
        .where(VisitReturn.id == return_id)
    ).one()  # fmt: skip


def _ask(connection: Connection, forms: FormShelf, row: AnyRow, now: datetime) -> Ask:
    """As the report was asked for: by the version of the form that it was made with."""
    return Ask(
        wave_id=row.wave_id,
        subject_id=row.subject_id,
        shelved=forms.get(connection, row.form_version_id),
        variables={**row.variables, "unit": row.unit_name},
        today=now.astimezone(ZoneInfo(row.timezone)).date(),
        door="page",
        finds_faults=True,
        firm_id=row.firm_id,
    )


def _store(
    connection: Connection, row: AnyRow, prepared: Prepared, corrected: Corrected, now: datetime
) -> None:
    reason = corrected.reason.strip() or f"return {row.number}"
    revised = revise(connection, prepared, reason=reason, author=corrected.by, now=now)
    late = now >= row.due_at
    connection.execute(
        insert(ReturnAnswer).values(
            return_id=row.id,
            revision_id=revised.revision_id,
            changed=revised.changed,
            late=late,
            answered_at=now,
        )
    )
    connection.execute(update(VisitReturn).where(VisitReturn.id == row.id).values(answered_at=now))
    detail = {"number": row.number, "revision": revised.number, "changed": revised.changed, "late": late}
    entry = audit.Entry(corrected.by, "return_answered", f"assignment:{row.assignment_id}", detail)
    audit.record(connection, [entry], at=now)


def _receipt(connection: Connection, row: AnyRow) -> Answered:
    answer = connection.execute(
        select(
            ReturnAnswer.changed, ReturnAnswer.late, ReturnAnswer.answered_at, SubmissionRevision.number,
        )
        .join(SubmissionRevision, SubmissionRevision.id == ReturnAnswer.revision_id)
        .where(ReturnAnswer.return_id == row.id)
    ).one()  # fmt: skip
    missing = missing_attachments(connection, [row.submission_id])
    return Answered(
        submission_id=row.submission_id,
        revision=answer.number,
        changed=answer.changed,
        late=answer.late,
        answered_at=answer.answered_at,
        missing_attachments=missing.get(row.submission_id, ()),
    )
