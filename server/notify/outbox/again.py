"""One more try for numbers that could not be reached for now: a phone that was off, a full mailbox.

Once, on another day, as a message of its own: the first one keeps what was heard of it.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from server.db import new_id
from server.models.messages import Message
from server.notify.kinds import ASKING_KINDS

ANOTHER_DAY: Final = timedelta(days=1)
COPIED: Final = (
    "wave_id", "invitation_id", "assignment_id", "kind", "channel", "recipient", "recipient_hash", "text",
    "segments", "timezone", "expires_at",
)  # fmt: skip
SUFFIX: Final = ":again"


def try_again(connection: Connection, now: datetime, limit: int) -> int:
    """Queue what bounced softly once more, a day after it was sent; returns how many."""
    second = aliased(Message)
    key = Message.dedupe_key + literal(SUFFIX)
    bounced = connection.execute(
        select(*(getattr(Message, name) for name in COPIED), key.label("dedupe_key"), Message.accepted_at)
        .where(
            Message.state == "undelivered",
            Message.reason == "unreachable",
            Message.kind.in_(ASKING_KINDS),
            Message.expires_at > now + ANOTHER_DAY,
            ~Message.dedupe_key.endswith(SUFFIX),
            ~select(second.id).where(second.dedupe_key == key).exists(),
        )
        .limit(limit)
    ).all()
    rows = [
        {
            "id": new_id(),
            **{name: getattr(row, name) for name in (*COPIED, "dedupe_key")},
            "state": "queued",
            "not_before": max(now, (row.accepted_at or now) + ANOTHER_DAY),
            "created_at": now,
        }
        for row in bounced
    ]
    if rows:
        connection.execute(insert(Message).on_conflict_do_nothing(index_elements=["dedupe_key"]), rows)
    return len(rows)
