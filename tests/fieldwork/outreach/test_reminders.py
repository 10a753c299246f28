"""Reminders and second tries: to whom, how often, and when no more."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.reminders import ReminderRules, remind_batch, reminding_waves
from server.keys import KeyRing, token_hash
from server.models.messages import Message
from server.models.tasks import Invitation, InvitationKey
from server.models.waves import Wave
from server.notify.outbox.again import try_again
from server.notify.respect.opt_outs import opt_out
from tests.builders import NOW, create_contacts, create_units, create_wave, invite_all, phone_of

DAY = timedelta(days=1)
LATER = NOW + 4 * DAY
TWICE = {"times": 2, "after_days": 3}


@pytest.fixture
def wave_id(connection: Connection, keys: KeyRing) -> UUID:
    """A launched wave that asked everybody, all of whom were reached."""
    create_units(connection)
    create_contacts(connection, keys)
    wave_id = create_wave(connection, state="launched")
    connection.execute(
        update(Wave)
        .where(Wave.id == wave_id)
        .values(settings=Wave.settings.concat({"reminders": TWICE}), closes_at=NOW + 30 * DAY)
    )
    invite_all(connection, keys, wave_id)
    settle_all(connection)
    return wave_id


def settle_all(connection: Connection, state: str = "delivered") -> None:
    """Every message that waits has left, and this became of it."""
    left = {"state": state, "claimed_at": Message.not_before, "accepted_at": Message.not_before}
    connection.execute(update(Message).where(Message.state == "queued").values(**left))


def remind(connection: Connection, keys: KeyRing, wave_id: UUID, days: int) -> int:
    sender = Sender(keys, "http://anfang.test")
    return remind_batch(connection, wave_id, sender, now=NOW + days * DAY)


def test_two_reminders_with_days_between_and_a_link_each(
    connection: Connection, keys: KeyRing, wave_id: UUID
) -> None:
    asked = connection.scalars(select(Invitation.id)).all()
    assert reminding_waves(connection, now=LATER) == [wave_id]
    assert [remind(connection, keys, wave_id, days) for days in (2, 3, 3)] == [0, len(asked), 0]
    settle_all(connection)
    assert [remind(connection, keys, wave_id, days) for days in (5, 6)] == [0, len(asked)]
    settle_all(connection)
    assert remind(connection, keys, wave_id, 20) == 0
    texts = [keys.decrypt(text) for text in connection.scalars(select(Message.text))]
    tokens = {token_hash(text.partition("/r/")[2].split()[0]) for text in texts}
    assert len(texts) == len(tokens) == 3 * len(asked)
    assert tokens <= set(connection.scalars(select(InvitationKey.hash)))


@pytest.mark.parametrize(
    ("state", "reason", "started"),
    [("delivered", None, False), ("undelivered", "blocked_content", False), ("delivered", None, True)],
)
def test_two_links_that_came_to_nothing_fall_back_to_a_reply(
    connection: Connection, keys: KeyRing, wave_id: UUID, state: str, reason: str | None, started: bool
) -> None:
    words = {"fallback": {"zh": "请直接回复数字：1满意 2不满意"}, "reply": True}
    connection.execute(update(Wave).values(settings=Wave.settings.concat(words)))
    connection.execute(update(Message).values(state=state, reason=reason))
    if started:
        connection.execute(update(Invitation).values(started_at=NOW))
    asked = remind(connection, keys, wave_id, 4)
    assert asked
    settle_all(connection, state)
    connection.execute(update(Message).where(Message.state == "undelivered").values(reason=reason))
    assert remind(connection, keys, wave_id, 8) == asked
    last = connection.scalars(select(Message.text).where(Message.dedupe_key.endswith(":reminder:2")))
    texts = [keys.decrypt(text) for text in last]
    assert {"/r/" in text for text in texts} == {started}
    assert all("1满意" in text and "回复R" in text for text in texts) is not started


def answered(connection: Connection, keys: KeyRing) -> None:
    connection.execute(update(Invitation).values(completed_at=NOW))


def said_stop(connection: Connection, keys: KeyRing) -> None:
    for phone_hash in connection.scalars(select(Message.recipient_hash)).all():
        opt_out(connection, [phone_hash], "reply", NOW)


def not_reached(connection: Connection, keys: KeyRing) -> None:
    connection.execute(update(Message).values(state="undelivered"))


def of_unknown_fate(connection: Connection, keys: KeyRing) -> None:
    connection.execute(update(Message).values(state="unknown"))


def nearly_over(connection: Connection, keys: KeyRing) -> None:
    connection.execute(update(Invitation).values(expires_at=LATER + timedelta(hours=1)))


@pytest.mark.parametrize("change", [answered, said_stop, not_reached, of_unknown_fate, nearly_over])
def test_nobody_is_reminded_in_vain(
    connection: Connection, keys: KeyRing, wave_id: UUID, change: Callable[[Connection, KeyRing], Any]
) -> None:
    change(connection, keys)
    assert remind(connection, keys, wave_id, 4) == 0


def test_a_number_out_of_reach_is_tried_once_more_on_another_day(
    connection: Connection, keys: KeyRing, wave_id: UUID
) -> None:
    connection.execute(update(Message).values(state="undelivered", reason="unreachable"))
    count = len(connection.scalars(select(Message.id)).all())
    assert [try_again(connection, NOW + DAY / 2, 1000) for _ in range(2)] == [count, 0]
    again = connection.execute(
        select(Message.not_before, Message.text).where(Message.state == "queued")
    ).all()
    assert {row.not_before >= NOW + DAY for row in again} == {True}
    assert {phone_of(0) in keys.decrypt(row.text) for row in again} == {False}
    connection.execute(
        update(Message).where(Message.state == "queued").values(state="undelivered", reason="unreachable")
    )
    assert try_again(connection, LATER, 1000) == 0


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        (ReminderRules(2, 3), []),
        (ReminderRules(3, 3), ["/reminders"]),
        (ReminderRules(1, 0), ["/reminder_days"]),
        (ReminderRules(-1, 61), ["/reminders", "/reminder_days"]),
    ],
)
def test_more_than_two_reminders_are_refused(rules: ReminderRules, wrong: list[str]) -> None:
    assert [problem.pointer for problem in rules.problems()] == wrong
