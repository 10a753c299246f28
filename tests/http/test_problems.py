"""Errors: one shape for machines, a page for people, nothing of ours in either."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Never

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from server import wire
from server.app import create_app
from server.clock import SetClock
from server.config import Settings
from server.db import connection, db, transaction
from server.errors import STATUSES, Detail, Refusal
from server.http.access import open_to_all
from server.http.problems import RETRY_AFTER_SECONDS
from server.storage.memory import MemoryStore
from server.storage.protocol import StoreUnavailable

JSON = {"Accept": "application/json"}
PHONE = "13912345678"


def fail_with(error: Exception) -> Any:
    @open_to_all("fails on purpose")
    def view() -> Never:
        raise error

    return view


@open_to_all("fails on purpose")
def unreadable_in_a_transaction() -> Never:
    with transaction():
        wire.loads(b'{"a": "\\u0000"}')
    raise AssertionError


@open_to_all("fails on purpose")
def statement_too_slow() -> Never:
    connection().execute(text("SET LOCAL statement_timeout = 1"))
    connection().execute(text("SELECT pg_sleep(9)"))
    raise AssertionError


@open_to_all("fails on purpose")
def connection_cut() -> Never:
    connection().execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    raise AssertionError


@open_to_all("fails on purpose")
def nul() -> Never:
    connection().execute(text("SELECT CAST(:text AS text)"), {"text": "a\x00"})
    raise AssertionError


FAILING: dict[str, tuple[Any, str]] = {
    "refusal": (fail_with(Refusal("too_many_attempts", minutes=5)), "too_many_attempts"),
    "unreadable": (unreadable_in_a_transaction, "unreadable_body"),
    "store": (fail_with(StoreUnavailable("http://10.0.0.7:8333")), "store_unavailable"),
    "pool": (fail_with(NoConnectionLeft("QueuePool limit of size 8")), "database_unavailable"),
    "slow": (statement_too_slow, "database_unavailable"),
    "cut": (connection_cut, "database_unavailable"),
    "nul": (nul, "bad_request"),
    "bug": (fail_with(RuntimeError(f"no such customer {PHONE}")), "internal"),
}


@pytest.fixture
def failing(own_app: Flask) -> FlaskClient:
    """A client of an application with a route that fails for each reason."""
    for name, (view, _) in FAILING.items():
        own_app.add_url_rule(f"/fail/{name}", view_func=view, endpoint=name)
    return own_app.test_client()


@pytest.fixture
def without_database(settings: Settings, clock: SetClock) -> Iterator[Flask]:
    """An application whose database does not answer: nothing listens on port 1."""
    away = replace(settings, database_url="postgresql://anfang@127.0.0.1:1/anfang")
    app = create_app(away, clock=clock, store=MemoryStore())
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, (_, code) in FAILING.items()])
def test_a_failure_is_a_problem_with_its_code(failing: FlaskClient, name: str, code: str) -> None:
    answer = failing.get(f"/fail/{name}", headers={**JSON, "X-Request-Id": "request-0001"})
    assert answer.status_code == STATUSES[code]
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    problem = {**answer.json}
    title = problem.pop("title")
    problem.pop("errors", None)
    assert problem == {
        "type": f"/problems/{code}", "status": STATUSES[code], "code": code, "request_id": "request-0001",
    }  # fmt: skip
    assert title
    assert (answer.headers.get("Retry-After") == RETRY_AFTER_SECONDS) == (STATUSES[code] == 503)


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_failure_leaks_nothing(
    failing: FlaskClient, capfd: pytest.CaptureFixture[str], name: str, accept: str
) -> None:
    answer = failing.get(f"/fail/{name}", headers={"Accept": accept})
    assert answer.mimetype in {"text/html", "application/problem+json"}
    leaks = (PHONE, "Traceback", "RuntimeError", "psycopg", "10.0.0.7", "QueuePool", "SELECT")
    assert not [leak for leak in leaks if leak in answer.text]
    assert "<html" in answer.text or accept == "application/json"


def test_the_next_request_after_a_cut_connection_works(failing: FlaskClient) -> None:
    assert failing.get("/fail/cut").status_code == 503
    assert failing.get("/readyz").status_code == 200


def test_details_carry_pointer_code_and_a_sentence_in_the_readers_language(own_app: Flask) -> None:
    details = [Detail("field_required", "/wave", row=3), Detail("field_unknown", "/x", question="q1")]
    view = fail_with(Refusal("invalid_fields", details=details))
    own_app.add_url_rule("/api/fail", view_func=view, endpoint="detailed")
    answers = [
        own_app.test_client().get("/api/fail", headers={"Accept-Language": each}).json
        for each in ("zh", "en")
    ]
    chinese, english = answers
    assert chinese is not None
    assert english is not None
    assert chinese["title"] != english["title"]
    first, second = english["errors"]
    assert first.pop("detail") != chinese["errors"][0]["detail"]
    assert first == {"pointer": "/wave", "code": "field_required", "row": 3}
    assert (second["pointer"], second["question"]) == ("/x", "q1")
    assert "row" not in second


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        ("text/html,*/*;q=0.8", "text/html"),
        ("application/json", "application/problem+json"),
        ("application/problem+json", "application/problem+json"),
        ("text/html;q=0.1,application/json", "application/problem+json"),
        ("image/png", "text/html"),
        (";;;,,,q=x", "text/html"),
    ],
)
def test_people_get_a_page_and_programs_a_problem(
    client: FlaskClient, accept: str | None, mimetype: str
) -> None:
    answer = client.get("/nowhere", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (404, mimetype)


def test_the_api_always_answers_with_problems(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/healthz", headers=JSON)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_body_beyond_the_limit_is_413(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    answer = app.test_client().post("/sign-in", data={"login": "x" * 2_000}, headers=JSON)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("given", ["request-0001", "A" * 64])
def test_a_sensible_request_id_is_kept(client: FlaskClient, given: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize(
    "given", ["", "short", "A" * 65, "a b c d e f g", "<script>1</script>", "１２３４５６７８"]
)
def test_any_other_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    environ = {"HTTP_X_REQUEST_ID": given.encode().decode("latin-1")}
    kept = client.get("/healthz", environ_overrides=environ).headers["X-Request-Id"]
    assert kept != given
    assert len(kept) == 16


def test_healthz_answers_without_the_database_and_readyz_does_not(without_database: Flask) -> None:
    client = without_database.test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json == {"status": "unavailable", "parts": {"database": "unreachable", "store": "ok"}}


def test_readyz_does_without_the_store(settings: Settings, clock: SetClock) -> None:
    store = MemoryStore()
    store.available = False
    app = create_app(settings, clock=clock, store=store)
    ready = app.test_client().get("/readyz")
    with app.app_context():
        db.engine.dispose()
    assert ready.status_code == 200
    away = {"store": "degraded", "worker": "degraded", "clock": "degraded"}
    assert ready.json == {"status": "ok", "parts": {"database": "ok", **away}}


@pytest.mark.parametrize(
    ("path", "cookie", "status"),
    [
        ("/r/token", None, 503),
        ("/a/ref/1", None, 503),
        ("/sign-in", None, 200),
        ("/console", None, 401),
        ("/nowhere", None, 404),
        ("/sign-in", "a session", 503),
        ("/console", "a session", 503),
        ("/inbox", "a session", 503),
        # The page of an error names who is signed in, which nobody can say now.
        ("/nowhere", "a session", 503),
    ],
)
def test_without_the_database_people_get_a_page(
    without_database: Flask, path: str, cookie: str | None, status: int
) -> None:
    client = without_database.test_client()
    if cookie:
        client.set_cookie("staff", cookie)
    answer = client.get(path)
    assert answer.status_code == status
    assert (answer.headers.get("Retry-After") == RETRY_AFTER_SECONDS) == (status == 503)
    assert "<html" in answer.text
    assert "127.0.0.1" not in answer.text


def test_without_the_database_programs_get_a_problem(without_database: Flask) -> None:
    headers = {"Authorization": "Bearer ak_key"}
    answer = without_database.test_client().post("/api/v1/submissions/bulk", headers=headers)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
