"""Finding units among many: page by page in the order of the tree, as it is now or was on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.organisation.history import tree_as_of
from server.models.contacts import Contact
from server.models.organisation import Unit
from server.scope import Scope, ancestors

PAGE = 200
MOST_CHILDREN = 100
STATES = ("open", "closed", "all")


@dataclass(frozen=True, slots=True)
class UnitFilter:
    """What is looked for: part of a name or a code, a level, one of `STATES`, the subtree of a code.

    `after` is the path of the last unit of the page before.
    """

    text: str = ""
    level: str = ""
    state: str = "open"
    below: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class UnitPage:
    """Units in the order of the tree; `after` asks for the next page, "" where there is none."""

    rows: Sequence[AnyRow]
    after: str


def find_units(connection: Connection, scope: Scope, wanted: UnitFilter, *, limit: int = PAGE) -> UnitPage:
    """A page of the tree as it is: `closed`, `contacts` (how many) and every column."""
    contacts = select(func.count()).select_from(Contact).where(Contact.unit_id == Unit.id).scalar_subquery()
    closed = Unit.closed_at.is_not(None)
    path = Unit.path.collate("C")
    query = select(*Unit.__table__.columns, closed.label("closed"), contacts.label("contacts"))
    query = _wanted(query, wanted).where(path > wanted.after).order_by(path).limit(limit + 1)
    return _page(connection.execute(scope.units(query)).all(), limit)


def find_units_as_of(
    connection: Connection, scope: Scope, wanted: UnitFilter, day: date, *, limit: int = PAGE
) -> UnitPage:
    """A page of the tree as it was: the columns of `UnitVersion`, `id` and `code`."""
    tree = tree_as_of(connection, scope, day)
    top = next((row.path for row in tree if row.code == wanted.below), "" if not wanted.below else None)
    found = [
        row
        for row in tree
        if row.path > wanted.after
        and top is not None
        and row.path.startswith(top)
        and (not wanted.level or row.level == wanted.level)
        and (wanted.state == "all" or row.closed == (wanted.state == "closed"))
        and wanted.text.lower() in f"{row.code}\n{row.name}\n{row.name_en or ''}".lower()
    ]
    return _page(found[: limit + 1], limit)


def find_unit(connection: Connection, scope: Scope, unit_id: UUID) -> AnyRow:
    """One unit: every column, and the `successor` it was merged into, by code.

    Raises:
        Refusal: not_found, also for a unit outside the scope.
    """
    successor = aliased(Unit)
    query = (
        select(*Unit.__table__.columns, successor.code.label("successor"))
        .join(successor, successor.id == Unit.successor_id, isouter=True)
        .where(Unit.id == unit_id)
    )
    row = connection.execute(scope.units(query)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def above(connection: Connection, scope: Scope, unit: AnyRow) -> Sequence[AnyRow]:
    """The visible units above one, from the top down: id, code and names."""
    query = select(Unit.id, Unit.code, Unit.name, Unit.name_en).where(
        Unit.path.in_(ancestors(unit.path)[:-1])
    )
    return connection.execute(scope.units(query).order_by(func.length(Unit.path))).all()


def children(connection: Connection, scope: Scope, unit_id: UUID) -> Sequence[AnyRow]:
    """The units directly below one, open ones first, at most `MOST_CHILDREN` and one more."""
    query = (
        select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.level, Unit.closed_at)
        .where(Unit.parent_id == unit_id)
        .order_by(Unit.closed_at.is_not(None), Unit.code)
        .limit(MOST_CHILDREN + 1)
    )
    return connection.execute(scope.units(query)).all()


def open_below(connection: Connection, scope: Scope, unit: AnyRow) -> Sequence[str]:
    """The codes of the open units below one, at any depth."""
    query = select(Unit.code).where(Unit.path.startswith(unit.path, autoescape=True), Unit.id != unit.id)
    return connection.scalars(scope.units(query.where(Unit.closed_at.is_(None)).order_by(Unit.path))).all()


def _wanted(query: AnySelect, wanted: UnitFilter) -> AnySelect:
    if wanted.text:
        columns = (Unit.code, Unit.name, Unit.name_en)
        found = [column.icontains(wanted.text, autoescape=True) for column in columns]
        query = query.where(found[0] | found[1] | found[2])
    if wanted.level:
        query = query.where(Unit.level == wanted.level)
    if wanted.below:
        top = aliased(Unit)
        path = select(top.path).where(top.code == wanted.below).scalar_subquery()
        query = query.where(func.starts_with(Unit.path, path))
    if wanted.state != "all":
        query = query.where(
            Unit.closed_at.is_(None) if wanted.state == "open" else Unit.closed_at.is_not(None)
        )
    return query


def _page(rows: Sequence[AnyRow], limit: int) -> UnitPage:
    return UnitPage(rows[:limit], rows[limit - 1].path if len(rows) > limit else "")
