"""Queueing messages in the transaction of what causes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from server.keys import KeyRing
from server.models.messages import Message
from server.notify.respect.opt_outs import opted_out
from server.notify.segments import measure


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to queue; one `dedupe_key` is one message, however often queued.

    Attributes:
        kind: of `server.notify.kinds.KINDS`.
        recipient: E.164, an e-mail address, or the name of a webhook, as the channel has it.
        timezone: in which its hours are decent or not.
    """

    dedupe_key: str
    kind: str
    recipient: str
    text: str
    not_before: datetime
    expires_at: datetime
    wave_id: UUID | None = None
    invitation_id: UUID | None = None
    assignment_id: UUID | None = None
    channel: str = "sms"
    timezone: str = "Asia/Shanghai"


def enqueue(connection: Connection, messages: Sequence[NewMessage], keys: KeyRing, now: datetime) -> int:
    """Queue messages in the caller's transaction.

    Numbers that said stop are kept as `skipped` with the reason `opt_out`, so that a report can count them.

    Returns:
        How many were new; a known `dedupe_key` is left as it is.
    """
    if not messages:
        return 0
    hashes = {message.recipient: keys.lookup_hashes(message.recipient) for message in messages}
    stopped = opted_out(connection, [each for group in hashes.values() for each in group])
    rows = [
        {
            "dedupe_key": message.dedupe_key,
            "wave_id": message.wave_id,
            "invitation_id": message.invitation_id,
            "assignment_id": message.assignment_id,
            "kind": message.kind,
            "channel": message.channel,
            "timezone": message.timezone,
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


def _first_state(wanted: bool) -> dict[str, str | None]:
    return {"state": "queued", "reason": None} if wanted else {"state": "skipped", "reason": "opt_out"}
