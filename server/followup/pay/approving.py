"""Deciding about lines of pay, many at once; never about what one has proposed or is paid oneself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server import audit
from server.accounts.actors import selves_in
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.waves.running import checked_reason
from server.followup.pay.deciding import NOTHING, Waiting, decision_problems, sums
from server.models.accounts import Account, Person
from server.models.pay import PayDecision, PayLine
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides about some lines. A reason is needed to refuse."""

    line_ids: Sequence[UUID]
    approved: bool
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some lines, added up.

    Attributes:
        problems: what keeps this person from deciding about them, each thing once.
    """

    count: int
    people: int
    total: Decimal
    by_kind: Mapping[str, Decimal]
    problems: tuple[Detail, ...]


def preview(connection: Connection, line_ids: Sequence[UUID], scope: Scope, *, by: str) -> Chosen:
    """What a decision about these lines would move.

    Raises:
        Refusal: invalid_fields when nothing is chosen; not_found for a line outside the scope.
    """
    return _added_up(connection, _lines(connection, line_ids, scope), by)


def decide(connection: Connection, verdict: Verdict, scope: Scope, *, now: datetime) -> Chosen:
    """Approve or refuse lines: all of them, or none.

    Raises:
        Refusal: as `preview`, and invalid_fields: `pay_decided`, `pay_own`, `field_required`.
    """
    rows = _lines(connection, verdict.line_ids, scope, lock=True)
    chosen = _added_up(connection, rows, verdict.by)
    reason = checked_reason(verdict.reason) if not verdict.approved or verdict.reason.strip() else None
    if chosen.problems:
        raise Refusal("invalid_fields", details=chosen.problems)
    decided = {"approved": verdict.approved, "reason": reason, "decided_by": verdict.by, "decided_at": now}
    connection.execute(
        insert(PayDecision),
        [
            {"line_id": row.id, "reverses_id": row.reverses_id if verdict.approved else None, **decided}
            for row in rows
        ],
    )
    action = "pay_approved" if verdict.approved else "pay_refused"
    detail = {"reason": reason} if reason else {}
    entries = [audit.Entry(verdict.by, action, f"pay:{row.id}", {"kind": row.kind, **detail}) for row in rows]
    audit.record(connection, entries, at=now)
    return chosen


def _lines(
    connection: Connection, line_ids: Sequence[UUID], scope: Scope, *, lock: bool = False
) -> Sequence[AnyRow]:
    """The lines, with whether they were decided.

    Locked, in one order everywhere, before decisions are read: two people who decide at once meet here.
    """
    if not line_ids:
        raise Refusal("invalid_fields", details=[Detail("nothing_chosen", "/chosen")])
    query = scope.people(
        select(*PayLine.__table__.columns)
        .join(Person, Person.id == PayLine.person_id)
        .where(PayLine.id.in_(line_ids))
        .order_by(PayLine.id)
    )
    rows = connection.execute(query.with_for_update(of=PayLine) if lock else query).all()
    if len(rows) != len(set(line_ids)):
        raise Refusal("not_found")
    return rows


def _added_up(connection: Connection, rows: Sequence[AnyRow], by: str) -> Chosen:
    ids = [row.id for row in rows]
    decided = set(connection.scalars(select(PayDecision.line_id).where(PayDecision.line_id.in_(ids))))
    lines = [
        Waiting(row.id, row.person_id, row.kind, row.amount, row.proposed_by, row.id in decided)
        for row in rows
    ]
    by_kind = sums((line.kind, line.amount) for line in lines)
    problems = {each.code: each for each in decision_problems(lines, _selves(connection, by))}
    people = len({line.person_id for line in lines})
    return Chosen(len(lines), people, sum(by_kind.values(), NOTHING), by_kind, tuple(problems.values()))


def _selves(connection: Connection, by: str) -> frozenset[str]:
    """The decider's accounts with those of whom they stand in for, and the people behind all of them."""
    accounts = selves_in(by)
    ids = [UUID(each.removeprefix("account:")) for each in accounts if each.startswith("account:")]
    people = connection.scalars(select(Account.person_id).where(Account.id.in_(ids)))
    return accounts | {f"person:{person_id}" for person_id in people}
