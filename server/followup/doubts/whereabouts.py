"""Where a phone said it was, around the outlet; for a drawing without streets."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from server.coordinates import Point, east_and_north, to_wgs84
from server.fieldwork.definitions.compiled import programme_of
from server.followup.doubts.gathering import visit_row
from server.models.visits import VisitEvent


@dataclass(frozen=True, slots=True)
class Fix:
    """A moment with a position: metres east and north of the outlet, and how wide of it it may be."""

    kind: str
    east: float
    north: float
    accuracy: int | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The positions of a visit; `radius` metres around the outlet agree."""

    radius: int
    fixes: Sequence[Fix]


def whereabouts(connection: Connection, submission_pk: UUID) -> Whereabouts | None:
    """None where the outlet's own place is not known, or no position was told or is left."""
    row = visit_row(connection, submission_pk)
    if row is None or row.longitude is None:
        return None
    outlet = to_wgs84(Point(float(row.longitude), float(row.latitude)), row.datum)
    events = connection.execute(
        select(*VisitEvent.__table__.columns)
        .where(VisitEvent.submission_id == row.submission_id, VisitEvent.longitude.is_not(None))
        .order_by(VisitEvent.at, VisitEvent.id)
    )
    fixes = []
    for event in events:
        there = to_wgs84(Point(float(event.longitude), float(event.latitude)), event.datum)
        east, north = east_and_north(outlet, there)
        fixes.append(Fix(event.kind, east, north, event.accuracy))
    radius = programme_of(connection, row.programme_version_id).visits_of(row.instrument_name).evidence.radius
    return Whereabouts(radius, fixes) if fixes else None
