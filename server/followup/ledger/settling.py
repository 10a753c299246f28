"""Deciding about ledger lines, and closing a month: what was approved and is not disputed goes to payroll."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from server import audit, wire
from server.accounts.actors import names_one, selves_in
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.waves.running import checked_reason
from server.followup.ledger.reading import Line, ledger, locked_lines, totals
from server.models.definitions import Programme
from server.models.ledger import LedgerApproval, LedgerClose, LedgerCloseLine
from server.scope import Scope
from server.scoring.programmes.reviewing import Publication as Rules


def decide(
    connection: Connection,
    line_ids: Sequence[UUID],
    verdict: tuple[bool, str],
    rules: Rules,
    doing: tuple[Scope, str, datetime],
) -> int:
    """Approve or refuse lines, all of them or none; returns how many.

    Args:
        verdict: whether they are approved, and why: needed to refuse, and to approve alone what one has
            settled oneself where the programme asks for two people and lets one.

    Raises:
        Refusal: forbidden; not_found; invalid_fields: `nothing_chosen`, `ledger_state` for what is not
            proposed, `ledger_own`, `field_required`.
    """
    scope, by, now = doing
    approved, reason = verdict
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    if not line_ids:
        raise Refusal("invalid_fields", details=[Detail("nothing_chosen", "/chosen")])
    lines = locked_lines(connection, line_ids)
    own = rules.eyes > 1 and any(names_one(line.row.created_by, selves_in(by)) for line in lines)
    alone = rules.alone and bool(reason.strip())
    checks = (
        (any(line.state != "proposed" for line in lines), Detail("ledger_state", "/chosen")),
        (own and not alone, Detail("ledger_own", "/chosen")),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    why = checked_reason(reason) if not approved or reason.strip() else None
    decided = {"approved": approved, "reason": why, "decided_by": by, "decided_at": now}
    connection.execute(insert(LedgerApproval), [{"line_id": line.row.id, **decided} for line in lines])
    action = "ledger_approved" if approved else "ledger_refused"
    detail = {"reason": why or ""}
    entries = [audit.Entry(by, action, f"ledger:{line.row.id}", detail) for line in lines]
    audit.record(connection, entries, at=now)
    return len(lines)


def close_month(
    connection: Connection, about: tuple[UUID, int], month: date, doing: tuple[Scope, str, datetime]
) -> UUID:
    """Hand what is approved and not disputed to payroll, once.

    Args:
        about: the programme's id and the scheme year.
        month: its first day.

    Raises:
        Refusal: forbidden; invalid_fields: `ledger_nothing` when there is nothing to close.
    """
    programme_id, year = about
    scope, by, now = doing
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    # Two people who close at once take turns: the second one finds nothing left.
    connection.execute(select(Programme.id).where(Programme.id == programme_id).with_for_update())
    lines = approved_lines(ledger(connection, programme_id, year, scope))
    if not lines:
        raise Refusal("invalid_fields", details=[Detail("ledger_nothing", "/month")])
    close_id = new_id()
    number = select(func.count() + 1).where(LedgerClose.programme_id == programme_id).scalar_subquery()
    sums = [
        {"kind": kind, "payee": payee, "unit": unit, "amount": f"{amount:f}"}
        for (kind, payee, unit), amount in totals(lines).items()
    ]
    connection.execute(
        insert(LedgerClose).values(
            id=close_id,
            programme_id=programme_id,
            month=month,
            number=number,
            totals=sums,
            lines_hash=fingerprint([line.row for line in lines]),
            closed_by=by,
            closed_at=now,
        )
    )
    rows = [{"line_id": line.row.id, "close_id": close_id} for line in lines]
    connection.execute(insert(LedgerCloseLine), rows)
    detail = {"month": f"{month:%Y-%m}", "lines": len(lines)}
    entry = audit.Entry(by, "ledger_closed", f"programme:{programme_id}", detail)
    audit.record(connection, [entry], at=now)
    return close_id


def fingerprint(lines: Sequence[AnyRow]) -> str:
    """SHA-256 of lines, in whatever order they come."""
    told = [
        " ".join([str(line.id), line.line_id, line.payee_kind, line.payee_id, f"{line.amount:f}", line.unit])
        for line in lines
    ]
    return wire.fingerprint("\n".join(sorted(told)))


def approved_lines(lines: Sequence[Line]) -> Sequence[Line]:
    """Those that the next close takes."""
    return [line for line in lines if line.state == "approved"]
