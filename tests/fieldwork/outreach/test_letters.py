"""Letters: to those who prefer them, printed once, and to nobody who has answered or said stop since."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, select, update

from server import catalogue
from server.clock import SetClock
from server.errors import Refusal
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import SentFile
from server.fieldwork.outreach.keys import code_hashes
from server.fieldwork.outreach.letters import count_waiting, list_runs, print_letters, sheets_of
from server.fieldwork.outreach.policy import sending_policy
from server.fieldwork.responding import find_by_hashes, find_by_token
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import Contact, ContactPrivate
from server.models.messages import Letter, Message
from server.models.tasks import Invitation
from server.notify.gateways.inbox import InboxGateway
from server.notify.gateways.letters import LetterGateway
from server.notify.outbox.delivery import Carriers, deliver_due
from server.notify.outbox.sweeping import sweep_batch
from server.notify.protocol import Absent, DeliveryReport, OutgoingSms
from server.notify.respect.opt_outs import opt_out
from server.notify.respect.stops import lift, stop
from server.reports.outreach.history import history_of
from server.scope import EVERYTHING
from tests import builders
from tests.builders import DAY, NOW
from tests.fieldwork.contacts.test_eligibility import Asked, reasons
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk


@pytest.fixture
def wave_id(engine: Engine, keys: KeyRing, clock: SetClock) -> UUID:
    """A launched wave by SMS or letter; five of twelve prefer letters, one of them without address."""
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wanting = connection.scalars(select(Contact.id).order_by(Contact.external_id).limit(5)).all()
        prefers = update(Contact).where(Contact.id.in_(wanting)).values(preferred_channel="letter")
        connection.execute(prefers)
        # One and the same person would be asked once a day, however often the file has them.
        for number, contact_id in enumerate(wanting[:4]):
            envelope = {"name": keys.encrypt(f"张{number}"), "address": keys.encrypt("青年路 5 号\n430000")}
            connection.execute(
                update(ContactPrivate).where(ContactPrivate.contact_id == contact_id).values(**envelope)
            )
        wave_id = builders.create_wave(connection, state="launched", channels=("sms", "letter"))
        builders.invite_all(connection, keys, wave_id)
    by_channel = {
        "sms": InboxGateway(engine.begin, keys, clock),
        "letter": LetterGateway(engine.begin, clock),
    }
    carriers = Carriers(by_channel, keys)
    with engine.connect() as connection:
        policy = sending_policy(connection)
    deliver_due(engine, carriers, policy, clock, 100)
    return wave_id


def test_letters_go_to_whoever_prefers_them_and_has_an_address(
    engine: Engine, keys: KeyRing, wave_id: UUID
) -> None:
    with engine.begin() as connection:
        rows = connection.execute(select(Message.channel, Message.state, Message.cost)).all()
        letters = [row for row in rows if row.channel == "letter"]
        assert (len(letters), len(rows)) == (4, 12)
        assert {(row.state, row.cost or 0) for row in letters} == {("accepted", 0)}
        run_id = print_letters(connection, wave_id, by="account:x", now=NOW)
        sheets = sheets_of(connection, keys, wave_id, run_id)
        assert {sheet.address for sheet in sheets} == {
            (f"张{number}", "青年路 5 号", "430000") for number in range(4)
        }
        assert {sheet.body.startswith("尊敬的客户") for sheet in sheets} == {True}
        assert {sheet.dated for sheet in sheets} == {catalogue.day(NOW, "zh")}
        phone = keys.decrypt(
            connection.scalars(
                select(ContactPrivate.phone)
                .join(Invitation, Invitation.contact_id == ContactPrivate.contact_id)
                .join(Message, Message.invitation_id == Invitation.id)
                .where(Message.channel == "letter")
                .order_by(Message.id)
            ).all()[0]
        )
        scanned = find_by_token(connection, sheets[0].link.rpartition("/")[2], "invitation", now=NOW)
        typed = find_by_hashes(connection, code_hashes(keys, sheets[0].code, phone[-4:]), now=NOW)
        assert scanned is not None
        assert typed is not None
        assert scanned.id == typed.id
        with pytest.raises(Refusal, match="no_letters"):
            print_letters(connection, wave_id, by="account:x", now=NOW)


def test_who_answered_or_said_stop_since_gets_no_letter(engine: Engine, keys: KeyRing, wave_id: UUID) -> None:
    with engine.begin() as connection:
        asked = connection.execute(
            select(Invitation.id, ContactPrivate.phone_hash)
            .join(Message, Message.invitation_id == Invitation.id)
            .join(ContactPrivate, ContactPrivate.contact_id == Invitation.contact_id)
            .where(Message.channel == "letter")
        ).all()
        connection.execute(update(Invitation).where(Invitation.id == asked[0].id).values(completed_at=NOW))
        opt_out(connection, [asked[1].phone_hash], "reply", NOW)
        waiting = count_waiting(connection, wave_id, now=NOW)
        assert (waiting.ready, waiting.settled) == (2, 2)
        run_id = print_letters(connection, wave_id, by="account:x", now=NOW)
        assert [(run.id, run.letters) for run in list_runs(connection, wave_id)] == [(run_id, 2)]
        # What is not kept any more cannot be printed again, and says so.
        assert sweep_batch(connection, 1, now=NOW + 90 * DAY) == 12
        with pytest.raises(Refusal, match="not_found"):
            sheets_of(connection, keys, wave_id, run_id)


def test_a_letter_counts_for_the_number_of_its_reader(engine: Engine, keys: KeyRing, wave_id: UUID) -> None:
    """At the next draw, in the number's history and for its wish to stop, as an SMS does."""
    with engine.begin() as connection:
        phones = connection.scalars(
            select(ContactPrivate.phone)
            .where(ContactPrivate.address.is_not(None))
            .order_by(ContactPrivate.contact_id)
        ).all()
        number = keys.decrypt(phones[0])
        history = history_of(connection, number, keys, EVERYTHING, by="account:x", now=NOW)
        [line] = history.lines
        assert line.state == "accepted"
        assert line.text.startswith("尊敬的客户")
        assert "430000" not in line.text
        next_draw = reasons(connection, Asked({"fatigue": [{"times": 1, "days": 30}]}))
        assert list(next_draw.values()) == ["contacted_recently"] * 12


@pytest.mark.parametrize("hindrance", ["stopped", "over"])
def test_nothing_is_printed_while_sending_is_stopped_or_when_it_is_too_late(
    engine: Engine, wave_id: UUID, hindrance: str
) -> None:
    with engine.begin() as connection:
        if hindrance == "stopped":
            stop(connection, wave_id, "by_hand", NOW)
        else:
            connection.execute(update(Invitation).values(expires_at=NOW))
        waiting = count_waiting(connection, wave_id, now=NOW)
        assert (waiting.ready, waiting.settled) == (0, 4)
        with pytest.raises(Refusal, match="no_letters"):
            print_letters(connection, wave_id, by="account:x", now=NOW)
        lift(connection, wave_id, "account:x", NOW)
        assert count_waiting(connection, wave_id, now=NOW).ready == (4 if hindrance == "stopped" else 0)


def test_the_gateway_is_certain_about_what_it_has(engine: Engine, wave_id: UUID, clock: SetClock) -> None:
    gateway = LetterGateway(engine.begin, clock)
    with engine.connect() as connection:
        known = connection.scalars(select(Letter.message_id)).first()
        other = connection.scalars(select(Message.id).where(Message.channel == "sms")).first()
    again = OutgoingSms(str(known), "x", "y")
    assert gateway.send(again).provider_id == str(known)
    assert gateway.find(again, NOW) == DeliveryReport(str(known), "accepted")
    assert gateway.find(OutgoingSms(str(other), "x", "y"), NOW) == Absent()
    assert gateway.poll([str(known)]) == []


def test_the_page_prints_and_each_download_is_recorded(
    app: Flask, engine: Engine, keys: KeyRing, wave_id: UUID
) -> None:
    desk = Desk(*signed_in(app, engine, "coordinator"))
    address = f"/console/waves/{wave_id}/letters"
    assert "4 封信待打印" in desk.get(address)
    assert desk.post(address).status_code == 303
    assert desk.post(address).status_code == 409
    with engine.connect() as connection:
        [run] = list_runs(connection, wave_id)
    pdf = desk.client.get(f"{address}/{run.id}.pdf")
    assert pdf.data.startswith(b"%PDF")
    assert desk.client.get(f"{address}/{wave_id}.pdf").status_code == 404
    with engine.connect() as connection:
        actions = connection.scalars(select(AuditLine.action)).all()
    assert {"letters_printed", "letters_downloaded"} <= set(actions)
    outsider = Desk(*signed_in(app, engine, "branch_manager"))
    assert outsider.client.get(address).status_code in {403, 404}


def test_addresses_come_by_import_and_stay_unshown(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    header = ("external_id", "phone", "unit_code", "通讯地址")
    rows = [("K1", builders.phone_of(1), "B101", "青年路 5 号；430000")]
    report = import_contacts(connection, keys, SentFile(builders.csv_of(header, rows), "a.csv", "x"), now=NOW)
    assert not report.problems
    kept = connection.scalars(select(ContactPrivate.address)).one()
    assert kept is not None
    assert keys.decrypt(kept) == "青年路 5 号\n430000"
    moved = [("K1", builders.phone_of(1), "B101", "翠湖路 1 号")]
    changed = import_contacts(
        connection, keys, SentFile(builders.csv_of(header, moved), "b.csv", "x"), now=NOW
    )
    assert [change.fields for change in changed.changes] == [(("address", "…", "…"),)]
    short = import_contacts(
        connection, keys, SentFile(builders.csv_of(header[:3], [rows[0][:3]]), "c.csv", "x"), now=NOW
    )
    assert not short.changes
    assert connection.scalars(select(ContactPrivate.address)).one() is not None
