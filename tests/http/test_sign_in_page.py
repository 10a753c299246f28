"""The sign-in page: the cookie it sets, the failed attempts it keeps, and where it sends people."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select

from server.accounts.register import NewAccount, add_account
from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import db
from server.models.accounts import SignInAttempt
from server.storage.memory import MemoryStore
from tests.conftest import START

FORM = {"login": "li.na", "password": "correct horse battery"}


@pytest.fixture
def account(engine: Engine) -> None:
    with engine.begin() as connection:
        add_account(connection, NewAccount(name="李娜", role="auditor", **FORM), by="system", now=START)


@pytest.mark.usefixtures("account")
def test_signing_in_opens_the_console_for_a_session(client: FlaskClient, clock: SetClock) -> None:
    answer = client.post("/sign-in", data=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # the tests' PUBLIC_URL is http
    assert client.get("/console").status_code == 200
    clock.advance(timedelta(hours=12))
    assert client.get("/console").status_code == 401


@pytest.mark.usefixtures("account")
def test_over_https_the_cookie_is_secure_and_bound_to_the_host(settings: Settings, clock: SetClock) -> None:
    app = create_app(replace(settings, public_url="https://anfang.test"), clock=clock, store=MemoryStore())
    client = app.test_client()
    cookie = client.post("/sign-in", data=FORM, base_url="https://anfang.test").headers["Set-Cookie"]
    assert cookie.startswith("__Host-staff=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie
    assert "Path=/" in cookie
    assert client.get("/console", base_url="https://anfang.test").status_code == 200
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"login": "nobody", "password": "x"},
        {"login": "", "password": ""},
        {"login": "x" * 10_000, "password": "y" * 10_000},
        {"login": "'; DROP TABLE account; --", "password": "x"},
    ],
)
def test_a_failed_attempt_is_kept_and_shown(
    client: FlaskClient, engine: Engine, form: dict[str, str]
) -> None:
    answer = client.post("/sign-in", data=form)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(SignInAttempt)) == 1


def test_a_login_that_cannot_be_stored_is_a_bad_request(client: FlaskClient) -> None:
    assert client.post("/sign-in", data={"login": "a\x00", "password": "x"}).status_code == 400


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil",
    ],
)
def test_signing_in_leads_nowhere_else(client: FlaskClient, target: str) -> None:
    answer = client.post("/sign-in", data={**FORM, "next": target})
    assert answer.headers["Location"] == "/console"


@pytest.mark.usefixtures("account")
def test_signing_in_leads_back(client: FlaskClient) -> None:
    answer = client.post("/sign-in", query_string={"next": "/console/units?a=1"}, data=FORM)
    assert answer.headers["Location"] == "/console/units?a=1"


def test_the_session_of_one_is_not_taken_over_by_the_next(
    app: Flask, client: FlaskClient, engine: Engine
) -> None:
    """A cookie planted before signing in is not the one that counts after it."""
    client.set_cookie("staff", "planted")
    with engine.begin() as connection:
        add_account(connection, NewAccount(name="李娜", role="auditor", **FORM), by="system", now=START)
    client.post("/sign-in", data=FORM)
    stranger = app.test_client()
    stranger.set_cookie("staff", "planted")
    assert client.get("/console").status_code == 200
    assert stranger.get("/console").status_code == 401
