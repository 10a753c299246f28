"""What gateways bring: each receipt once and in any order, each reply before it is understood."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, func, select, update

from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.portions import take_portion
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.contacts import BadNumber
from server.models.messages import InboundMessage, Message, MessageEvent
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.protocol import AlreadyTaken, Collected, DeliveryReport, Inbound, Receipt
from server.notify.receiving import store_inbound, take_report
from server.notify.respect.opt_outs import has_opted_out

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PUBLIC_URL = "http://anfang.test"
NUMBER = "+8613800138000"


def queued(connection: Connection, keys: KeyRing, state: str = "accepted", key: str = "k") -> UUID:
    message = NewMessage(key, "invitation", NUMBER, "【江城银行】请评价", NOW, NOW + HOUR)
    enqueue(connection, [message], keys, NOW)
    this = select(Message.id).where(Message.dedupe_key == key)
    message_id = connection.execute(this).scalar_one()
    connection.execute(update(Message).where(Message.id == message_id).values(state=state))
    return message_id


def state_of(connection: Connection, message_id: UUID) -> str:
    return connection.execute(select(Message.state).where(Message.id == message_id)).scalar_one()


def test_receipts_in_every_order_and_twice_end_the_same(connection: Connection, keys: KeyRing) -> None:
    reports = [
        DeliveryReport("SM1", "accepted"),
        DeliveryReport("SM1", "undelivered", "30003"),
        DeliveryReport("SM1", "delivered"),
    ]
    for number, order in enumerate(itertools.permutations(reports * 2, 6)):
        if number % 40:
            continue
        message_id = queued(connection, keys, "sending", key=f"k{number}")
        for report in order:
            assert take_report(
                connection, reference=str(message_id), report=report, gateway="twilio", now=NOW
            )
        row = connection.execute(select(Message).where(Message.id == message_id)).one()
        assert (row.state, row.provider_id, row.gateway) == ("delivered", "SM1", "twilio")
        events = select(func.count()).select_from(MessageEvent).where(MessageEvent.message_id == message_id)
        assert connection.scalar(events) == 3


@pytest.mark.parametrize(
    ("reference", "provider_id", "gateway", "known"),
    [
        ("ours", "other", "twilio", True),
        ("hex", "other", "twilio", True),
        (None, "SM1", "twilio", True),
        ("not a uuid", "SM1", "twilio", True),
        (None, "SM2", "twilio", False),
        (None, "SM1", "http", False),
        (str(UUID(int=7)), "", "twilio", False),
        ("", "", "twilio", False),
    ],
)
def test_a_receipt_finds_its_message_by_our_reference_or_by_the_providers_id(
    connection: Connection, keys: KeyRing, reference: str | None, provider_id: str, gateway: str, known: bool
) -> None:
    message_id = queued(connection, keys)
    carried = {"provider_id": "SM1", "gateway": "twilio"}
    connection.execute(update(Message).where(Message.id == message_id).values(**carried))
    named = {"ours": str(message_id), "hex": message_id.hex}.get(reference or "", reference)
    report = DeliveryReport(provider_id, "delivered")
    assert take_report(connection, reference=named, report=report, gateway=gateway, now=NOW) is known
    assert state_of(connection, message_id) == ("delivered" if known else "accepted")


@pytest.mark.parametrize(
    ("report", "bad", "opted_out"),
    [
        (DeliveryReport("SM1", "undelivered", "30005"), True, False),
        (DeliveryReport("SM1", "failed", "21610"), False, True),
        (DeliveryReport("SM1", "undelivered", "9", "invalid_number"), True, False),
        (DeliveryReport("SM1", "undelivered", "30003"), False, False),
        (DeliveryReport("SM1", "undelivered"), False, False),
        (DeliveryReport("SM1", "delivered", "30005"), False, False),
    ],
)
def test_what_a_bounce_says_of_the_number_is_kept(
    connection: Connection, keys: KeyRing, report: DeliveryReport, bad: bool, opted_out: bool
) -> None:
    message_id, waiting = queued(connection, keys), queued(connection, keys, "queued", key="later")
    take_report(connection, reference=str(message_id), report=report, gateway="twilio", now=NOW)
    assert connection.scalar(select(func.count()).select_from(BadNumber)) == int(bad)
    assert has_opted_out(connection, keys.lookup_hashes(NUMBER)) is opted_out
    assert state_of(connection, waiting) == ("cancelled" if opted_out else "queued")


def taken(connection: Connection, keys: KeyRing, portion: Collected) -> int:
    return take_portion(
        connection, "http", portion, sender=Sender(keys, PUBLIC_URL), forms=FormShelf(), now=NOW
    )


@pytest.mark.parametrize(
    ("text", "meaning", "stops"),
    [
        ("R", None, True),
        ("ｒ", None, True),
        (" td。", None, True),
        ("退订", None, True),
        ("Stop!", None, True),
        ("arret", "stop", True),
        ("please stop texting me", None, False),
        ("5", None, False),
        ("", None, False),
        ("\0" * 9, None, False),
    ],
)
def test_a_wish_to_stop_holds_with_its_storing(
    connection: Connection, keys: KeyRing, text: str, meaning: AlreadyTaken | None, stops: bool
) -> None:
    waiting = queued(connection, keys, "queued")
    reply = Inbound("SM9", NUMBER, text, NOW + HOUR, meaning)
    take_portion(
        connection,
        "twilio",
        Collected(replies=[reply, reply]),
        sender=Sender(keys, PUBLIC_URL),
        forms=FormShelf(),
        now=NOW,
    )
    assert has_opted_out(connection, keys.lookup_hashes(NUMBER)) is stops
    assert state_of(connection, waiting) == ("cancelled" if stops else "queued")
    row = connection.execute(select(InboundMessage)).one()
    assert (keys.decrypt(row.text), row.received_at) == (text, NOW)
    assert NUMBER.encode() not in row.sender
    # Another gateway counts its own messages.
    assert store_inbound(connection, "http", reply, keys, NOW) is not None


def test_a_portion_tells_how_many_receipts_are_nobodys(connection: Connection, keys: KeyRing) -> None:
    message_id = queued(connection, keys)
    receipts = [
        Receipt(str(message_id), DeliveryReport("", "delivered", "DELIVRD")),
        Receipt(None, DeliveryReport("nobody's", "delivered")),
    ]
    assert (
        take_portion(
            connection,
            "http",
            Collected(receipts=receipts),
            sender=Sender(keys, PUBLIC_URL),
            forms=FormShelf(),
            now=NOW,
        )
        == 1
    )
