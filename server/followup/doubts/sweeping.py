"""Positions are personal data: they are emptied some days after they were told, and only distances stay."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, any_, func, select, update

from server import audit
from server.models.visits import VisitEvent

BATCH: Final = 5_000
SYSTEM: Final = "system"


def empty_positions(connection: Connection, days: int, *, now: datetime) -> int:
    """Empty up to `BATCH` positions that arrived more than so many days ago; returns how many.

    Their distance from the outlet and their accuracy stay, which tell nobody's way.
    """
    old = (
        select(VisitEvent.id)
        .where(VisitEvent.longitude.is_not(None), VisitEvent.received_at < now - timedelta(days=days))
        .order_by(VisitEvent.received_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    some = any_(func.array(old.scalar_subquery()))
    gone = dict.fromkeys(("longitude", "latitude", "datum"))
    emptied = connection.execute(update(VisitEvent).where(VisitEvent.id == some).values(**gone)).rowcount
    if emptied:
        entry = audit.Entry(SYSTEM, "positions_emptied", "visit_event:*", {"count": emptied, "days": days})
        audit.record(connection, [entry], at=now)
    return emptied
