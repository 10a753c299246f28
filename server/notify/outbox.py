"""The outbox: messages as rows in PostgreSQL, from the transaction that caused them to their delivery.

`enqueue` and `opt_out` run in the caller's transaction. `deliver_due` is the worker's: it commits the claim
before the provider is called, holds no connection while the network is slow, and settles each message in a
transaction of its own. A message whose sending ended without an answer becomes `unknown` and is never sent
again by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from server.keys import KeyRing
from server.models.contacts import OptOut
from server.models.messages import Message
from server.notify.segments import measure

CRASHED_AFTER: Final = timedelta(minutes=10)

OutcomeState = Literal[
    "queued", "skipped", "expired", "unknown", "accepted", "failed", "undelivered", "delivered"
]
# New state -> the states it may replace. Reports come late, twice and out of order: whatever their order, the
# strongest one stands, and nothing moves back.
REPLACES: Final[dict[OutcomeState, tuple[str, ...]]] = {
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
class NewMessage:
    """A message to queue. `recipient` is E.164; one `dedupe_key` is one message, however often queued."""

    dedupe_key: str
    kind: str
    recipient: str
    text: str
    not_before: datetime
    expires_at: datetime
    wave_id: UUID | None = None
    invitation_id: UUID | None = None
    assignment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that this worker alone may send; recipient and text are still encrypted."""

    id: UUID
    recipient: bytes
    text: bytes
    expires_at: datetime
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `queued` means not taken for now: it is due again at `retry_at`."""

    state: OutcomeState
    reason: str | None = None
    provider_id: str | None = None
    retry_at: datetime | None = None


def enqueue(connection: Connection, messages: Sequence[NewMessage], keys: KeyRing, now: datetime) -> int:
    """Queue messages in the caller's transaction.

    Numbers that said stop are kept as `skipped` with the reason `opt_out`, so that a report can count them.

    Returns:
        How many were new; a known `dedupe_key` is left as it is.
    """
    if not messages:
        return 0
    hashes = {message.recipient: keys.lookup_hashes(message.recipient) for message in messages}
    stopped = _opted_out(connection, [each for group in hashes.values() for each in group])
    rows = [
        {
            "dedupe_key": message.dedupe_key,
            "wave_id": message.wave_id,
            "invitation_id": message.invitation_id,
            "assignment_id": message.assignment_id,
            "kind": message.kind,
            "recipient": keys.encrypt(message.recipient),
            "recipient_hash": hashes[message.recipient][0],
            "text": keys.encrypt(message.text),
            "segments": measure(message.text).segments,
            **_first_state(stopped.isdisjoint(hashes[message.recipient])),
            "not_before": message.not_before,
            "expires_at": message.expires_at,
            "created_at": now,
        }
        for message in messages
    ]
    statement = insert(Message).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(Message.id)
    return len(connection.execute(statement, rows).all())


def claim(connection: Connection, now: datetime, limit: int) -> list[ClaimedMessage]:
    """Take due messages for this worker; commit before the provider is called.

    Workers at the same moment get different messages.
    """
    due = (
        select(Message.id)
        .where(Message.state == "queued", Message.not_before <= now, Message.expires_at > now)
        .order_by(Message.not_before, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A subquery in WHERE may be run more than once and lock more than `limit` rows; this is run once.
        .cte("due")
    )
    taken = connection.execute(
        update(Message)
        .where(Message.id == due.c.id)
        .values(state="sending", claimed_at=now)
        .returning(Message.id, Message.recipient, Message.text, Message.expires_at)
    )
    claimed = [ClaimedMessage(row.id, row.recipient, row.text, row.expires_at, now) for row in taken]
    return sorted(claimed, key=lambda message: message.id)


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


def opt_out(connection: Connection, phone_hashes: Sequence[bytes], source: str, now: datetime) -> int:
    """Never write to a number again, and cancel what is queued for it.

    Args:
        phone_hashes: the number under every key (`KeyRing.lookup_hashes`), newest first.
        source: where the wish came from: `reply`, `link`, `coordinator`, `provider`.

    Returns:
        How many queued messages were cancelled.
    """
    wish = {"phone_hash": phone_hashes[0], "source": source, "at": now}
    connection.execute(insert(OptOut).on_conflict_do_nothing(index_elements=["phone_hash"]), wish)
    queued = update(Message).where(Message.state == "queued", Message.recipient_hash.in_(phone_hashes))
    return connection.execute(queued.values(state="cancelled", reason="opt_out")).rowcount


def has_opted_out(connection: Connection, phone_hashes: Sequence[bytes]) -> bool:
    """Whether a number said stop, under any key."""
    return bool(_opted_out(connection, phone_hashes))


def _opted_out(connection: Connection, hashes: Sequence[bytes]) -> set[bytes]:
    return set(connection.scalars(select(OptOut.phone_hash).where(OptOut.phone_hash.in_(hashes))))


def _first_state(wanted: bool) -> dict[str, str | None]:
    return {"state": "queued", "reason": None} if wanted else {"state": "skipped", "reason": "opt_out"}
