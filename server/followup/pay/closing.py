"""Closing a month: every person's approved lines become a numbered statement, which stays as it is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from server import audit, locks
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.followup.pay.deciding import NOTHING, sums
from server.followup.pay.months import end_of
from server.models.accounts import Person
from server.models.pay import PayDecision, PayLine, PayStatement, PayStatementLine
from server.scope import Scope


def close_month(connection: Connection, month: date, scope: Scope, *, by: str, now: datetime) -> int:
    """Make the statements of a month that is over; returns how many.

    A statement takes all that was approved before the end of the month and is in no other: what was approved
    late comes with the next month. Closing again makes statements for those who had none, and changes no one.

    Raises:
        Refusal: invalid_fields, `month_not_over`.
    """
    if now < end_of(month):
        raise Refusal("invalid_fields", details=[Detail("month_not_over", "/month")])
    # Numbers follow each other without gaps, so months are closed one after the other.
    locks.wait_for(connection, locks.PAY_LOCK)
    number = connection.scalar(
        select(func.coalesce(func.max(PayStatement.number), 0)).where(PayStatement.month == month)
    )
    statements = [
        _statement(person_id, lines) | {"month": month, "number": place, "closed_by": by, "closed_at": now}
        for place, (person_id, lines) in enumerate(
            _to_close(connection, month, scope).items(), int(number or 0) + 1
        )
    ]
    if not statements:
        return 0
    rows = [{name: value for name, value in each.items() if name != "lines"} for each in statements]
    connection.execute(insert(PayStatement), rows)
    connection.execute(
        insert(PayStatementLine),
        [{"line_id": line.id, "statement_id": each["id"]} for each in statements for line in each["lines"]],
    )
    entries = [
        audit.Entry(
            by,
            "pay_closed",
            f"pay_statement:{each['id']}",
            {"month": f"{month:%Y-%m}", "number": each["number"], "lines": len(each["lines"])},
        )
        for each in statements
    ]
    audit.record(connection, entries, at=now)
    return len(statements)


def _to_close(connection: Connection, month: date, scope: Scope) -> Mapping[UUID, Sequence[AnyRow]]:
    """Person -> the lines, by the people's names."""
    stated = select(PayStatementLine.line_id).where(PayStatementLine.line_id == PayLine.id)
    closed = select(PayStatement.id).where(
        PayStatement.person_id == PayLine.person_id, PayStatement.month == month
    )
    query = scope.people(
        select(PayLine.id, PayLine.person_id, PayLine.kind, PayLine.amount)
        .join(PayDecision, PayDecision.line_id == PayLine.id)
        .join(Person, Person.id == PayLine.person_id)
        .where(PayDecision.approved, PayDecision.decided_at < end_of(month))
        .where(~stated.exists(), ~closed.exists())
        .order_by(Person.name, Person.id, PayLine.proposed_at, PayLine.id)
    )
    found: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.person_id].append(row)
    return found


def _statement(person_id: UUID, lines: Sequence[AnyRow]) -> dict[str, Any]:
    by_kind = sums((line.kind, line.amount) for line in lines)
    return {
        "id": new_id(),
        "person_id": person_id,
        "total": sum(by_kind.values(), NOTHING),
        "sums": {kind: f"{amount:f}" for kind, amount in by_kind.items()},
        "lines": lines,
    }
