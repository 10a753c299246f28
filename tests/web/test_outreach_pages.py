"""The pages about sending, as a coordinator uses them: hold and lift, change rules, look a number up."""

from decimal import Decimal
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, func, insert, select, update

from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import OptOut, ProgrammeOptOut
from server.models.messages import Message, SendingStop, Spending
from server.models.waves import Wave
from server.notify.respect.rules import read_rules
from server.notify.respect.spending import wave_purse
from server.notify.respect.stops import stop
from server.phones import normalise
from tests import builders
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

RULES = "/console/outreach/rules"
HISTORY = "/console/outreach/history"


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def wave_id(engine: Engine, keys: KeyRing, app: Flask) -> UUID:
    with engine.begin() as connection:
        return builders.create_invitation(connection, keys).wave_id


def open_stops(engine: Engine) -> int:
    with engine.connect() as connection:
        query = select(func.count()).select_from(SendingStop).where(SendingStop.lifted_at.is_(None))
        return connection.scalar(query) or 0


def test_sending_is_held_and_let_go_on(coordinator: Desk, wave_id: UUID, engine: Engine) -> None:
    for more, standing in (({}, 1), ({}, 1), ({"lift": "1"}, 0)):
        answer = coordinator.post("/console/outreach/stop", wave=str(wave_id), **more)
        assert (answer.status_code, open_stops(engine)) == (303, standing)
    assert coordinator.post("/console/outreach/stop", wave="nonsense").status_code == 400
    for path in (f"/console/waves/{wave_id}/sending", "/console/outreach"):
        assert "<h1" in coordinator.get(path)


def test_a_cap_that_was_reached_is_raised_before_sending_goes_on(
    coordinator: Desk, wave_id: UUID, engine: Engine
) -> None:
    cap = f"/console/waves/{wave_id}/sending/cap"
    with engine.begin() as connection:
        settings = Wave.settings.concat({"spend_cap": "1"})
        connection.execute(update(Wave).where(Wave.id == wave_id).values(settings=settings))
        connection.execute(insert(Spending).values(purse=wave_purse(wave_id), spent=Decimal("0.99")))
        stop(connection, wave_id, "cap_reached", builders.NOW, {"cap": "1"})
    lifting = coordinator.post("/console/outreach/stop", wave=str(wave_id), lift="1")
    assert (lifting.status_code, open_stops(engine)) == (409, 1)
    for wrong in ("0", "0.5", "viel", "99999999999"):
        refused = coordinator.post(cap, spend_cap=wrong)
        assert (refused.status_code, open_stops(engine)) == (422, 1)
        assert 'id="spend_cap-error"' in refused.text
    assert "0.01" in coordinator.post(cap, spend_cap="0").text
    assert coordinator.post(cap, spend_cap="5").status_code == 303
    assert open_stops(engine) == 0
    # Another stop is somebody's decision, and no cap lifts it.
    coordinator.post("/console/outreach/stop", wave=str(wave_id))
    coordinator.post(cap, spend_cap="")
    assert open_stops(engine) == 1
    with engine.connect() as connection:
        kept = connection.scalar(select(Wave.settings).where(Wave.id == wave_id))
    assert kept is not None
    assert "spend_cap" not in kept


def test_rules_are_kept_or_refused_with_what_is_wrong(
    coordinator: Desk, wave_id: UUID, engine: Engine
) -> None:
    kept = {
        "price": "0.04", "monthly_cap": "", "quiet_from": "19:00", "quiet_until": "10:00", "weekday-0": "on",
        "most_segments": "2", "asked_per_day": "1", "asked_per_wave": "2", "countries": "+86 852",
        "kept_months": "12", "least_for_stop": "100",
        "blocked_share": "1.5", "bounced_share": "20%", "opted_out_share": "5",
    }  # fmt: skip
    assert coordinator.post(RULES, **kept).status_code == 303
    with engine.connect() as connection:
        rules = read_rules(connection)
    assert (str(rules.blocked_share), str(rules.bounced_share), rules.monthly_cap) == ("0.015", "0.20", None)
    assert (rules.countries, rules.hours.weekdays, rules.most_segments) == (("86", "852"), (0,), 2)
    for nonsense in (
        {"price": "-1"},
        {"blocked_share": "half"},
        {"quiet_from": "08:00"},
        {"kept_months": "1"},
    ):
        refused = coordinator.post(RULES, **{**kept, **nonsense})
        assert refused.status_code == 422
        assert f'id="{next(iter(nonsense))}-error"' in refused.get_data(as_text=True)
    with engine.connect() as connection:
        assert read_rules(connection) == rules


def test_a_number_is_looked_up_without_leaving_it_anywhere(
    coordinator: Desk, wave_id: UUID, engine: Engine, keys: KeyRing
) -> None:
    number = builders.phone_of(0)
    with engine.connect() as connection:
        tokens = builders.tokens_sent(connection, keys)
    shown = coordinator.post(HISTORY, number=number).get_data(as_text=True)
    assert "/r/…" in shown
    assert coordinator.post(HISTORY, number="nonsense").status_code == 422
    sheet = coordinator.post(HISTORY, number=number, export="1")
    header, first = sheet.get_data(as_text=True).splitlines()[:2]
    assert header == "\ufeff时间,事项,消息类别,状态,原因,代码,内容"
    assert first.split(",")[1:4] == ["发出", "邀请", "待发"]
    assert (sheet.mimetype, "/r/…" in sheet.get_data(as_text=True)) == ("text/csv", True)
    # Whoever read a link could answer in the customer's place.
    assert not any(token in shown + sheet.get_data(as_text=True) for token in tokens)
    with engine.connect() as connection:
        said = select(AuditLine.subject).where(AuditLine.action == "message_history_read")
        subjects = connection.scalars(said).all()
    assert len(subjects) == 2
    assert not any(number[-8:] in subject for subject in subjects)


def test_a_wish_to_stop_is_registered_for_one_programme_or_for_all(
    coordinator: Desk, wave_id: UUID, engine: Engine, keys: KeyRing
) -> None:
    one, other = (normalise(builders.phone_of(number)) for number in range(2))
    assert coordinator.post(f"{HISTORY}/stop", number=one, programme="nobody's").status_code == 422
    assert coordinator.post(f"{HISTORY}/stop", number=one, programme="branch-service").status_code == 200
    assert coordinator.post(f"{HISTORY}/stop", number=other, programme="").status_code == 200
    said = coordinator.post(HISTORY, number=other).get_data(as_text=True)
    assert "已退订" in said
    assert "opt_out" not in said
    with engine.connect() as connection:
        assert connection.scalars(select(ProgrammeOptOut.phone_hash)).all() == [keys.lookup_hash(one)]
        assert connection.scalars(select(OptOut.phone_hash)).all() == [keys.lookup_hash(other)]
        waiting = select(Message.recipient_hash).where(Message.state == "queued")
        assert {keys.lookup_hash(one), keys.lookup_hash(other)}.isdisjoint(connection.scalars(waiting))
