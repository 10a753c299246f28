"""The organisation as it was: the tree of any day, and what happened to one unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, or_, select

from server.db import AnyRow
from server.fieldwork.importing import FieldChange, field_changes
from server.fieldwork.organisation.attributes import NAMES
from server.fieldwork.organisation.columns import FIELDS, print_values
from server.models.organisation import Unit, UnitVersion
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Step:
    """What a unit was from one day to another, and how it differs from before.

    Attributes:
        until: the first day on which it was something else; None where it still is.
        kind: one of `importing.KINDS`.
        fields: what changed; everything it had for the first step.
    """

    since: date
    until: date | None
    kind: str
    fields: tuple[FieldChange, ...]
    reason: str | None
    by: str
    at: datetime


def tree_as_of(connection: Connection, scope: Scope, day: date) -> Sequence[AnyRow]:
    """The tree as it stood at the end of a day, parents before children.

    Visible is what stood that day below the units whose subtrees the reader sees now.

    Returns:
        `id` (the unit's), `code` and all columns of `UnitVersion`. Nothing for days before the first import.
    """
    stood = or_(UnitVersion.valid_to.is_(None), UnitVersion.valid_to > day)
    query = (
        select(Unit.id, Unit.code, *_columns())
        .join(UnitVersion, UnitVersion.unit_id == Unit.id)
        .where(UnitVersion.valid_from <= day, stood)
        .order_by(UnitVersion.path.collate("C"))
    )
    return connection.execute(scope.on(connection, day).versions(query)).all()


def known_since(connection: Connection, scope: Scope) -> date | None:
    """The first day of which there is a tree."""
    query = select(func.min(UnitVersion.valid_from)).join(Unit, Unit.id == UnitVersion.unit_id)
    return connection.scalar(scope.units(query))


def unit_history(connection: Connection, unit_id: UUID, scope: Scope) -> tuple[Step, ...]:
    """What happened to a unit, newest first; empty where the reader does not see the unit."""
    query = (
        select(*_columns())
        .join(Unit, Unit.id == UnitVersion.unit_id)
        .where(Unit.id == unit_id)
        .order_by(UnitVersion.valid_from)
    )
    rows = connection.execute(scope.units(query)).all()
    named = {row.parent_id for row in rows} | {row.successor_id for row in rows}
    codes = _codes(connection, named - {None})
    steps, before, was = [], None, None
    for row in rows:
        values = _values(row, codes)
        fields = field_changes(print_values(before or {}), print_values(values), FIELDS)
        kind = "created" if was is None else _kind(was, row)
        if was is not None and was.path != row.path and was.parent_id == row.parent_id:
            fields = (*fields, ("path", was.path, row.path))  # something above it moved
        steps.append(
            Step(row.valid_from, row.valid_to, kind, fields, row.reason, row.changed_by, row.changed_at)
        )
        before, was = values, row
    return tuple(reversed(steps))


def _columns() -> list[Any]:
    return [each for each in UnitVersion.__table__.columns if each.name != "id"]


def _codes(connection: Connection, ids: set[UUID]) -> Mapping[UUID, str]:
    return dict(connection.execute(select(Unit.id, Unit.code).where(Unit.id.in_(ids))).all())


def _values(row: AnyRow, codes: Mapping[UUID, str]) -> dict[str, Any]:
    attributes = {name: row.attributes.get(name) for name in NAMES}
    kept = {name: value for name, value in row._mapping.items() if name in FIELDS}
    return {
        **kept,
        **attributes,
        "parent_code": codes.get(row.parent_id),
        "successor_code": codes.get(row.successor_id),
    }


def _kind(before: AnyRow, after: AnyRow) -> str:
    if before.closed != after.closed:
        return "closed" if after.closed else "reopened"
    return "moved" if before.path != after.path else "changed"
