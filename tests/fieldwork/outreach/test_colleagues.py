"""Waves that ask people who work here: by name, all of them, and with the same manners as customers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, insert, select, update

from server.errors import Refusal
from server.fieldwork.outreach import pricing
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.outreach.reminders import ReminderRules, remind_batch
from server.fieldwork.outreach.replies import take_reply
from server.fieldwork.responding import find_by_token
from server.fieldwork.returning import decline, has_declined
from server.fieldwork.waves.audience import Audience, count_people, known_titles
from server.fieldwork.waves.drawing import draw_wave
from server.fieldwork.waves.reading import find_wave
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.accounts import Person, PersonPrivate
from server.models.contacts import OptOut
from server.models.messages import Message
from server.models.tasks import Invitation
from server.notify.protocol import Inbound
from server.notify.receiving import store_inbound
from server.reports.progress import wave_progress
from server.scope import EVERYTHING
from tests import builders
from tests.builders import DAY, NOW

LOBBY = Audience("people", ("大堂经理",))


@pytest.fixture
def staff(connection: Connection, keys: KeyRing) -> dict[str, UUID]:
    builders.create_units(connection)
    builders.create_contacts(connection, keys)
    people = {
        "lobby": ("B101", "大堂经理", "+8613900000001"),
        "lobby2": ("B201", "大堂经理", "+8613900000002"),
        "mute": ("B102", "大堂经理", ""),
        "teller": ("B101", "柜员", "+8613900000003"),
        "gone": ("B101", "大堂经理", "+8613900000004"),
    }
    ids = {name: builders.create_colleague(connection, keys, name, *where) for name, where in people.items()}
    connection.execute(update(Person).where(Person.id == ids["gone"]).values(left_at=NOW))
    return ids


def asked(connection: Connection) -> set[UUID | None]:
    return set(connection.scalars(select(Invitation.person_id)))


def test_everybody_with_the_title_is_asked_once_and_nobody_is_drawn(
    connection: Connection, keys: KeyRing, staff: dict[str, UUID]
) -> None:
    assert known_titles(connection) == ["大堂经理", "柜员"]
    wave_id = builders.create_wave(connection, audience=LOBBY)
    with pytest.raises(Refusal, match="wrong_state"):
        draw_wave(connection, wave_id, EVERYTHING, by="account:x", now=NOW)
    planned = find_wave(connection, wave_id, EVERYTHING)
    assert (count := count_people(connection, planned)).people == 3
    assert count.unreachable == 1
    cost = pricing.outlay(connection, planned, builders.PUBLIC_URL)
    assert cost is not None
    assert cost.people == 2
    wave_id = builders.create_wave(connection, audience=LOBBY, code="again", state="launched")
    assert [builders.invite_all(connection, keys, wave_id) for _ in range(2)] == [3, 0]
    assert asked(connection) == {staff["lobby"], staff["lobby2"], staff["mute"]}
    # Whoever has neither number nor address is invited, and no message is made up for them.
    assert len(connection.scalars(select(Message.id)).all()) == 2


@pytest.mark.parametrize(
    ("unit", "titles", "people"),
    [("D10", (), {"lobby2"}), ("D1", (), {"lobby", "mute", "teller"}), ("C01", ("行长",), set())],
)
def test_the_wave_reaches_its_units_and_titles(
    connection: Connection,
    keys: KeyRing,
    staff: dict[str, UUID],
    unit: str,
    titles: tuple[str, ...],
    people: set[str],
) -> None:
    audience = Audience("people", titles)
    wave_id = builders.create_wave(connection, audience=audience, unit_code=unit, state="launched")
    builders.invite_all(connection, keys, wave_id)
    assert asked(connection) == {staff[name] for name in people}


def test_a_colleague_is_reminded_and_heard_like_a_customer(
    connection: Connection, keys: KeyRing, staff: dict[str, UUID]
) -> None:
    wave_id = builders.create_wave(
        connection,
        audience=LOBBY,
        state="launched",
        reminders=ReminderRules(2, 3),
        closes_at=NOW + timedelta(days=30),
    )
    builders.invite_all(connection, keys, wave_id)
    reached = {"state": "delivered", "claimed_at": NOW, "accepted_at": NOW}
    connection.execute(update(Message).values(**reached))
    sender, later = Sender(keys, builders.PUBLIC_URL), NOW + 4 * DAY
    assert remind_batch(connection, wave_id, sender, now=later) == 2

    token = builders.tokens_sent(connection, keys)[0]
    task = find_by_token(connection, token, "invitation", now=NOW)
    assert task is not None
    assert not has_declined(connection, task)
    decline(connection, task, now=later)
    assert has_declined(connection, task)

    stop = Inbound("in-1", "+8613900000002", "退订", later)
    inbound_id = store_inbound(connection, "inbox", stop, keys, later)
    assert inbound_id is not None
    assert take_reply(connection, inbound_id, sender, later, forms=FormShelf()) == "stop"
    assert len(connection.scalars(select(OptOut.phone_hash)).all()) == 2
    assert set(connection.scalars(select(Message.state).where(Message.kind == "reminder"))) == {"cancelled"}


def test_a_colleague_without_a_number_stops_the_mail(
    connection: Connection, keys: KeyRing, staff: dict[str, UUID]
) -> None:
    mail = "mute@bank.example"
    known = {"email": keys.encrypt(mail), "email_hash": keys.lookup_hash(mail)}
    connection.execute(insert(PersonPrivate).values(person_id=staff["mute"], **known))
    wave_id = builders.create_wave(
        connection, audience=LOBBY, state="launched", channels=("email",), unit_code="B102"
    )
    builders.invite_all(connection, keys, wave_id)
    [token] = builders.tokens_sent(connection, keys)
    task = find_by_token(connection, token, "invitation", now=NOW)
    assert task is not None
    decline(connection, task, now=NOW)
    assert has_declined(connection, task)
    assert wave_progress(connection, wave_id, "survey", EVERYTHING).declined == 1
    assert list(connection.scalars(select(Message.state))) == ["cancelled"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"audience": Audience("people"), "rolling": {"rate": "1"}}, "/audience"),
        ({"audience": Audience("counter"), "reminders": ReminderRules(1, 3)}, "/audience"),
        ({"audience": Audience.of({"audience": {"kind": "neighbours"}})}, "/audience"),
        ({"audience": Audience("people", ("长" * 41,))}, "/titles"),
        ({"fallback": {"zh": "回复1"}, "reply": True, "reminders": ReminderRules(1, 3)}, "/fallback_zh"),
        (
            {"fallback": {"zh": "回复1{name}"}, "reply": True, "reminders": ReminderRules(2, 3)},
            "/fallback_zh",
        ),
    ],
)
def test_what_leads_nowhere_is_refused(
    connection: Connection, staff: dict[str, UUID], changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Refusal) as refused:
        builders.create_wave(connection, **changes)
    assert pointer in {detail.pointer for detail in refused.value.details}
