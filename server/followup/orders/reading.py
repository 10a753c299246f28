"""What people read of orders: papers by how they stand, one paper with its items, proofs and steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.models.orders import FIXED, OPEN, OrderItem, OrderStep, RectificationOrder
from server.models.organisation import Subject, Unit
from server.models.publications import PublishedReport
from server.models.submissions import Attachment
from server.scope import Scope

VIEWS: Final = ("open", "overdue", "verify", "all")
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to put right with its photos, the newest last, and everything that was done about it."""

    row: AnyRow
    photos: Sequence[AnyRow]
    steps: Sequence[AnyRow]


@dataclass(frozen=True, slots=True)
class Paper:
    """An order with its items."""

    row: AnyRow
    items: Sequence[Item]


def list_orders(connection: Connection, scope: Scope, view: str, *, now: datetime) -> Sequence[AnyRow]:
    """Papers with the numbers of their items: what is due first comes first, of `all` the newest.

    Raises:
        KeyError: for no view of `VIEWS`.
    """
    counts = {name: func.count().filter(each) for name, each in _states(now).items()}
    due = func.min(OrderItem.due_at).filter(OrderItem.state == OPEN)
    query = (
        _papers()
        .add_columns(
            func.count().label("total"),
            due.label("due_at"),
            *(each.label(name) for name, each in counts.items()),
        )
        .join(OrderItem, OrderItem.order_id == RectificationOrder.id)
        .group_by(*RectificationOrder.__table__.columns, Subject.id, Unit.id)
    )
    if view != "all":
        query = query.having(counts[view] > 0).order_by(due.nulls_last(), RectificationOrder.id)
    else:
        query = query.order_by(RectificationOrder.issued_at.desc(), RectificationOrder.id)
    return connection.execute(scope.subjects(query).limit(PAGE)).all()


def count_orders(connection: Connection, scope: Scope, *, now: datetime) -> Mapping[str, int]:
    """Items by view, but for `all`."""
    query = (
        select(*(func.count().filter(each).label(name) for name, each in _states(now).items()))
        .select_from(OrderItem)
        .join(RectificationOrder, RectificationOrder.id == OrderItem.order_id)
        .join(Subject, Subject.id == RectificationOrder.subject_id)
    )
    return dict(connection.execute(scope.subjects(query)).one()._mapping)


def find_order(connection: Connection, order_id: UUID, scope: Scope) -> Paper:
    """One paper.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(scope.subjects(_papers().where(RectificationOrder.id == order_id))).first()
    if row is None:
        raise Refusal("not_found")
    items = connection.execute(
        select(*OrderItem.__table__.columns, PublishedReport.ref)
        .join(PublishedReport, PublishedReport.submission_pk == OrderItem.submission_pk, isouter=True)
        .where(OrderItem.order_id == order_id)
        .order_by(OrderItem.place)
    ).all()
    ids = [each.id for each in items]
    photos = connection.execute(
        select(*Attachment.__table__.columns)
        .where(Attachment.submission_id.in_(ids), Attachment.named, Attachment.state == "verified")
        .order_by(Attachment.created_at, Attachment.id)
    ).all()
    steps = connection.execute(
        select(*OrderStep.__table__.columns).where(OrderStep.item_id.in_(ids)).order_by(OrderStep.number)
    ).all()
    return Paper(
        row,
        [
            Item(
                each,
                [photo for photo in photos if photo.submission_id == each.id],
                [step for step in steps if step.item_id == each.id],
            )
            for each in items
        ],
    )


def _states(now: datetime) -> Mapping[str, ColumnElement[bool]]:
    return {
        "open": OrderItem.state == OPEN,
        "overdue": (OrderItem.state == OPEN) & (OrderItem.due_at <= now),
        "verify": OrderItem.state == FIXED,
    }


def _papers() -> AnySelect:
    above = aliased(Unit)
    return (
        select(
            *RectificationOrder.__table__.columns, Subject.code,
            func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en, Unit.timezone,
            select(above.name).where(above.id == Unit.parent_id).scalar_subquery().label("parent"),
        )
        .join(Subject, Subject.id == RectificationOrder.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
    )  # fmt: skip
