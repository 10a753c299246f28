"""The states of a wave: each is left once, whoever presses the same button."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.models.waves import Wave


def move_wave(connection: Connection, wave_id: UUID, *, before: str, after: str, now: datetime) -> None:
    """Change the state, once: of two people pressing the same button one gets `wrong_state`."""
    values = {"state": after} | ({"launched_at": now} if after == "launched" else {})
    moved = connection.execute(update(Wave).where(Wave.id == wave_id, Wave.state == before).values(**values))
    if moved.rowcount != 1:
        state = connection.scalar(select(Wave.state).where(Wave.id == wave_id))
        raise Refusal("wrong_state", state=state, needed=before)


def close_due(connection: Connection, *, now: datetime) -> int:
    """Close waves whose time is over, also while they are paused; returns how many."""
    closed = connection.execute(
        update(Wave)
        .where(Wave.state.in_(("launched", "paused")), Wave.closes_at < now)
        .values(state="closed")
    )
    return closed.rowcount


def refuse_over(wave: AnyRow, now: datetime) -> None:
    """Nobody could answer any more: people would be drawn, or asked, for nothing.

    Raises:
        Refusal: invalid_fields when the wave's last day has passed.
    """
    if wave.closes_at <= now:
        raise Refusal("invalid_fields", details=[Detail("wave_over", "/closes_at")])
