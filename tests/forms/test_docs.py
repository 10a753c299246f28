"""docs/forms.md names every type, property, validator and function that the tables have, and no other."""

import re
from pathlib import Path

from server.forms.compiling.reading import FORM_PROPERTIES, PAGE_PROPERTIES, PANEL_PROPERTIES
from server.forms.compiling.validators import VALIDATOR_TYPES
from server.forms.expressions.functions import FUNCTIONS
from server.forms.types import COMMON, QUESTION_TYPES

TEXT = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")


def rows(heading: str) -> dict[str, set[str]]:
    """First cell -> names in code marks in the second cell, of the table under a heading."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| `([^`]+)` \|([^|]*)", section, re.MULTILINE)
    return {name: set(re.findall(r"`([^`]+)`", cell)) for name, cell in cells}


def test_question_types_and_their_properties() -> None:
    expected = {name: {row.name for row in kind.properties} for name, kind in QUESTION_TYPES.items()}
    assert rows("Question types") == expected


def test_properties_of_containers_and_questions() -> None:
    assert rows("Form, pages, panels") == {
        "form": set(FORM_PROPERTIES),
        "page": set(PAGE_PROPERTIES),
        "panel": set(PANEL_PROPERTIES),
        "every question": {row.name for row in COMMON},
    }


def test_validators() -> None:
    expected = {name: {row.name for row in kind.properties} for name, kind in VALIDATOR_TYPES.items()}
    assert rows("Validators") == expected


def test_functions() -> None:
    assert rows("Functions").keys() == FUNCTIONS.keys()
