from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from server.fieldwork.responding import find_by_token, redeem
from server.keys import KeyRing
from server.models.contacts import ContactPrivate
from server.models.messages import Message
from server.models.tasks import Invitation
from server.notify.respect.opt_outs import opt_out
from server.reports.progress import wave_progress
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import NOW

EAST = Scope(unit_paths=("C01/D1/",))
HOUR = timedelta(hours=1)


def test_people_are_counted_at_every_step(connection: Connection, keys: KeyRing) -> None:
    tasks = builders.create_invitations(connection, keys)
    messages = list(connection.scalars(select(Message.id).order_by(Message.id)))
    states = ["delivered"] * 5 + ["accepted"] * 2 + ["undelivered", "failed", "unknown", "expired", "queued"]
    for message_id, state in zip(messages, states, strict=True):
        connection.execute(update(Message).where(Message.id == message_id).values(state=state))
    for created in tasks[:3]:
        task = find_by_token(connection, created.token, "invitation", now=NOW)
        assert task is not None
        redeem(connection, task, locale="zh", now=NOW)
    done = [task.id for task in tasks[:2]]
    connection.execute(update(Invitation).where(Invitation.id.in_(done)).values(completed_at=NOW))
    found = wave_progress(connection, tasks[0].wave_id, "survey", EVERYTHING)
    assert (found.asked, found.sent, found.delivered, found.failed, found.expired) == (12, 8, 5, 2, 1)
    assert (found.started, found.completed, found.response_rate) == (3, 2, 2 / 12)
    assert found.interval is not None
    assert found.interval.low < 2 / 12 < found.interval.high


def test_a_scope_counts_its_own_people(connection: Connection, keys: KeyRing) -> None:
    [first, *_] = builders.create_invitations(connection, keys)
    assert wave_progress(connection, first.wave_id, "survey", EAST).asked == 8
    connection.execute(update(Message).values(state="delivered"))
    assert wave_progress(connection, first.wave_id, "survey", EAST).delivered == 8
    assert wave_progress(connection, first.wave_id, "survey", Scope(unit_paths=())).asked == 0


def test_visits_are_counted_by_their_assignments(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    visit = builders.create_visit(connection, keys)
    connection.execute(update(Message).values(state="accepted"))
    found = wave_progress(connection, visit.wave_id, "visit", EVERYTHING)
    assert (found.asked, found.sent, found.started, found.response_rate) == (1, 1, 0, 0.0)


def test_a_firms_wave_has_only_what_arrived(connection: Connection) -> None:
    builders.create_units(connection)
    firm = builders.create_firm(connection)
    wave_id = builders.create_firm_wave(connection, firm)
    builders.create_scored(connection, wave_id, "B101", ["90", "80"])
    builders.create_scored(connection, wave_id, "B201", ["90"])
    found = wave_progress(connection, wave_id, "survey", EVERYTHING)
    assert (found.asked, found.completed, found.response_rate, found.interval) == (0, 3, None, None)
    assert wave_progress(connection, wave_id, "survey", EAST).completed == 2


def test_who_said_no_is_counted_until_they_come_back(connection: Connection, keys: KeyRing) -> None:
    by_link, by_reply, unreachable, *_ = builders.create_invitations(connection, keys)

    def declined(scope: Scope = EVERYTHING) -> int:
        return wave_progress(connection, by_link.wave_id, "survey", scope).declined

    for task, source in ((by_link, "link"), (by_reply, "reply"), (unreachable, "provider")):
        said_stop(connection, task, source, NOW + HOUR)
    assert declined() == 2
    assert declined(Scope(unit_paths=("C01/D10/",))) == 0
    back = find_by_token(connection, by_link.token, "invitation", now=NOW)
    assert back is not None
    redeem(connection, back, locale="zh", now=NOW + 2 * HOUR)
    assert declined() == 1
    answered = update(Invitation).where(Invitation.id == by_reply.id)
    connection.execute(answered.values(completed_at=NOW + 2 * HOUR))
    assert declined() == 0


def said_stop(connection: Connection, task: builders.CreatedTask, source: str, at: datetime) -> None:
    phone_hash = connection.execute(
        select(ContactPrivate.phone_hash)
        .join(Invitation, Invitation.contact_id == ContactPrivate.contact_id)
        .where(Invitation.id == task.id)
    ).scalar_one()
    opt_out(connection, [phone_hash], source, at)
