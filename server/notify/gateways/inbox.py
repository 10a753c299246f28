"""The embedded gateway: messages land in a table that a page shows like a phone, links and all.

It plays the provider: it keeps what it was handed under our reference and an id of its own, and tells of
deliveries as that page plays them. The same reference twice is one message. What it holds is encrypted like
everything that names a person.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from server.clock import Clock
from server.keys import KeyLost, KeyRing
from server.models.deployment import DeploymentFact
from server.models.messages import InboundMessage, InboxMessage
from server.notify.protocol import Absent, Accepted, DeliveryReport, DeliveryState, Found, OutgoingSms

# With a recipient to look for, this many of the newest messages are read: numbers are not searchable.
SEARCHED = 2000
NAME: Final = "inbox"
PLAYED_FACT: Final = "inbox_plays"
# What a message can become on the phone's page -> what the gateway tells of it; None: nothing, ever.
STATES: Final[dict[str, DeliveryState | None]] = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "silent": None,
}


@dataclass(frozen=True, slots=True)
class Play:
    """What becomes of a message: of `STATES`, and with `undelivered` the code that is told."""

    state: str = "delivered"
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ReceivedSms:
    """A message as the recipient's phone would show it; `is_reply` when it was sent from there."""

    provider_id: str
    reference: str
    recipient: str
    text: str
    received_at: datetime
    channel: str = "sms"
    state: str = "delivered"
    code: str | None = None
    is_reply: bool = False


class InboxGateway:
    """Delivers into `inbox_message`, each message in a transaction of its own.

    Args:
        begin: opens a connection whose transaction commits when it is left, such as `engine.begin`.
        channel: by which its messages go; the page shows those of all channels.
    """

    name = NAME

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        keys: KeyRing,
        clock: Clock,
        *,
        channel: str = "sms",
    ) -> None:
        self._begin = begin
        self._channel = channel
        self._keys = keys
        self._clock = clock

    def send(self, sms: OutgoingSms) -> Accepted:
        row = {
            "provider_id": f"inbox-{secrets.token_hex(12)}",
            "reference": sms.reference,
            "recipient": self._keys.encrypt(sms.recipient),
            "text": self._keys.encrypt(sms.text),
            "received_at": self._clock.now(),
            "channel": self._channel,
        }
        with self._begin() as connection:
            play = plays(connection)
            row |= {"state": play.state, "code": play.code}
            connection.execute(insert(InboxMessage).on_conflict_do_nothing(index_elements=["reference"]), row)
            kept = connection.execute(
                select(InboxMessage.provider_id).where(InboxMessage.reference == sms.reference)
            ).scalar_one()
        return Accepted(kept)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        columns = select(InboxMessage.provider_id, InboxMessage.state, InboxMessage.code)
        with self._begin() as connection:
            rows = connection.execute(columns.where(InboxMessage.provider_id.in_(provider_ids))).all()
        reports = (_report(row) for row in rows)
        return [report for report in reports if report is not None]

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        columns = select(InboxMessage.provider_id, InboxMessage.state, InboxMessage.code)
        with self._begin() as connection:
            row = connection.execute(columns.where(InboxMessage.reference == sms.reference)).first()
        return Absent() if row is None else _report(row) or DeliveryReport(row.provider_id, "accepted")


def plays(connection: Connection) -> Play:
    """What becomes of messages that arrive from now on."""
    value = connection.scalar(select(DeploymentFact.value).where(DeploymentFact.key == PLAYED_FACT))
    return Play(**value) if value else Play()


def play_from_now_on(connection: Connection, play: Play) -> None:
    """Choose what becomes of messages that arrive from now on."""
    row = {"key": PLAYED_FACT, "value": {"state": play.state, "code": play.code}}
    statement = insert(DeploymentFact).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": statement.excluded.value})
    )


def play_one(connection: Connection, reference: str, play: Play) -> DeliveryReport | None:
    """Play the delivery of one message; what the gateway now tells of it, None when that is nothing."""
    row = connection.execute(
        update(InboxMessage)
        .where(InboxMessage.reference == reference)
        .values(state=play.state, code=play.code)
        .returning(InboxMessage.provider_id, InboxMessage.state, InboxMessage.code)
    ).first()
    return None if row is None else _report(row)


def _report(row: Any) -> DeliveryReport | None:
    state = STATES.get(row.state, "delivered")
    return None if state is None else DeliveryReport(row.provider_id, state, row.code)


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
            InboxMessage.channel,
            InboxMessage.state,
            InboxMessage.code,
        )
        .order_by(InboxMessage.id.desc())
        .limit(SEARCHED if recipient else limit)
    )
    readable = _readable(connection.execute(newest), keys)
    return list(islice((sms for sms in readable if recipient in {None, sms.recipient}), limit))


def list_replies(
    connection: Connection, keys: KeyRing, limit: int, sender: str | None = None
) -> list[ReceivedSms]:
    """The newest replies that were sent from the phones, of one number (E.164) or of all."""
    columns = select(
        InboundMessage.provider_id, InboundMessage.sender, InboundMessage.text, InboundMessage.received_at
    )
    newest = columns.where(InboundMessage.gateway == NAME).order_by(InboundMessage.received_at.desc())
    if sender is not None:
        newest = newest.where(InboundMessage.sender_hash.in_(keys.lookup_hashes(sender)))
    found = []
    for row in connection.execute(newest.limit(limit)):
        with suppress(KeyLost):
            phone, text = keys.decrypt(row.sender), keys.decrypt(row.text)
            found.append(ReceivedSms(row.provider_id, "", phone, text, row.received_at, is_reply=True))
    return found


def _readable(rows: Iterable[Row[Any]], keys: KeyRing) -> Iterator[ReceivedSms]:
    """The rows decrypted, without those whose key is gone: a demo inbox must not fail over them."""
    for row in rows:
        try:
            recipient, text = keys.decrypt(row.recipient), keys.decrypt(row.text)
        except KeyLost:
            continue
        yield ReceivedSms(
            row.provider_id,
            row.reference,
            recipient,
            text,
            row.received_at,
            row.channel,
            row.state,
            row.code,
        )
