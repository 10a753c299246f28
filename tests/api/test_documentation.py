"""docs/api.md says what the API does: its codes are ours, its examples work."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from server import wire
from server.api.submissions import LONGEST_LINE, MOST_LINES
from server.errors import STATUSES
from tests import builders
from tests.api.conftest import Sender

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \|", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SUBJECT = re.compile(r'"subject": "([^"]+)"')
SENTENCE = "…"


def examples(kind: str) -> list[str]:
    return [found[2] for found in BLOCK.finditer(DOCS) if found[1] == kind]


def blanked(value: Any, example: Any) -> Any:
    """`value` with a dash wherever the example has one."""
    if example == SENTENCE and isinstance(value, str):
        return SENTENCE
    if isinstance(example, dict) and isinstance(value, dict):
        return {name: blanked(value[name], example.get(name)) for name in value}
    if isinstance(example, list) and isinstance(value, list) and len(example) == len(value):
        return [blanked(*pair) for pair in zip(value, example, strict=True)]
    return value


def test_every_code_is_documented_with_its_status() -> None:
    assert {code: int(status) for code, status in ROW.findall(DOCS)} == STATUSES


def test_every_reason_to_refuse_json_is_documented() -> None:
    assert set(re.findall(r"`(json_[a-z_]+)`", DOCS)) == set(wire.CODES)


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {MOST_LINES:,} rows" in DOCS
    assert f"at most {LONGEST_LINE // 1024} KiB" in DOCS


@pytest.fixture
def reader(engine: Engine, client: FlaskClient) -> Sender:
    """Somebody who tries the examples in May 2026 on the demo; tests/demo compares these names with it."""
    [wave] = set(re.findall(r'"wave": "([^"]+)"', DOCS))
    units = [("YX", "分行", "Bank", "", "city")]
    units += [(code, code, code, "YX", "outlet") for code in sorted(set(SUBJECT.findall(DOCS)))]
    with engine.begin() as connection:
        builders.create_units(connection, units)
        firm = builders.create_firm(connection)
        builders.create_firm_wave(connection, firm, code=wave)
    return Sender(client, firm, wave)


def test_the_example_of_one_submission(reader: Sender) -> None:
    request, receipt = examples("json")[:2]
    expected = json.loads(receipt)
    response = reader.put(request.encode(), expected["submission_id"])
    assert (response.status_code, response.get_json()) == (201, expected)


def test_the_example_of_many_rows(reader: Sender) -> None:
    [rows] = examples("ndjson")
    expected = json.loads(examples("json")[2])
    body = reader.bulk(rows.encode(), wave=reader.wave).get_json()
    assert blanked(body, expected) == expected


def test_the_example_of_a_problem(reader: Sender) -> None:
    expected = json.loads(examples("json")[3])
    request = {**json.loads(examples("json")[0]), "subject": "nowhere"}
    body = reader.put(request).get_json()
    assert blanked(body, expected) == expected


def test_the_example_of_forms(reader: Sender) -> None:
    expected = json.loads(examples("json")[4])
    body = reader.client.get("/api/v1/forms", headers=reader.firm.headers).get_json()
    assert blanked(body, expected) == expected


def test_every_address_is_in_the_table(app: Flask) -> None:
    documented = set(re.findall(r"^\| `(\w+ /api/\S+)` \|", DOCS, re.MULTILINE))
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    addresses = {
        f"{method} {re.sub('<(?:uuid:submission_)?(?:[a-z]+:)?', '<', rule.rule)}"
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert addresses == documented
