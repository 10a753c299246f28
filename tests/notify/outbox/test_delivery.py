from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select
from sqlalchemy.pool import QueuePool

from server.clock import SetClock
from server.config import Secret
from server.keys import KeyRing
from server.models.messages import Message
from server.notify.gateways.inbox import InboxGateway, list_messages
from server.notify.outbox.delivery import Carriers, DeliveryCount, deliver_due
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import reconcile
from server.notify.protocol import (
    Accepted,
    DeliveryReport,
    OutgoingSms,
    RefusalCode,
    SendRefused,
    SendUnknown,
)
from server.notify.respect.opt_outs import has_opted_out, opt_out
from tests.notify.sending import POLICY, follow, send

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Provider:
    """A gateway that does at each message what `plan` says for its number, and counts who was reached."""

    plan: Callable[[OutgoingSms], Accepted] = lambda sms: Accepted(f"SM-{sms.reference}")
    reports: list[DeliveryReport] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    name: str = "twilio"

    def send(self, sms: OutgoingSms) -> Accepted:
        self.seen.append(sms.recipient)
        return self.plan(sms)

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        self.asked += provider_ids
        return self.reports


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


def phone(number: int) -> str:
    return f"+86138{number:08}"


def queue(engine: Engine, keys: KeyRing, count: int, **changes: datetime) -> None:
    first = NewMessage("k", "invitation", "", "【江城银行】请评价", NOW, NOW + HOUR)
    messages = [
        replace(first, dedupe_key=f"k{number}", recipient=phone(number), **changes) for number in range(count)
    ]
    with engine.begin() as connection:
        enqueue(connection, messages, keys, NOW)


def states(engine: Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        found = connection.execute(select(Message.state, Message.reason).order_by(Message.dedupe_key))
        return [(row.state, row.reason) for row in found]


def raising(problem: Exception) -> Callable[[OutgoingSms], Accepted]:
    def plan(sms: OutgoingSms) -> Accepted:
        raise problem

    return plan


def test_due_messages_reach_the_inbox_and_are_delivered(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 3)
    inbox = InboxGateway(engine.begin, keys, clock)
    assert send(engine, inbox, keys, clock, 10) == DeliveryCount(claimed=3, accepted=3)
    with engine.connect() as connection:
        assert {sms.recipient for sms in list_messages(connection, keys, 10)} == {phone(n) for n in range(3)}
    assert follow(engine, inbox, keys, clock, 10) == 3
    assert follow(engine, inbox, keys, clock, 10) == 0
    assert states(engine) == [("delivered", None)] * 3
    assert send(engine, inbox, keys, clock, 10) == DeliveryCount()


def test_the_claim_is_committed_and_no_connection_is_held_while_sending(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 1)
    during: list[object] = []

    def plan(sms: OutgoingSms) -> Accepted:
        assert isinstance(engine.pool, QueuePool)
        during.extend([engine.pool.checkedout(), *states(engine)])
        return Accepted("SM1")

    send(engine, Provider(plan), keys, clock, 10)
    assert during == [0, ("sending", None)]


def test_an_unanswered_message_is_unknown_and_never_sent_again(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 2)
    provider = Provider(raising(SendUnknown("timeout")))
    assert send(engine, provider, keys, clock, 10) == DeliveryCount(claimed=2, unknown=2)
    clock.advance(HOUR / 2)
    assert send(engine, provider, keys, clock, 10) == DeliveryCount()
    assert len(provider.seen) == 2
    assert states(engine) == [("unknown", "no_answer")] * 2


def test_a_permanent_refusal_fails_one_message_and_the_rest_goes_on(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 3)

    def plan(sms: OutgoingSms) -> Accepted:
        if sms.recipient == phone(1):
            raise SendRefused("invalid_number", permanent=True, provider_code="21211")
        return Accepted(sms.reference)

    count = send(engine, Provider(plan), keys, clock, 10)
    assert count == DeliveryCount(claimed=3, accepted=2, failed=1)
    assert states(engine) == [("accepted", None), ("failed", "invalid_number"), ("accepted", None)]


def test_a_throttling_provider_pauses_the_round_and_loses_nothing(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 5)
    provider = Provider(raising(SendRefused("throttled", permanent=False)))
    assert send(engine, provider, keys, clock, 10) == DeliveryCount(claimed=5, deferred=5)
    assert len(provider.seen) == 1
    assert send(engine, provider, keys, clock, 10) == DeliveryCount()
    clock.advance(MINUTE)
    assert send(engine, Provider(), keys, clock, 10) == DeliveryCount(claimed=5, accepted=5)


def test_a_recipient_who_stopped_at_the_provider_is_remembered(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 1)
    stopped = Provider(raising(SendRefused("opted_out", permanent=True)))
    send(engine, stopped, keys, clock, 10)
    assert states(engine) == [("failed", "opted_out")]
    with engine.connect() as connection:
        assert has_opted_out(connection, keys.lookup_hashes(phone(0)))


def test_a_stop_during_the_round_holds_for_what_is_already_claimed(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 3)

    def plan(sms: OutgoingSms) -> Accepted:
        with engine.begin() as connection:
            for number in range(3):
                opt_out(connection, keys.lookup_hashes(phone(number)), "reply", clock.now())
        return Accepted("SM1")

    provider = Provider(plan)
    assert send(engine, provider, keys, clock, 10) == DeliveryCount(claimed=3, accepted=1, skipped=2)
    assert len(provider.seen) == 1


def test_what_expires_while_waiting_is_not_sent(engine: Engine, keys: KeyRing, clock: SetClock) -> None:
    queue(engine, keys, 3, expires_at=NOW + MINUTE)

    def plan(sms: OutgoingSms) -> Accepted:
        clock.advance(MINUTE)
        return Accepted("SM1")

    assert send(engine, Provider(plan), keys, clock, 2) == DeliveryCount(claimed=2, accepted=1, expired=1)
    assert send(engine, Provider(), keys, clock, 2) == DeliveryCount(expired=1)
    assert sorted(states(engine)) == [("accepted", None), ("expired", "too_late"), ("expired", "too_late")]


def test_a_slow_round_gives_back_what_it_could_not_send_in_time(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 4)

    def plan(sms: OutgoingSms) -> Accepted:
        clock.advance(5 * MINUTE)
        return Accepted(sms.reference)

    assert send(engine, Provider(plan), keys, clock, 10) == DeliveryCount(claimed=4, accepted=1, deferred=3)
    clock.advance(20 * MINUTE)
    with engine.begin() as connection:
        assert reconcile(connection, clock.now()) == 0


def test_a_fault_of_ours_leaves_one_message_in_doubt_and_the_rest_queued(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 3)
    with pytest.raises(ZeroDivisionError):
        send(engine, Provider(raising(ZeroDivisionError())), keys, clock, 10)
    assert sorted(state for state, _ in states(engine)) == ["queued", "queued", "sending"]
    clock.advance(11 * MINUTE)
    with engine.begin() as connection:
        assert reconcile(connection, clock.now()) == 1
    assert ("unknown", "worker_lost") in states(engine)
    assert send(engine, Provider(), keys, clock, 10) == DeliveryCount(claimed=2, accepted=2)


def test_a_lost_key_fails_the_message_and_not_the_round(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 1)
    others = KeyRing([Secret(Fernet.generate_key().decode())])
    assert send(engine, Provider(), others, clock, 10) == DeliveryCount(claimed=1, failed=1)
    assert states(engine) == [("failed", "key_lost")]


def test_following_notes_news_and_ignores_what_it_did_not_ask(
    engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    queue(engine, keys, 1)
    send(engine, Provider(lambda sms: Accepted("SM1")), keys, clock, 10)
    waiting = Provider(reports=[DeliveryReport("SM1", "accepted")])
    assert follow(engine, waiting, keys, clock, 10) == 0
    news = [DeliveryReport("SM1", "undelivered", "30003"), DeliveryReport("SM-foreign", "delivered")]
    assert follow(engine, Provider(reports=news), keys, clock, 10) == 1
    assert states(engine) == [("undelivered", "unreachable")]


def test_old_messages_are_no_longer_followed(engine: Engine, keys: KeyRing, clock: SetClock) -> None:
    queue(engine, keys, 1)
    send(engine, Provider(), keys, clock, 10)
    clock.advance(timedelta(days=4))
    provider = Provider(reports=[])
    assert follow(engine, provider, keys, clock, 10) == 0
    assert provider.asked == []


@pytest.mark.parametrize(
    ("code", "letters_left"), [("misconfigured", 0), ("throttled", 0), ("unreachable", 1)]
)
def test_what_is_wrong_with_e_mail_holds_up_no_sms(
    engine: Engine, keys: KeyRing, clock: SetClock, code: RefusalCode, letters_left: int
) -> None:
    letter = NewMessage("a1", "invitation", "a@x.example", "请评价", NOW, NOW + HOUR, channel="email")
    with engine.begin() as connection:
        enqueue(connection, [letter, replace(letter, dedupe_key="a2", recipient="b@x.example")], keys, NOW)
    queue(engine, keys, 2)

    def refuse_a(sms: OutgoingSms) -> Accepted:
        if sms.recipient.startswith("a@"):
            raise SendRefused(code, permanent=False, provider_code="5.7.8")
        return Accepted(sms.reference)

    by_channel = {"sms": Provider(lambda sms: Accepted(sms.reference)), "email": Provider(refuse_a)}
    count = deliver_due(engine, Carriers(by_channel, keys), POLICY, clock, 10)
    assert (count.claimed, count.accepted, count.deferred) == (4, 2 + letters_left, 2 - letters_left)
    assert [state for state, _ in states(engine)][2:] == ["accepted", "accepted"]
