"""docs/scoring.md says what the code does: its examples are computed, its tables compared."""

import json
import re
from pathlib import Path

import pytest

from server.scoring import form_level, item_level
from server.scoring.definitions import METHODS
from server.scoring.exact import exact_text
from tests.scoring.definitions_for_tests import item, sheet_of

ROOT = Path(form_level.__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def table(title: str) -> list[list[str]]:
    rows = [line.strip("|").split(" | ") for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[1:]]


@pytest.mark.parametrize("example", table("Examples"), ids=lambda example: example[0])
def test_examples(example: list[str]) -> None:
    _, form, questions, answers, expected = example
    items = [
        item(
            name,
            scoring,
            choices=tuple(scoring["awards"]) + ((scoring["naValue"],) if "naValue" in scoring else ()),
        )
        for name, scoring in json.loads(questions).items()
    ]
    sheet = sheet_of(json.loads(form), items, json.loads(answers))
    published = "null" if sheet.published is None else str(sheet.published)
    assert f"{exact_text(sheet.earned)} of {exact_text(sheet.possible)}, {published}" == expected


@pytest.mark.parametrize(
    ("title", "properties"),
    [
        ("Form level", form_level.PROPERTIES),
        ("Question level", item_level.PROPERTIES),
        ("Methods", METHODS),
    ],
)
def test_tables_list_every_property(title: str, properties: tuple[str, ...]) -> None:
    assert sorted(row[0] for row in table(title)) == sorted(properties)


def test_codes_of_problems_are_where_the_page_says() -> None:
    (path,) = re.findall(r"`(server/scoring/\w+\.py)`", section("What is refused"))
    assert (ROOT / path).is_file()
