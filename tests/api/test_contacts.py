"""Contacts and service events by API: the rules of the import, an answer for every row."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text

from server.accounts.register import NewSystemKey, add_system_key
from server.api.ndjson import LONGEST_LINE, MOST_LINES
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate, ServiceEvent
from tests import builders
from tests.builders import BY, NOW

CONTACT = {"external_id": "K1", "phone": "13800138000", "unit_code": "B101"}
EVENT = {
    "external_id": "E1",
    "contact": "K1",
    "unit_code": "B101",
    "happened_at": "2026-05-03T10:35:00+08:00",
}


@pytest.fixture
def core(engine: Engine) -> str:
    with engine.begin() as connection:
        builders.create_units(connection)
        return key_for(connection)


def key_for(connection: Any, unit_code: str | None = None, permission: str = "contacts.import") -> str:
    new = NewSystemKey("core", frozenset({permission}), unit_code)
    return add_system_key(connection, new, by=BY, now=NOW)


def put(
    client: FlaskClient, key: str, what: str, *rows: Any, query: str = "", kind: str = "application/x-ndjson"
) -> Any:
    data = b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    return client.put(f"/api/v1/{what}{query}", data=data, headers=headers)


def outcomes(response: Any) -> list[str]:
    assert response.status_code == 200, response.get_data(as_text=True)
    return [row["outcome"] for row in response.get_json()["rows"]]


def test_rows_are_created_changed_and_left_alone(client: FlaskClient, core: str) -> None:
    assert outcomes(put(client, core, "contacts", CONTACT)) == ["created"]
    assert outcomes(put(client, core, "contacts", CONTACT)) == ["unchanged"]
    response = put(client, core, "contacts", {**CONTACT, "staff": True, "locale": "en", "name": "王芳"})
    assert response.get_json() == {
        "dry_run": False,
        "created": 0,
        "changed": 1,
        "unchanged": 0,
        "rejected": 0,
        "rows": [
            {
                "row": 1,
                "external_id": "K1",
                "outcome": "changed",
                "changes": [
                    {"field": "locale", "before": "zh", "after": "en"},
                    {"field": "staff", "before": "False", "after": "True"},
                    {"field": "name", "before": "…", "after": "…"},
                ],
            }
        ],
    }


def test_what_is_left_out_stays_and_null_takes_away(
    client: FlaskClient, engine: Engine, core: str, keys: KeyRing
) -> None:
    full = {
        **CONTACT, "name": "王芳", "large_type": True, "consent_source": "柜面", "served_on": "2026-05-01",
        "attributes": {"tier": "gold", "region": "east"},
    }  # fmt: skip
    put(client, core, "contacts", full)
    put(client, core, "contacts", {**CONTACT, "name": None, "served_on": None, "attributes": {"tier": None}})
    with engine.connect() as connection:
        row = connection.execute(select(*Contact.__table__.columns)).one()
        assert (row.large_type, row.consent_source, row.served_on) == (True, "柜面", None)
        assert row.attributes == {"region": "east"}
        assert connection.scalar(select(ContactPrivate.name)) is None
        assert keys.decrypt(connection.execute(select(ContactPrivate.phone)).scalar_one()) == "+8613800138000"


@pytest.mark.parametrize(
    ("row", "pointer", "code"),
    [
        ({**CONTACT, "phone": "123"}, "/phone", "import_phone"),
        ({**CONTACT, "unit_code": "B999"}, "/unit_code", "import_unknown_unit"),
        ({**CONTACT, "locale": "fr"}, "/locale", "import_unknown_language"),
        ({**CONTACT, "preferred_channel": "pigeon"}, "/preferred_channel", "import_unknown_channel"),
        ({**CONTACT, "served_on": "2026-02-30"}, "/served_on", "field_invalid"),
        ({**CONTACT, "staff": "yes"}, "/staff", "field_invalid"),
        ({**CONTACT, "external_id": "  "}, "/external_id", "field_invalid"),
        ({**CONTACT, "attributes": {"": "x"}}, "/attributes//key", "field_invalid"),
        ({**CONTACT, "telephone": "1"}, "/telephone", "field_unknown"),
        ({"external_id": "K1", "unit_code": "B101"}, "/phone", "field_required"),
        ([CONTACT], "", "field_invalid"),
        (b'{"external_id": "K1", "external_id": "K2"}', "", "json_duplicate_key"),
        (b"{" + b" " * LONGEST_LINE + b"}", "", "row_too_long"),
    ],
)
def test_a_bad_row_holds_up_nobody(client: FlaskClient, core: str, row: Any, pointer: str, code: str) -> None:
    response = put(client, core, "contacts", row, {**CONTACT, "external_id": "K7"})
    assert outcomes(response) == ["rejected", "created"]
    [error] = response.get_json()["rows"][0]["errors"]
    assert (error["row"], error["pointer"], error["code"]) == (1, pointer, code)
    assert "13800138000" not in response.get_data(as_text=True)


def test_a_dry_run_answers_alike_and_stores_nothing(client: FlaskClient, engine: Engine, core: str) -> None:
    response = put(client, core, "contacts", CONTACT, query="?dry_run=1")
    assert (outcomes(response), response.get_json()["dry_run"]) == (["created"], True)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Contact)) == 0
        assert (
            connection.scalars(text("SELECT action FROM audit_line")).all()
            == ["api_key_added", "units_imported"][::-1]
        )


def test_an_id_occurs_once_in_a_request(client: FlaskClient, core: str) -> None:
    response = put(client, core, "contacts", CONTACT, b"", {**CONTACT, "phone": "13900139000"})
    assert outcomes(response) == ["created", "rejected"]
    assert response.get_json()["rows"][1]["row"] == 3


def test_events_of_known_contacts(client: FlaskClient, engine: Engine, core: str) -> None:
    put(client, core, "contacts", CONTACT)
    full = {**EVENT, "business": "开户", "channel": "app", "teller_code": "T1", "waited_minutes": 7}
    assert outcomes(
        put(client, core, "service-events", full, {**EVENT, "external_id": "E2", "contact": "K9"})
    ) == [
        "created",
        "rejected",
    ]
    assert outcomes(put(client, core, "service-events", {**full, "waited_minutes": None})) == ["changed"]
    with engine.connect() as connection:
        row = connection.execute(select(*ServiceEvent.__table__.columns)).one()
    assert (row.happened_at.isoformat(), row.business, row.channel) == (
        "2026-05-03T02:35:00+00:00",
        "开户",
        "app",
    )
    assert (row.teller_code, row.waited_minutes) == ("T1", None)


@pytest.mark.parametrize(
    "changes", [{"happened_at": "2026-05-03T10:35:00"}, {"waited_minutes": 1.5}, {"happened_at": "yesterday"}]
)
def test_a_time_needs_its_offset_and_minutes_are_whole(
    client: FlaskClient, core: str, changes: dict[str, Any]
) -> None:
    put(client, core, "contacts", CONTACT)
    assert outcomes(put(client, core, "service-events", {**EVENT, **changes})) == ["rejected"]


def test_a_key_of_a_subtree_reaches_no_further(client: FlaskClient, engine: Engine, core: str) -> None:
    put(client, core, "contacts", CONTACT, {**CONTACT, "external_id": "K2", "unit_code": "B201"})
    with engine.begin() as connection:
        east = key_for(connection, "D10")
    rows = [{**CONTACT, "external_id": "K3", "unit_code": "B101"}, {**CONTACT, "unit_code": "B201"}]
    response = put(client, east, "contacts", *rows)
    assert outcomes(response) == ["rejected", "rejected"]
    codes = [row["errors"][0]["code"] for row in response.get_json()["rows"]]
    assert codes == ["import_unknown_unit", "import_outside_scope"]


@pytest.mark.parametrize("what", ["contacts", "service-events"])
def test_other_keys_are_refused(client: FlaskClient, engine: Engine, core: str, what: str) -> None:
    with engine.begin() as connection:
        firm = builders.create_firm(connection)
        units = key_for(connection, permission="units.import")
    assert put(client, firm.key, what, CONTACT).status_code == 403
    assert put(client, units, what, CONTACT).status_code == 403
    assert put(client, "nobody", what, CONTACT).status_code == 401


def test_limits_of_a_request(client: FlaskClient, core: str) -> None:
    assert put(client, core, "contacts", CONTACT, kind="application/json").status_code == 415
    response = put(client, core, "contacts", *[b"{}"] * (MOST_LINES + 1))
    assert (response.status_code, response.get_json()["code"]) == (413, "too_many_rows")


def test_addresses_arrive_and_are_never_shown(
    client: FlaskClient, core: str, engine: Engine, keys: KeyRing
) -> None:
    reached = {**CONTACT, "email": "Wang@example.com", "address": "青年路 5 号\n430000"}
    assert outcomes(put(client, core, "contacts", reached)) == ["created"]
    assert outcomes(put(client, core, "contacts", reached)) == ["unchanged"]
    with engine.connect() as connection:
        kept = connection.execute(select(ContactPrivate.email, ContactPrivate.address)).one()
    assert [keys.decrypt(each) for each in kept] == ["wang@example.com", "青年路 5 号\n430000"]
    response = put(client, core, "contacts", {**reached, "address": "翠湖路 1 号；430001", "email": None})
    changes = response.get_json()["rows"][0]["changes"]
    assert {each.pop("field") for each in changes} == {"email", "address"}
    assert changes == [{"before": "…", "after": "…"}] * 2
