"""Numbers that no message can reach: noted once a provider says so for good, and not asked again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, literal, select
from sqlalchemy.dialects.postgresql import insert

from server.models.contacts import BadNumber
from server.models.messages import Message


def mark_bad(connection: Connection, messages: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Note the numbers of messages that bounced for good, with the provider's code; the first one stays."""
    for message_id, code in messages:
        number = select(Message.recipient_hash, literal(code), literal(now)).where(Message.id == message_id)
        connection.execute(
            insert(BadNumber)
            .from_select(["phone_hash", "code", "at"], number)
            .on_conflict_do_nothing(index_elements=["phone_hash"])
        )
