"""Doubts as people see them: the queue of their units, and one visit with the grounds of each doubt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.evidence.visit import MOMENTS
from server.models.accounts import Person
from server.models.doubts import OPEN, VisitConfidence, VisitDoubt
from server.models.organisation import Subject, Unit
from server.models.submissions import Attachment, Submission
from server.models.tasks import Assignment
from server.models.visits import VisitEvent
from server.models.waves import Wave
from server.scope import Scope

PAGE: Final = 50
# Visits that the programme wants looked at; all of which something is open; those that were decided.
VIEWS: Final = ("review", "open", "decided")


@dataclass(frozen=True, slots=True)
class DoubtPage:
    """Some visits, least confidence first, each with the `codes` of its doubts; `more` come after them."""

    rows: Sequence[AnyRow]
    more: bool


@dataclass(frozen=True, slots=True)
class DoubtedVisit:
    """One visit with what is doubted about it.

    Attributes:
        doubts: the heaviest first.
        moments: kind, and when it happened by our clock.
        others: by inner id, the visits within the reader's scope that doubts point to.
        photos: by inner id, the photos of this visit and of `others` that doubts point to.
    """

    visit: AnyRow
    doubts: Sequence[AnyRow]
    moments: Sequence[AnyRow]
    others: Mapping[str, AnyRow]
    photos: Mapping[str, AnyRow]


def list_doubted(connection: Connection, scope: Scope, view: str, *, after: UUID | None = None) -> DoubtPage:
    """One page of visits with doubts.

    Args:
        view: one of `VIEWS`; anything else is the first.
        after: the inner id of the submission after which the page begins.

    Raises:
        Refusal: not_found when there is no such submission within the scope.
    """
    query = scope.submissions(_visits().add_columns(_codes())).where(_views().get(view, _views()["review"]))
    place = tuple_(VisitConfidence.confidence, VisitConfidence.submission_pk)
    if after is not None:
        here = find_row(connection, after, scope)
        query = query.where(place > tuple_(here.confidence, here.id))
    query = query.order_by(VisitConfidence.confidence, VisitConfidence.submission_pk)
    rows = connection.execute(query.limit(PAGE + 1)).all()
    return DoubtPage(rows[:PAGE], len(rows) > PAGE)


def count_waiting(connection: Connection, scope: Scope) -> int:
    """How many visits wait for somebody to look, as the programmes want it."""
    query = (
        select(func.count())
        .select_from(VisitConfidence)
        .join(Submission, Submission.id == VisitConfidence.submission_pk)
        .where(_views()["review"])
    )
    return connection.scalar(scope.submissions(query)) or 0


def find_row(connection: Connection, submission_pk: UUID, scope: Scope) -> AnyRow:
    """A visit that was weighed, with its place, wave, person and confidence.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(scope.submissions(_visits().where(Submission.id == submission_pk))).first()
    if row is None:
        raise Refusal("not_found")
    return row


def find_doubted(connection: Connection, submission_pk: UUID, scope: Scope) -> DoubtedVisit:
    """One visit with the grounds of its doubts.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    visit = find_row(connection, submission_pk, scope)
    doubts = doubts_of(connection, submission_pk, scope)
    others = _others(connection, doubts, scope)
    pointed = [submission_pk, *(row.id for row in others.values())]
    return DoubtedVisit(
        visit=visit,
        doubts=doubts,
        moments=moments_of(connection, submission_pk, scope),
        others=others,
        photos=_photos(connection, doubts, pointed),
    )


def moments_of(connection: Connection, submission_pk: UUID, scope: Scope) -> Sequence[AnyRow]:
    """The moments of a visit within the scope, in their order, by our clock."""
    happened_at = (VisitEvent.at + (VisitEvent.received_at - VisitEvent.asked_at)).label("happened_at")
    query = (
        select(VisitEvent.kind, happened_at, VisitEvent.distance)
        .join(Submission, Submission.submission_id == VisitEvent.submission_id)
        .where(Submission.id == submission_pk)
        .where(or_(VisitEvent.kind.in_(MOMENTS), VisitEvent.kind == "photo"))
        .order_by(happened_at, VisitEvent.id)
    )
    return connection.execute(scope.submissions(query)).all()


def _views() -> dict[str, ColumnElement[bool]]:
    waiting = VisitConfidence.open_doubts > 0
    return {
        "review": and_(waiting, VisitConfidence.confidence < VisitConfidence.review),
        "open": waiting,
        "decided": and_(VisitConfidence.open_doubts == 0, VisitConfidence.doubts > 0),
    }


def _visits() -> AnySelect:
    of_assignment = and_(
        Assignment.submission_id == Submission.submission_id, Assignment.wave_id == Submission.wave_id
    )
    return (
        select(
            Submission.id, Submission.submission_id, Submission.received_at, Submission.wave_id,
            Submission.form_version_id,
            VisitConfidence.confidence, VisitConfidence.review, VisitConfidence.open_doubts,
            Unit.code, func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en, Unit.timezone,
            Wave.title, Wave.title_en, Person.name.label("person_name"),
        )
        .select_from(VisitConfidence)
        .join(Submission, Submission.id == VisitConfidence.submission_pk)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Assignment, of_assignment)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(Person, Person.id == Assignment.person_id, isouter=True)
    )  # fmt: skip


def _codes() -> Any:
    of_visit = VisitDoubt.submission_pk == VisitConfidence.submission_pk
    return (
        select(func.array_agg(VisitDoubt.code.distinct()))
        .where(of_visit)
        .correlate(VisitConfidence)
        .scalar_subquery()
        .label("codes")
    )


def doubts_of(connection: Connection, submission_pk: UUID, scope: Scope) -> Sequence[AnyRow]:
    """What is doubted about a visit within the scope, what is open and heavy first."""
    columns = VisitDoubt.__table__.columns
    query = (
        select(*columns)
        .join(Submission, Submission.id == columns.submission_pk)
        .where(columns.submission_pk == submission_pk)
    )
    order = ((columns.state == OPEN).desc(), columns.weight.desc(), columns.code, columns.id)
    return connection.execute(scope.submissions(query).order_by(*order)).all()


def _others(connection: Connection, doubts: Iterable[AnyRow], scope: Scope) -> dict[str, AnyRow]:
    """What lies outside the scope is absent, and its doubt says nothing of where it was."""
    named = {str(each) for doubt in doubts for each in _visits_named(doubt)}
    query = _visits().where(Submission.id.in_([UUID(each) for each in named]))
    # A visit without doubts of its own was weighed as well; one that never was is not shown.
    return {str(row.id): row for row in connection.execute(scope.submissions(query))}


def _visits_named(doubt: AnyRow) -> Iterable[str]:
    return (part["visit"] for part in (doubt.params, doubt.about) if "visit" in part)


def _photos(connection: Connection, doubts: Iterable[AnyRow], visits: Sequence[UUID]) -> dict[str, AnyRow]:
    named = {
        each
        for doubt in doubts
        for each in (doubt.about.get("photo"), doubt.params.get("other"))
        if each is not None
    }
    of_visit = and_(
        Submission.submission_id == Attachment.submission_id, Submission.wave_id == Attachment.wave_id
    )
    query = (
        select(
            Attachment.id, Attachment.attachment_id, Attachment.object_key, Attachment.media_type,
            Attachment.duration_ms,
        )
        .join(Submission, of_visit)
        .where(Attachment.id.in_([UUID(each) for each in named]), Attachment.state == "verified")
        .where(Submission.id.in_(visits))
    )  # fmt: skip
    return {str(row.id): row for row in connection.execute(query)}
