"""The page on which codes are typed: the same answer for everything wrong, and limits for guessers."""

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text

from server import catalogue
from server.clock import SetClock
from server.db import Base
from server.fieldwork.outreach.check_words import check_words
from server.fieldwork.outreach.guessing import CODES, LINKS, WINDOW, WORDS
from server.keys import KeyRing
from server.models.messages import Message
from server.models.tasks import Invitation
from server.models.waves import Wave
from tests import builders
from tests.builders import DAY
from tests.web.test_respondent_pages import FIRST_FLIGHT, Page

MESSAGE = {"zh": "请评价{unit}，打开{link}，填写{code}"}
CODE = re.compile(r"\d{4} \d{4} \d{4}")
AT_HOME, ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "198.51.100.9"}


@pytest.fixture
def typed(engine: Engine, keys: KeyRing) -> dict[str, str]:
    """What one invited person has to type."""
    with engine.begin() as connection:
        builders.create_units(connection)
        builders.create_contacts(connection, keys)
        wave_id = builders.create_wave(connection, state="launched", message=MESSAGE, link="code")
        builders.invite_all(connection, keys, wave_id)
        row = connection.execute(select(Message.text, Message.recipient).order_by(Message.id).limit(1)).one()
    return {"code": CODE.findall(keys.decrypt(row.text))[0], "phone": keys.decrypt(row.recipient)[-4:]}


def started(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count(Invitation.started_at))) or 0


def everything(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table: sorted(connection.execute(text(f'SELECT "{table}"::text FROM "{table}"')).scalars())
            for table in Base.metadata.tables
        }


def test_a_code_leads_to_the_form_as_a_link_does(
    client: FlaskClient, engine: Engine, typed: dict[str, str]
) -> None:
    before = everything(engine)
    for look in (client.get, client.head, client.options):
        response = look("/c")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert everything(engine) == before
    spaced = {
        "code": typed["code"].replace(" ", " - "),
        "phone": f" {typed['phone']} ",
        "next": "//evil.example",
    }
    response = client.post("/c?next=//evil.example", data=spaced)
    assert response.status_code == 303
    assert re.fullmatch(r"/a/[A-Za-z0-9_-]{16}/1", response.location)
    assert client.get(response.location).status_code == 200
    assert started(engine) == 1


def test_everything_wrong_is_answered_alike(
    client: FlaskClient, engine: Engine, typed: dict[str, str], clock: SetClock
) -> None:
    code, phone = typed["code"], typed["phone"]
    wrong = [(code[:-1] + "x", phone), (code, "9999"), ("123456789012", phone), ("' OR 1=1", "%")]
    answers = {_answer(client, *each) for each in wrong}
    clock.advance(14 * DAY)
    answers.add(_answer(client, code, phone))
    assert len(answers) == 1
    [(status, words)] = answers
    assert status == 422
    assert catalogue.text("respond.code_wrong", "zh") in words
    assert started(engine) == 0


def _answer(client: FlaskClient, code: str, phone: str) -> tuple[int, str]:
    """The status and the page, without what was typed."""
    response = client.post("/c", data={"code": code, "phone": phone})
    return response.status_code, re.sub(r' value="[^"]*"', "", response.text)


def test_guessers_are_stopped_and_their_neighbours_are_not(
    client: FlaskClient, engine: Engine, typed: dict[str, str], clock: SetClock
) -> None:
    statuses = [
        client.post("/c", data={"code": f"{index:012}", "phone": "1234"}, environ_base=AT_HOME).status_code
        for index in range(200)
    ]
    assert statuses == [422] * CODES.address + [429] * (200 - CODES.address)
    refused = client.post("/c", data=typed, environ_base=AT_HOME)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW.total_seconds() + 1
    # Behind a proxy that is not ours, nobody gets a new address by saying so.
    forged = {"X-Forwarded-For": "198.51.100.77"}
    assert client.post("/c", data=typed, environ_base=AT_HOME, headers=forged).status_code == 429
    assert started(engine) == 0
    neighbour = {"REMOTE_ADDR": "203.0.113.8"}
    assert client.post("/c", data=typed, environ_base=neighbour).status_code == 303
    clock.advance(WINDOW)
    assert client.post("/c", data=typed, environ_base=AT_HOME).status_code == 303


def test_guessed_links_are_stopped_and_real_ones_always_open(
    app: Flask, client: FlaskClient, engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    with engine.begin() as connection:
        link = f"/r/{builders.create_invitation(connection, keys).token}"
    statuses = [client.get(f"/r/{index:022}", environ_base=AT_HOME).status_code for index in range(120)]
    assert statuses == [404] * LINKS.address + [429] * (120 - LINKS.address)
    assert int(client.get("/r/guessed", environ_base=AT_HOME).headers["Retry-After"]) > 0
    assert client.get("/r/guessed", environ_base=ELSEWHERE).status_code == 404
    assert client.get(link, environ_base=AT_HOME).status_code == 200
    clock.advance(14 * DAY)
    over, never = (client.get(each, environ_base=ELSEWHERE) for each in (link, "/r/never"))
    assert (over.status_code, over.data) == (never.status_code, never.data)


@pytest.mark.parametrize(
    ("path", "blanks", "said"),
    [
        ("/c", {}, "code_empty"),
        ("/c", {"code": " ", "phone": "0000"}, "code_empty"),
        ("/c", {"code": "123456789012", "phone": ""}, "code_empty"),
        ("/check", {}, "check_empty"),
        ("/check", {"word": " "}, "check_empty"),
    ],
)
def test_a_blank_is_asked_for_and_is_no_guess(
    client: FlaskClient, engine: Engine, path: str, blanks: dict[str, str], said: str
) -> None:
    for _ in range(max(CODES.address, WORDS.address) + 1):
        response = client.post(path, data=blanks)
    assert response.status_code == 422
    assert catalogue.text(f"respond.{said}", "zh") in response.text


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_page_is_small_sound_and_plain(client: FlaskClient, locale: str) -> None:
    response = client.get(f"/c?lang={locale}")
    assert len(gzip.compress(response.data)) + 1_000 <= FIRST_FLIGHT
    page = Page(response.text)
    assert page.values("action") == [f"/c?lang={locale}"]
    assert set(page.values("name")) >= {"code", "phone"}
    assert page.values("inputmode") == ["numeric", "numeric"]
    assert {*page.values("for"), *page.values("aria-describedby")} <= set(page.values("id"))
    assert catalogue.text("respond.never_asked", locale) in page.text


def test_a_doubted_message_is_confirmed_by_its_word(
    client: FlaskClient, engine: Engine, keys: KeyRing, clock: SetClock
) -> None:
    message = {"zh": "核对词{check}，请评价{unit}：{link}", "en": "Check word {check}: {link}"}
    with engine.begin() as connection:
        link = f"/r/{builders.create_invitation(connection, keys, message=message).token}"
        quiet = builders.create_wave(connection, state="drawn", code="2026-05-QUIET")
        wave_keys = {row.id: row.prn_key for row in connection.execute(select(Wave.id, Wave.prn_key))}
        sent = keys.decrypt(connection.scalars(select(Message.text).limit(1)).one())
    unsaid = check_words(wave_keys.pop(quiet))
    [words] = [check_words(each) for each in wave_keys.values()]
    assert f"核对词{words['zh']}，" in sent
    assert f"核对词：{words['zh']}" in client.get(link).text
    assert words["en"] in client.get(f"{link}?lang=en").text

    known = catalogue.text("respond.check_known", "zh", organisation="江城分行")
    for typed in (words["zh"], f" {words['zh']} ", words["en"].upper()):
        assert known in client.post("/check", data={"word": typed}).text
    for typed in (unsaid["zh"], "<b>", words["zh"] * 30):
        response = client.post("/check", data={"word": typed})
        assert (response.status_code, known in response.text) == (200, False)
        assert catalogue.text("respond.never_asked", "zh") in response.text
    refused = [client.post("/check", data={"word": "x"}).status_code for _ in range(WORDS.address)]
    assert refused[-3:] == [429] * 3
    clock.advance(14 * DAY)
    assert known not in client.post("/check", data={"word": words["zh"]}).text
