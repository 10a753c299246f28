"""docs/programmes.md: every example settles as it says, every word of the language is explained."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.scoring.arithmetic import FUNCTIONS
from server.scoring.programmes import vocabulary
from server.scoring.programmes.compiling import lint_programme
from server.scoring.programmes.register import READINGS
from server.scoring.programmes.shapes import Shape
from server.scoring.settling.fact_shapes import FACTS, LINE, LISTS
from server.scoring.settling.settlement import settle

DOCS = Path(__file__).resolve().parents[3] / "docs" / "programmes.md"
TEXT = DOCS.read_text("utf-8")
BLOCK = re.compile(r"^```json (programme|facts|expect)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Row = dict[str, Any]


def examples() -> Iterator[Any]:
    """Each list of expected rows with the programme and the facts that stand before it."""
    latest: dict[str, Any] = {}
    for number, (kind, content) in enumerate(BLOCK.findall(TEXT)):
        latest[kind] = json.loads(content)
        if kind == "expect":
            yield pytest.param(latest["programme"], latest["facts"], latest["expect"], id=f"block {number}")


@pytest.mark.parametrize(("definition", "facts", "expected"), list(examples()))
def test_examples_settle_as_they_say(definition: Row, facts: Row, expected: list[Row]) -> None:
    assert not [problem for problem in lint_programme(definition) if problem.severity == "error"]
    result: Any = settle(definition, facts).to_json()
    rows = [*result["measures"], *result["ledger"], *result["actions"]]
    missing = [each for each in expected if not any(each.items() <= row.items() for row in rows)]
    assert not missing


def shapes(shape: Shape) -> Iterator[Shape]:
    yield shape
    for field in shape.fields:
        if field.shape is not None:
            yield from shapes(field.shape)


PROPERTIES = sorted(
    {
        field.name
        for top in (vocabulary.PROGRAMME, FACTS, LINE, *LISTS.values())
        for shape in shapes(top)
        for field in shape.fields
    }
    - {"$schema", "about"}
)


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_is_explained(name: str) -> None:
    assert re.search(rf"[`\"{{.]{re.escape(name)}[`\"]", TEXT), name


WORDS = sorted(
    {option for shape in shapes(vocabulary.PROGRAMME) for field in shape.fields for option in field.options}
    | set(FUNCTIONS)
)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_explained(word: str) -> None:
    assert re.search(rf"\b{re.escape(word)}\b", TEXT), word


@pytest.mark.parametrize("key", READINGS)
def test_every_reading_stands_in_the_table(key: str) -> None:
    reading = READINGS[key]
    (row,) = (line for line in TEXT.splitlines() if line.startswith(f"| {key} |"))
    assert reading.text["en"] in row
    for option in reading.options:
        shown = f"**`{option.value}`**" if option.value == reading.default else f"`{option.value}`"
        assert f"{shown} {option.title['en']}" in row
