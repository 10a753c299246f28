"""Single submissions and their score sheets, line by line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.orm import aliased

from server.db import AnyRow
from server.errors import Refusal
from server.models.organisation import Subject, Unit
from server.models.submissions import Finding, ScoreSheet, Submission, SubmissionRevision, SubmissionText
from server.models.tasks import Assignment
from server.scope import Scope

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Share:
    """A section's points, and what they are worth in the score: `scored` out of `scorable`."""

    section: str
    earned: Fraction
    possible: Fraction
    critical: bool
    scored: Fraction
    scorable: Fraction


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """Some of a wave's submissions, newest first, and whether there are others on either side."""

    rows: Sequence[AnyRow]
    newer: bool
    older: bool


def list_submissions(
    connection: Connection,
    wave_id: UUID,
    scope: Scope,
    *,
    after: UUID | None = None,
    before: UUID | None = None,
) -> SubmissionPage:
    """One page of a wave's submissions, newest first.

    Found by their places in the order and not by counting from the top: the last page costs what the first
    does, and what arrives meanwhile moves nothing from one page to the next.

    Args:
        after: the submission after which the page begins; `before`: the one before which it ends.
    """
    backwards = after is None and before is not None
    edge = before if backwards else after
    query = scope.submissions(select(Submission.id).where(Submission.wave_id == wave_id))
    if edge is not None:
        place = tuple_(Submission.received_at, Submission.id)
        here = tuple_(*_place(connection, wave_id, edge, scope))
        query = query.where(place > here if backwards else place < here)
    order = (Submission.received_at, Submission.id)
    wanted = query.order_by(*(each if backwards else each.desc() for each in order)).limit(PAGE_SIZE + 1)
    page = wanted.subquery()
    shown = _query().join(page, page.c.id == Submission.id).order_by(*(each.desc() for each in order))
    rows = connection.execute(shown).all()
    more = len(rows) > PAGE_SIZE
    if backwards:
        return SubmissionPage(rows[-PAGE_SIZE:], newer=more, older=True)
    return SubmissionPage(rows[:PAGE_SIZE], newer=edge is not None, older=more)


def _place(connection: Connection, wave_id: UUID, pk: UUID, scope: Scope) -> AnyRow:
    """Where a submission stands in the order.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = select(Submission.received_at, Submission.id).where(
        Submission.id == pk, Submission.wave_id == wave_id
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def find_submission(connection: Connection, pk: UUID, scope: Scope) -> AnyRow:
    """A submission with its latest answers and sheet.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _query().add_columns(SubmissionRevision.answers, ScoreSheet.sheet).where(Submission.id == pk)
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def find_revision(connection: Connection, revision_id: UUID, scope: Scope) -> AnyRow:
    """A submission as it was in one of its revisions, with that one's answers and sheet.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        _query(revision_id)
        .add_columns(SubmissionRevision.answers, ScoreSheet.sheet)
        .where(SubmissionRevision.id == revision_id, SubmissionRevision.submission_pk == Submission.id)
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def report_of(connection: Connection, assignment_id: UUID, person_id: UUID) -> AnyRow | None:
    """What somebody handed in about a visit of their own, with its latest answers and sheet.

    None before that, and for a visit of somebody else.
    """
    query = (
        _query()
        .add_columns(SubmissionRevision.answers, ScoreSheet.sheet)
        .join(
            Assignment,
            (Assignment.submission_id == Submission.submission_id)
            & (Assignment.wave_id == Submission.wave_id),
        )
        .where(Assignment.id == assignment_id, Assignment.person_id == person_id)
    )
    return connection.execute(query).first()


def shares_of_score(sheet: Mapping[str, Any]) -> tuple[Share, ...]:
    """What each section of a stored sheet brings to the score.

    Sections are kept in the sheet's own points, which add up to whatever the weights of its items make of
    them: 600 on a survey of six ratings. On the published scale they add up to its full score.
    """
    possible, scale = Fraction(sheet["possible"]), Fraction(sheet["scale"])
    per_point = scale / possible if possible else Fraction(0)
    return tuple(
        Share(
            section=each["section"],
            earned=Fraction(each["earned"]),
            possible=Fraction(each["possible"]),
            critical=each["critical"],
            scored=Fraction(each["partEarned"]) * per_point,
            scorable=Fraction(each["partPossible"]) * per_point,
        )
        for each in sheet["sections"]
    )


def texts_of(connection: Connection, revision_id: UUID) -> dict[str, str]:
    query = select(SubmissionText.question, SubmissionText.text).where(
        SubmissionText.revision_id == revision_id
    )
    return dict(connection.execute(query).all())


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Some findings of a wave, key items first; `count` are all of them, `following` the last id when there
    are more."""

    rows: Sequence[AnyRow]
    count: int
    following: UUID | None


def list_findings(
    connection: Connection, wave_id: UUID, scope: Scope, *, after: UUID | None = None
) -> FindingPage:
    """One page of a wave's findings with the unit's name: key items first, then outlet by outlet.

    Args:
        after: the finding after which the page begins.

    Raises:
        Refusal: not_found when there is no such finding in the wave and within the scope.
    """
    place = (~Finding.key_item, Unit.code, Finding.item, Finding.id)
    findings = scope.subjects(
        select(Finding.id)
        .join(Subject, Subject.id == Finding.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Finding.wave_id == wave_id, Finding.withdrawn_at.is_(None))
    )
    query = findings.with_only_columns(
        Finding.id, Finding.item, Finding.code, Finding.points, Finding.key_item, Finding.fixed,
        Finding.state, Unit.name, Unit.name_en,
    )  # fmt: skip
    if after is not None:
        here = connection.execute(findings.with_only_columns(*place).where(Finding.id == after)).first()
        if here is None:
            raise Refusal("not_found")
        query = query.where(tuple_(*place) > tuple_(*here))
    rows = connection.execute(query.order_by(*place).limit(PAGE_SIZE + 1)).all()
    count = connection.scalar(select(func.count()).select_from(findings.subquery())) or 0
    following = rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None
    return FindingPage(rows[:PAGE_SIZE], count, following)


def _query(revision_id: UUID | None = None) -> Any:
    """Submissions in their newest revision, or in the one that is named."""
    other = aliased(SubmissionRevision)
    newest = (
        select(other.id)
        .where(other.submission_pk == Submission.id)
        .order_by(other.number.desc())
        .limit(1)
        .correlate(Submission)
        .scalar_subquery()
    )
    return (
        select(
            Submission.id, Submission.submission_id, Submission.wave_id, Submission.form_version_id,
            Submission.door, Submission.received_at, SubmissionRevision.id.label("revision_id"),
            Unit.code, Unit.name, Unit.name_en, Unit.timezone, Subject.code.label("subject"),
            ScoreSheet.published, ScoreSheet.grade, ScoreSheet.raw,
        )
        .select_from(Submission)
        .join(SubmissionRevision, SubmissionRevision.id == (revision_id or newest))
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(ScoreSheet, ScoreSheet.revision_id == SubmissionRevision.id, isouter=True)
    )  # fmt: skip
