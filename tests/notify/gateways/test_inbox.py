from datetime import UTC, datetime

from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from server.clock import SetClock
from server.config import Secret
from server.keys import KeyRing
from server.notify.gateways.inbox import InboxGateway, ReceivedSms, list_messages
from server.notify.protocol import DeliveryReport, OutgoingSms

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST = OutgoingSms("ref-1", "+8613800138000", "【江城银行】一")
SECOND = OutgoingSms("ref-2", "+8613900139000", "【江城银行】二")


def test_messages_are_listed_newest_first_and_by_number(engine: Engine, keys: KeyRing) -> None:
    inbox = InboxGateway(engine.begin, keys, SetClock(NOW))
    first, second = inbox.send(FIRST), inbox.send(SECOND)
    shown_first = ReceivedSms(first.provider_id, "ref-1", FIRST.recipient, FIRST.text, NOW)
    shown_second = ReceivedSms(second.provider_id, "ref-2", SECOND.recipient, SECOND.text, NOW)
    with engine.connect() as connection:
        assert list_messages(connection, keys, 10) == [shown_second, shown_first]
        assert list_messages(connection, keys, 1) == [shown_second]
        assert list_messages(connection, keys, 10, recipient=FIRST.recipient) == [shown_first]
        assert list_messages(connection, keys, 10, recipient="+10000000000") == []


def test_the_same_reference_twice_is_one_message(engine: Engine, keys: KeyRing) -> None:
    inbox = InboxGateway(engine.begin, keys, SetClock(NOW))
    assert inbox.send(FIRST) == inbox.send(FIRST)
    with engine.connect() as connection:
        assert len(list_messages(connection, keys, 10)) == 1


def test_what_arrived_is_delivered_and_the_rest_has_no_news(engine: Engine, keys: KeyRing) -> None:
    inbox = InboxGateway(engine.begin, keys, SetClock(NOW))
    taken = inbox.send(FIRST).provider_id
    assert inbox.poll([taken, "inbox-unknown"]) == [DeliveryReport(taken, "delivered")]
    assert inbox.poll([]) == []


def test_the_table_shows_neither_number_nor_text(engine: Engine, keys: KeyRing) -> None:
    InboxGateway(engine.begin, keys, SetClock(NOW)).send(FIRST)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT inbox_message::text FROM inbox_message")).scalar_one()
    assert FIRST.recipient.encode().hex() not in row
    assert FIRST.text.encode().hex() not in row


def test_a_lost_key_hides_its_messages_and_no_others(engine: Engine, keys: KeyRing) -> None:
    other = KeyRing([Secret(Fernet.generate_key().decode())])
    InboxGateway(engine.begin, other, SetClock(NOW)).send(FIRST)
    InboxGateway(engine.begin, keys, SetClock(NOW)).send(SECOND)
    with engine.connect() as connection:
        assert [sms.reference for sms in list_messages(connection, keys, 10)] == ["ref-2"]
