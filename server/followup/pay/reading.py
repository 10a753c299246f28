"""What the desk and a phone are shown of pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, case, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.followup.pay.deciding import NOTHING
from server.followup.pay.months import end_of, month_of
from server.models.accounts import Person
from server.models.organisation import Subject, Unit
from server.models.pay import PayDecision, PayLine, PayStatement, PayStatementLine
from server.models.submissions import Attachment
from server.models.tasks import Assignment
from server.scope import Scope

PAGE_SIZE: Final = 100
# Phones make the ids of claims, so that ids alone tell no order.
IN_ORDER: Final = (PayLine.proposed_at, PayLine.id)
STATES: Final = ("proposed", "approved", "refused", "reversed")


@dataclass(frozen=True, slots=True)
class PersonMonth:
    """What somebody is paid for a month, as far as it is known.

    Attributes:
        number: of the statement; None while the month is open.
        total: of the approved lines.
        waiting: of the lines about which nobody has decided.
    """

    month: date
    number: int | None
    total: Decimal
    waiting: Decimal
    lines: Sequence[AnyRow]


def waiting_lines(
    connection: Connection, scope: Scope, *, after: UUID | None = None
) -> tuple[Sequence[AnyRow], bool]:
    """Lines about which nobody has decided, oldest first, and whether there are more."""
    query = scope.people(_lines().where(PayDecision.line_id.is_(None)))
    if after is not None:
        edge = select(PayLine.proposed_at).where(PayLine.id == after).scalar_subquery()
        query = query.where(tuple_(PayLine.proposed_at, PayLine.id) > tuple_(edge, literal(after)))
    rows = connection.execute(query.order_by(*IN_ORDER).limit(PAGE_SIZE + 1)).all()
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def count_waiting(connection: Connection, scope: Scope) -> int:
    query = (
        select(func.count())
        .select_from(PayLine)
        .join(Person, Person.id == PayLine.person_id)
        .join(PayDecision, PayDecision.line_id == PayLine.id, isouter=True)
        .where(PayDecision.line_id.is_(None))
    )
    return connection.scalar(scope.people(query)) or 0


def lines_of(connection: Connection, line_ids: Sequence[UUID], scope: Scope) -> Sequence[AnyRow]:
    return connection.execute(
        scope.people(_lines().where(PayLine.id.in_(line_ids))).order_by(*IN_ORDER)
    ).all()


def approved_lines(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Approved lines that are in no statement yet, to look through before the month is closed."""
    query = _lines().where(PayDecision.approved, PayStatementLine.line_id.is_(None))
    return connection.execute(scope.people(query).order_by(Person.name, *IN_ORDER).limit(PAGE_SIZE)).all()


def statements_of(connection: Connection, month: date, scope: Scope) -> Sequence[AnyRow]:
    """A month's statements by their numbers."""
    query = (
        select(*PayStatement.__table__.columns, Person.code, Person.name)
        .join(Person, Person.id == PayStatement.person_id)
        .where(PayStatement.month == month)
        .order_by(PayStatement.number)
    )
    return connection.execute(scope.people(query)).all()


def month_lines(connection: Connection, month: date, scope: Scope) -> Sequence[AnyRow]:
    """All lines of a month's statements, one statement after the other, with its `number`."""
    query = (
        _lines()
        .add_columns(PayStatement.number)
        .join(PayStatement, PayStatement.id == PayStatementLine.statement_id)
        .where(PayStatement.month == month)
        .order_by(PayStatement.number, PayLine.assignment_id.nulls_last(), *IN_ORDER)
    )
    return connection.execute(scope.people(query)).all()


def find_statement(
    connection: Connection, statement_id: UUID, scope: Scope
) -> tuple[AnyRow, Sequence[AnyRow]]:
    """A statement and its lines, by visit.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = (
        select(*PayStatement.__table__.columns, Person.code, Person.name)
        .join(Person, Person.id == PayStatement.person_id)
        .where(PayStatement.id == statement_id)
    )
    row = connection.execute(scope.people(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row, _of_statement(connection, statement_id)


def people_paid(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Whom a bonus or a deduction can be for: people of ours who were sent on visits."""
    sent = select(Assignment.id).where(Assignment.person_id == Person.id, Assignment.firm_id.is_(None))
    query = select(Person.id, Person.code, Person.name).where(Person.firm_id.is_(None), sent.exists())
    return connection.execute(scope.people(query).order_by(Person.name, Person.id)).all()


def statement(connection: Connection, person_id: UUID, month: date) -> PersonMonth:
    """One's own month: the statement, or what is known before it is closed. For the person's phone."""
    row = connection.execute(
        select(PayStatement.id, PayStatement.number, PayStatement.total).where(
            PayStatement.person_id == person_id, PayStatement.month == month
        )
    ).first()
    if row is not None:
        return PersonMonth(month, row.number, row.total, NOTHING, _of_statement(connection, row.id))
    query = (
        _lines()
        .where(PayLine.person_id == person_id, PayStatementLine.line_id.is_(None))
        .where(func.coalesce(PayDecision.decided_at, PayLine.proposed_at) < end_of(month))
    )
    lines = connection.execute(query.order_by(PayLine.assignment_id.nulls_last(), *IN_ORDER)).all()
    total = sum((line.amount for line in lines if line.state in ("approved", "reversed")), NOTHING)
    waiting = sum((line.amount for line in lines if line.state == "proposed"), NOTHING)
    return PersonMonth(month, None, total, waiting, lines)


def is_paid_by_firm(connection: Connection, person_id: UUID) -> bool:
    """Whether somebody works for a firm, which pays its people itself."""
    return connection.scalar(select(Person.firm_id).where(Person.id == person_id)) is not None


def months_of(connection: Connection, person_id: UUID, *, now: datetime) -> Sequence[date]:
    """The months for which somebody has statements, and this one; newest first."""
    query = select(PayStatement.month).where(PayStatement.person_id == person_id)
    return sorted({month_of(now), *connection.scalars(query)}, reverse=True)


def _of_statement(connection: Connection, statement_id: UUID) -> Sequence[AnyRow]:
    query = _lines().where(PayStatementLine.statement_id == statement_id)
    return connection.execute(query.order_by(PayLine.assignment_id.nulls_last(), *IN_ORDER)).all()


def _lines() -> AnySelect:
    """Lines with whose they are, for which visit, and how they stand: one of `STATES`."""
    undone = aliased(PayDecision)
    state = case(
        (PayDecision.line_id.is_(None), "proposed"),
        (~PayDecision.approved, "refused"),
        (undone.line_id.is_not(None), "reversed"),
        else_="approved",
    )
    return (
        select(
            *PayLine.__table__.columns, state.label("state"), Person.code, Person.name.label("person_name"),
            Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"), Assignment.completed_at,
            PayDecision.reason, PayDecision.decided_at, PayDecision.decided_by,
            Attachment.object_key, Attachment.state.label("receipt_state"),
        )
        .join(Person, Person.id == PayLine.person_id)
        .join(Assignment, Assignment.id == PayLine.assignment_id, isouter=True)
        .join(Subject, Subject.id == Assignment.subject_id, isouter=True)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(PayDecision, PayDecision.line_id == PayLine.id, isouter=True)
        .join(undone, undone.reverses_id == PayLine.id, isouter=True)
        .join(PayStatementLine, PayStatementLine.line_id == PayLine.id, isouter=True)
        .join(Attachment, Attachment.id == PayLine.receipt_id, isouter=True)
    )  # fmt: skip
