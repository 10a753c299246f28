"""The poster at the counter: whoever scans it answers without a name, and an old poster opens nothing."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from server.clock import SetClock
from server.fieldwork.outreach.counters import BEGINNINGS, poster_links
from server.fieldwork.outreach.guessing import WINDOW
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.waves.audience import Audience
from server.keys import KeyRing
from server.models.submissions import Submission
from server.models.tasks import CounterCode, Invitation, RespondentSession
from server.scope import EVERYTHING
from tests import builders
from tests.builders import DAY
from tests.http.staff import signed_in
from tests.web.test_code_page import everything
from tests.web.test_respondent_pages import Page
from tests.web.test_wave_pages import Desk


@pytest.fixture
def wave_id(engine: Engine, keys: KeyRing) -> UUID:
    with engine.begin() as connection:
        builders.create_units(connection)
        wave_id = builders.create_wave(connection, audience=Audience("counter"), state="launched", message={})
        assert builders.invite_all(connection, keys, wave_id) == 0
        builders.invite_all(connection, keys, wave_id)
        return wave_id


def squares(engine: Engine, keys: KeyRing, wave_id: UUID) -> dict[str, str]:
    """Outlet -> the path that its square holds."""
    with engine.connect() as connection:
        found = poster_links(connection, wave_id, EVERYTHING, Sender(keys, builders.PUBLIC_URL))
    return {row.code: link.removeprefix(builders.PUBLIC_URL) for row, link in found}


def test_looking_writes_nothing_and_each_beginning_is_somebody_else(
    client: FlaskClient, engine: Engine, keys: KeyRing, wave_id: UUID
) -> None:
    paths = squares(engine, keys, wave_id)
    assert set(paths) == set(builders.OUTLETS)
    before = everything(engine)
    for look in (client.get, client.head):
        assert look(paths["B101"]).status_code == 200
    assert everything(engine) == before
    refs = [client.post(paths["B101"]).location for _ in range(2)]
    assert all(re.fullmatch(r"/a/[A-Za-z0-9_-]{16}/1", ref) for ref in refs)
    with engine.connect() as connection:
        rows = connection.execute(select(Invitation.contact_id, Invitation.submission_id)).all()
    assert len({row.submission_id for row in rows}) == 2
    assert {row.contact_id for row in rows} == {None}

    first = client.get(refs[-1])
    assert "/decline" not in first.text
    sent = Page(first.text).fields
    assert client.post(refs[-1], data={**sent, "stars": "5", "go": "finish"}).status_code == 303


def test_answers_by_a_poster_are_stored_for_its_outlet(
    client: FlaskClient, engine: Engine, keys: KeyRing, wave_id: UUID
) -> None:
    address = client.post(squares(engine, keys, wave_id)["B102"]).location
    with engine.begin() as connection:
        session = connection.execute(
            select(Invitation.id, Invitation.subject_id, Invitation.expires_at - Invitation.created_at)
            .join(RespondentSession, RespondentSession.invitation_id == Invitation.id)
            .where(RespondentSession.ref == address.split("/")[2])
        ).one()
        assert session.subject_id == builders.subject_of(connection, "B102")
        assert session[2] == timedelta(days=1)
    for _ in range(20):
        page = client.get(address)
        if page.status_code != 200 or address.endswith("/done"):
            break
        data = {**Page(page.text).fields, **answers(page.text), "go": "next"}
        address = client.post(address, data=data).location
    assert address.endswith("/done"), client.get(address).text
    with engine.connect() as connection:
        stored = connection.execute(select(Submission.subject_id, Submission.wave_id)).one()
    assert stored == (session.subject_id, wave_id)


def answers(html: str) -> dict[str, str]:
    """The first choice of every question that offers some."""
    offered: dict[str, str] = {}
    for tag, given in Page(html).tags:
        if tag == "input" and given.get("type") == "radio":
            offered.setdefault(str(given["name"]), str(given["value"]))
    return offered


def test_a_replaced_poster_opens_nothing_and_the_new_one_does(
    app: Flask, client: FlaskClient, engine: Engine, keys: KeyRing, wave_id: UUID
) -> None:
    old = squares(engine, keys, wave_id)
    desk = Desk(*signed_in(app, engine, "coordinator"))
    with engine.connect() as connection:
        counter_id = connection.scalar(
            select(CounterCode.id).where(CounterCode.subject_id == builders.subject_of(connection, "B101"))
        )
    page = f"/console/waves/{wave_id}/posters"
    assert desk.get(page).count("posters.pdf?counter=") == 3
    assert desk.client.get(f"{page}.pdf").data.startswith(b"%PDF")
    assert desk.post(f"{page}/{counter_id}/replace").status_code == 303
    assert desk.post(f"{page}/{counter_id}/replace").status_code == 404
    new = squares(engine, keys, wave_id)
    assert client.get(old["B101"]).status_code == client.post(old["B101"]).status_code == 404
    assert client.post(new["B101"]).status_code == 303
    assert new["B102"] == old["B102"]


def test_a_poster_is_dead_before_and_after_its_wave(
    client: FlaskClient, engine: Engine, keys: KeyRing, wave_id: UUID, clock: SetClock
) -> None:
    path = squares(engine, keys, wave_id)["B101"]
    assert [client.get(f"/q/{token}").status_code for token in ("x", "x" * 500, "%00")] == [404] * 3
    clock.advance(15 * DAY)
    assert client.post(path).status_code == 404


def test_a_machine_cannot_begin_for_ever(
    client: FlaskClient, engine: Engine, keys: KeyRing, wave_id: UUID, clock: SetClock
) -> None:
    path = squares(engine, keys, wave_id)["B101"]
    begun = [client.post(path).status_code for _ in range(BEGINNINGS.address + 2)]
    assert begun == [303] * BEGINNINGS.address + [429] * 2
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Invitation)) == BEGINNINGS.address
    clock.advance(WINDOW)
    assert client.post(path).status_code == 303
