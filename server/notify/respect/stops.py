"""Stops: sending of one wave, or all of it, is held until a person lifts it. People can still answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.db import new_id
from server.models.messages import SendingStop


def stop(
    connection: Connection,
    wave_id: UUID | None,
    reason: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
) -> bool:
    """Hold the sending of a wave, or of everything; False when it was held already.

    Args:
        reason: `misconfigured`, `blocked`, `bounced`, `opted_out`, `cap_reached` or `by_hand`.
        params: numbers for its sentence, `outreach.stop.<reason>`.
    """
    held = connection.execute(
        insert(SendingStop)
        .values(id=new_id(), wave_id=wave_id, reason=reason, params=dict(params or {}), at=now)
        .on_conflict_do_nothing()
        .returning(SendingStop.id)
    )
    return held.first() is not None


def lift(connection: Connection, wave_id: UUID | None, by: str, now: datetime) -> bool:
    """Let messages leave again; whether anything held them."""
    lifted = connection.execute(
        update(SendingStop)
        .where(SendingStop.wave_id.is_not_distinct_from(wave_id), SendingStop.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by)
    )
    return lifted.rowcount > 0


def all_is_stopped(connection: Connection) -> bool:
    query = select(SendingStop.id).where(SendingStop.wave_id.is_(None), SendingStop.lifted_at.is_(None))
    return connection.scalar(query) is not None
