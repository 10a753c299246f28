"""Taking due messages for one worker; what is taken is committed before the provider is called."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.models.messages import Message


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that this worker alone may send; recipient and text are still encrypted."""

    id: UUID
    recipient: bytes
    text: bytes
    expires_at: datetime
    claimed_at: datetime


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
