"""Issuing orders: what the settlements ask for, and what somebody asks for by hand, one paper a recipient
and week.

May run as often as it likes. A demand that a later settlement does not have any more, because an appeal was
upheld, takes its item back; one that comes again opens it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from server import audit
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.reading import newest_wave
from server.followup.orders.deciding import LONGEST, Demand, demands_of, week_of
from server.followup.orders.gathering import (
    Origin,
    Recipient,
    is_known,
    origin_of,
    recipients,
    report_as_origin,
)
from server.followup.settled_years import is_current
from server.followup.working_days import end_after
from server.intake.shelf import FormShelf
from server.locks import ORDER_LOCK, wait_for
from server.models.definitions import ProgrammeVersion
from server.models.orders import (
    CLOSED,
    FIXED,
    KINDS,
    ON_THE_SPOT,
    OPEN,
    WITHDRAWN,
    OrderItem,
    OrderStep,
    RectificationOrder,
)
from server.models.organisation import Subject
from server.models.settlements import Settlement
from server.scope import Scope

BY_RULE: Final = "system:orders"
LAST_DAY: Final = date(9999, 12, 29)


@dataclass(frozen=True, slots=True)
class NewItem:
    """What somebody asks for by hand.

    Attributes:
        subject: the code of who is asked; taken from the report, where it is about one.
        programme_version_id: whose calendar counts the days.
        submission_pk, item: the report, and its item.
        due: the last day; None for the programme's usual time.
    """

    programme_version_id: UUID
    subject: str
    said: str
    due: date | None = None
    urgent: bool = False
    submission_pk: UUID | None = None
    item: str | None = None


def issue_due(connection: Connection, forms: FormShelf, *, now: datetime) -> int:
    """Bring orders in line with the settlements that stand; returns how many items are new."""
    wait_for(connection, ORDER_LOCK)
    rows = connection.execute(
        select(Settlement.programme_id, Settlement.programme_version_id, Settlement.year,
               Settlement.result["actions"].label("actions"))
        .where(is_current())
        .order_by(Settlement.programme_id, Settlement.year)
    ).all()  # fmt: skip
    return sum(_follow(connection, forms, row, now) for row in rows)


def issue(
    connection: Connection, forms: FormShelf, new: NewItem, scope: Scope, *, by: str, now: datetime
) -> UUID:
    """Issue an item by hand; returns the id of its order.

    Raises:
        Refusal: not_found for a subject outside the scope; invalid_fields: `field_required`,
            `text_too_long`, `order_due_past`.
    """
    found = recipients(connection, {new.subject}).get(new.subject)
    if found is None or connection.scalar(_mine(scope, found.subject_id)) is None:
        raise Refusal("not_found")
    checks = (
        (not new.said.strip(), Detail("field_required", "/said")),
        (len(new.said) > LONGEST, Detail("text_too_long", "/said", {"limit": LONGEST})),
        (new.due is not None and _end(new.due, found) <= now, Detail("order_due_past", "/due")),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    wait_for(connection, ORDER_LOCK)
    origin = report_as_origin(connection, forms, new.submission_pk, new.item) if new.submission_pk else None
    programme_id = _programme_id(connection, new.programme_version_id)
    urgent = new.urgent or (origin is not None and origin.key_item)
    values = {
        **_of_origin(connection, programme_id, origin),
        "kind": KINDS[0],
        "title": {},
        "said": new.said.strip(),
        "key_item": urgent,
        "due_at": _end(new.due, found)
        if new.due
        else _usual(connection, new.programme_version_id, found, urgent, now),
        "issued_by": by,
    }
    return _place(connection, found, values, now)


def _follow(connection: Connection, forms: FormShelf, row: AnyRow, now: datetime) -> int:
    programme = programme_of(connection, row.programme_version_id)
    demands = {each.key: each for each in demands_of(programme, row.actions)}
    # What a person took back stays taken back, whatever the settlement says.
    by_hand = (
        select(OrderStep.id)
        .where(OrderStep.item_id == OrderItem.id, OrderStep.act == "withdraw", OrderStep.actor != BY_RULE)
        .exists()
    )
    known = {
        each.demand: each
        for each in connection.execute(
            select(OrderItem.id, OrderItem.demand, OrderItem.state, by_hand.label("by_hand"))
            .where(OrderItem.programme_id == row.programme_id, OrderItem.year == row.year)
            .with_for_update()
        )
    }
    for key, item in known.items():
        if key not in demands and item.state in (OPEN, FIXED):
            move(connection, item.id, "withdraw", WITHDRAWN, by=BY_RULE, now=now)
    asked = recipients(connection, {each.recipient for each in demands.values()})
    issued = 0
    for key, demand in demands.items():
        found = asked.get(demand.recipient)
        before = known.get(key)
        if found is None or (before is not None and (before.state != WITHDRAWN or before.by_hand)):
            continue
        issued += _answer(connection, forms, row, (demand, found, before), now)
    return issued


def _answer(
    connection: Connection,
    forms: FormShelf,
    settlement: AnyRow,
    asked: tuple[Demand, Recipient, AnyRow | None],
    now: datetime,
) -> bool:
    """Issue what is asked for, or open it again; False while the branch may not know of it."""
    demand, found, item = asked
    origin = origin_of(connection, forms, settlement.programme_id, demand.event)
    if origin is not None and not is_known(connection, origin, now=now):
        return False
    urgent = origin is not None and origin.key_item
    due_at = _end(demand.due, found) if demand.due else now
    if due_at <= now:
        due_at = _usual(connection, settlement.programme_version_id, found, urgent, now)
    if item is not None:
        connection.execute(update(OrderItem).where(OrderItem.id == item.id).values(due_at=due_at))
        move(connection, item.id, "reopen", OPEN, by=BY_RULE, now=now, due_at=due_at)
        return True
    values = {
        **_of_origin(connection, settlement.programme_id, origin),
        "year": settlement.year,
        "demand": demand.key,
        "kind": demand.kind,
        "title": dict(demand.title),
        "key_item": urgent,
        "due_at": due_at,
        "issued_by": BY_RULE,
    }
    _place(connection, found, values, now, fixed=origin is not None and origin.fixed)
    return True


def move(
    connection: Connection, item_id: UUID, act: str, state: str, *, by: str, now: datetime, **step: Any
) -> None:
    """Write a step and what it leads to. Args: step: values of `OrderStep`."""
    number = select(func.count() + 1).where(OrderStep.item_id == item_id).scalar_subquery()
    row = {"id": new_id(), "item_id": item_id, "number": number, "act": act, "actor": by, "at": now, **step}
    connection.execute(insert(OrderStep).values(**row))
    fixed: dict[str, Any] = {}
    if act == "fix":
        fixed = {"fixed_by": by, "fixed_at": now}
    elif act in ("return", "reopen"):
        fixed = {"fixed_by": None, "fixed_at": None}
    connection.execute(update(OrderItem).where(OrderItem.id == item_id).values(state=state, **fixed))
    told = {name: str(value) for name, value in step.items() if value}
    audit.record(
        connection, [audit.Entry(by, "order_moved", f"order_item:{item_id}", {"act": act, **told})], at=now
    )


def _place(
    connection: Connection, found: Recipient, values: Mapping[str, Any], now: datetime, *, fixed: bool = False
) -> UUID:
    """Put an item onto the recipient's paper of the week."""
    order_id = _paper(connection, found, now)
    place = select(func.count() + 1).where(OrderItem.order_id == order_id).scalar_subquery()
    item_id = new_id()
    connection.execute(
        insert(OrderItem).values(id=item_id, order_id=order_id, place=place, issued_at=now, **values)
    )
    move(connection, item_id, "issue", OPEN, by=values["issued_by"], now=now, due_at=values["due_at"])
    if fixed:
        move(connection, item_id, "close", CLOSED, by=BY_RULE, now=now, way=ON_THE_SPOT)
    return order_id


def _paper(connection: Connection, found: Recipient, now: datetime) -> UUID:
    """The unsigned order of the week, or a new one."""
    today = now.astimezone(found.zone).date()
    mine = (RectificationOrder.subject_id == found.subject_id, RectificationOrder.week == week_of(today))
    same = select(RectificationOrder.id).where(*mine, RectificationOrder.signed_at.is_(None))
    known = connection.scalar(same.with_for_update())
    if known is not None:
        return UUID(str(known))
    order_id = new_id()
    last = select(func.coalesce(func.max(RectificationOrder.number), 0) + 1)
    connection.execute(
        insert(RectificationOrder).values(
            id=order_id,
            subject_id=found.subject_id,
            year=today.year,
            number=last.where(RectificationOrder.year == today.year).scalar_subquery(),
            week=week_of(today),
            issued_at=now,
        )
    )
    return order_id


def _of_origin(connection: Connection, programme_id: UUID, origin: Origin | None) -> dict[str, Any]:
    if origin is None:
        wave_id = newest_wave(connection, programme_id)
        return {"programme_id": programme_id, "wave_id": wave_id, "about": {}}
    return {
        "programme_id": programme_id,
        "wave_id": origin.wave.id,
        "submission_pk": origin.submission_pk,
        "item": origin.item,
        "about": dict(origin.about),
    }


def _end(day: date, found: Recipient) -> datetime:
    """The first moment after a day, on the clocks of who is asked."""
    # A rule may say so many months that the calendar ends before.
    return datetime.combine(min(day, LAST_DAY) + timedelta(days=1), time.min, found.zone)


def _usual(
    connection: Connection, version_id: UUID, found: Recipient, urgent: bool, now: datetime
) -> datetime:
    orders = programme_of(connection, version_id).orders
    days = orders.key_days if urgent else orders.days
    return end_after(connection, version_id, found.zone.key, days, now)


def _programme_id(connection: Connection, version_id: UUID) -> UUID:
    query = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == version_id)
    return UUID(str(connection.execute(query).scalar_one()))


def _mine(scope: Scope, subject_id: UUID) -> Any:
    return scope.subjects(select(Subject.id).where(Subject.id == subject_id))
