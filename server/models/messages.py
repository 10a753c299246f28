"""Messages to people: what we mean to send, what became of it, what came back, and what holds sending up."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

STATES = (
    "queued", "retry_wait", "sending", "accepted", "delivered", "undelivered",
    "unknown", "failed", "expired", "cancelled", "skipped",
)  # fmt: skip
# Nobody has seen these yet: they may still be held, cancelled or given another date.
WAITING = ("queued", "retry_wait")
CHANNELS = ("sms", "email", "webhook", "letter")


class Message(HasId, Base):
    """One message to one person, written in the transaction of what caused it.

    `text` is frozen and encrypted: it holds a personal link. `dedupe_key` makes a repeated launch harmless.

    Attributes:
        channel: of `CHANNELS`; `recipient` is a number, an address or the name of a webhook. That of
            a letter is its reader's number, so that what holds for that holds for it; `text` has an envelope.
        timezone: in which its hours are decent or not: that of the unit it is about.
        gateway: who was asked to carry it last, by the gateway's name.
        provider_code: what the provider said about it last, in the provider's own words.
        rule: which rule skipped it.
        attempts: how often it was handed over.
        claimed_at: when a worker took it last; no other worker's doing concerns that claim.
        cost: what handing it over costs at the price of that moment; counted against the caps.
        unknown_since: since when nobody knows whether it was sent.
    """

    __tablename__ = "message"

    dedupe_key: Mapped[str] = mapped_column(unique=True)
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    kind: Mapped[str]
    channel: Mapped[str] = mapped_column(server_default="sms")
    recipient: Mapped[bytes]
    recipient_hash: Mapped[bytes] = mapped_column(index=True)
    text: Mapped[bytes]
    segments: Mapped[int]
    state: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str | None]
    rule: Mapped[str | None]
    gateway: Mapped[str | None]
    provider_id: Mapped[str | None]
    provider_code: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    cost: Mapped[Decimal | None]
    timezone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    unknown_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state IN (" + ",".join(f"'{state}'" for state in STATES) + ")",
            name="state",
        ),
        CheckConstraint("channel IN ('sms','email','webhook','letter')", name="channel"),
        Index("message_wave_state_idx", "wave_id", "state"),
        Index("message_waiting_idx", "not_before", postgresql_where="state IN ('queued','retry_wait')"),
        Index("message_unknown_idx", "unknown_since", postgresql_where="state = 'unknown'"),
        # Providers' reports name a message by their own id.
        Index("message_provider_id_idx", "provider_id", postgresql_where="provider_id IS NOT NULL"),
    )


class MessageEvent(HasId, Base):
    """One thing that was heard about a message, once however often it is said again.

    `source` is `worker`, `provider` or `person`. What it says may come late: the message's state is what
    counts, this is what it was made of.
    """

    __tablename__ = "message_event"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"))
    state: Mapped[str]
    code: Mapped[str | None]
    source: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("message_id", "state", "code", "source", postgresql_nulls_not_distinct=True),
    )


class InboundMessage(HasId, Base):
    """What somebody sent us. Stored before it is understood, so that a wish to stop is never lost.

    Attributes:
        provider_id: the gateway's own id: the same twice is one message.
        meaning: what it was taken for, of `server.notify.replies.MEANINGS`; None until that is known.
        invitation_id: what it answers.
    """

    __tablename__ = "inbound_message"

    gateway: Mapped[str]
    provider_id: Mapped[str]
    sender: Mapped[bytes]
    sender_hash: Mapped[bytes] = mapped_column(index=True)
    text: Mapped[bytes]
    received_at: Mapped[datetime]
    meaning: Mapped[str | None]
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"), index=True)

    __table_args__ = (UniqueConstraint("gateway", "provider_id"),)


class SendingStop(HasId, Base):
    """Sending is stopped, of one wave or (without a wave) of everything, until a person lifts it.

    People can still answer. `reason` is a code, `params` are the numbers for its sentence.
    """

    __tablename__ = "sending_stop"

    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    reason: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        Index(
            "sending_stop_open_idx",
            "wave_id",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )


class Spending(Base):
    """What messages of one purse have cost: `month:2026-05` or `wave:<id>`.

    Whoever claims messages locks the row first, so that any number of workers stops exactly at the cap.
    """

    __tablename__ = "spending"

    purse: Mapped[str] = mapped_column(primary_key=True)
    spent: Mapped[Decimal]


class LetterRun(HasId, Base):
    """Letters of a wave that were printed together, in one file."""

    __tablename__ = "letter_run"

    wave_id: Mapped[UUID] = mapped_column(ForeignKey("wave.id"), index=True)
    printed_at: Mapped[datetime]
    printed_by: Mapped[str]


class Letter(Base):
    """A message that goes by post: accepted, and waiting for somebody to print it."""

    __tablename__ = "letter"

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("letter_run.id"), index=True)
    received_at: Mapped[datetime]


class InboxMessage(Base):
    """A message as the embedded gateway received it: the provider's side, not ours.

    `state` and `code` are what the page that plays the phone makes of its delivery.
    """

    __tablename__ = "inbox_message"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    provider_id: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[bytes]
    text: Mapped[bytes]
    received_at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(server_default="sms")
    state: Mapped[str] = mapped_column(server_default="delivered")
    code: Mapped[str | None]
