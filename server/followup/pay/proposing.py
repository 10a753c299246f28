"""Lines of pay before anybody decided about them: from visits, from who went, from the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, and_, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import aliased

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.running import checked_reason
from server.followup.pay.deciding import HandedIn, amount_problems, claim_problems, due_for, yuan
from server.models.accounts import Person
from server.models.pay import PayDecision, PayLine
from server.models.reviews import REJECTED, Review
from server.models.submissions import Attachment, Submission
from server.models.tasks import Assignment
from server.models.visits import VisitRecord
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.programmes.visiting import Pay

BY_VISIT: Final = "system:pay"
# Photos may be verified, and outcomes told, days after the visit; what is older was looked at often.
LOOKED_BACK: Final = timedelta(days=60)
ADDED: Final = ("bonus", "deduction")


@dataclass(frozen=True, slots=True)
class Claim:
    """An expense, as who went claims it.

    Attributes:
        id: made by the phone, so that what is sent twice is claimed once.
        amount: yuan.
        receipt: the phone's name for the photo of the receipt, which was announced with the visit's photos.
    """

    id: UUID
    person_id: UUID
    assignment_id: UUID
    amount: Decimal
    note: str
    receipt: UUID | None


@dataclass(frozen=True, slots=True)
class NewLine:
    """A bonus, or a deduction whose amount is given above nothing. In yuan."""

    person_id: UUID
    kind: str
    amount: Decimal
    note: str
    assignment_id: UUID | None = None


def propose_for(connection: Connection, assignment_ids: Sequence[UUID], *, now: datetime) -> int:
    """Propose what visits bring that were handed in; returns how many lines are new.

    A visit counts as handed in when its assignment is completed, whatever its outcome. Nothing is proposed
    for firms, who pay their people themselves, nor where the programme pays nothing. May run any number of
    times.
    """
    new = [
        line
        for row in connection.execute(_ended(assignment_ids))
        if (line := _line(connection, row, now)) is not None
    ]
    if not new:
        return 0
    statement = insert_or_skip(PayLine).on_conflict_do_nothing(
        index_elements=["assignment_id", "kind"], index_where=text("kind IN ('fee','attempt')")
    )
    returned = statement.returning(PayLine.id, PayLine.assignment_id, PayLine.kind)
    rows = connection.execute(returned, new).all()
    entries = [
        audit.Entry(BY_VISIT, "pay_proposed", f"pay:{row.id}", _told(row.kind, row.assignment_id))
        for row in rows
    ]
    audit.record(connection, entries, at=now)
    return len(rows)


def visits_to_pay(connection: Connection, *, now: datetime) -> list[UUID]:
    """Visits of the last two months that were handed in, are paid by their programmes and have no line."""
    waves = connection.execute(
        select(Wave.id, Wave.programme_version_id, Wave.instrument_name)
        .where(Wave.firm_id.is_(None), Wave.closes_at > now - LOOKED_BACK)
    )  # fmt: skip
    paid = [row.id for row in waves if _pay_of(connection, row) is not None]
    known = select(PayLine.id).where(
        PayLine.assignment_id == Assignment.id, PayLine.kind.in_(("fee", "attempt"))
    )
    query = select(Assignment.id).where(Assignment.wave_id.in_(paid), _is_over(), ~known.exists())
    return list(connection.scalars(query.order_by(Assignment.id))) if paid else []


def claim(connection: Connection, new: Claim, *, now: datetime) -> UUID:
    """Claim an expense of one's own visit; returns the line's id. The same claim again changes nothing.

    Raises:
        Refusal: not_found for a visit of somebody else or of a firm, conflict when the id was used for
            another claim, invalid_fields: `expense_none`, `expense_too_high`, `pay_amount`,
            `receipt_unknown`, `field_required`.
    """
    # The lock makes two claims at once wait for each other: together they might be above what is paid.
    visit = connection.execute(
        select(Assignment.id, Assignment.submission_id, Wave.programme_version_id, Wave.instrument_name)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.id == new.assignment_id, Assignment.person_id == new.person_id, _own_people())
        .with_for_update(of=Assignment, key_share=True)
    ).first()
    if visit is None:
        raise Refusal("not_found")
    if _claimed_before(connection, new):
        return new.id
    note = checked_reason(new.note, "/note")
    receipt_id = _receipt(connection, visit, new)
    pay = _pay_of(connection, visit)
    most = yuan(pay.expenses) if pay else Decimal(0)
    problems = list(claim_problems(most, _claimed(connection, visit.id), new.amount))
    if receipt_id is None:
        problems.append(Detail("receipt_unknown", "/receipt"))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    # Else it would be swept away with the photos that nobody names.
    connection.execute(update(Attachment).where(Attachment.id == receipt_id).values(named=True))
    by = f"person:{new.person_id}"
    values = {"id": new.id, "person_id": new.person_id, "assignment_id": visit.id, "kind": "expense"}
    _add(connection, {**values, "amount": new.amount, "note": note, "receipt_id": receipt_id}, by, now)
    return new.id


def propose(connection: Connection, new: NewLine, scope: Scope, *, by: str, now: datetime) -> UUID:
    """Propose a bonus or a deduction; somebody else decides about it.

    Raises:
        Refusal: invalid_fields: `person_unknown_to_pay` also for who is outside the scope, works for a firm,
            or did not make the visit; `pay_kind`, `pay_amount`, `field_required`.
    """
    problems = list(amount_problems(new.amount))
    if new.kind not in ADDED:
        problems.append(Detail("pay_kind", "/kind"))
    if not _is_ours(connection, new, scope):
        problems.append(Detail("person_unknown_to_pay", "/person"))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    line_id = new_id()
    values = {"id": line_id, "person_id": new.person_id, "assignment_id": new.assignment_id, "kind": new.kind}
    amount = -new.amount if new.kind == "deduction" else new.amount
    note = checked_reason(new.note, "/note")
    _add(connection, {**values, "amount": amount, "note": note}, by, now)
    return line_id


def reverse(
    connection: Connection, line_id: UUID, note: str, scope: Scope, *, by: str, now: datetime
) -> UUID:
    """Propose to take an approved line back, whether or not a statement has it.

    Raises:
        Refusal: not_found, invalid_fields: `not_to_reverse` for what nobody approved, is a reversal itself,
            or is being taken back already; `field_required`.
    """
    query = select(*PayLine.__table__.columns).join(Person, Person.id == PayLine.person_id)
    line = connection.execute(
        scope.people(query).where(PayLine.id == line_id).with_for_update(of=PayLine)
    ).first()
    if line is None:
        raise Refusal("not_found")
    why = checked_reason(note, "/note")
    approved = connection.scalar(select(PayDecision.approved).where(PayDecision.line_id == line_id))
    if not approved or line.kind == "reversal" or being_reversed(connection, line_id):
        raise Refusal("invalid_fields", details=[Detail("not_to_reverse", "/line")])
    return propose_reversal(connection, line, why, by=by, now=now)


def propose_reversal(connection: Connection, line: AnyRow, why: str, *, by: str, now: datetime) -> UUID:
    """Propose to take an approved line back, whatever was proposed before; returns the new line's id."""
    reversal_id = new_id()
    values = {
        "id": reversal_id,
        "person_id": line.person_id,
        "assignment_id": line.assignment_id,
        "kind": "reversal",
        "amount": -line.amount,
        "note": why,
        "reverses_id": line.id,
    }
    _add(connection, values, by, now)
    return reversal_id


def _ended(assignment_ids: Sequence[UUID]) -> AnySelect:
    report = select(Submission.id).where(
        Submission.wave_id == Assignment.wave_id, Submission.submission_id == Assignment.submission_id
    )
    photo = select(Attachment.id).where(
        Attachment.submission_id == Assignment.submission_id, Attachment.state != "refused"
    )
    rejected = report.join(Review, Review.submission_pk == Submission.id).where(Review.state == REJECTED)
    return (
        select(
            Assignment.id, Assignment.person_id, Wave.programme_version_id, Wave.instrument_name,
            VisitRecord.outcome, report.exists().label("reported"), photo.exists().label("proof"),
            rejected.exists().label("rejected"),
        )
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Person, Person.id == Assignment.person_id)
        .join(VisitRecord, VisitRecord.assignment_id == Assignment.id, isouter=True)
        .where(Assignment.id.in_(assignment_ids), _is_over(), _own_people())
        .order_by(Assignment.id)
    )  # fmt: skip


def _is_over() -> Any:
    """Handed in, or tried in vain, which the visit's record says."""
    tried = select(VisitRecord.submission_id).where(
        VisitRecord.assignment_id == Assignment.id, VisitRecord.attempted_at.is_not(None)
    )
    return or_(Assignment.completed_at.is_not(None), tried.correlate(Assignment).exists())


def _own_people() -> Any:
    """Visits whose people are ours to pay."""
    return and_(Assignment.firm_id.is_(None), Wave.firm_id.is_(None), Person.firm_id.is_(None))


def _line(connection: Connection, row: AnyRow, now: datetime) -> dict[str, Any] | None:
    due = due_for(_pay_of(connection, row), HandedIn(row.outcome, row.reported, row.proof))
    if due is None or row.rejected:
        return None
    return {
        "id": new_id(),
        "person_id": row.person_id,
        "assignment_id": row.id,
        "kind": due.kind,
        "amount": due.amount,
        "proposed_by": BY_VISIT,
        "proposed_at": now,
    }


def _pay_of(connection: Connection, row: AnyRow) -> Pay | None:
    return programme_of(connection, row.programme_version_id).visits_of(row.instrument_name).pay


def _claimed_before(connection: Connection, new: Claim) -> bool:
    row = connection.execute(
        select(PayLine.person_id, PayLine.assignment_id, PayLine.kind, PayLine.amount).where(
            PayLine.id == new.id
        )
    ).first()
    if row is not None and tuple(row) != (new.person_id, new.assignment_id, "expense", new.amount):
        raise Refusal("conflict")
    return row is not None


def _claimed(connection: Connection, assignment_id: UUID) -> Decimal:
    """What was claimed for a visit and not refused or taken back."""
    undone = aliased(PayDecision)
    query = (
        select(func.coalesce(func.sum(PayLine.amount), Decimal(0)))
        .join(PayDecision, PayDecision.line_id == PayLine.id, isouter=True)
        .join(undone, undone.reverses_id == PayLine.id, isouter=True)
        .where(PayLine.assignment_id == assignment_id, PayLine.kind == "expense")
        .where(or_(PayDecision.approved.is_(None), PayDecision.approved), undone.line_id.is_(None))
    )
    return Decimal(connection.scalar(query) or 0)


def _receipt(connection: Connection, visit: AnyRow, new: Claim) -> UUID | None:
    return connection.scalar(
        select(Attachment.id).where(
            Attachment.submission_id == visit.submission_id,
            Attachment.attachment_id == new.receipt,
            Attachment.state != "refused",
        )
    )


def _is_ours(connection: Connection, new: NewLine, scope: Scope) -> bool:
    """Whether somebody of the scope is meant whom we pay, who made the visit if one is named."""
    query = scope.people(select(Person.id).where(Person.id == new.person_id, Person.firm_id.is_(None)))
    if new.assignment_id is not None:
        visit = select(Assignment.id).where(
            Assignment.id == new.assignment_id, Assignment.person_id == Person.id
        )
        query = query.where(visit.exists())
    return connection.scalar(query) is not None


def being_reversed(connection: Connection, line_id: UUID) -> bool:
    """Whether a reversal of a line waits, or was approved. A refused one may be proposed again."""
    query = (
        select(PayLine.id)
        .join(PayDecision, PayDecision.line_id == PayLine.id, isouter=True)
        .where(PayLine.reverses_id == line_id)
        .where(or_(PayDecision.approved.is_(None), PayDecision.approved))
    )
    return connection.scalar(query) is not None


def _add(connection: Connection, values: dict[str, Any], by: str, now: datetime) -> None:
    connection.execute(insert_or_skip(PayLine).values(**values, proposed_by=by, proposed_at=now))
    entry = audit.Entry(
        by, "pay_proposed", f"pay:{values['id']}", _told(values["kind"], values["assignment_id"])
    )
    audit.record(connection, [entry], at=now)


def _told(kind: str, assignment_id: UUID | None) -> dict[str, Any]:
    return {"kind": kind, **({"assignment": str(assignment_id)} if assignment_id else {})}
