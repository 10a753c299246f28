"""Claims by many workers at once: what the caps allow, what stops, what waits for the morning."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from server.keys import KeyRing
from server.models.messages import Message, SendingStop, Spending
from server.models.waves import Wave
from server.notify.outbox.claiming import Policy, claim
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import Outcome, take_back
from server.notify.respect.hours import DecentHours
from server.notify.respect.spending import month_purse, wave_purse
from server.notify.respect.stops import lift, stop
from tests.builders import create_units, create_wave
from tests.notify.sending import FREE, POLICY

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NIGHT, MORNING = datetime(2026, 3, 2, 13, 0, tzinfo=UTC), datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PRICE = Decimal("0.05")
CAPPED = Policy(replace(FREE, price=PRICE, monthly_cap=Decimal("1.00")))


@pytest.fixture
def survey_wave(engine: Engine) -> UUID:
    with engine.begin() as connection:
        create_units(connection)
        return create_wave(connection, state="launched")


def queue(
    engine: Engine, keys: KeyRing, count: int, wave_id: UUID | None = None, kind: str = "visit", **more: str
) -> None:
    first = NewMessage("", kind, "", "x", NOW, NOW + 3 * DAY, wave_id=wave_id, **more)
    messages = [
        replace(first, dedupe_key=f"{wave_id}:{kind}:{more}:{number}", recipient=f"+86138{number:08}")
        for number in range(count)
    ]
    with engine.begin() as connection:
        enqueue(connection, messages, keys, NOW)


def taken(engine: Engine, policy: Policy, now: datetime = NOW, limit: int = 7) -> int:
    with engine.begin() as connection:
        return len(claim(connection, policy, now, limit))


def test_many_workers_together_spend_exactly_the_cap(engine: Engine, keys: KeyRing) -> None:
    queue(engine, keys, 60)
    with ThreadPoolExecutor(8) as workers:
        claimed = sum(workers.map(lambda _: taken(engine, CAPPED), range(24)))
    with engine.begin() as connection:
        spent = connection.scalar(select(Spending.spent).where(Spending.purse == month_purse(NOW)))
        stops = connection.execute(select(SendingStop.wave_id, SendingStop.reason, SendingStop.params)).all()
    assert (claimed, spent) == (20, Decimal("1.00"))
    assert [tuple(row) for row in stops] == [(None, "cap_reached", {"cap": "1.00"})]


def test_what_did_not_leave_gives_its_price_back(engine: Engine, keys: KeyRing) -> None:
    queue(engine, keys, 21)
    with engine.begin() as connection:
        first, *_ = claim(connection, CAPPED, NOW, 20)
    for _ in range(2):  # a second time gives nothing back
        with engine.begin() as connection:
            gone = Outcome("skipped", "opt_out")
            take_back(connection, first.id, gone, NOW, claimed_at=first.claimed_at)
    with engine.connect() as connection:
        assert connection.scalar(select(Spending.spent)) == Decimal("0.95")
        assert connection.scalar(select(func.sum(Message.cost))) == Decimal("0.95")
    assert taken(engine, CAPPED) == 1


def test_the_cap_of_one_wave_holds_only_that_wave(engine: Engine, keys: KeyRing, survey_wave: UUID) -> None:
    with engine.begin() as connection:
        settings = Wave.settings.concat({"spend_cap": "0.10"})
        connection.execute(update(Wave).where(Wave.id == survey_wave).values(settings=settings))
    queue(engine, keys, 5, survey_wave)
    queue(engine, keys, 5)
    assert taken(engine, CAPPED, limit=20) == 7
    with engine.connect() as connection:
        purses = dict(connection.execute(select(Spending.purse, Spending.spent)).all())
        assert connection.scalars(select(SendingStop.wave_id)).all() == [survey_wave]
    assert purses == {month_purse(NOW): Decimal("0.35"), wave_purse(survey_wave): Decimal("0.10")}


def test_a_stop_holds_until_it_is_lifted(engine: Engine, keys: KeyRing, survey_wave: UUID) -> None:
    queue(engine, keys, 3, survey_wave)
    with engine.begin() as connection:
        assert stop(connection, survey_wave, "by_hand", NOW)
        assert not stop(connection, survey_wave, "blocked", NOW)
    assert taken(engine, POLICY) == 0
    with engine.begin() as connection:
        assert lift(connection, survey_wave, "account:a", NOW)
        stop(connection, None, "misconfigured", NOW, {"code": "20003"})
    assert taken(engine, POLICY) == 0
    queue(engine, keys, 1, kind="alert")
    queue(engine, keys, 2, kind="alert", channel="email")
    assert taken(engine, POLICY) == 2, "whoever can mend it is told by ways that need no SMS"
    with engine.begin() as connection:
        assert lift(connection, None, "account:a", NOW)
        assert not lift(connection, None, "account:a", NOW)
    assert taken(engine, POLICY) == 4


def test_at_night_nothing_is_claimed_but_what_somebody_waits_for(engine: Engine, keys: KeyRing) -> None:
    decent = Policy(replace(FREE, hours=DecentHours()))
    queue(engine, keys, 4)
    queue(engine, keys, 2, kind="set_up")
    assert taken(engine, decent, NIGHT) == 2
    with engine.connect() as connection:
        waiting = select(Message.not_before, Message.reason).where(Message.kind == "visit").distinct()
        assert [tuple(row) for row in connection.execute(waiting)] == [(MORNING, "held_until_decent")]
    assert taken(engine, decent, MORNING) == 4
