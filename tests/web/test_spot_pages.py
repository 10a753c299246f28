"""A round in the open and a video check: what the phone and the desk do about them, from both sides."""

from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from server.keys import KeyRing
from server.models.messages import Message
from server.models.on_the_spot import SpotFine
from server.models.submissions import Finding
from tests.builders import NOW
from tests.followup.visits_for_tests import VISITS, Visit, create_visit, create_wave, photo_of
from tests.http.staff import signed_in
from tests.web.phones import Phone, record
from tests.web.test_wave_pages import Desk

OVERT = {**VISITS, "mode": "overt"}


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> Visit:
    with engine.begin() as connection:
        return create_visit(connection, keys, create_wave(connection, OVERT))


@pytest.fixture
def phone(app: Flask, visit: Visit) -> Phone:
    made = Phone(app.test_client())
    made.ask("POST", "/sign-in/link", {"token": visit.task.token})
    made.ask("POST", f"/visits/{visit.id}/accept", {"no_ties": True})
    return made


@pytest.fixture
def desk(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


def page_of(visit: Visit) -> str:
    return f"/console/waves/{visit.task.wave_id}/visits/{visit.id}"


def test_a_round_in_the_open(phone: Phone, visit: Visit, desk: Desk, engine: Engine, keys: KeyRing) -> None:
    prepared = phone.prepare(visit.id)
    assert any("/spot.js" in file for file in prepared["files"])
    assert prepared["spot"]["fine"] == {"least": "20", "most": "200"}
    assert prepared["spot"]["uncovered"] == ["高柜", "大堂"]
    fine = {"id": str(uuid4()), "item": "greeting", "person": "T01", "amount": "50", "note": ""}
    phone.ask("POST", "/sent/{ref}/fines", fine)
    phone.ask("POST", "/sent/{ref}/fines", fine)
    phone.ask("POST", "/sent/{ref}/fines", {**fine, "amount": "60"}, status=409)
    for wrong in ({"amount": "500"}, {"person": " "}, {"item": "gone"}):
        phone.ask("POST", "/sent/{ref}/fines", {**fine, "id": str(uuid4()), **wrong}, status=422)
    phone.ask("POST", "/sent/{ref}/signature", {"phone": "13900139001"}, status=404)
    reference = photo_of()
    fixed = ";".join(str(reference[name]) for name in ("id", "sha256", "size", "type"))
    report = {
        "version": 1,
        "answers": f"greeting=no&greeting-fixed={fixed}&queue=yes",
        "declaration": {"name": "小周", "at": NOW.isoformat()},
        "record": record(),
    }
    phone.ask("POST", "/sent/{ref}/report", report, status=201)
    said = phone.ask("POST", "/sent/{ref}/signature", {"phone": "13900139001"})
    assert [each["standing"] for each in said["signatures"]] == ["asked"]
    phone.ask("POST", "/sent/{ref}/signature", {"phone": "12"}, status=422)
    with engine.connect() as connection:
        assert connection.scalars(select(Finding.fixed)).all() == [True]
        text = keys.decrypt(connection.scalars(select(Message.text).where(Message.kind == "signature")).one())
    signing = phone.client.get("/s/" + text.split("/s/")[1].split()[0].rstrip("。")).text
    assert "已当场整改" in signing
    shown = desk.get(page_of(visit))
    assert "T01" in shown
    assert "等待签字" in shown
    [fine_id] = [each["id"] for each in said["fines"]]
    phone.ask("POST", f"/sent/{{ref}}/fines/{fine_id}/withdraw", {"reason": " "}, status=422)
    assert phone.ask("POST", f"/sent/{{ref}}/fines/{fine_id}/withdraw", {"reason": "认错人"})["fines"] == []


def test_the_desk_fines_asks_and_withdraws(visit: Visit, desk: Desk, engine: Engine, app: Flask) -> None:
    at = page_of(visit)
    typed = {"item": "greeting", "person": "李娜", "amount": "20", "note": ""}
    assert desk.post(f"{at}/fines", **{**typed, "amount": "二十"}).status_code == 422
    assert desk.post(f"{at}/fines", **typed).headers["Location"].endswith("#spot")
    refused = desk.post(f"{at}/fines", **typed)
    assert (refused.status_code, "已经罚过了" in refused.text) == (422, True)
    assert desk.post(f"{at}/signature", phone="13900139001").status_code == 404
    with engine.connect() as connection:
        fine_id = connection.scalars(select(SpotFine.id)).one()
    analyst = Desk(*signed_in(app, engine, "analyst"))
    assert analyst.post(f"{at}/fines", **typed).status_code == 403
    assert "李娜" in analyst.get(at)
    assert desk.post(f"{at}/fines/{fine_id}/withdraw", reason="").status_code == 422
    assert desk.post(f"{at}/fines/{uuid4()}/withdraw", reason="错").status_code == 404
    assert desk.post(f"{at}/fines/{fine_id}/withdraw", reason="错").status_code == 303
    assert "没有现场罚款" in desk.get(at)


def test_recordings_are_asked_for_post_by_post(phone: Phone, visit: Visit, desk: Desk) -> None:
    at = page_of(visit)
    asked = {"from_at": "2026-05-04T09:00", "until_at": "2026-05-04T12:00", "due_at": "2026-05-08T18:00"}
    assert "还没有调阅的岗位：高柜、大堂" in desk.get(at)
    for wrong in ({}, {"posts": "vault"}, {"posts": "counter", "due_at": "tomorrow"}):
        assert desk.post(f"{at}/recordings", **{**asked, **wrong}).status_code == 422
    assert desk.post(f"{at}/recordings", **asked, posts="counter").status_code == 303
    shown = desk.get(at)
    assert "还没有调阅的岗位：大堂" in shown
    assert "等待提供" in shown
    phone.prepare(visit.id)
    said = phone.ask("GET", "/sent/{ref}/spot")
    assert [(each["title"], each["state"]) for each in said["recordings"]] == [("高柜", "asked")]
    assert said["recordings"][0]["from"].startswith("2026-05-04T01:00")
    assert said["uncovered"] == ["大堂"]


def test_a_covert_visit_shows_nothing_of_it(app: Flask, desk: Desk, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        covert = create_visit(connection, keys, create_wave(connection, {}))
    assert 'id="spot"' not in desk.get(page_of(covert))
    phone = Phone(app.test_client())
    phone.ask("POST", "/sign-in/link", {"token": covert.task.token})
    phone.ask("POST", f"/visits/{covert.id}/accept", {"no_ties": True})
    prepared = phone.prepare(covert.id)
    assert prepared["spot"] is None
    assert not any("/spot.js" in file for file in prepared["files"])
