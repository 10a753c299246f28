"""What people choose for a programme's year: its numbers, and amounts that rules leave to somebody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.waves.running import checked_reason
from server.models.ledger import LedgerDecision, ProgrammeChoice
from server.scope import Scope
from server.scoring.programmes.definition import Programme
from server.scoring.programmes.settings import misfit


@dataclass(frozen=True, slots=True)
class NewDecision:
    """An amount for what a settlement left open: rule, subject and event as its open row names them."""

    rule: str
    subject: str
    event: str
    amount: Decimal
    reason: str


def chosen(connection: Connection, programme_id: UUID, year: int) -> Mapping[str, Any]:
    """The values that were chosen last; empty where nobody has chosen any. Names no unit, takes no scope."""
    query = (
        select(ProgrammeChoice.parameters)
        .where(ProgrammeChoice.programme_id == programme_id, ProgrammeChoice.year == year)
        .order_by(ProgrammeChoice.chosen_at.desc(), ProgrammeChoice.id.desc())
        .limit(1)
    )
    return connection.scalar(query) or {}


def choose(
    connection: Connection,
    about: tuple[Programme, UUID, int],
    values: Mapping[str, Any],
    reason: str,
    doing: tuple[Scope, str, datetime],
) -> None:
    """Set a programme's numbers for a year; the next settlement reads them.

    Args:
        about: the programme, its id and the year.
        values: by the name of the parameter; what is not named keeps the definition's default.
        doing: the scope, which must be the whole organisation, who chooses, and when.

    Raises:
        Refusal: forbidden; invalid_fields with what does not fit a parameter, or without a reason.
    """
    programme, programme_id, year = about
    scope, by, now = doing
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    problems = [detail for name, raw in values.items() for detail in _misfits(programme, name, raw)]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    why = checked_reason(reason)
    connection.execute(
        insert(ProgrammeChoice).values(
            id=new_id(),
            programme_id=programme_id,
            year=year,
            parameters=dict(values),
            reason=why,
            chosen_by=by,
            chosen_at=now,
        )
    )
    entry = audit.Entry(by, "programme_chosen", f"programme:{programme_id}", {"year": year, "reason": why})
    audit.record(connection, [entry], at=now)


def _misfits(programme: Programme, name: str, raw: Any) -> Iterator[Detail]:
    parameter = programme.parameters.get(name)
    if parameter is None:
        yield Detail("unknown_parameter", f"/{name}", {"name": name, "suggestion": ""})
    elif wrong := misfit(parameter, raw):
        yield Detail(wrong[0], f"/{name}", dict(wrong[1]))


def decide_amount(
    connection: Connection,
    settlement: AnyRow,
    new: NewDecision,
    doing: tuple[Scope, str, datetime],
) -> None:
    """Name an amount inside its range; the next settlement writes the line.

    Args:
        settlement: programme_id, year, and its result.

    Raises:
        Refusal: forbidden; not_found for what the settlement does not leave open; invalid_fields:
            `decision_range` outside the range, `field_required` without a reason.
    """
    scope, by, now = doing
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    about = {"rule": new.rule, "subject": new.subject, "period": new.event}
    rows = [row for row in settlement.result["open"] if {name: row[name] for name in about} == about]
    if not rows or "from" not in rows[0]:
        raise Refusal("not_found")
    low, high = Decimal(rows[0]["from"]), Decimal(rows[0]["to"])
    if not low <= new.amount <= high:
        params = {"low": f"{low:f}", "high": f"{high:f}"}
        raise Refusal("invalid_fields", details=[Detail("decision_range", "/amount", params)])
    why = checked_reason(new.reason)
    values = {"rule": new.rule, "subject": new.subject, "event": new.event, "amount": new.amount}
    connection.execute(
        insert(LedgerDecision).values(
            id=new_id(),
            programme_id=settlement.programme_id,
            year=settlement.year,
            **values,
            reason=why,
            decided_by=by,
            decided_at=now,
        )
    )
    detail = {**about, "amount": f"{new.amount:f}", "reason": why}
    entry = audit.Entry(by, "amount_decided", f"programme:{settlement.programme_id}", detail)
    audit.record(connection, [entry], at=now)


def decision_facts(
    connection: Connection, programme: Programme, programme_id: UUID, year: int
) -> Iterator[dict[str, Any]]:
    """The newest decision about each thing, in a fixed order; of rules that the programme still has."""
    per = {rule.name: rule.per for rule in programme.rules if rule.decided is not None}
    about = (LedgerDecision.rule, LedgerDecision.subject, LedgerDecision.event)
    rows = connection.execute(
        select(*LedgerDecision.__table__.columns)
        .ext(distinct_on(*about))
        .where(LedgerDecision.programme_id == programme_id, LedgerDecision.year == year)
        .order_by(*about, LedgerDecision.decided_at.desc(), LedgerDecision.id.desc())
    )
    for row in rows:
        if row.rule in per:
            kind = "finding" if per[row.rule] == "finding" else "period"
            yield {
                "rule": row.rule,
                "subject": row.subject,
                kind: row.event,
                "amount": f"{row.amount:f}",
                "by": row.decided_by,
                "reason": row.reason,
            }
