"""Fines on the spot, where the programme allows them, and how they reach a settlement."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.running import checked_reason
from server.followup.spot.deciding import LONGEST, fine_problems
from server.intake.shelf import FormShelf
from server.models.definitions import ProgrammeVersion
from server.models.on_the_spot import SpotFine
from server.models.tasks import Assignment
from server.models.waves import Wave

# By which rules of programmes tell a fine on the spot from other findings: `{finding.kind}`.
KIND: Final = "spot_fine"


@dataclass(frozen=True, slots=True)
class NewFine:
    """A fine as it was written down.

    Attributes:
        id: made by the phone, so that what is sent twice fines once.
        person: the staff number, or the name.
        amount: yuan.
        by: who fines: `person:<id>`.
    """

    id: UUID
    assignment_id: UUID
    item: str
    person: str
    amount: Decimal
    note: str
    by: str


def fine_on_the_spot(connection: Connection, forms: FormShelf, new: NewFine, *, now: datetime) -> UUID:
    """Fine somebody for an item of a round; returns the fine's id. The same again changes nothing.

    Raises:
        Refusal: not_found for a visit that is none, conflict when the id stands for another fine;
            invalid_fields: `fine_none` where the programme allows none, `fine_bounds`, `fine_twice` for the
            same person and item, `unknown_question`, `field_required`, `text_too_long`.
    """
    visit = connection.execute(
        select(
            Assignment.id, Assignment.submission_id, Wave.form_version_id, Wave.programme_version_id,
            Wave.instrument_name,
        )
        .join(Wave, Wave.id == Assignment.wave_id)
        .where(Assignment.id == new.assignment_id, Assignment.cancelled_at.is_(None))
        .with_for_update(of=Assignment, key_share=True)
    ).first()  # fmt: skip
    if visit is None:
        raise Refusal("not_found")
    item, person, note = new.item, new.person.strip(), new.note.strip()
    if _fined_before(connection, new, person):
        return new.id
    rules = programme_of(connection, visit.programme_version_id).visits_of(visit.instrument_name).fine
    known = forms.get(connection, visit.form_version_id).form.questions
    problems = list(fine_problems(rules, known, item, person, new.amount))
    if len(note) > LONGEST:
        problems.append(Detail("text_too_long", "/note", {"limit": LONGEST}))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    values = {"id": new.id, "assignment_id": visit.id, "submission_id": visit.submission_id, "item": item}
    stored = connection.execute(
        insert_or_skip(SpotFine)
        .values(**values, person=person, amount=new.amount, note=note or None, fined_by=new.by, fined_at=now)
        .on_conflict_do_nothing()
        .returning(SpotFine.id)
    ).first()
    if stored is None:
        raise Refusal("invalid_fields", details=[Detail("fine_twice", "/person")])
    _witness(connection, "fined_on_the_spot", visit.id, item, new.by, now)
    return new.id


def withdraw_fine(
    connection: Connection, fine_id: UUID, reason: str, *, of: UUID, by: str, now: datetime
) -> None:
    """Take a fine of a visit (`of`) back; its row stays, and no settlement counts it from then on.

    Raises:
        Refusal: not_found also for one that was taken back, invalid_fields without a reason.
    """
    why = checked_reason(reason)
    row = connection.execute(
        update(SpotFine)
        .where(SpotFine.id == fine_id, SpotFine.assignment_id == of, SpotFine.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_reason=why)
        .returning(SpotFine.assignment_id, SpotFine.item)
    ).first()
    if row is None:
        raise Refusal("not_found")
    _witness(connection, "spot_fine_withdrawn", row.assignment_id, row.item, by, now)


def fines_of(connection: Connection, assignment_id: UUID) -> Sequence[AnyRow]:
    """The fines of a visit that stand, in the order in which they were given; for the phone."""
    query = select(*SpotFine.__table__.columns).where(
        SpotFine.assignment_id == assignment_id, SpotFine.withdrawn_at.is_(None)
    )
    return connection.execute(query.order_by(SpotFine.fined_at, SpotFine.id)).all()


def fine_facts(
    connection: Connection, programme_id: UUID, scores: Mapping[tuple[str, UUID], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The fines of a programme as findings of the kind `spot_fine`, with their person and amount.

    Without points and without the item's code, so that rules and sums over faults take a fault once.

    Args:
        scores: what of a visit counts, by wave and submission id: `id`, `subject`, `date`, `instrument`.
    """
    rows = connection.execute(
        select(SpotFine.item, SpotFine.person, SpotFine.amount, SpotFine.submission_id, Wave.code)
        .join(Assignment, Assignment.id == SpotFine.assignment_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(ProgrammeVersion.programme_id == programme_id, SpotFine.withdrawn_at.is_(None))
        .where(Wave.state != "cancelled")
        .order_by(Wave.code, SpotFine.submission_id, SpotFine.item, SpotFine.person)
    )
    numbers: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        score = scores.get((row.code, row.submission_id))
        if score is not None:
            about = f"{score['id']}/{row.item}/fine"
            numbers[about] += 1
            yield {
                "id": f"{about}/{numbers[about]}",
                "subject": score["subject"],
                "date": score["date"],
                "item": row.item,
                "points": "0",
                "status": "confirmed",
                "source": score["instrument"],
                "kind": KIND,
                "person": row.person,
                "amount": f"{row.amount.normalize():f}",
                "fields": {"wave": row.code},
            }


def _fined_before(connection: Connection, new: NewFine, person: str) -> bool:
    columns = (SpotFine.assignment_id, SpotFine.item, SpotFine.person, SpotFine.amount)
    row = connection.execute(select(*columns).where(SpotFine.id == new.id)).first()
    if row is not None and tuple(row) != (new.assignment_id, new.item, person, new.amount):
        raise Refusal("conflict")
    return row is not None


def _witness(
    connection: Connection, action: str, assignment_id: UUID, item: str, by: str, now: datetime
) -> None:
    entry = audit.Entry(by, action, f"assignment:{assignment_id}", {"item": item})
    audit.record(connection, [entry], at=now)
