"""The states of a wave: each is left once, whoever presses the same button."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import queue
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.models.waves import Wave

# Before it begins, a wave is nobody's business but that of those who prepare and follow it.
BEGUN: Final = ("launched", "paused", "closed")
DRAWING_LASTS: Final = timedelta(hours=1)


def move_wave(connection: Connection, wave_id: UUID, *, before: str, after: str, now: datetime) -> None:
    """Change the state, once: of two people pressing the same button one gets `wrong_state`."""
    values = {"state": after} | ({"launched_at": now} if after == "launched" else {})
    moved = connection.execute(update(Wave).where(Wave.id == wave_id, Wave.state == before).values(**values))
    if moved.rowcount != 1:
        state = connection.scalar(select(Wave.state).where(Wave.id == wave_id))
        raise Refusal("wrong_state", state=state, needed=before)


def close_due(connection: Connection, *, now: datetime) -> int:
    """Close waves whose time is over, also while they are paused; returns how many."""
    closed = connection.scalars(
        update(Wave)
        .where(Wave.state.in_(("launched", "paused")), Wave.closes_at < now)
        .values(state="closed")
        .returning(Wave.id)
    ).all()
    tell_of_close(connection, closed)
    return len(closed)


def tell_of_close(connection: Connection, waves: Sequence[UUID]) -> None:
    """Branches hear of what visits found when nobody can tell any more from it who was there, and when."""
    if waves:
        queue.defer(connection, "raise_critical", waves=[str(each) for each in waves])


def is_being_drawn(wave: AnyRow, now: datetime) -> bool:
    """Whether the worker is at the wave's sample; a worker that was not heard of for an hour has given up."""
    return wave.drawing_since is not None and wave.drawing_since > now - DRAWING_LASTS


def refuse_while_drawn(wave: AnyRow, now: datetime) -> None:
    """Nothing changes under the worker that draws a wave's sample.

    Raises:
        Refusal: wrong_state.
    """
    if is_being_drawn(wave, now):
        raise Refusal("wrong_state", state="drawing", needed=wave.state)


def refuse_over(wave: AnyRow, now: datetime) -> None:
    """Nobody could answer any more: people would be drawn, or asked, for nothing.

    Raises:
        Refusal: invalid_fields when the wave's last day has passed.
    """
    if wave.closes_at <= now:
        raise Refusal("invalid_fields", details=[Detail("wave_over", "/closes_at")])
