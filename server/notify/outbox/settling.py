"""What became of a message. Its state never moves backwards, however late or often it is told.

A message whose sending ended without an answer becomes `unknown` and is never sent again by itself. One that
was claimed and not yet handed over has certainly not left.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.models.messages import WAITING, Message
from server.notify.respect.spending import NOTHING, give_back

CRASHED_AFTER: Final = timedelta(minutes=10)
# The reason of a message in `sending` that is still to be handed over.
CLAIMED: Final = "claimed"
TAKEN_BACK_AT_ONCE: Final = 1_000

OutcomeState = Literal[
    "queued",
    "retry_wait",
    "skipped",
    "cancelled",
    "expired",
    "unknown",
    "accepted",
    "failed",
    "undelivered",
    "delivered",
]
# New state -> the states it may replace. Reports come late, twice and out of order: whatever their order, the
# strongest one stands, and nothing moves back. What was not taken may be there after all.
REPLACES: Final[dict[OutcomeState, tuple[str, ...]]] = {
    "queued": ("sending",),
    "retry_wait": ("sending",),
    "skipped": ("sending",),
    "cancelled": ("sending",),
    "expired": ("sending",),
    "unknown": ("sending",),
    "accepted": ("sending", "unknown", "retry_wait"),
    "failed": ("sending", "unknown", "retry_wait", "accepted"),
    "undelivered": ("sending", "unknown", "retry_wait", "accepted", "failed"),
    "delivered": ("sending", "unknown", "retry_wait", "accepted", "failed", "undelivered"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message.

    `queued` means not taken for now, for a reason of ours, `retry_wait` for one of the provider's: it is due
    again at `retry_at`. `rule` says which rule skipped it. A `gateway` brings its `provider_code`, also none.
    """

    state: OutcomeState
    reason: str | None = None
    provider_id: str | None = None
    provider_code: str | None = None
    retry_at: datetime | None = None
    rule: str | None = None
    gateway: str | None = None


def settle(connection: Connection, message_id: UUID, outcome: Outcome, now: datetime) -> bool:
    """Note what became of a message.

    Returns:
        Whether its state moved; it never moves backwards. A provider's id is kept either way.
    """
    moved = connection.execute(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(REPLACES[outcome.state]))
        .values(**_values(outcome, now))
    ).rowcount
    if not moved and outcome.provider_id is not None:
        nameless = update(Message).where(Message.id == message_id, Message.provider_id.is_(None))
        connection.execute(nameless.values(provider_id=outcome.provider_id))
    return moved == 1


def kept_state(connection: Connection, message_id: UUID, told: OutcomeState | None) -> str | None:
    """The state that a message keeps whatever is told of it now; None when it can still move, or is unknown.

    Args:
        told: what would be told; None for silence, which undoes nothing either.
    """
    state = connection.scalar(select(Message.state).where(Message.id == message_id))
    return None if state in REPLACES[told or "failed"] else state


def take_back(
    connection: Connection, message_id: UUID, outcome: Outcome, now: datetime, *, claimed_at: datetime
) -> bool:
    """Settle a claimed message that certainly did not leave, and give its price back.

    Args:
        claimed_at: of the claim that is over. A later one is another worker's, who may be sending.

    Returns:
        Whether its state moved.
    """
    row = connection.execute(
        select(Message.cost, Message.wave_id)
        .where(Message.id == message_id, Message.state == "sending", Message.claimed_at == claimed_at)
        .with_for_update(key_share=True)
    ).first()
    if row is None or not settle(connection, message_id, outcome, now):
        return False
    if row.cost:
        connection.execute(update(Message).where(Message.id == message_id).values(cost=None))
        give_back(connection, row.cost, row.wave_id, claimed_at)
    return True


def _values(outcome: Outcome, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"state": outcome.state, "reason": outcome.reason, "rule": outcome.rule}
    if outcome.state in {"accepted", "delivered"}:
        values[f"{outcome.state}_at"] = now
    if outcome.state == "unknown":
        values["unknown_since"] = now
    if outcome.retry_at is not None:
        values["not_before"] = outcome.retry_at
    if outcome.provider_id is not None:
        values["provider_id"] = outcome.provider_id
    if outcome.gateway is not None:
        values |= {"gateway": outcome.gateway, "provider_code": outcome.provider_code}
    return values


def expire(connection: Connection, now: datetime) -> int:
    """Give up waiting messages whose time is over."""
    late = update(Message).where(Message.state.in_(WAITING), Message.expires_at <= now)
    return connection.execute(late.values(state="expired", reason="too_late")).rowcount


def reconcile(connection: Connection, now: datetime) -> int:
    """Clear up what a crashed worker left in `sending`; returns how many messages.

    What was being handed over becomes `unknown`: it may have been sent. The rest of the claim is due again.
    """
    left = (Message.state == "sending", Message.claimed_at < now - CRASHED_AFTER)
    still_here = connection.execute(
        select(Message.id, Message.cost, Message.wave_id, Message.claimed_at)
        .where(*left, Message.reason == CLAIMED)
        .order_by(Message.id)
        .limit(TAKEN_BACK_AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    again = update(Message).where(Message.id.in_([row.id for row in still_here]))
    connection.execute(again.values(state="queued", reason="worker_lost", cost=None))
    # All at once: the purses are what every claim waits for.
    paid: defaultdict[tuple[UUID | None, datetime], Decimal] = defaultdict(Decimal)
    for row in still_here:
        paid[row.wave_id, row.claimed_at] += row.cost or NOTHING
    for (wave_id, claimed_at), cost in paid.items():
        give_back(connection, cost, wave_id, claimed_at)
    values = {"state": "unknown", "reason": "worker_lost", "unknown_since": now}
    lost = update(Message).where(*left, Message.reason.is_distinct_from(CLAIMED)).values(**values)
    return len(still_here) + connection.execute(lost).rowcount
