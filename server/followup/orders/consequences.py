"""Orders as facts of a settlement: what was not put right in time, and what was given back."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select

from server import catalogue
from server.db import AnyRow
from server.fieldwork.judging import Judged
from server.models.orders import CLOSED, WITHDRAWN, OrderItem, OrderStep, RectificationOrder
from server.models.organisation import Subject, Unit
from server.scoring.settling.facts import OF_ORDERS as SOURCE

OVERDUE, FAILED = KINDS = ("order_overdue", "order_failed")


def order_facts(
    connection: Connection, programme_id: UUID, who: Judged, days: tuple[date, date]
) -> list[dict[str, Any]]:
    """Findings of source `order`, that rules may read by `finding.kind`, dated to the day after the deadline,
    or to the day on which a fix was given back; those between two days.

    What was said to be fixed in time is in time, however long it takes to make sure.
    """
    found = [*_overdue(connection, programme_id, who), *_failed(connection, programme_id, who)]
    return [each for each in found if days[0].isoformat() <= each["date"] <= days[1].isoformat()]


def _overdue(connection: Connection, programme_id: UUID, who: Judged) -> Iterator[dict[str, Any]]:
    settled = or_(OrderItem.fixed_at.is_(None), OrderItem.fixed_at >= OrderItem.due_at)
    for row in connection.execute(_items(programme_id).where(settled)):
        closed = row.closed_at
        if closed is None or closed >= row.due_at:
            yield from _fact(row, who, OVERDUE, row.due_at, "overdue")


def _failed(connection: Connection, programme_id: UUID, who: Judged) -> Iterator[dict[str, Any]]:
    query = (
        _items(programme_id)
        .add_columns(OrderStep.at, OrderStep.number)
        .join(OrderStep, (OrderStep.item_id == OrderItem.id) & (OrderStep.act == "return"))
    )
    for row in connection.execute(query.order_by(OrderStep.number)):
        yield from _fact(row, who, FAILED, row.at, f"failed/{row.number}")


def _fact(row: AnyRow, who: Judged, kind: str, at: Any, name: str) -> Iterator[dict[str, Any]]:
    if row.subject_id not in who.codes:
        return
    day = at.astimezone(ZoneInfo(row.timezone or catalogue.ZONE)).date()
    yield {
        "id": f"{SOURCE}/{row.id}/{name}",
        "subject": who.codes[row.subject_id],
        "date": day.isoformat(),
        # Not the fault itself once more: only orders repeat each other.
        "item": f"{SOURCE}:{row.item or ''}",
        "points": "0",
        "status": "confirmed",
        "source": SOURCE,
        "kind": kind,
        "fields": {"number": f"{row.year}-{row.number}"},
    }


def _items(programme_id: UUID) -> Any:
    closed = (
        select(func.min(OrderStep.at))
        .where(OrderStep.item_id == OrderItem.id, OrderStep.act == "close", OrderItem.state == CLOSED)
        .correlate(OrderItem)
        .scalar_subquery()
    )
    return (
        select(
            OrderItem.id, OrderItem.item, OrderItem.due_at, RectificationOrder.subject_id,
            RectificationOrder.year, RectificationOrder.number, Unit.timezone, closed.label("closed_at"),
        )
        .join(RectificationOrder, RectificationOrder.id == OrderItem.order_id)
        .join(Subject, Subject.id == RectificationOrder.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .where(OrderItem.programme_id == programme_id, OrderItem.state != WITHDRAWN)
        .order_by(RectificationOrder.year, RectificationOrder.number, OrderItem.place)
    )  # fmt: skip
