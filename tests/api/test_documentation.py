"""docs/api.md says what the API does: its codes are ours, its examples work."""

import json
import re
from pathlib import Path
from typing import Any

from server import wire
from server.api.submissions import LONGEST_LINE, MOST_LINES
from server.errors import STATUSES
from tests.api.conftest import Sender

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \|", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
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


def test_the_example_of_one_submission(sender: Sender) -> None:
    request, receipt = examples("json")[:2]
    expected = json.loads(receipt)
    response = sender.put(request.encode(), expected["submission_id"])
    assert (response.status_code, response.get_json()) == (201, expected)


def test_the_example_of_many_rows(sender: Sender) -> None:
    [rows] = examples("ndjson")
    expected = json.loads(examples("json")[2])
    body = sender.bulk(rows.encode()).get_json()
    assert blanked(body, expected) == expected


def test_the_example_of_a_problem(sender: Sender) -> None:
    expected = json.loads(examples("json")[3])
    request = {**json.loads(examples("json")[0]), "subject": "nowhere"}
    body = sender.put(request).get_json()
    assert blanked(body, expected) == expected
