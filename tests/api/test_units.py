"""The organisation by API: the rules of the import, an answer for every row."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from server.accounts.register import NewSystemKey, add_system_key
from server.models.audit import AuditLine
from server.models.organisation import Unit
from tests import builders
from tests.builders import BY, NOW

ADDRESS = "/api/v1/units"
ROWS = [
    {"code": "N1", "name": "新华网点", "level": "outlet", "parent_code": "D1", "counters": 4},
    {"code": "B101", "name": "青年路营业部"},
    {"code": "B102"},
    {"code": "B201", "parent_code": "nowhere"},
]


@pytest.fixture
def core(engine: Engine) -> str:
    with engine.begin() as connection:
        builders.create_units(connection)
        new = NewSystemKey("core", frozenset({"units.import"}))
        return add_system_key(connection, new, by=BY, now=NOW)


def put(client: FlaskClient, key: str, body: Any, query: str = "", kind: str = "application/json") -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    return client.put(ADDRESS + query, data=data, headers=headers)


def codes(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(select(Unit.code)))


def test_every_row_has_an_answer(engine: Engine, client: FlaskClient, core: str) -> None:
    response = put(client, core, ROWS)
    body = response.get_json()
    assert response.status_code == 200
    assert {name: body[name] for name in ("created", "changed", "unchanged", "rejected", "moved")} == {
        "created": 1, "changed": 1, "unchanged": 1, "rejected": 1, "moved": 0,
    }  # fmt: skip
    assert [(row["row"], row["code"], row["outcome"]) for row in body["rows"]] == [
        (1, "N1", "created"),
        (2, "B101", "changed"),
        (3, "B102", "unchanged"),
        (4, "B201", "rejected"),
    ]
    assert body["rows"][1]["changes"] == [{"field": "name", "before": "青年路支行", "after": "青年路营业部"}]
    [error] = body["rows"][3]["errors"]
    assert (error["row"], error["pointer"], error["code"]) == (4, "/parent_code", "import_unknown_parent")
    assert "N1" in codes(engine)
    with engine.connect() as connection:
        line = connection.execute(
            select(AuditLine.actor, AuditLine.detail).order_by(AuditLine.id.desc())
        ).first()
    assert line == ("system:core", {"door": "api", "created": 1, "updated": 1, "rejected": 1})


def test_a_dry_run_answers_the_same_and_writes_nothing(
    engine: Engine, client: FlaskClient, core: str
) -> None:
    shown = put(client, core, ROWS, "?dry_run=1").get_json()
    assert shown["dry_run"] is True
    assert "N1" not in codes(engine)
    applied = put(client, core, ROWS).get_json()
    assert applied == {**shown, "dry_run": False}
    assert put(client, core, ROWS).get_json()["unchanged"] == 3


def test_lines_are_numbered_as_an_editor_does(client: FlaskClient, core: str) -> None:
    lines = b'{"code": "B101"}\n\n{"code": "B102", "name": 5}\nnonsense\n{"code": "B201", "colour": "red"}\n'
    body = put(client, core, lines, kind="application/x-ndjson").get_json()
    found = [
        (row["row"], row["outcome"], [each["code"] for each in row.get("errors", [])]) for row in body["rows"]
    ]
    assert found == [
        (1, "unchanged", []),
        (3, "changed", []),
        (4, "rejected", ["json_syntax"]),
        (5, "rejected", ["field_unknown"]),
    ]


def test_hours_and_tags_come_as_they_are_stored_too(engine: Engine, client: FlaskClient, core: str) -> None:
    hours = {"mon": [["09:00", "17:00"]], "holidays": []}
    row = {
        "code": "B101",
        "opening_hours": hours,
        "tags": ["a", "b"],
        "longitude": 114.3,
        "latitude": 30.5,
        "datum": "GCJ-02",
    }
    [answer] = put(client, core, [row]).get_json()["rows"]
    assert answer["outcome"] == "changed"
    with engine.connect() as connection:
        unit = connection.execute(select(Unit.attributes, Unit.longitude).where(Unit.code == "B101")).one()
    assert unit.attributes["opening_hours"]["mon"] == [["09:00", "17:00"]]
    assert (unit.attributes["tags"], str(unit.longitude)) == (["a", "b"], "114.3000000")
    assert put(client, core, [row]).get_json()["unchanged"] == 1
    [emptied] = put(client, core, [{"code": "B101", "tags": None}]).get_json()["rows"]
    assert emptied["changes"] == [{"field": "tags", "before": "a、b", "after": None}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([{"name": "x"}], "field_required"),
        ([{"code": "B101", "address": {"street": 1}}], "field_invalid"),
        ([{"code": "B101", "counters": True}], "field_invalid"),
        ([{"code": "B101", "opening_hours": {"mon": [["17:00", "09:00"]]}}], "field_invalid"),
        (["B101"], "field_invalid"),
        ([None], "field_invalid"),
        ([{"code": "B101"}, {"code": "B101"}], "import_duplicate"),
        ([{"code": " "}], "field_invalid"),
    ],
)
def test_rows_that_are_none(client: FlaskClient, core: str, body: Any, code: str) -> None:
    answer = put(client, core, body).get_json()
    assert [each["code"] for row in answer["rows"] for each in row.get("errors", [])] == [code]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (({"code": "B101"}, "", "application/json"), 422, "invalid_fields"),
        ((b"[{]", "", "application/json"), 400, "unreadable_body"),
        ((b"code\n", "", "text/csv"), 415, "wrong_content_type"),
        (([], "?day=soon", "application/json"), 422, "invalid_fields"),
        ((b"{}\n" * 20_001, "", "application/x-ndjson"), 413, "too_many_rows"),
    ],
    ids=["no list", "no json", "csv", "no day", "too many"],
)
def test_requests_that_are_none(
    client: FlaskClient, core: str, request_: tuple[Any, str, str], status: int, code: str
) -> None:
    response = put(client, core, *request_)
    assert (response.status_code, response.get_json()["code"]) == (status, code)


def test_a_key_of_a_subtree_changes_nothing_else(engine: Engine, client: FlaskClient, core: str) -> None:
    with engine.begin() as connection:
        new = NewSystemKey("east", frozenset({"units.import"}), "D1")
        east = add_system_key(connection, new, by=BY, now=NOW)
    body = put(client, east, [{"code": "B101", "address": "1"}, {"code": "B201", "address": "2"}]).get_json()
    assert [row["outcome"] for row in body["rows"]] == ["changed", "rejected"]


def test_a_firm_may_not(engine: Engine, client: FlaskClient, core: str) -> None:
    with engine.begin() as connection:
        firm = builders.create_firm(connection)
    assert put(client, firm.key, ROWS).status_code == 403
    assert put(client, "ak_nothing", ROWS).status_code == 401
