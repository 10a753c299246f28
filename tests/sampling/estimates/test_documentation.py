"""docs/estimates.md: every example estimates what it says, every word of the language is explained."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.sampling.estimates.definition import vocabulary
from server.sampling.estimates.outcomes import STATES, outcome_rates
from tests.sampling.estimates.surveys import DATA, Json, over, records

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "estimates.md").read_text("utf-8")
BLOCK = re.compile(r"^```(csv|json) (\w+)(?: over (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Printed digits are rounded; six of them are promised.
DIGITS = 1e-6


def examples() -> Iterator[Any]:
    """Each design with its rows and what is expected of it."""
    tables = {path.stem: records(path.stem) for path in DATA.glob("api*.csv")}
    design: Json = {}
    rows: list[list[str]] = []
    for kind, name, source, content in BLOCK.findall(TEXT):
        if kind == "csv":
            tables[name] = [line.split(",") for line in content.splitlines()]
        elif name == "design":
            design, rows = json.loads(content), tables[source]
        else:
            yield pytest.param(design, rows, json.loads(content), id=f"{source or len(rows)}")


def agrees(expected: Any, found: Any) -> bool:
    """Whether what is printed is there; objects may have more properties, lists no more entries."""
    if isinstance(expected, dict):
        return all(name in found and agrees(value, found[name]) for name, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(agrees, expected, found))
    if isinstance(expected, float):
        return bool(found == pytest.approx(expected, rel=DIGITS, abs=DIGITS))
    return bool(expected == found)


@pytest.mark.parametrize(("design", "rows", "expected"), list(examples()))
def test_examples_estimate_what_they_say(design: Json, rows: list[list[str]], expected: Json) -> None:
    made = over(design, rows)
    assert agrees(expected, made), json.dumps(made, indent=1)


def words() -> set[str]:
    fields = [field for shape in vocabulary.SHAPES for field in shape.fields]
    return {field.name for field in fields} | {option for field in fields for option in field.options}


@pytest.mark.parametrize("word", sorted(words() | STATES.keys()))
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"(?<![\w$]){re.escape(word)}(?!\w)", TEXT), word


@pytest.mark.parametrize("rate", sorted(outcome_rates({}).rates))
def test_every_rate_is_defined(rate: str) -> None:
    assert re.search(rf"\b{rate}\b", TEXT), rate


@pytest.mark.parametrize(
    "flag",
    ["few_answers", "large_variation", "wide_interval", "no_answers", "no_error", "no_interval"],
)
def test_every_flag_is_explained(flag: str) -> None:
    assert re.search(rf"^\| .*`{flag}`.* \|", TEXT, re.MULTILINE), flag
