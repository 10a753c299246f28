"""Who comes back to a link finds the language they chose, and what they said about taking part."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update

from server.clock import SetClock
from server.keys import KeyRing
from server.models.audit import AuditLine
from server.models.contacts import OptOut
from server.models.tasks import RespondentSession
from server.models.waves import Wave
from tests.builders import create_invitation, create_units, create_visit

STARTED = {"page": "0", "overall": "4", "go": "next"}
LATER = timedelta(minutes=5)


@pytest.fixture
def link(engine: Engine, keys: KeyRing) -> str:
    with engine.begin() as connection:
        return f"/r/{create_invitation(connection, keys).token}"


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> str:
    with engine.begin() as connection:
        create_units(connection)
        return f"/v/{create_visit(connection, keys).token}"


def language(client: FlaskClient, address: str) -> str:
    shown = client.get(address).text
    return "zh" if '<html lang="zh-CN"' in shown else "en"


@pytest.mark.parametrize("kind", ["link", "visit"])
def test_a_fresh_link_remembers_the_language_without_writing(
    client: FlaskClient, engine: Engine, kind: str, request: pytest.FixtureRequest
) -> None:
    link = request.getfixturevalue(kind)
    assert language(client, link) == "zh"
    chosen = client.get(f"{link}?lang=en")
    assert f"Path={link}" in chosen.headers["Set-Cookie"]
    assert language(client, link) == "en"
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(RespondentSession.id))) == 0


def test_one_links_language_is_no_other_pages(client: FlaskClient, link: str) -> None:
    client.get(f"{link}?lang=en")
    assert language(client, "/sign-in") == "zh"


def test_a_language_chosen_on_the_way_is_there_on_another_device(
    app: Flask, client: FlaskClient, link: str
) -> None:
    page = client.post(link, data=STARTED).location
    client.get(f"{page}?lang=en")
    assert language(client, page) == "en"
    assert language(app.test_client(), link) == "en"
    assert language(client, link) == "en"


def test_choosing_again_at_a_started_link_replaces_the_choice(
    app: Flask, client: FlaskClient, link: str
) -> None:
    client.post(f"{link}?lang=en", data=STARTED)
    assert language(client, link) == "en"
    client.get(f"{link}?lang=zh")
    assert language(app.test_client(), link) == "zh"


def test_nonsense_is_no_language(client: FlaskClient, link: str) -> None:
    assert "Set-Cookie" not in client.get(f"{link}?lang=xx").headers
    assert language(client, link) == "zh"


def declined(client: FlaskClient, address: str) -> bool:
    return "您已选择不参加" in client.get(address).text


def way_back(client: FlaskClient, address: str) -> str:
    [action] = re.findall(r'action="([^"]+)"', client.get(address).text)
    return action


def test_a_declined_link_says_so_and_leads_back(client: FlaskClient, link: str, clock: SetClock) -> None:
    assert not declined(client, link)
    said = client.post(f"{link}/decline")
    assert "您已选择不参加" in said.text
    assert declined(client, link)
    assert declined(client, f"{link}/decline")
    clock.advance(LATER)
    page = client.post(way_back(client, link)).location
    assert 'name="overall"' in client.get(page).text
    assert not declined(client, link)


def test_a_session_that_declines_finds_its_answers_again(
    app: Flask, client: FlaskClient, link: str, clock: SetClock
) -> None:
    page = client.post(link, data=STARTED).location
    clock.advance(LATER)
    client.post(page.rpartition("/")[0] + "/decline")
    assert declined(client, page)
    assert declined(app.test_client(), link)
    clock.advance(LATER)
    again = client.post(way_back(client, page)).location
    assert again != page
    first = client.get(again.rpartition("/")[0] + "/1")
    assert re.search(r'name="overall" value="4"[^>]* checked', first.text)


def test_declining_twice_is_declining_once(client: FlaskClient, link: str, engine: Engine) -> None:
    for _ in range(2):
        assert client.post(f"{link}/decline").status_code == 200
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(OptOut)) == 1
        lines = select(func.count()).where(AuditLine.action == "opted_out")
        assert connection.scalar(lines) == 1


def test_a_wave_that_is_over_offers_no_way_back(client: FlaskClient, link: str, engine: Engine) -> None:
    page = client.post(link, data=STARTED).location
    with engine.begin() as connection:
        connection.execute(update(Wave).values(state="closed"))
    session = page.rpartition("/")[0]
    said = client.post(f"{session}/decline")
    assert "您已选择不参加" in said.text
    assert "<form" not in said.text
    assert client.post(f"{session}/resume").status_code == 410


def test_a_shopper_cannot_decline(client: FlaskClient, visit: str) -> None:
    assert client.post(f"{visit}/decline").status_code == 404
