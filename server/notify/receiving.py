"""What comes back from gateways: receipts find their message, replies are stored before they are understood.

Whoever calls has made sure that the gateway said it. The same twice, or in another order, ends the same.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from server.db import new_id
from server.keys import KeyRing
from server.models.messages import InboundMessage, Message, MessageEvent
from server.notify.gateways.meanings import Meaning, meaning_of, meant
from server.notify.outbox.settling import Outcome, settle
from server.notify.protocol import DeliveryReport, Inbound
from server.notify.respect.bad_numbers import mark_bad
from server.notify.respect.opt_outs import opt_out

# A bounce: what these states say of a number may be said for good.
BOUNCED: Final = frozenset({"undelivered", "failed"})


def take_report(
    connection: Connection, *, reference: str | None, report: DeliveryReport, gateway: str, now: datetime
) -> bool:
    """Note what a gateway says became of a message.

    A number that no message can reach is marked, and one whose owner said stop to the provider is opted out.

    Args:
        reference: our id of the message, where the gateway repeats it; else the provider's id finds it.

    Returns:
        Whether we have such a message.
    """
    found = _message(connection, reference, report.provider_id, gateway)
    if found is None:
        return False
    message_id, recipient_hash = found
    connection.execute(
        insert(MessageEvent).on_conflict_do_nothing(),
        {
            "id": new_id(),
            "message_id": message_id,
            "state": report.state,
            "code": report.provider_code,
            "source": "provider",
            "at": now,
        },
    )
    meaning = _meaning(report, gateway)
    reason = None if meaning is None else meaning.code
    outcome = Outcome(report.state, reason, report.provider_id, report.provider_code, gateway=gateway)
    settle(connection, message_id, outcome, now)
    if reason == "invalid_number":
        mark_bad(connection, [(message_id, str(report.provider_code or reason))], now)
    if reason == "opted_out":
        opt_out(connection, [recipient_hash], "provider", now)
    return True


def store_inbound(
    connection: Connection, gateway: str, inbound: Inbound, keys: KeyRing, now: datetime
) -> UUID | None:
    """Keep a reply, encrypted.

    Returns:
        Its id; None when it was there already.
    """
    row = {
        "id": new_id(),
        "gateway": gateway,
        "provider_id": inbound.provider_id,
        "sender": keys.encrypt(inbound.sender),
        "sender_hash": keys.lookup_hash(inbound.sender),
        "text": keys.encrypt(inbound.text),
        # A gateway's clock that runs ahead must not make replies that are yet to come.
        "received_at": min(inbound.at, now),
        "meaning": inbound.meaning,
    }
    statement = insert(InboundMessage).on_conflict_do_nothing(index_elements=["gateway", "provider_id"])
    return connection.execute(statement.returning(InboundMessage.id), row).scalar_one_or_none()


def _message(
    connection: Connection, reference: str | None, provider_id: str, gateway: str
) -> tuple[UUID, bytes] | None:
    columns = select(Message.id, Message.recipient_hash)
    ours = _uuid(reference)
    row = connection.execute(columns.where(Message.id == ours)).first() if ours else None
    if row is None and provider_id:
        carried = (Message.gateway == gateway) | Message.gateway.is_(None)
        named = columns.where(Message.provider_id == provider_id, carried)
        row = connection.execute(named.order_by(Message.id.desc()).limit(1)).first()
    return None if row is None else (row.id, row.recipient_hash)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _meaning(report: DeliveryReport, gateway: str) -> Meaning | None:
    """What a bounce means; a code beside a success says nothing."""
    if report.state not in BOUNCED:
        return None
    if report.means is not None:
        return meant(report.means)
    return None if report.provider_code is None else meaning_of(gateway, report.provider_code)
