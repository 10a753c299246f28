"""What customers and shoppers read when something fails: their own words, never the staff's page."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Never

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import db
from server.http.access import open_to_all
from server.storage.memory import MemoryStore

NAMES_US = re.compile(r"暗访|anfang|管理员|administrator|console", re.IGNORECASE)
ADDRESSES = ["/a/unknown/1", "/a/unknown/1/draft", "/r/a/b/c", "/v/", "/r", "/r/x/decline?lang=en"]


@open_to_all("fails on purpose")
def bug() -> Never:
    raise RuntimeError


@pytest.fixture
def public(settings: Settings, clock: SetClock) -> Iterator[Flask]:
    app = create_app(replace(settings, surface="public"), clock=clock, store=MemoryStore())
    yield app
    with app.app_context():
        db.engine.dispose()


def words(html: str) -> str:
    """What can be read: the page without its style and script."""
    return re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_leads_nowhere_points_to_the_message(client: FlaskClient, address: str) -> None:
    answered = client.get(address)
    assert answered.status_code in {404, 405}
    assert NAMES_US.search(words(answered.text)) is None
    assert re.search("短信|SMS|message", words(answered.text))


@pytest.mark.parametrize(
    ("locale", "says"), [("zh", "从短信里重新点开链接"), ("en", "open the link in your SMS again")]
)
def test_it_speaks_the_readers_language(client: FlaskClient, locale: str, says: str) -> None:
    assert says in client.get(f"/a/unknown/1?lang={locale}").text


def test_a_failure_of_ours_asks_to_come_back_later(own_app: Flask) -> None:
    own_app.add_url_rule("/a/bug", view_func=bug)
    answered = own_app.test_client().get("/a/bug")
    assert answered.status_code == 500
    assert NAMES_US.search(words(answered.text)) is None
    assert "过一会儿" in answered.text


def test_a_public_process_knows_no_other_page(public: Flask) -> None:
    answered = public.test_client().get("/nowhere")
    assert answered.status_code == 404
    assert NAMES_US.search(words(answered.text)) is None


def test_staff_keep_their_own(client: FlaskClient) -> None:
    assert "暗访" in client.get("/nowhere").text


def test_what_the_page_inlines_is_allowed(client: FlaskClient) -> None:
    answered = client.get("/a/unknown/1")
    assert "'sha256-" in answered.headers["Content-Security-Policy"]
