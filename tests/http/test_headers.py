"""Headers on every answer, and addresses that no header of a stranger can bend."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import db
from server.http import headers
from server.http.access import open_to_all
from server.storage.memory import MemoryStore
from tests.http.staff import signed_in

ANSWERS = {
    "page": ("GET", "/sign-in", 200),
    "problem-free JSON": ("GET", "/healthz", 200),
    "redirect": ("GET", "/", 302),
    "nothing there": ("GET", "/nowhere", 404),
    "not signed in": ("GET", "/console", 401),
    "wrong method": ("DELETE", "/sign-in", 405),
    "options": ("OPTIONS", "/sign-in", 200),
    "head": ("HEAD", "/sign-in", 200),
    "API": ("PUT", "/api/v1/submissions/00000000-0000-0000-0000-000000000000", 401),
    "too large": ("POST", "/sign-in", 413),
    "bug": ("GET", "/bug", 500),
    "unknown link": ("GET", "/r/no-such-token", 404),
    "NUL in the address": ("GET", "/a/%00/1", None),
    "static": ("GET", "/static/app.css", 200),
    "outside static": ("GET", "/static/../config.py", 404),
    "outside static, encoded": ("GET", "/static/%2e%2e/%2e%2e/config.py", 404),
}


@open_to_all("fails on purpose")
def bug() -> str:
    raise RuntimeError


@pytest.fixture
def hostile(own_app: Flask) -> FlaskClient:
    own_app.add_url_rule("/bug", view_func=bug, endpoint="bug")
    own_app.config["MAX_CONTENT_LENGTH"] = 1_000
    return own_app.test_client()


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_carries_them(hostile: FlaskClient, method: str, path: str, status: int | None) -> None:
    data = {"login": "x" * 2_000} if status == 413 else None
    answer = hostile.open(path, method=method, data=data)
    answer.close()  # a static file stays open until it is read
    assert answer.status_code == (status or answer.status_code) < 600
    assert not {name: value for name, value in headers.ALWAYS.items() if answer.headers.get(name) != value}
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)
    assert len(answer.headers["X-Request-Id"]) >= 8
    assert (answer.headers.get("Cache-Control") == "no-store") == (path != "/static/app.css")


@pytest.mark.parametrize(("url", "sent"), [("https://a.example", True), ("http://a.example", False)])
def test_browsers_are_bound_to_https_where_there_is_https(
    settings: Settings, clock: SetClock, url: str, sent: bool
) -> None:
    app = create_app(replace(settings, public_url=url), clock=clock, store=MemoryStore())
    assert ("Strict-Transport-Security" in app.test_client().get("/healthz").headers) is sent
    with app.app_context():
        db.engine.dispose()


BENT = {
    "Host": {"Host": "evil.example"},
    "Host with a port": {"Host": "evil.example:8443"},
    "X-Forwarded-Host": {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    "Forwarded": {"Forwarded": "host=evil.example;proto=https"},
    "X-Original-URL": {"X-Original-URL": "//evil.example", "X-Forwarded-Prefix": "//evil.example"},
}
REDIRECTING = (
    "/", "/console", "//console/units", "/console//units", "//evil.example/", "//evil.example/console",
    "/console/", "/language/en", "/language/en?next=//evil.example", "/language/en?next=https://evil.example",
    "/sign-in",
)  # fmt: skip


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT)
@pytest.mark.parametrize("role", [None, "administrator"])
def test_no_header_decides_where_a_redirect_leads(
    app: Flask, engine: Engine, bent: dict[str, str], role: str | None
) -> None:
    client = signed_in(app, engine, role)[0] if role else app.test_client()
    for path in REDIRECTING:
        answer = client.get(path, headers={"Accept": "text/html", **bent})
        location = urlsplit(answer.headers.get("Location", ""))
        assert (location.scheme, location.netloc) == ("", ""), path
        assert "evil.example" not in location.path, path
        assert "evil.example" not in answer.text, path


@pytest.mark.parametrize(
    ("surface", "public", "internal"),
    [("public", True, False), ("internal", False, True), ("all", True, True)],
)
def test_a_process_has_only_the_routes_of_its_surface(
    settings: Settings, clock: SetClock, engine: Engine, surface: str, public: bool, internal: bool
) -> None:
    chosen = replace(settings, surface=surface)
    app = create_app(chosen, clock=clock, store=MemoryStore())
    client = app.test_client()
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert ("/<any(r, v):door>/<token>" in rules) is public
    assert ("/console" in rules) is internal
    assert client.get("/sign-in").status_code == (200 if internal else 404)
    # A page for an error must not name a route that this process does not have.
    assert client.get("/nowhere").status_code == 404
    assert client.post("/healthz").status_code == 405
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        db.engine.dispose()
