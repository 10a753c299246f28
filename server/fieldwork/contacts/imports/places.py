"""The units that rows name, as far as their sender's scope reaches."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.models.organisation import Unit
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Place:
    """A unit that rows may name."""

    id: UUID
    code: str
    zone: ZoneInfo


def places(connection: Connection, scope: Scope) -> dict[str, Place]:
    """By code."""
    rows = connection.execute(scope.units(select(Unit.id, Unit.code, Unit.timezone)))
    return {row.code: Place(row.id, row.code, ZoneInfo(row.timezone)) for row in rows}
