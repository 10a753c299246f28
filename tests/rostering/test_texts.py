"""Every code of a roster has a sentence in both languages, with parameters that it has."""

from collections.abc import Mapping
from string import Formatter

import pytest

from server.catalogue import texts
from server.rostering.codes import PROBLEMS, QUOTAS, REASONS, RELAXATIONS

GENERAL = {"open": {"people"}, "open_nobody": set(), "relax": {"people"}, "relax_none": set()}
TABLES: tuple[tuple[str, Mapping[str, tuple[str, ...]]], ...] = (
    ("problem", PROBLEMS),
    ("reason", REASONS),
    ("relax", RELAXATIONS),
    ("quota", QUOTAS),
)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_codes_and_sentences_are_the_same(locale: str) -> None:
    expected = {f"{area}_{code}": set(params) for area, table in TABLES for code, params in table.items()}
    expected |= GENERAL
    found = texts(locale, "roster")
    assert found.keys() == expected.keys()
    for key, text in found.items():
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= expected[key], key
