"""What became of a message. Its state never moves backwards, however late or often it is told.

A message whose sending ended without an answer becomes `unknown` and is never sent again by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, update

from server.models.messages import Message

CRASHED_AFTER: Final = timedelta(minutes=10)

OutcomeState = Literal[
    "queued", "retry_wait", "skipped", "expired", "unknown", "accepted", "failed", "undelivered", "delivered"
]
# New state -> the states it may replace. Reports come late, twice and out of order: whatever their order, the
# strongest one stands, and nothing moves back.
REPLACES: Final[dict[OutcomeState, tuple[str, ...]]] = {
    "retry_wait": ("sending",),
    "queued": ("sending",),
    "skipped": ("sending",),
    "expired": ("sending",),
    "unknown": ("sending",),
    "accepted": ("sending", "unknown"),
    "failed": ("sending", "unknown", "accepted"),
    "undelivered": ("sending", "unknown", "accepted", "failed"),
    "delivered": ("sending", "unknown", "accepted", "failed", "undelivered"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `queued` means not taken for now: it is due again at `retry_at`."""

    state: OutcomeState
    reason: str | None = None
    provider_id: str | None = None
    retry_at: datetime | None = None


def settle(connection: Connection, message_id: UUID, outcome: Outcome, now: datetime) -> bool:
    """Note what became of a message.

    Returns:
        Whether its state moved; it never moves backwards. A provider's id is kept either way.
    """
    values: dict[str, object] = {"state": outcome.state, "reason": outcome.reason}
    if outcome.state in {"accepted", "delivered"}:
        values[f"{outcome.state}_at"] = now
    if outcome.retry_at is not None:
        values["not_before"] = outcome.retry_at
    this = update(Message).where(Message.id == message_id)
    moved = connection.execute(
        this.where(Message.state.in_(REPLACES[outcome.state])).values(**values)
    ).rowcount
    if outcome.provider_id is not None:
        connection.execute(this.where(Message.provider_id.is_(None)).values(provider_id=outcome.provider_id))
    return moved == 1


def expire(connection: Connection, now: datetime) -> int:
    """Give up queued messages whose time is over."""
    late = update(Message).where(Message.state == "queued", Message.expires_at <= now)
    return connection.execute(late.values(state="expired", reason="too_late")).rowcount


def reconcile(connection: Connection, now: datetime) -> int:
    """Mark what a crashed worker left in `sending` as `unknown`: it may have been sent."""
    left = update(Message).where(Message.state == "sending", Message.claimed_at < now - CRASHED_AFTER)
    return connection.execute(left.values(state="unknown", reason="worker_lost")).rowcount
