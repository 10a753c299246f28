"""Messages whose sending ended without an answer: looked up, and never sent blindly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, Row, select, update

from server.clock import SetClock
from server.errors import Refusal
from server.keys import KeyRing
from server.models.messages import Message, Spending
from server.notify.outbox.delivery import DeliveryCount
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import Outcome, settle, take_back
from server.notify.outbox.unknown import give_up_unknown, look_up_unknown
from server.notify.protocol import Absent, Accepted, DeliveryReport, Found, OutgoingSms, SendUnknown
from tests.notify.sending import carriers, send

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Silent:
    """A provider that answers nothing at first, and says of a message what a test tells it to."""

    found: Found = None
    answers: bool = False
    name: str = "twilio"
    seen: list[str] = field(default_factory=list)
    asked: int = 0

    def send(self, sms: OutgoingSms) -> Accepted:
        self.seen.append(sms.reference)
        if not self.answers:
            raise SendUnknown("timeout")
        return Accepted(f"SM-{len(self.seen)}")

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        self.asked += 1
        return self.found


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def left_in_doubt(engine: Engine, keys: KeyRing, clock: SetClock, silent: Silent, key: str = "k") -> UUID:
    one = NewMessage(key, "visit", "+8613800138000", "【江城银行】请评价", NOW, NOW + 3 * DAY)
    with engine.begin() as connection:
        enqueue(connection, [one], keys, NOW)
        message_id = connection.scalars(select(Message.id).where(Message.dedupe_key == key)).one()
    assert send(engine, silent, keys, clock, 10) == DeliveryCount(claimed=1, unknown=1)
    clock.advance(2 * MINUTE)
    return message_id


def row(engine: Engine, message_id: UUID) -> Row[Any]:
    with engine.connect() as connection:
        return connection.execute(select(*Message.__table__.c).where(Message.id == message_id)).one()


def looked_up(engine: Engine, keys: KeyRing, clock: SetClock, silent: Silent) -> int:
    return look_up_unknown(engine, carriers(silent, keys), clock, 10)


def test_what_the_provider_has_is_taken_for_what_it_is(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    silent = Silent(DeliveryReport("SM1", "undelivered", "30003"))
    message_id = left_in_doubt(engine, keys, clock, silent)
    assert looked_up(engine, keys, clock, silent) == 1
    found = row(engine, message_id)
    assert (found.state, found.reason, found.provider_id, found.provider_code) == (
        "undelivered",
        "unreachable",
        "SM1",
        "30003",
    )
    assert looked_up(engine, keys, clock, silent) == 0


def test_what_is_certainly_not_there_is_sent_once_more_and_paid_once(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    silent = Silent(Absent())
    message_id = left_in_doubt(engine, keys, clock, silent)
    assert looked_up(engine, keys, clock, silent) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(Spending.spent)) == Decimal(0)
    silent.answers = True
    assert send(engine, silent, keys, clock, 10) == DeliveryCount(claimed=1, accepted=1)
    assert send(engine, silent, keys, clock, 10) == DeliveryCount()
    sent = row(engine, message_id)
    assert (sent.attempts, sent.cost, len(silent.seen)) == (2, Decimal("0.05"), 2)
    with engine.connect() as connection:
        assert connection.scalar(select(Spending.spent)) == Decimal("0.05")


def test_what_nobody_can_tell_stays_for_a_person(engine: Engine, keys: KeyRing, clock: SetClock) -> None:
    silent = Silent()
    message_id = left_in_doubt(engine, keys, clock, silent)
    assert looked_up(engine, keys, clock, silent) == 0
    clock.advance(DAY)
    silent.found = Absent()  # too late: what providers keep of a day ago is no proof
    assert looked_up(engine, keys, clock, silent) == 0
    assert silent.asked == 1
    with engine.begin() as connection:
        give_up_unknown(connection, message_id, by="account:a", now=clock.now())
        with pytest.raises(Refusal):
            give_up_unknown(connection, message_id, by="account:a", now=clock.now())
    assert (row(engine, message_id).state, row(engine, message_id).reason) == ("failed", "given_up")
    assert send(engine, silent, keys, clock, 10) == DeliveryCount()


def test_another_gateway_is_not_asked(engine: Engine, keys: KeyRing, clock: SetClock) -> None:
    """It is certain not to have the message: that says nothing about the one that was asked to carry it."""
    message_id = left_in_doubt(engine, keys, clock, Silent())
    assert looked_up(engine, keys, clock, Silent(Absent(), name="http")) == 0
    assert row(engine, message_id).state == "unknown"


def test_a_message_is_not_taken_for_its_like(engine: Engine, keys: KeyRing, clock: SetClock) -> None:
    """A search by number and text finds an earlier message with the same words."""
    silent = Silent(answers=True)
    one = NewMessage("earlier", "visit", "+8613800138000", "【江城银行】请评价", NOW, NOW + DAY)
    with engine.begin() as connection:
        enqueue(connection, [one], keys, NOW)
    send(engine, silent, keys, clock, 10)
    silent.answers, silent.found = False, DeliveryReport("SM-1", "delivered")
    message_id = left_in_doubt(engine, keys, clock, silent)
    assert looked_up(engine, keys, clock, silent) == 0
    assert row(engine, message_id).state == "unknown"


def test_an_answer_about_an_earlier_claim_does_not_overtake_a_later_one(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    """While a provider is asked, somebody else may have asked, and sent again, and be in doubt again."""
    silent = Silent(Absent())
    message_id = left_in_doubt(engine, keys, clock, silent)

    class Slow(Silent):
        def find(self, sms: OutgoingSms, since: datetime) -> Found:
            assert looked_up(engine, keys, clock, silent) == 1
            assert send(engine, silent, keys, clock, 10) == DeliveryCount(claimed=1, unknown=1)
            return Absent()

    assert looked_up(engine, keys, clock, Slow()) == 0
    assert row(engine, message_id).state == "unknown"


@pytest.mark.parametrize("late", [Outcome("accepted", provider_id="SM1"), Outcome("queued", "paused")])
def test_a_late_courier_moves_only_what_is_true(connection: Connection, keys: KeyRing, late: Outcome) -> None:
    """A courier that comes back after its message was found: an acceptance stands, a return does not."""
    one = NewMessage("k", "visit", "+8613800138000", "x", NOW, NOW + DAY)
    enqueue(connection, [one], keys, NOW)
    message_id = connection.scalars(select(Message.id)).one()
    connection.execute(update(Message).values(state="unknown", claimed_at=NOW))
    if late.state == "accepted":
        assert settle(connection, message_id, late, NOW)
    else:
        assert not take_back(connection, message_id, late, NOW, claimed_at=NOW)
    expected = "accepted" if late.state == "accepted" else "unknown"
    assert connection.scalar(select(Message.state)) == expected
