"""The visits of a wave, outlet by outlet: where each stands, who is late, who will be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, ScalarSelect, and_, case, func, literal, or_, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.fieldwork.visits.given_up import attempted, given_up
from server.models.accounts import Firm, Person
from server.models.draws import FrameMember
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet
from server.models.tasks import Assignment
from server.models.visits import ThreadLine, VisitRecord
from server.scope import Scope

# In the order in which somebody should look at them.
STATES = (
    "late", "given_back", "attempted", "at_risk", "unassigned", "undelivered", "started", "waiting", "done",
    "replaced",
)  # fmt: skip
# What a list of visits can be limited to: a state, or that somebody wrote and nobody has read it.
UNREAD = "unread"
FILTERS = (*STATES, UNREAD)
SOON = timedelta(days=2)
PAGE = 100


@dataclass(frozen=True, slots=True)
class Meter:
    """What one firm, or the people of no firm, have of a wave's visits."""

    name: str
    assigned: int
    done: int
    late: int


def visit_grid(
    connection: Connection,
    wave_id: UUID,
    scope: Scope,
    *,
    now: datetime,
    state: str = "",
    after: str = "",
) -> Sequence[AnyRow]:
    """One row an outlet of the wave: code, names, sub-branch, who goes, when, `state`, score; by code.

    Where a phone told something: `accepted_at`, `given_back_reason`, `outcome` with `outcome_note`, and how
    many of its lines are `unread`.

    Args:
        state: one of `FILTERS`, or "" for all.
        after: the code after which the page begins.
    """
    rows = _rows(wave_id, scope, now).subquery()
    query = select(rows).order_by(rows.c.code).limit(PAGE)
    if state:
        query = query.where(rows.c.unread > 0 if state == UNREAD else rows.c.state == state)
    if after:
        query = query.where(rows.c.code > after)
    return connection.execute(query).all()


def visit_counts(connection: Connection, wave_id: UUID, scope: Scope, *, now: datetime) -> dict[str, int]:
    """How many outlets of the wave each of `FILTERS` leaves."""
    rows = _rows(wave_id, scope, now).subquery()
    unread = func.count(case((rows.c.unread > 0, 1)))
    found = connection.execute(select(rows.c.state, func.count(), unread).group_by(rows.c.state)).all()
    counts = {state: count for state, count, _ in found}
    return {
        **{state: counts.get(state, 0) for state in STATES},
        UNREAD: sum(with_unread for _, _, with_unread in found),
    }


def delivery_meters(connection: Connection, wave_id: UUID, scope: Scope, *, now: datetime) -> list[Meter]:
    """What each firm was given and has done, own people last under the name ""."""
    late = and_(Assignment.completed_at.is_(None), ~given_up(), Assignment.expires_at <= now)
    query = (
        select(
            Firm.name,
            func.count().label("assigned"),
            func.count(Assignment.completed_at).label("done"),
            func.count(case((late, 1))).label("late"),
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Person, Person.id == Assignment.person_id, isouter=True)
        .join(Firm, Firm.id == func.coalesce(Assignment.firm_id, Person.firm_id), isouter=True)
        .where(Assignment.wave_id == wave_id, Assignment.cancelled_at.is_(None))
        .group_by(Firm.name)
        .order_by(Firm.name.nulls_last())
    )
    rows = connection.execute(scope.subjects(query))
    return [Meter(row.name or "", row.assigned, row.done, row.late) for row in rows]


def _rows(wave_id: UUID, scope: Scope, now: datetime) -> AnySelect:
    """The outlets that the wave visits, and those that were assigned without having been drawn."""
    parent = aliased(Unit)
    standing = and_(
        Assignment.wave_id == wave_id,
        Assignment.subject_id == Subject.id,
        Assignment.cancelled_at.is_(None),
    )
    member = and_(FrameMember.wave_id == wave_id, FrameMember.unit_id == Unit.id)
    query = (
        select(
            Unit.code, Unit.name, Unit.name_en,
            parent.name.label("parent"), parent.name_en.label("parent_en"),
            Assignment.id.label("assignment_id"), Person.name.label("person"), Firm.name.label("firm"),
            Assignment.planned_on, Assignment.expires_at, Assignment.extended_from, Assignment.started_at,
            Assignment.completed_at, Assignment.accepted_at, Assignment.given_back_reason,
            VisitRecord.outcome, VisitRecord.outcome_note,
            func.coalesce(Assignment.reason, FrameMember.reason).label("reason"),
            unread_lines().label("unread"), _score(wave_id).label("score"), _state(now).label("state"),
        )
        .join(Subject, Subject.unit_id == Unit.id)
        .join(parent, parent.id == Unit.parent_id, isouter=True)
        .join(FrameMember, member, isouter=True)
        .join(Assignment, standing, isouter=True)
        .join(VisitRecord, VisitRecord.assignment_id == Assignment.id, isouter=True)
        .join(Person, Person.id == Assignment.person_id, isouter=True)
        .join(Firm, Firm.id == func.coalesce(Assignment.firm_id, Person.firm_id), isouter=True)
        .where(or_(FrameMember.outcome.in_(("selected", "released")), Assignment.id.is_not(None)))
    )  # fmt: skip
    return scope.units(query)


def state_of_assignment(now: datetime) -> ColumnElement[str]:
    """How a standing assignment is getting on, one of `STATES`."""
    undelivered = (
        select(Message.id)
        .where(
            Message.assignment_id == Assignment.id,
            Message.state.in_(("failed", "undelivered", "unknown", "expired")),
        )
        .correlate(Assignment)
        .exists()
    )
    return case(
        (Assignment.completed_at.is_not(None), literal("done")),
        # Nobody is late with what they no longer do.
        (Assignment.given_back_at.is_not(None), literal("given_back")),
        (attempted(), literal("attempted")),
        (Assignment.expires_at <= now, literal("late")),
        (Assignment.started_at.is_not(None), literal("started")),
        (Assignment.expires_at <= now + SOON, literal("at_risk")),
        (undelivered, literal("undelivered")),
        else_=literal("waiting"),
    )


def unread_lines() -> ScalarSelect[int]:
    """How many lines about an assignment wait for the desk."""
    return (
        select(func.count())
        .select_from(ThreadLine)
        .where(ThreadLine.assignment_id == Assignment.id)
        .where(ThreadLine.read_at.is_(None), ~ThreadLine.from_desk)
        .correlate(Assignment)
        .scalar_subquery()
    )


def was_replaced() -> ColumnElement[bool]:
    """Whether another outlet took the place of a member of the frame."""
    return and_(FrameMember.release_cause.is_not(None), FrameMember.released_at.is_(None))


def _state(now: datetime) -> ColumnElement[str]:
    """The same of an outlet of the wave, whether somebody was assigned or not."""
    return case(
        (and_(Assignment.id.is_(None), was_replaced()), literal("replaced")),
        (Assignment.id.is_(None), literal("unassigned")),
        else_=state_of_assignment(now),
    )


def _score(wave_id: UUID) -> ScalarSelect[Decimal | None]:
    return (
        select(func.max(ScoreSheet.published))
        .where(ScoreSheet.wave_id == wave_id, ScoreSheet.subject_id == Subject.id)
        .where(~ScoreSheet.superseded, ~ScoreSheet.set_aside)
        .correlate(Subject)
        .scalar_subquery()
    )
