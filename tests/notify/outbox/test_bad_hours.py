"""A provider that is down for an hour, clocks that disagree, a number that two waves ask at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock

from sqlalchemy import Engine, func, select

from server.clock import SetClock
from server.keys import KeyRing
from server.models.messages import Message, Spending
from server.notify.outbox.claiming import Policy, claim
from server.notify.outbox.delivery import DeliveryCount, deliver_due
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import reconcile
from server.notify.protocol import Absent, Accepted, DeliveryReport, Found, OutgoingSms, SendRefused
from server.notify.respect.stops import stop
from tests.notify.sending import FREE, carriers, send

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SKEW = 3 * MINUTE


@dataclass
class Down:
    """A provider that nobody can reach until `back`."""

    back: bool = False
    name: str = "twilio"
    tried: int = 0
    reached: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def send(self, sms: OutgoingSms) -> Accepted:
        with self.lock:
            self.tried += 1
            if not self.back:
                raise SendRefused("retry", permanent=False)
            self.reached.append(sms.recipient)
        return Accepted(f"SM-{sms.reference}")

    def poll(self, provider_ids: Sequence[str]) -> list[DeliveryReport]:
        return []

    def find(self, sms: OutgoingSms, since: datetime) -> Found:
        return Absent()


def queue(engine: Engine, keys: KeyRing, count: int, expires_at: datetime, kind: str = "visit") -> None:
    first = NewMessage("", kind, "", "【江城银行】请评价", NOW, expires_at)
    messages = [
        replace(first, dedupe_key=f"{expires_at}:{number}", recipient=f"+86138{number:08}")
        for number in range(count)
    ]
    with engine.begin() as connection:
        enqueue(connection, messages, keys, NOW)


def counted(engine: Engine) -> dict[tuple[str, str | None], int]:
    with engine.connect() as connection:
        grouped = select(Message.state, Message.reason, func.count()).group_by(Message.state, Message.reason)
        return {(state, reason): number for state, reason, number in connection.execute(grouped)}


def test_an_hour_without_the_provider_loses_nothing_and_costs_nothing(engine: Engine, keys: KeyRing) -> None:
    queue(engine, keys, 30, NOW + DAY)
    queue(engine, keys, 5, NOW + HOUR / 2)
    provider, clock = Down(), SetClock(NOW)
    for _ in range(60):
        send(engine, provider, keys, clock, 10)
        clock.advance(MINUTE)
        with engine.begin() as connection:
            assert reconcile(connection, clock.now()) == 0
    assert counted(engine)["expired", "too_late"] == 5
    with engine.connect() as connection:
        assert connection.scalar(select(Spending.spent)) == Decimal(0)
        assert connection.scalar(select(func.count(Message.cost))) == 0
        assert connection.scalar(select(func.sum(Message.attempts))) == provider.tried
    provider.back = True
    while send(engine, provider, keys, clock, 10).claimed:
        pass
    assert counted(engine) == {("expired", "too_late"): 5, ("accepted", None): 30}
    assert len(provider.reached) == len(set(provider.reached)) == 30
    with engine.connect() as connection:
        assert connection.scalar(select(Spending.spent)) == 30 * FREE.price


def test_workers_whose_clocks_disagree_send_nothing_twice(engine: Engine, keys: KeyRing) -> None:
    """The later clock reconciles what the earlier one claims; ten minutes are more than both are apart."""
    queue(engine, keys, 40, NOW + DAY)
    provider = Down(back=True)

    def work(ahead: timedelta) -> int:
        sent, clock = 0, SetClock(NOW + ahead)
        for _ in range(6):
            sent += send(engine, provider, keys, clock, 5).accepted
            clock.advance(MINUTE)
            with engine.begin() as connection:
                assert reconcile(connection, clock.now()) == 0
        return sent

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, (timedelta(0), SKEW))) == 40
    assert len(provider.reached) == len(set(provider.reached)) == 40


def test_a_number_that_two_messages_ask_at_once_is_asked_once(engine: Engine, keys: KeyRing) -> None:
    """Both are claimed, by workers whose clocks disagree: whoever leaves first is known to the other."""
    queue(engine, keys, 12, NOW + DAY, "invitation")
    queue(engine, keys, 12, NOW + 2 * DAY, "invitation")
    provider, policy = Down(back=True), Policy(replace(FREE, asked_per_day=1))

    def work(ahead: timedelta) -> int:
        count = deliver_due(engine, carriers(provider, keys), policy, SetClock(NOW + ahead), 12)
        assert count.accepted + count.deferred == count.claimed
        return count.accepted

    with ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, (SKEW, timedelta(0)))) == 12
    assert len(provider.reached) == len(set(provider.reached)) == 12
    assert counted(engine)["queued", "asked_today"] == 12


def test_a_stop_by_hand_holds_what_is_claimed_and_a_spent_cap_does_not(engine: Engine, keys: KeyRing) -> None:
    queue(engine, keys, 3, NOW + DAY)
    provider, clock = Down(back=True), SetClock(NOW)
    capped = Policy(replace(FREE, monthly_cap=2 * FREE.price))
    assert deliver_due(engine, carriers(provider, keys), capped, clock, 10) == DeliveryCount(
        claimed=2, accepted=2
    )
    with engine.begin() as connection:
        assert claim(connection, capped, NOW, 10) == []
    assert counted(engine)["queued", None] == 1

    class StoppedMeanwhile(Down):
        def send(self, sms: OutgoingSms) -> Accepted:
            with engine.begin() as connection:
                stop(connection, None, "by_hand", NOW)
            return Accepted(sms.reference)

    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sending_stop")
    queue(engine, keys, 2, NOW + 2 * DAY)
    assert send(engine, StoppedMeanwhile(), keys, clock, 10) == DeliveryCount(
        claimed=3, accepted=1, deferred=2
    )
