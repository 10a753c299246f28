"""What people do about orders: sign for them, put things right with photos, make sure, give back, extend."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit, wire
from server.accounts.actors import selves_in
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.timetable.notices import NewNotice, raise_notice
from server.followup.evidence_photos import keep_photo
from server.followup.orders.deciding import MOVES, Standing, Wish, problems_of
from server.followup.orders.issuing import move
from server.intake.uploads import Place
from server.models.orders import OrderItem, RectificationOrder
from server.models.organisation import Subject
from server.photo_rules import PhotoRules
from server.scope import Scope
from server.storage.protocol import ObjectStore

LONGEST_NAME: Final = 100
GIVEN_BACK: Final = "order_returned"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does about an item. `by` is as audit lines name them."""

    item_id: UUID
    act: str
    by: str
    note: str = ""
    way: str = ""
    due_at: datetime | None = None


def sign(connection: Connection, order_id: UUID, name: str, scope: Scope, *, by: str, now: datetime) -> None:
    """Sign for an order: one signature for all of its items.

    Args:
        name: as it was typed.

    Raises:
        Refusal: not_found; invalid_fields: `order_signed`, `field_required`, `text_too_long`.
    """
    order = _locked(connection, order_id, scope)
    typed = name.strip()
    checks = (
        (order.signed_at is not None, Detail("order_signed")),
        (not typed, Detail("field_required", "/name")),
        (len(typed) > LONGEST_NAME, Detail("text_too_long", "/name", {"limit": LONGEST_NAME})),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    signed = fingerprint(connection, order_id)
    connection.execute(
        update(RectificationOrder)
        .where(RectificationOrder.id == order_id)
        .values(signed_at=now, signed_by=by, signed_name=typed, signed_hash=signed)
    )
    entry = audit.Entry(by, "order_signed", f"order:{order_id}", {"items": signed})
    audit.record(connection, [entry], at=now)


def do(connection: Connection, act: Act, scope: Scope, *, now: datetime) -> None:
    """Do something about one item.

    Raises:
        Refusal: not_found; invalid_fields: what `problems_of` names.
    """
    row = _item(connection, act.item_id, scope)
    wish = Wish(act.act, selves_in(act.by), act.note, act.way, act.due_at)
    standing = Standing(row.state, row.fixed_by, row.signed_at is not None)
    if problems := list(problems_of(standing, wish, now)):
        raise Refusal("invalid_fields", details=problems)
    if act.due_at is not None:
        connection.execute(update(OrderItem).where(OrderItem.id == act.item_id).values(due_at=act.due_at))
    _, state = MOVES[act.act]
    step: dict[str, Any] = {"note": act.note.strip() or None, "way": act.way or None, "due_at": act.due_at}
    move(connection, act.item_id, act.act, state, by=act.by, now=now, **step)
    if act.act == "return":
        _tell(connection, row, now)


def add_proof(
    connection: Connection,
    store: ObjectStore,
    item_id: UUID,
    data: bytes,
    *,
    rules: PhotoRules,
    now: datetime,
) -> None:
    """A photo that shows it put right, stored and looked at like every other.

    Raises:
        Refusal: invalid_fields: `order_no_photos` where nothing keeps them.
        PhotoRefused: as `keep_photo`.
    """
    wave_id = connection.execute(select(OrderItem.wave_id).where(OrderItem.id == item_id)).scalar_one()
    if wave_id is None:
        raise Refusal("invalid_fields", details=[Detail("order_no_photos", "/photos")])
    keep_photo(connection, store, Place(item_id, wave_id, "order"), data, rules=rules, now=now)


def fingerprint(connection: Connection, order_id: UUID) -> str:
    """SHA-256 of what an order asks for, as it is signed for."""
    rows = connection.execute(
        select(OrderItem.place, OrderItem.title, OrderItem.about, OrderItem.said, OrderItem.due_at)
        .where(OrderItem.order_id == order_id)
        .order_by(OrderItem.place)
    )
    told: list[wire.Json] = [
        {"place": row.place, "title": row.title, "about": row.about, "said": row.said or "",
         "due": row.due_at.astimezone(UTC).isoformat()}
        for row in rows
    ]  # fmt: skip
    return wire.fingerprint(told)


def _tell(connection: Connection, row: AnyRow, now: datetime) -> None:
    notice = NewNotice(
        key=f"{GIVEN_BACK}:{row.order_id}:{row.place}:{now.isoformat()}",
        kind=GIVEN_BACK,
        role="branch_manager",
        at=now,
        unit_id=row.unit_id,
        wave_id=row.wave_id,
        params={"number": f"{row.year}-{row.number}", "place": row.place},
        replaces=False,
    )
    raise_notice(connection, notice, now=now)


def _locked(connection: Connection, order_id: UUID, scope: Scope) -> AnyRow:
    query = (
        select(*RectificationOrder.__table__.columns)
        .join(Subject, Subject.id == RectificationOrder.subject_id)
        .where(RectificationOrder.id == order_id)
        .with_for_update(of=RectificationOrder)
    )
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _item(connection: Connection, item_id: UUID, scope: Scope) -> AnyRow:
    query = (
        select(
            OrderItem.id, OrderItem.order_id, OrderItem.place, OrderItem.state, OrderItem.fixed_by,
            OrderItem.wave_id,
            RectificationOrder.signed_at, RectificationOrder.year, RectificationOrder.number,
            Subject.unit_id,
        )
        .join(RectificationOrder, RectificationOrder.id == OrderItem.order_id)
        .join(Subject, Subject.id == RectificationOrder.subject_id)
        .where(OrderItem.id == item_id)
        .with_for_update(of=OrderItem)
    )  # fmt: skip
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row
