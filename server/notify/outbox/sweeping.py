"""Forgetting messages: what was sent is kept as long as the rules of sending say, and no longer."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from server.models.callbacks import CallBackCase
from server.models.messages import InboundMessage, Letter, Message, MessageEvent

BATCH: Final = 1_000
MONTH: Final = timedelta(days=31)


def sweep_batch(connection: Connection, months: int, *, now: datetime) -> int:
    """Delete up to `BATCH` messages older than so many months, with all that was heard of them.

    Returns:
        How many messages were deleted. Replies of that age go along, but for those that opened a case.
    """
    before = now - months * MONTH
    old = list(connection.scalars(select(Message.id).where(Message.created_at < before).limit(BATCH)))
    connection.execute(delete(MessageEvent).where(MessageEvent.message_id.in_(old)))
    connection.execute(delete(Letter).where(Letter.message_id.in_(old)))
    connection.execute(delete(Message).where(Message.id.in_(old)))
    named = select(CallBackCase.id).where(CallBackCase.inbound_id == InboundMessage.id)
    replies = (
        select(InboundMessage.id).where(InboundMessage.received_at < before, ~named.exists()).limit(BATCH)
    )
    connection.execute(delete(InboundMessage).where(InboundMessage.id.in_(replies)))
    return len(old)
