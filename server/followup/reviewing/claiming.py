"""One report is open to one reviewer at a time: claims that end by themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, update
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.followup.reviewing.deciding import CLAIM
from server.models.accounts import Account, Person
from server.models.organisation import Subject
from server.models.reviews import HELD, OPEN_STATES, Review
from server.models.submissions import Submission
from server.models.tasks import Assignment
from server.models.visits import VisitReturn
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who looks: the account, its person, and the unit and firm that the person belongs to."""

    account_id: UUID
    person_id: UUID
    unit_id: UUID | None
    firm_id: UUID | None


def reviewer_of(connection: Connection, account_id: UUID) -> Reviewer:
    """Raises: Refusal: forbidden for an account that is nobody's."""
    row = connection.execute(
        select(Account.id, Person.id.label("person_id"), Person.unit_id, Person.firm_id)
        .join(Person, Person.id == Account.person_id)
        .where(Account.id == account_id)
    ).first()
    if row is None:
        raise Refusal("forbidden")
    return Reviewer(row.id, row.person_id, row.unit_id, row.firm_id)


def own_report(who: Reviewer) -> ColumnElement[bool]:
    """Whether a `Submission` is the reviewer's own: made by them or their firm, or about where they work."""
    # Under names of their own: what asks may itself join these tables.
    visit, judged = aliased(Assignment), aliased(Subject)
    made = or_(visit.person_id == who.person_id, visit.firm_id == who.firm_id if who.firm_id else false())
    by_them = select(visit.id).where(
        visit.submission_id == Submission.submission_id, visit.wave_id == Submission.wave_id, made
    )
    own: list[ColumnElement[bool]] = [by_them.exists()]
    if who.firm_id is not None:
        own.append(Submission.firm_id == who.firm_id)
    if who.unit_id is not None:
        about = select(judged.id).where(judged.id == Submission.subject_id, judged.unit_id == who.unit_id)
        own.append(about.exists())
    return or_(*own)


def sent_back() -> ColumnElement[bool]:
    """Whether the report of a `Submission` waits for an answer of who made it."""
    visit = aliased(Assignment)
    waiting = (
        select(VisitReturn.id)
        .join(visit, visit.id == VisitReturn.assignment_id)
        .where(
            visit.submission_id == Submission.submission_id,
            visit.wave_id == Submission.wave_id,
            VisitReturn.answered_at.is_(None),
        )
    )
    return waiting.exists()


def claimed_by_other(account_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(Review.claimed_by.is_not(None), Review.claimed_by != account_id, Review.claimed_until > now)


def claim_next(
    connection: Connection, who: Reviewer, scope: Scope, *, now: datetime, after: UUID | None = None
) -> UUID | None:
    """Claim the report with the greatest risk that waits for this reviewer; returns its inner id.

    Two reviewers who ask at once get two reports.

    Args:
        after: a report that was just passed over.
    """
    query = _open_reports().where(
        Review.state != HELD,
        or_(Review.proposed_by.is_(None), Review.proposed_by != who.account_id),
        ~claimed_by_other(who.account_id, now),
        ~own_report(who),
        ~sent_back(),
    )
    if after is not None:
        query = query.where(Review.submission_pk != after)
    chosen = connection.scalar(
        scope.submissions(query)
        .order_by(Review.risk.desc(), Review.opened_at, Review.submission_pk)
        .limit(1)
        .with_for_update(of=Review, skip_locked=True)
    )
    if chosen is not None:
        _keep(connection, chosen, who, now)
    return chosen


def claim(connection: Connection, submission_pk: UUID, who: Reviewer, scope: Scope, *, now: datetime) -> None:
    """Take one report, also from somebody who has it open: they see so when they decide.

    Raises:
        Refusal: not_found, also once it is decided, and for what is the reviewer's own.
    """
    query = scope.submissions(_open_reports().where(Review.submission_pk == submission_pk, ~own_report(who)))
    if connection.scalar(query.with_for_update(of=Review)) is None:
        raise Refusal("not_found")
    _keep(connection, submission_pk, who, now)


def let_go(connection: Connection, submission_pk: UUID, who: Reviewer) -> None:
    """Give a report back to the queue."""
    mine = (Review.submission_pk == submission_pk, Review.claimed_by == who.account_id)
    connection.execute(update(Review).where(*mine).values(claimed_by=None, claimed_until=None))


def locked_review(connection: Connection, submission_pk: UUID, scope: Scope) -> AnyRow:
    """A review with its report's programme; two people who decide at once take turns.

    Raises:
        Refusal: not_found.
    """
    query = scope.submissions(
        select(*Review.__table__.columns)
        .join(Submission, Submission.id == Review.submission_pk)
        .where(Review.submission_pk == submission_pk)
    )
    row = connection.execute(query.with_for_update(of=Review)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _open_reports() -> AnySelect:
    return (
        select(Review.submission_pk)
        .join(Submission, Submission.id == Review.submission_pk)
        .where(Review.state.in_(OPEN_STATES))
    )


def _keep(connection: Connection, submission_pk: UUID, who: Reviewer, now: datetime) -> None:
    connection.execute(
        update(Review)
        .where(Review.submission_pk == submission_pk)
        .values(claimed_by=who.account_id, claimed_until=now + CLAIM)
    )
