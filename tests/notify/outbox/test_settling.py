from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, Engine, Row, select, text

from server.config import Secret
from server.keys import KeyRing
from server.models.messages import STATES, Message
from server.notify.outbox.claiming import claim, hand_over
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.outbox.settling import REPLACES, Outcome, expire, reconcile, settle, take_back
from server.notify.respect.opt_outs import has_opted_out, opt_out
from tests.notify.sending import POLICY

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PHONE = "+8613800138000"
ONE = NewMessage("wave:1", "invitation", PHONE, "【江城银行】请评价", NOW, NOW + HOUR)


def many(count: int) -> list[NewMessage]:
    return [
        replace(ONE, dedupe_key=f"wave:{number}", recipient=f"+86138{number:08}") for number in range(count)
    ]


def rows(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(select(*Message.__table__.columns).order_by(Message.dedupe_key)).all()


def states(connection: Connection) -> list[tuple[str, str | None]]:
    return [(row.state, row.reason) for row in rows(connection)]


def test_a_queued_message_is_frozen_encrypted_and_counted(connection: Connection, keys: KeyRing) -> None:
    assert enqueue(connection, [replace(ONE, text="评" * 71)], keys, NOW) == 1
    (row,) = rows(connection)
    assert (row.state, row.kind, row.segments, row.created_at) == ("queued", "invitation", 2, NOW)
    assert (keys.decrypt(row.recipient), keys.decrypt(row.text)) == (PHONE, "评" * 71)
    assert row.recipient_hash == keys.lookup_hash(PHONE)
    shown = connection.execute(text("SELECT message::text FROM message")).scalar_one()
    assert PHONE.encode().hex() not in shown


def test_a_repeated_launch_queues_nothing_twice(connection: Connection, keys: KeyRing) -> None:
    assert enqueue(connection, many(3), keys, NOW) == 3
    assert enqueue(connection, many(5), keys, NOW) == 2
    assert enqueue(connection, many(5), keys, NOW) == 0
    assert enqueue(connection, [], keys, NOW) == 0
    assert len(rows(connection)) == 5


def test_who_said_stop_is_skipped_and_stays_countable(connection: Connection, keys: KeyRing) -> None:
    opt_out(connection, keys.lookup_hashes(PHONE), "reply", NOW)
    enqueue(connection, [ONE, replace(ONE, dedupe_key="wave:2", recipient="+8613900139000")], keys, NOW)
    assert states(connection) == [("skipped", "opt_out"), ("queued", None)]
    assert len(claim(connection, POLICY, NOW, 10)) == 1


def test_a_stop_holds_after_the_keys_have_changed(connection: Connection) -> None:
    old, new = (Secret(Fernet.generate_key().decode()) for _ in range(2))
    before, after = KeyRing([old]), KeyRing([new, old])
    enqueue(connection, [ONE], before, NOW)
    assert opt_out(connection, after.lookup_hashes(PHONE), "link", NOW) == 1
    assert states(connection) == [("cancelled", "opt_out")]
    opt_out(connection, before.lookup_hashes("+8613900139000"), "link", NOW)
    assert has_opted_out(connection, after.lookup_hashes("+8613900139000"))


def test_a_stop_cancels_what_is_queued_and_nothing_of_others(connection: Connection, keys: KeyRing) -> None:
    enqueue(connection, [ONE, *many(3)[2:]], keys, NOW)
    assert opt_out(connection, keys.lookup_hashes(PHONE), "reply", NOW) == 1
    assert opt_out(connection, keys.lookup_hashes(PHONE), "reply", NOW) == 0
    assert states(connection) == [("cancelled", "opt_out"), ("queued", None)]


def test_only_what_is_due_is_claimed_and_only_once(connection: Connection, keys: KeyRing) -> None:
    early = replace(ONE, dedupe_key="wave:2", not_before=NOW + MINUTE)
    over = replace(ONE, dedupe_key="wave:3", expires_at=NOW)
    enqueue(connection, [ONE, early, over], keys, NOW)
    (claimed,) = claim(connection, POLICY, NOW, 10)
    assert (keys.decrypt(claimed.recipient), keys.decrypt(claimed.text)) == (PHONE, ONE.text)
    assert claim(connection, POLICY, NOW, 10) == []
    assert [state for state, _ in states(connection)] == ["sending", "queued", "queued"]
    assert expire(connection, NOW) == 1
    assert states(connection)[2] == ("expired", "too_late")


def test_a_claim_respects_its_limit(connection: Connection, keys: KeyRing) -> None:
    enqueue(connection, many(7), keys, NOW)
    assert [len(claim(connection, POLICY, NOW, 3)) for _ in range(4)] == [3, 3, 1, 0]


def test_workers_at_once_claim_different_messages(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        enqueue(connection, many(10), keys, NOW)

    def take(_: int) -> list[UUID]:
        with engine.begin() as connection:
            return [message.id for message in claim(connection, POLICY, NOW, 6)]

    with ThreadPoolExecutor(2) as workers:
        one, other = workers.map(take, range(2))
    assert sorted((len(one), len(other))) == [4, 6]
    assert set(one).isdisjoint(other)


REPORTS: list[Outcome] = [
    Outcome("accepted", provider_id="SM1"),
    Outcome("failed", "30003"),
    Outcome("undelivered", "30005"),
    Outcome("delivered"),
    Outcome("unknown", "no_answer"),
]


@pytest.mark.parametrize("order", list(permutations(range(len(REPORTS)), 3)))
def test_reports_in_any_order_and_twice_end_in_the_strongest(
    connection: Connection, keys: KeyRing, order: tuple[int, ...]
) -> None:
    enqueue(connection, [ONE], keys, NOW)
    (message,) = claim(connection, POLICY, NOW, 1)
    strength = ["unknown", "accepted", "failed", "undelivered", "delivered"]
    for number in (*order, *order):
        settle(connection, message.id, REPORTS[number], NOW)
    (row,) = rows(connection)
    assert row.state == max((REPORTS[number].state for number in order), key=strength.index)
    assert row.provider_id == ("SM1" if 0 in order else None)


def test_a_late_acceptance_keeps_its_id_and_moves_nothing_back(connection: Connection, keys: KeyRing) -> None:
    enqueue(connection, [ONE], keys, NOW)
    (message,) = claim(connection, POLICY, NOW, 1)
    assert settle(connection, message.id, Outcome("delivered"), NOW)
    assert not settle(connection, message.id, Outcome("accepted", provider_id="SM1"), NOW + MINUTE)
    (row,) = rows(connection)
    assert (row.state, row.provider_id, row.delivered_at) == ("delivered", "SM1", NOW)


@pytest.mark.parametrize("state", ["queued", "cancelled", "skipped", "expired"])
def test_nothing_settles_a_message_that_was_not_being_sent(
    connection: Connection, keys: KeyRing, state: str
) -> None:
    enqueue(connection, [ONE], keys, NOW)
    (row,) = rows(connection)
    connection.execute(text("UPDATE message SET state = :state"), {"state": state})
    for report in REPORTS:
        assert not settle(connection, row.id, report, NOW)
    assert rows(connection)[0].state == state


def test_a_deferred_message_is_due_again_later(connection: Connection, keys: KeyRing) -> None:
    enqueue(connection, [ONE], keys, NOW)
    (message,) = claim(connection, POLICY, NOW, 1)
    settle(connection, message.id, Outcome("queued", "throttled", retry_at=NOW + MINUTE), NOW)
    assert claim(connection, POLICY, NOW, 1) == []
    assert [again.id for again in claim(connection, POLICY, NOW + MINUTE, 1)] == [message.id]


def test_a_crash_leaves_in_doubt_only_what_was_being_handed_over(
    connection: Connection, keys: KeyRing
) -> None:
    enqueue(connection, many(3), keys, NOW)
    leaving, *_ = claim(connection, POLICY, NOW, 2)
    assert hand_over(connection, leaving, "twilio")
    assert reconcile(connection, NOW + 10 * MINUTE) == 0
    assert reconcile(connection, NOW + 11 * MINUTE) == 2
    assert [row.state for row in rows(connection)] == ["unknown", "queued", "queued"]
    assert [(row.attempts, row.gateway, row.cost is None) for row in rows(connection)[:2]] == [
        (1, "twilio", False),
        (0, None, True),
    ]
    assert len(claim(connection, POLICY, NOW + 12 * MINUTE, 10)) == 2


def test_a_claim_that_is_over_concerns_nobody(connection: Connection, keys: KeyRing) -> None:
    """A worker that stood still for eleven minutes finds its message in another's hands."""
    enqueue(connection, [ONE], keys, NOW)
    (lost,) = claim(connection, POLICY, NOW, 1)
    later = NOW + 11 * MINUTE
    reconcile(connection, later)
    (own,) = claim(connection, POLICY, later, 1)
    assert not hand_over(connection, lost, "twilio")
    assert not take_back(connection, lost.id, Outcome("queued"), later, claimed_at=lost.claimed_at)
    assert hand_over(connection, own, "twilio")
    assert settle(connection, lost.id, Outcome("accepted", provider_id="SM1"), later)
    assert not take_back(connection, own.id, Outcome("queued"), later, claimed_at=own.claimed_at)


def test_what_was_not_found_may_be_there_after_all(connection: Connection, keys: KeyRing) -> None:
    enqueue(connection, [ONE], keys, NOW)
    (message,) = claim(connection, POLICY, NOW, 1)
    settle(connection, message.id, Outcome("retry_wait", "looked_up"), NOW)
    assert settle(connection, message.id, Outcome("delivered", provider_id="SM1"), NOW)
    assert claim(connection, POLICY, NOW, 1) == []


def test_the_order_of_states_has_no_way_back() -> None:
    assert set(REPLACES) | {"sending", "cancelled"} == set(STATES)
    moves = {(old, new) for new, replaced in REPLACES.items() for old in replaced}
    assert not moves & {(new, old) for old, new in moves}
