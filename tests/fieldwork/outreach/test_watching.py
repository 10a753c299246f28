"""Campaigns that do harm stop by themselves, and go on when somebody says so."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.outreach.watching import Sent, reason_to_stop, watch_sending
from server.keys import KeyRing
from server.models.messages import Message, SendingStop
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.respect.opt_outs import opt_out
from server.notify.respect.rules import SendingRules
from server.notify.respect.stops import lift
from tests.builders import NOW, create_units, create_wave, phone_of

RULES = replace(SendingRules(), least_for_stop=10)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("blocked", "bounced", "opted_out", "reason"),
    [
        (2, 20, 5, None),
        (3, 0, 0, "blocked"),
        (0, 21, 0, "bounced"),
        (0, 0, 6, "opted_out"),
        (3, 99, 99, "blocked"),
    ],
)
def test_shares_above_a_limit_stop(blocked: int, bounced: int, opted_out: int, reason: str | None) -> None:
    found = reason_to_stop(Sent(uuid4(), 100, blocked, bounced, opted_out), RULES)
    assert (found and found[0]) == reason


def test_shares_of_few_messages_say_nothing() -> None:
    assert reason_to_stop(Sent(uuid4(), 9, 9, 9, 9), RULES) is None


def sent(connection: Connection, keys: KeyRing, wave_id: UUID, first: int, reason: str | None) -> None:
    messages = [
        NewMessage(f"{wave_id}:{n}", "invitation", phone_of(n), "x", NOW, NOW + HOUR, wave_id=wave_id)
        for n in range(first, first + 20)
    ]
    enqueue(connection, messages, keys, NOW)
    state = "delivered" if reason is None else "failed"
    waiting = update(Message).where(Message.state == "queued")
    connection.execute(waiting.values(state=state, reason=reason, claimed_at=NOW + first * HOUR))


def test_a_blocked_text_stops_its_wave_alone(connection: Connection, keys: KeyRing) -> None:
    create_units(connection)
    harmful, harmless = (create_wave(connection, state="launched", code=code) for code in ("A", "B"))
    sent(connection, keys, harmful, 0, "blocked_content")
    sent(connection, keys, harmless, 20, None)
    assert [watch_sending(connection, RULES, now=NOW + 30 * HOUR) for _ in range(2)] == [1, 0]
    stopped = connection.execute(select(SendingStop.wave_id, SendingStop.reason, SendingStop.params)).all()
    params = {"count": 20, "sent": 20, "limit": "0.02"}
    assert [tuple(row) for row in stopped] == [(harmful, "blocked", params)]
    # What was sent before somebody let it go on counts no more.
    lift(connection, harmful, "account:a", NOW + 31 * HOUR)
    assert watch_sending(connection, RULES, now=NOW + 32 * HOUR) == 0


def test_people_who_say_stop_after_a_message_stop_it_for_the_others(
    connection: Connection, keys: KeyRing
) -> None:
    create_units(connection)
    wave_id = create_wave(connection, state="launched")
    sent(connection, keys, wave_id, 0, None)
    for number, source in ((0, "reply"), (1, "provider")):
        opt_out(connection, keys.lookup_hashes(phone_of(number)), source, NOW + HOUR)
    strict = replace(RULES, opted_out_share=Decimal("0.05"))
    assert watch_sending(connection, strict, now=NOW + HOUR) == 0
    opt_out(connection, keys.lookup_hashes(phone_of(2)), "link", NOW + HOUR)
    assert watch_sending(connection, strict, now=NOW + HOUR) == 1
