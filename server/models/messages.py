"""SMS: what we mean to send, and the embedded gateway's own inbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

STATES = (
    "queued", "sending", "accepted", "delivered", "undelivered",
    "unknown", "failed", "expired", "cancelled", "skipped",
)  # fmt: skip


class Message(HasId, Base):
    """One message to one person, written in the transaction of what caused it.

    `text` is frozen and encrypted: it holds a personal link. `dedupe_key` makes a repeated launch harmless.
    """

    __tablename__ = "message"

    dedupe_key: Mapped[str] = mapped_column(unique=True)
    wave_id: Mapped[UUID | None] = mapped_column(ForeignKey("wave.id"))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("invitation.id"), index=True)
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    kind: Mapped[str]
    recipient: Mapped[bytes]
    recipient_hash: Mapped[bytes] = mapped_column(index=True)
    text: Mapped[bytes]
    segments: Mapped[int]
    state: Mapped[str] = mapped_column(default="queued")
    reason: Mapped[str | None]
    provider_id: Mapped[str | None]
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state IN (" + ",".join(f"'{state}'" for state in STATES) + ")",
            name="state",
        ),
        Index("message_wave_state_idx", "wave_id", "state"),
        Index("message_due_idx", "not_before", postgresql_where="state = 'queued'"),
    )


class InboxMessage(Base):
    """A message as the embedded gateway received it: the provider's side, not ours."""

    __tablename__ = "inbox_message"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    provider_id: Mapped[str] = mapped_column(unique=True)
    reference: Mapped[str] = mapped_column(unique=True)
    recipient: Mapped[bytes]
    text: Mapped[bytes]
    received_at: Mapped[datetime]
