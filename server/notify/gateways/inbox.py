"""The embedded SMS gateway: messages land in a table that a page shows like a phone, links and all.

It plays the provider: it keeps what it was handed under our reference and an id of its own. The same
reference twice is one message. What it holds is encrypted like everything that names a person.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from server.clock import Clock
from server.keys import KeyLost, KeyRing
from server.models.messages import InboxMessage
from server.notify.protocol import Accepted, DeliveryReport, OutgoingSms

# With a recipient to look for, this many of the newest messages are read: numbers are not searchable.
SEARCHED = 2000


@dataclass(frozen=True, slots=True)
class ReceivedSms:
    """A message as the recipient's phone would show it."""

    provider_id: str
    reference: str
    recipient: str
    text: str
    received_at: datetime


class InboxGateway:
    """Delivers into `inbox_message`, each message in a transaction of its own.

    Args:
        begin: opens a connection whose transaction commits when it is left, such as `engine.begin`.
    """

    name = "inbox"

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Connection]], keys: KeyRing, clock: Clock
    ) -> None:
        self._begin = begin
        self._keys = keys
        self._clock = clock

    def send(self, sms: OutgoingSms) -> Accepted:
        row = {
            "provider_id": f"inbox-{secrets.token_hex(12)}",
            "reference": sms.reference,
            "recipient": self._keys.encrypt(sms.recipient),
            "text": self._keys.encrypt(sms.text),
            "received_at": self._clock.now(),
        }
        with self._begin() as connection:
            connection.execute(insert(InboxMessage).on_conflict_do_nothing(index_elements=["reference"]), row)
            kept = connection.execute(
                select(InboxMessage.provider_id).where(InboxMessage.reference == sms.reference)
            ).scalar_one()
        return Accepted(kept)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        with self._begin() as connection:
            known = connection.scalars(
                select(InboxMessage.provider_id).where(InboxMessage.provider_id.in_(provider_ids))
            ).all()
        return [DeliveryReport(provider_id, "delivered") for provider_id in known]


def list_messages(
    connection: Connection, keys: KeyRing, limit: int, recipient: str | None = None
) -> list[ReceivedSms]:
    """The newest messages first, at most `limit`, of one number (E.164) or of all."""
    newest = (
        select(
            InboxMessage.provider_id,
            InboxMessage.reference,
            InboxMessage.recipient,
            InboxMessage.text,
            InboxMessage.received_at,
        )
        .order_by(InboxMessage.id.desc())
        .limit(SEARCHED if recipient else limit)
    )
    readable = _readable(connection.execute(newest), keys)
    return list(islice((sms for sms in readable if recipient in {None, sms.recipient}), limit))


def _readable(rows: Iterable[Row[Any]], keys: KeyRing) -> Iterator[ReceivedSms]:
    """The rows decrypted, without those whose key is gone: a demo inbox must not fail over them."""
    for row in rows:
        try:
            recipient, text = keys.decrypt(row.recipient), keys.decrypt(row.text)
        except KeyLost:
            continue
        yield ReceivedSms(row.provider_id, row.reference, recipient, text, row.received_at)
