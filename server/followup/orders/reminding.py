"""Who hears of orders: the branch of a new one, then of its deadline, and higher ones when it has passed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from server.db import AnyRow, AnySelect
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.followup.orders.deciding import AHEAD, reached
from server.models.accounts import Person
from server.models.orders import OPEN, OrderItem, RectificationOrder
from server.models.organisation import Subject, Unit

ISSUED, DUE, OVERDUE = KINDS = ("order_issued", "order_due", "order_overdue")
TOLD: Final = "branch_manager"
# Whoever looks finds older ones on the own pages.
LOOKED_BACK: Final = timedelta(days=30)


def remind(connection: Connection, *, now: datetime) -> int:
    """Raise what is due and was not told; returns how many notices are new. May run any number of times.

    A paper is one notice, and so one message, however many items are on it.
    """
    return raise_notices(connection, [*_issued(connection, now), *_due(connection, now)], now=now)


def _issued(connection: Connection, now: datetime) -> Iterator[NewNotice]:
    rows = connection.execute(
        _papers()
        .add_columns(func.count().label("items"), func.min(OrderItem.due_at).label("due_at"))
        .where(OrderItem.state == OPEN, RectificationOrder.issued_at > now - LOOKED_BACK)
        .group_by(*_ABOUT)
        .order_by(RectificationOrder.issued_at, RectificationOrder.id)
    )
    for row in rows:
        yield _notice(row, ISSUED, TOLD, row.issued_at, f"{ISSUED}:{row.id}")


def _due(connection: Connection, now: datetime) -> Iterator[NewNotice]:
    rows = connection.execute(
        _papers()
        .add_columns(func.count().label("items"), OrderItem.due_at)
        .where(OrderItem.state == OPEN, OrderItem.due_at <= now + AHEAD)
        .where(OrderItem.due_at > now - LOOKED_BACK)
        .group_by(*_ABOUT, OrderItem.due_at)
        .order_by(OrderItem.due_at, RectificationOrder.id)
    )
    for row in rows:
        for days, role, since in reached(row.due_at, now):
            kind = OVERDUE if days else DUE
            key = f"{kind}:{row.id}:{row.due_at.date()}:{days}"
            yield _notice(row, kind, role, since, key, days=days)


_ABOUT: Final = (
    RectificationOrder.id,
    RectificationOrder.year,
    RectificationOrder.number,
    RectificationOrder.issued_at,
    Unit.id,
    Unit.name,
    Unit.name_en,
    Subject.name,
)


def _papers() -> AnySelect:
    return (
        select(
            RectificationOrder.id, RectificationOrder.year, RectificationOrder.number,
            RectificationOrder.issued_at, Unit.id.label("unit_id"),
            func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en,
        )
        .join(OrderItem, OrderItem.order_id == RectificationOrder.id)
        .join(Subject, Subject.id == RectificationOrder.subject_id)
        .join(Person, Person.id == Subject.person_id, isouter=True)
        .join(
            Unit,
            Unit.id == func.coalesce(Subject.unit_id, Subject.parent_unit_id, Person.unit_id),
            isouter=True,
        )
    )  # fmt: skip


def _notice(row: AnyRow, kind: str, role: str, at: datetime, key: str, *, days: int = 0) -> NewNotice:
    return NewNotice(
        key=key,
        kind=kind,
        # Where there is no unit there is nobody of a branch either.
        role=role if row.unit_id is not None else "coordinator",
        at=at,
        unit_id=row.unit_id,
        params={
            "place": {"zh": row.name, "en": row.name_en or row.name},
            "number": f"{row.year}-{row.number}",
            "items": row.items,
            "days": days,
        },
        due_at=row.due_at,
        replaces=False,
    )
