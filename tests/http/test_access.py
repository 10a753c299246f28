"""Who gets through which door: every route, every role, and nobody without a token."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from werkzeug.routing import Rule

from server.accounts import register
from server.accounts.permissions import PERMISSIONS, ROLES
from server.http.access import SAFE_METHODS, requires
from server.models.accounts import StaffSession
from tests.conftest import START
from tests.http.staff import signed_in

ABSENT = str(UUID(int=7))
DUMMIES: dict[str, Any] = {
    "key": "no-such-form",
    "deed": "close",
    "number": 7,
    "version": 7,
}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def views(app: Flask) -> Iterator[tuple[Rule, Any]]:
    """Every route of ours with its view; static files are nobody's secret."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield rule, app.view_functions[rule.endpoint]


def guarded(app: Flask, *, api: bool = False) -> list[tuple[str, str, str]]:
    """(method, path with dummies, permission) of every route that needs one."""
    return [
        (method, path_of(app, rule), view.permission)
        for rule, view in views(app)
        if hasattr(view, "permission") and rule.rule.startswith("/api/") is api
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def path_of(app: Flask, rule: Rule) -> str:
    values = {name: DUMMIES.get(name, ABSENT) for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(
            rule.endpoint, values, method=next(iter(rule.methods or ()))
        )


def test_every_route_names_a_permission_or_says_why_not(app: Flask) -> None:
    for rule, view in views(app):
        permission, reason = getattr(view, "permission", None), getattr(view, "open_because", None)
        assert (permission is None) != (reason is None), rule
        assert permission is None or permission in PERMISSIONS, rule
        assert reason is None or len(reason) > 10, rule


def test_every_permission_guards_something(app: Flask) -> None:
    assert {getattr(view, "permission", None) for _, view in views(app)} - {None} == set(PERMISSIONS)


def test_a_permission_that_does_not_exist_fails_at_import() -> None:
    with pytest.raises(KeyError):
        requires("waves.brew")


def test_a_route_without_a_mark_is_refused(own_app: Flask, engine: Engine) -> None:
    own_app.add_url_rule("/unmarked", view_func=lambda: "secret", endpoint="unmarked")
    client, _ = signed_in(own_app, engine, "administrator")
    assert client.get("/unmarked").status_code == 403
    assert own_app.test_client().get("/unmarked").status_code == 401


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_gets_through_its_doors_only(app: Flask, engine: Engine, role: str) -> None:
    client, csrf = signed_in(app, engine, role)
    wrong = []
    for method, path, permission in guarded(app):
        if path == "/sign-out":
            continue
        # Drawing the page of each refusal takes a third of the time of deciding it, and adds nothing.
        data, headers = {"csrf": csrf} if method == "POST" else None, {"Accept": "application/json"}
        status = client.open(path, method=method, data=data, headers=headers).status_code
        expected = (status not in {401, 403} and status < 500) if permission in ROLES[role] else status == 403
        if not expected:
            wrong.append((method, path, status))
    assert wrong == []


def test_nobody_gets_through_anonymously(app: Flask, client: FlaskClient) -> None:
    for method, path, _ in guarded(app):
        assert client.open(path, method=method).status_code == 401, path


@pytest.mark.parametrize("role", ["administrator", "firm"])
def test_a_staff_session_opens_no_door_of_the_api(app: Flask, engine: Engine, role: str) -> None:
    client, csrf = signed_in(app, engine, role)
    for method, path, _ in guarded(app, api=True):
        answer = client.open(path, method=method, headers={"X-CSRF-Token": csrf}, json={})
        assert answer.json is not None
        assert (answer.status_code, answer.json["code"]) == (401, "bad_api_key"), path


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {key}", "{key}", "Bearer {key}x", "Bearer \xff", "bearer  {key} x"],
)
def test_what_is_no_key_opens_nothing(app: Flask, engine: Engine, header: str) -> None:
    with engine.begin() as connection:
        firm = register.add_firm(connection, "ZX", "至信调查", now=START)
        key = register.add_api_key(connection, firm, by="system", now=START)
    headers = {"Authorization": header.format(key=key)}
    answer = app.test_client().post("/api/v1/submissions/bulk", headers=headers)
    assert answer.status_code == 401
    good = app.test_client().post("/api/v1/submissions/bulk", headers={"Authorization": f"Bearer {key}"})
    assert good.status_code == 415
    console = app.test_client().get("/console", headers={"Authorization": f"Bearer {key}"})
    assert console.status_code == 401


@pytest.mark.parametrize("token", [None, "", "wrong", "\u4e2d", "other session"])
def test_every_unsafe_staff_route_wants_its_sessions_token(
    app: Flask, engine: Engine, token: str | None
) -> None:
    client, _ = signed_in(app, engine, "administrator")
    if token == "other session":
        _, token = signed_in(app, engine, "coordinator")
    unsafe = [(method, path) for method, path, _ in guarded(app) if method not in SAFE_METHODS]
    assert len(unsafe) >= 7
    for method, path in unsafe:
        data = {} if token is None else {"csrf": token}
        answer = client.open(path, method=method, data=data, headers={"Accept": "application/json"})
        assert answer.json is not None
        assert (answer.status_code, answer.json["code"]) == (400, "csrf_failed"), path


def test_the_token_may_come_as_a_header(app: Flask, engine: Engine) -> None:
    client, csrf = signed_in(app, engine, "administrator")
    assert client.post("/console/units").status_code == 400
    assert client.post("/console/units", headers={"X-CSRF-Token": csrf}).status_code == 422


def test_signing_out_ends_the_session_itself(app: Flask, engine: Engine) -> None:
    client, csrf = signed_in(app, engine, "auditor")
    assert client.get("/console").status_code == 200
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    client.set_cookie("staff", "session of auditor")
    assert client.get("/console").status_code == 401
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(StaffSession)) == 0


@pytest.mark.parametrize("path", ["/console", "/console/units?a=1&b=%E4%B8%AD", f"/console/waves/{ABSENT}"])
def test_a_person_is_sent_to_sign_in_and_back(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert (target.scheme, target.netloc, target.path) == ("", "", "/sign-in")
    [back] = parse_qs(target.query)["next"]
    assert urlsplit(back).path == urlsplit(path).path
    assert parse_qs(urlsplit(back).query) == parse_qs(urlsplit(path).query)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", HTML),
        ("GET", {}),
        ("GET", {"Accept": "*/*"}),
        ("GET", {"Accept": "application/json"}),
        ("GET", {**HTML, "Sec-Fetch-Mode": "cors"}),
    ],
)
def test_whatever_is_no_page_load_hears_401(
    client: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    assert client.open("/console/units", method=method, headers=headers).status_code == 401


def test_signed_in_people_without_the_permission_are_not_sent_round_in_circles(
    app: Flask, engine: Engine
) -> None:
    client, _ = signed_in(app, engine, "shopper")
    assert client.get("/console", headers=HTML).status_code == 403
