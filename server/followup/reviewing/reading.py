"""Reviews as people see them: the queue, one report with its steps, how far reviewers agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.followup.reviewing.agreeing import Agreement, Step, agreement_of
from server.followup.reviewing.claiming import Reviewer, own_report, sent_back
from server.models.accounts import Account, Person
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.reviews import DECIDED_STATES, HELD, OPEN_STATES, SET_ASIDE, Review, ReviewStep
from server.models.submissions import ScoreSheet, Submission, SubmissionRevision
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.programmes.reviewing import Review as Rules

PAGE: Final = 50
VIEWS: Final = ("waiting", "held", "returned", "decided")
# Whoever looked a quarter of a year ago may have learned since.
COUNTED: Final = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Some reports of a view, those with the greatest risk first, or the latest decided; `more` follow."""

    rows: Sequence[AnyRow]
    more: bool


@dataclass(frozen=True, slots=True)
class ReviewFile:
    """One review: its row, its steps oldest first, and its programme's rules."""

    row: AnyRow
    steps: Sequence[AnyRow]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Agreeing:
    """A reviewer by name, with how often others agreed."""

    name: str
    agreement: Agreement


def list_reviews(
    connection: Connection, scope: Scope, who: Reviewer, view: str, *, after: UUID | None = None
) -> ReviewPage:
    """One page of the queue.

    Args:
        view: one of `VIEWS`; anything else is the first.

    Raises:
        Refusal: not_found when `after` is no report within the scope.
    """
    decided = view == "decided"
    query = _reviews(who).where(_views().get(view, _views()[VIEWS[0]]))
    if after is not None:
        query = query.where(_behind(_place(connection, after, scope), decided=decided))
    order: tuple[Any, ...] = (
        (Review.decided_at.desc(), Review.submission_pk.desc())
        if decided
        else (Review.risk.desc(), Review.opened_at, Review.submission_pk)
    )
    rows = connection.execute(scope.submissions(query).order_by(*order).limit(PAGE + 1)).all()
    return ReviewPage(rows[:PAGE], len(rows) > PAGE)


def _place(connection: Connection, submission_pk: UUID, scope: Scope) -> AnyRow:
    """Where a report stands in the order.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        select(Review.submission_pk, Review.risk, Review.opened_at, Review.decided_at)
        .join(Submission, Submission.id == Review.submission_pk)
        .where(Review.submission_pk == submission_pk)
    )
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _behind(place: AnyRow, *, decided: bool) -> ColumnElement[bool]:
    """What comes after a place, in words that the indices of both orders understand."""
    if decided:
        return tuple_(Review.decided_at, Review.submission_pk) < tuple_(place.decided_at, place.submission_pk)
    later = tuple_(Review.opened_at, Review.submission_pk) > tuple_(place.opened_at, place.submission_pk)
    return or_(Review.risk < place.risk, and_(Review.risk == place.risk, later))


def count_reviews(connection: Connection, scope: Scope) -> Mapping[str, int]:
    """How many reports there are in each view but the decided ones."""
    counts = [func.count().filter(_views()[view]).label(view) for view in VIEWS[:-1]]
    query = (
        select(*counts)
        .select_from(Review)
        .join(Submission, Submission.id == Review.submission_pk)
        .where(Review.state.in_(OPEN_STATES))
    )
    return dict(connection.execute(scope.submissions(query)).one()._mapping)


def find_review(connection: Connection, submission_pk: UUID, scope: Scope, who: Reviewer) -> ReviewFile:
    """One review.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = _reviews(who).where(Review.submission_pk == submission_pk)
    row = connection.execute(scope.submissions(query)).first()
    if row is None:
        raise Refusal("not_found")
    steps = connection.execute(
        select(*ReviewStep.__table__.columns, Person.name)
        .join(Account, Account.id == ReviewStep.account_id, isouter=True)
        .join(Person, Person.id == Account.person_id, isouter=True)
        .where(ReviewStep.submission_pk == submission_pk)
        .order_by(ReviewStep.number)
    ).all()
    return ReviewFile(row, steps, programme_of(connection, row.programme_version_id).review)


def report_before(connection: Connection, row: AnyRow, scope: Scope) -> UUID | None:
    """The newest report about the outlet in an earlier wave of the programme; not one that was taken out.

    Args:
        row: of a review.
    """
    earlier, asked, version = aliased(Wave), aliased(ProgrammeVersion), aliased(ProgrammeVersion)
    query = (
        select(Submission.id)
        .join(earlier, earlier.id == Submission.wave_id)
        .join(version, version.id == earlier.programme_version_id)
        .join(asked, asked.programme_id == version.programme_id)
        .join(Review, Review.submission_pk == Submission.id, isouter=True)
        .where(asked.id == row.programme_version_id, Submission.subject_id == row.subject_id)
        .where(earlier.instrument == row.instrument, earlier.opens_at < row.opens_at)
        .where(func.coalesce(Review.state, "").not_in(SET_ASIDE))
        .order_by(earlier.opens_at.desc(), Submission.received_at.desc(), Submission.id)
        .limit(1)
    )
    return connection.scalar(scope.submissions(query))


def agreement(connection: Connection, scope: Scope, *, now: datetime) -> Sequence[Agreeing]:
    """How often second people agreed with each reviewer lately, who was disagreed with most often first."""
    reports = scope.submissions(
        select(ReviewStep.submission_pk)
        .join(Submission, Submission.id == ReviewStep.submission_pk)
        .where(ReviewStep.at > now - COUNTED, ReviewStep.account_id.is_not(None))
    )
    rows = connection.execute(
        select(
            ReviewStep.submission_pk, ReviewStep.number, ReviewStep.act, ReviewStep.account_id,
            ReviewStep.score, Person.name,
        )
        .join(Account, Account.id == ReviewStep.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(ReviewStep.submission_pk.in_(reports))
    ).all()  # fmt: skip
    names = {row.account_id: row.name for row in rows}
    steps = [
        Step(
            row.submission_pk,
            row.number,
            row.act,
            row.account_id,
            None if row.score is None else Fraction(row.score),
        )
        for row in rows
    ]
    found = [Agreeing(names[account_id], each) for account_id, each in agreement_of(steps).items()]
    return sorted(found, key=lambda each: (each.agreement.share, each.name))


def _views() -> dict[str, ColumnElement[bool]]:
    open_ones = Review.state.in_(OPEN_STATES)
    return {
        "waiting": and_(open_ones, Review.state != HELD, ~sent_back()),
        "held": and_(Review.state == HELD, ~sent_back()),
        "returned": and_(open_ones, sent_back()),
        "decided": Review.state.in_(DECIDED_STATES),
    }


def _reviews(who: Reviewer) -> AnySelect:
    other = aliased(SubmissionRevision)
    newest = (
        select(other.id)
        .where(other.submission_pk == Submission.id)
        .order_by(other.number.desc())
        .limit(1)
        .correlate(Submission)
        .scalar_subquery()
    )
    claimer, proposer = aliased(Account), aliased(Account)
    claiming, proposing = aliased(Person), aliased(Person)
    return (
        select(
            *Review.__table__.columns, Submission.received_at, Submission.subject_id,
            newest.label("newest_id"), Unit.code, func.coalesce(Unit.name, Subject.name).label("name"),
            Unit.name_en, Unit.timezone, Wave.title, Wave.title_en, Wave.instrument, Wave.opens_at,
            Wave.programme_version_id, ScoreSheet.published, ScoreSheet.grade,
            claiming.name.label("claimer"), proposing.name.label("proposer"),
            own_report(who).label("own"), sent_back().label("sent_back"),
        )
        .join(Submission, Submission.id == Review.submission_pk)
        .join(Wave, Wave.id == Submission.wave_id)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(ScoreSheet, ScoreSheet.revision_id == newest, isouter=True)
        .join(claimer, claimer.id == Review.claimed_by, isouter=True)
        .join(claiming, claiming.id == claimer.person_id, isouter=True)
        .join(proposer, proposer.id == Review.proposed_by, isouter=True)
        .join(proposing, proposing.id == proposer.person_id, isouter=True)
    )  # fmt: skip
