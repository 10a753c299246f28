"""Reading the organisation within a scope."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.models.organisation import Unit
from server.scope import Scope


def list_units(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """The visible part of the tree with every column, parents before children."""
    query = select(*Unit.__table__.columns).order_by(Unit.path)
    return connection.execute(scope.units(query)).all()


def unit_names(connection: Connection, scope: Scope, below: str = "") -> dict[str, tuple[str, str]]:
    """Code -> name in Chinese and in English (the Chinese one where there is no other) of visible outlets.

    Args:
        below: the path of a unit, for the outlets of its subtree.
    """
    query = select(Unit.code, Unit.name, Unit.name_en).where(Unit.level == "outlet").order_by(Unit.path)
    rows = connection.execute(scope.units(query.where(Unit.path.startswith(below, autoescape=True))))
    return {row.code: (row.name, row.name_en or row.name) for row in rows}


def reaches_all(connection: Connection, scope: Scope) -> bool:
    """Whether a scope is the whole organisation, be it without a limit or by the unit at the top."""
    if scope.firm_ids is not None:
        return False
    tops = connection.scalars(select(Unit.path).where(Unit.parent_id.is_(None))).all()
    return scope.unit_paths is None or (bool(tops) and all(map(scope.reaches, tops)))
