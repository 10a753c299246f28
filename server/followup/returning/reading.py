"""How returned reports stand: for the phone they go back to, for the desk, for somebody's day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Refusal
from server.followup.returning.deciding import Question, standing
from server.intake.own_words import joined
from server.intake.revising import newest_revision
from server.models.organisation import Subject, Unit
from server.models.returns import ReturnAnswer
from server.models.submissions import Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment
from server.models.visits import VisitReturn
from server.models.waves import Wave
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Returned:
    """A return, and how it stands: `open`, `overdue`, `answered`, `answered_late`.

    Attributes:
        revision: the number of the answers that it was answered with.
    """

    id: UUID
    number: int
    questions: Sequence[Question]
    text: str
    asked_by: str
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None
    standing: str
    revision: int | None


def open_return(connection: Connection, assignment_id: UUID, *, now: datetime) -> Returned | None:
    """What the phone still has to answer about a visit; at most one return is open."""
    found = returns_of(connection, assignment_id, now=now)
    return found[-1] if found and found[-1].answered_at is None else None


def find_return(connection: Connection, assignment_id: UUID, number: int) -> UUID:
    """The return of a visit by its number.

    Raises:
        Refusal: not_found.
    """
    found = connection.scalar(
        select(VisitReturn.id).where(VisitReturn.assignment_id == assignment_id, VisitReturn.number == number)
    )
    if found is None:
        raise Refusal("not_found")
    return found


def returns_of(connection: Connection, assignment_id: UUID, *, now: datetime) -> Sequence[Returned]:
    """All returns of a visit, the first first."""
    rows = connection.execute(
        select(*VisitReturn.__table__.columns, SubmissionRevision.number.label("revision"))
        .join(ReturnAnswer, ReturnAnswer.return_id == VisitReturn.id, isouter=True)
        .join(SubmissionRevision, SubmissionRevision.id == ReturnAnswer.revision_id, isouter=True)
        .where(VisitReturn.assignment_id == assignment_id)
        .order_by(VisitReturn.number)
    )
    return [
        Returned(
            id=row.id,
            number=row.number,
            questions=[Question(each["question"], each["text"]) for each in row.questions],
            text=row.text,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            due_at=row.due_at,
            answered_at=row.answered_at,
            standing=standing(row.answered_at, row.due_at, now=now),
            revision=row.revision,
        )
        for row in rows
    ]


def answers_so_far(connection: Connection, assignment_id: UUID) -> dict[str, Any]:
    """How the report's answers stand, own words in their places: where the phone begins to correct them."""
    pk = connection.scalar(
        select(Submission.id).join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
        ).where(Assignment.id == assignment_id)
    )  # fmt: skip
    if pk is None:
        return {}
    newest = newest_revision(connection, pk)
    texts = connection.execute(
        select(SubmissionText.question, SubmissionText.text).where(SubmissionText.revision_id == newest.id)
    )
    return joined(newest.answers, {row.question: row.text for row in texts})


def waiting_returns(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Returns that nobody has answered, the next deadline first, with where each report is read."""
    if scope.firm_ids is not None:
        return []
    query = (
        select(
            VisitReturn.id, VisitReturn.number, VisitReturn.asked_at, VisitReturn.due_at,
            Submission.id.label("submission_pk"), Unit.name, Unit.name_en, Wave.title, Wave.title_en,
        )
        .join(Assignment, Assignment.id == VisitReturn.assignment_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(
            Submission,
            (Submission.submission_id == Assignment.submission_id)
            & (Submission.wave_id == Assignment.wave_id),
        )
        .where(VisitReturn.answered_at.is_(None))
        .order_by(VisitReturn.due_at, VisitReturn.id)
    )  # fmt: skip
    return connection.execute(scope.subjects(query)).all()
