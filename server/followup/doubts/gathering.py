"""The facts of one visit, from what its phone told, its answers and photos, and what came before."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Connection, and_, cast, func, select

from server.db import AnyRow
from server.evidence.visit import Moment, Narrative, Photo, Visit
from server.fieldwork.timetable.holidays import days_for
from server.followup.doubts.comparing import (
    earlier_narratives,
    earlier_photos,
    other_visits,
    place_of,
    unsigned,
)
from server.followup.doubts.opening import open_on
from server.forms import Question
from server.intake.shelf import FormShelf
from server.models.organisation import Subject, Unit
from server.models.submissions import Attachment, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment
from server.models.visits import VisitEvent
from server.models.waves import Wave


def visit_row(connection: Connection, submission_pk: UUID) -> AnyRow | None:
    """A visit with its assignment, wave and place, and its newest answers; None for any other submission."""
    newest = (
        select(func.max(SubmissionRevision.number))
        .where(SubmissionRevision.submission_pk == Submission.id)
        .correlate(Submission)
        .scalar_subquery()
    )
    query = (
        select(
            Submission.id, Submission.submission_id, Submission.wave_id, Submission.subject_id,
            Submission.form_version_id, Submission.received_at,
            SubmissionRevision.id.label("revision_id"), SubmissionRevision.answers,
            Assignment.id.label("assignment_id"), Assignment.person_id, Assignment.firm_id,
            Assignment.opens_at, Assignment.expires_at,
            Wave.programme_version_id, Wave.instrument_name, Wave.timezone.label("wave_zone"),
            Unit.longitude, Unit.latitude, Unit.datum, Unit.timezone, Unit.attributes,
        )
        .join(Assignment, Assignment.submission_id == Submission.submission_id)
        .join(Wave, and_(Wave.id == Submission.wave_id, Wave.id == Assignment.wave_id))
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(SubmissionRevision, SubmissionRevision.submission_pk == Submission.id)
        .where(Submission.id == submission_pk, SubmissionRevision.number == newest)
    )  # fmt: skip
    return connection.execute(query).first()


def gather(connection: Connection, forms: FormShelf, row: AnyRow, days: int) -> Visit:
    """Everything that is weighed.

    Args:
        row: as `visit_row` gives it.
        days: how far back photos and texts are compared.
    """
    texts = _texts(connection, row)
    visit = Visit(
        zone=ZoneInfo(row.timezone or row.wave_zone),
        opens_at=row.opens_at,
        expires_at=row.expires_at,
        handed_in_at=row.received_at,
        place=place_of(row) if row.longitude is not None else None,
        moments=tuple(_moments(connection, row)),
        photos=tuple(_photos(connection, row)),
        narratives=tuple(_narratives(forms.get(connection, row.form_version_id).form.questions, texts)),
        answers=len(row.answers) + len(texts),
        earlier_photos=earlier_photos(connection, row, days),
        earlier_narratives=earlier_narratives(connection, row, days),
    )
    return _with_its_day(connection, row, visit)


def _with_its_day(connection: Connection, row: AnyRow, visit: Visit) -> Visit:
    """What depends on when it was: whether the outlet was open, and where else the person was."""
    span = visit.span()
    if span is None:
        return visit
    day = span[0].astimezone(visit.zone).date()
    hours = (row.attributes or {}).get("opening_hours")
    known = open_on(hours, day, days_for(connection, visit.zone.key, None), visit.zone) if hours else None
    return replace(visit, hours=known, other_visits=other_visits(connection, row, span))


def _moments(connection: Connection, row: AnyRow) -> Iterator[Moment]:
    columns = VisitEvent.__table__.columns
    told = select(*columns).where(columns.submission_id == row.submission_id).order_by(columns.at, columns.id)
    for event in connection.execute(told):
        yield Moment(
            id=str(event.id),
            kind=event.kind,
            at=event.at,
            asked_at=event.asked_at,
            received_at=event.received_at,
            fix=place_of(event) if event.longitude is not None else None,
            accuracy=event.accuracy,
            distance=event.distance,
        )


def _photos(connection: Connection, row: AnyRow) -> Iterator[Photo]:
    query = (
        select(
            Attachment.id, Attachment.sha256, Attachment.taken_at, Attachment.detail,
            cast(Attachment.difference_hash, BigInteger).label("difference_hash"),
        )
        .where(Attachment.submission_id == row.submission_id, Attachment.wave_id == row.wave_id)
        .where(Attachment.named, Attachment.state != "refused")
        .order_by(Attachment.created_at, Attachment.id)
    )  # fmt: skip
    for photo in connection.execute(query):
        bits = unsigned(photo.difference_hash)
        yield Photo(str(photo.id), photo.sha256, photo.taken_at, bits, photo.detail)


def _texts(connection: Connection, row: AnyRow) -> dict[str, str]:
    query = select(SubmissionText.question, SubmissionText.text)
    return dict(connection.execute(query.where(SubmissionText.revision_id == row.revision_id)).all())


def _narratives(questions: Mapping[str, Question], texts: Mapping[str, str]) -> Iterator[Narrative]:
    """What was told in sentences: not names, numbers, signatures, nor why there is no photo."""
    for name, text in sorted(texts.items()):
        question = questions.get(name)
        if question is not None and _tells(question):
            yield Narrative(name, text)


def _tells(question: Question) -> bool:
    if question.companion is not None:
        return question.companion.role == "note"
    return question.type == "comment"
