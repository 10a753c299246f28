"""The feed of people: a person a line, as often as one likes, and nobody leaves by silence."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update

from server.accounts import register
from server.accounts.register import NewSystemKey
from server.models.accounts import Account, ApiKey, Person, RoleGrant
from server.models.people import PersonQualification
from tests.builders import NOW, create_units

HR = NewSystemKey("hr", frozenset({"people.manage"}), gives=frozenset({"branch_manager", "lobby_manager"}))


@pytest.fixture
def hr(engine: Engine) -> dict[str, str]:
    with engine.begin() as connection:
        create_units(connection)
        secret = register.add_system_key(connection, HR, by="system", now=NOW)
    return {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}


def put(client: FlaskClient, hr: dict[str, str], *people: Any, query: str = "") -> dict[str, Any]:
    body = "\n".join(json.dumps(each) for each in people)
    answer = client.put(f"/api/v1/people{query}", data=body.encode(), headers=hr)
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return dict(answer.json)


SOMEBODY = {
    "code": "M1", "name": "王芳", "phone": "13812345678", "unit_code": "B101",
    "roles": [{"role": "branch_manager"}, {"role": "lobby_manager", "scope": "D1"}],
    "certificates": [{"name": "服务", "score": 92.5, "expires_on": "2027-01-01"}],
    "weekdays": ["sat", "sun"], "per_day": 2, "rating": "9.1", "judged": True,
}  # fmt: skip


def test_people_come_in_once(client: FlaskClient, hr: dict[str, str], engine: Engine) -> None:
    first = put(client, hr, SOMEBODY)
    assert (first["created"], first["rows"][0]["outcome"]) == (1, "created")
    assert "13812345678"[3:] not in json.dumps(first)
    assert put(client, hr, SOMEBODY)["unchanged"] == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(RoleGrant)) == 2
        assert connection.scalar(select(func.count()).select_from(PersonQualification)) == 1


def test_a_dry_run_writes_nothing(client: FlaskClient, hr: dict[str, str], engine: Engine) -> None:
    assert put(client, hr, SOMEBODY, query="?dry_run=1") | {"rows": []} == {
        "dry_run": True, "created": 1, "changed": 0, "leaving": 0, "unchanged": 0, "rejected": 0, "rows": [],
    }  # fmt: skip
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Person)) == 0


def test_an_empty_list_takes_away_and_silence_does_not(
    client: FlaskClient, hr: dict[str, str], engine: Engine
) -> None:
    put(client, hr, SOMEBODY, {"code": "M2", "name": "李娜", "unit_code": "B101"})
    answer = put(client, hr, {"code": "M1", "roles": []})
    assert [each["field"] for each in answer["rows"][0]["changes"]] == ["role", "role"]
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(RoleGrant)) == 0
        assert connection.scalar(select(func.count()).where(Person.left_on.is_(None))) == 2


def test_who_leaves_is_out_at_once(client: FlaskClient, hr: dict[str, str], engine: Engine) -> None:
    put(client, hr, SOMEBODY)
    assert put(client, hr, {"code": "M1", "left_on": "2026-05-04"})["leaving"] == 1
    with engine.connect() as connection:
        assert connection.scalar(select(Person.left_at)) == NOW
    again = put(client, hr, {"code": "M1", "left_on": None})
    assert again["rows"][0]["errors"][0]["code"] == "import_person_left"


@pytest.mark.parametrize(
    ("person", "pointer", "code"),
    [
        ({"code": "X", "name": "甲", "unit_code": "B999"}, "/unit_code", "import_unknown_unit"),
        ({"code": "X", "unit_code": "B101"}, "/name", "cell_missing"),
        ({"code": "X", "name": "甲", "unit_code": "B101", "salary": 1}, "/salary", "field_unknown"),
        ({"name": "甲"}, "/code", "field_required"),
        (
            {"code": "X", "name": "甲", "unit_code": "B101", "roles": [{"role": "coordinator"}]},
            "/role",
            "import_role_beyond_own",
        ),
        ({"code": "M1", "name": "again"}, "/code", "import_duplicate"),
    ],
)
def test_bad_lines_come_back_and_good_ones_stay(
    client: FlaskClient, hr: dict[str, str], person: dict[str, Any], pointer: str, code: str
) -> None:
    answer = put(client, hr, SOMEBODY, person)
    assert (answer["created"], answer["rejected"]) == (1, 1)
    [error] = answer["rows"][1]["errors"]
    assert (error["row"], error["pointer"], error["code"]) == (2, pointer, code)


def test_a_firms_key_opens_nothing_here(client: FlaskClient, engine: Engine) -> None:
    with engine.begin() as connection:
        firm = register.add_firm(connection, "ZX", "至信", now=NOW)
        secret = register.add_api_key(connection, firm, by="system", now=NOW)
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}
    assert client.put("/api/v1/people", data=b"{}", headers=headers).status_code == 403


def test_a_key_of_a_subtree_reaches_no_further(
    client: FlaskClient, hr: dict[str, str], engine: Engine
) -> None:
    with engine.begin() as connection:
        unit = connection.exec_driver_sql("SELECT id FROM unit WHERE code = 'D1'").scalar_one()
        connection.execute(update(ApiKey).values(unit_id=unit))
    answer = put(client, hr, SOMEBODY, {"code": "M2", "name": "李娜", "unit_code": "B201"})
    assert [row["outcome"] for row in answer["rows"]] == ["created", "rejected"]
    with engine.connect() as connection:
        assert connection.scalar(select(Account.login)) == "m1"
