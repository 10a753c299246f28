"""A firm's dispatcher at the console: own visits only, a proposal, and people sent."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server.keys import KeyRing
from server.models.accounts import Person, RoleGrant
from server.models.tasks import Assignment
from tests import builders
from tests.builders import NOW
from tests.fieldwork.test_dispatching import Firm
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk


@pytest.fixture
def firm(app: Flask, engine: Engine, keys: KeyRing) -> Firm:
    with engine.begin() as connection:
        return Firm(connection, keys)


def dispatcher_of(app: Flask, engine: Engine, firm_id: UUID) -> Desk:
    desk = Desk(*signed_in(app, engine, "dispatcher"))
    with engine.begin() as connection:
        connection.execute(update(RoleGrant).values(firm_id=firm_id))
    return desk


def test_from_the_start_page_to_people_sent(app: Flask, engine: Engine, firm: Firm) -> None:
    desk = dispatcher_of(app, engine, firm.id)
    assert "有 3 家网点还没有派人" in desk.get("/console")
    path = f"/console/dispatch/{firm.wave_id}/{firm.id}"
    assert path in desk.get("/console/dispatch")
    page = desk.get(path)
    assert "翠湖支行" in page
    with engine.connect() as connection:
        ids = connection.scalars(select(Assignment.id)).all()
    chosen = {f"person-{each}": str(firm.people[0]) for each in ids[:2]}
    assert desk.post(path, **chosen).status_code == 303
    with engine.connect() as connection:
        sent = connection.scalars(select(Assignment.person_id).where(Assignment.person_id.is_not(None))).all()
    assert sent == [firm.people[0]] * 2
    assert "有 1 家网点还没有派人" in desk.get("/console")


def test_a_refused_person_is_told_at_the_visit(app: Flask, engine: Engine, firm: Firm) -> None:
    with engine.begin() as connection:
        firm.connection = connection
        firm.bar(firm.people[0], "B101")
        visit = firm.visit("B101")
    desk = dispatcher_of(app, engine, firm.id)
    path = f"/console/dispatch/{firm.wave_id}/{firm.id}"
    answer = desk.post(path, **{f"person-{visit}": str(firm.people[0])})
    assert answer.status_code == 422
    assert "不能派这个人" in answer.text
    assert "须回避" in answer.text
    assert desk.post(path, **{"person-x": "y"}).status_code == 400


def test_whoever_left_is_not_replaced_by_saving(app: Flask, engine: Engine, firm: Firm) -> None:
    """A list without the person who goes would choose its first one instead."""
    with engine.begin() as connection:
        firm.connection = connection
        visit = firm.visit("B101")
        firm.send(B101=firm.people[1])
        connection.execute(update(Person).where(Person.id == firm.people[1]).values(left_at=NOW))
    desk = dispatcher_of(app, engine, firm.id)
    path = f"/console/dispatch/{firm.wave_id}/{firm.id}"
    assert f'<option value="{firm.people[1]}" selected>' in desk.get(path)
    assert desk.post(path, **{f"person-{visit}": str(firm.people[1])}).status_code == 303


def test_another_firm_finds_nothing(app: Flask, engine: Engine, firm: Firm) -> None:
    with engine.begin() as connection:
        rival = builders.create_firm(connection, "rival").id
    desk = dispatcher_of(app, engine, rival)
    assert str(firm.wave_id) not in desk.get("/console/dispatch")
    for found in (firm.id, rival):
        path = f"/console/dispatch/{firm.wave_id}/{found}"
        assert desk.client.get(path).status_code == 404
        assert desk.post(path).status_code == 404
