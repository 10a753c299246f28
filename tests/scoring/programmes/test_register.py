"""The register of readings is complete, in both languages, with the options that the engine applies."""

import re

import pytest

from server.scoring.programmes.register import READINGS, Reading

APPLIED = {
    "A1": ("lower", "upper"),
    "A3": ("linear", "ceil", "floor"),
    "A6": ("points", "points_each", "whole"),
    "A7": ("scheme_year", "consecutive", "ever"),
    "A10": ("once", "twice"),
    "A18": ("competition", "dense", "cut"),
    "A29": ("capped", "uncapped"),
    "A33": ("through", "before"),
}
GIVEN_BY_THE_DEFINITION = {"A2", "A11", "A16", "A17", "A19", "A20", "A23", "A26"}
HAN = re.compile(r"[\u4e00-\u9fff]")

each_reading = pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)


def test_the_register_has_every_number_in_order() -> None:
    assert list(READINGS) == [f"A{number}" for number in range(1, 37)]
    assert all(reading.key == key for key, reading in READINGS.items())


def test_names_are_unique_words() -> None:
    names = [reading.name for reading in READINGS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


@pytest.mark.parametrize("key", APPLIED)
def test_what_the_engine_applies_has_exactly_its_options_and_the_first_is_the_default(key: str) -> None:
    assert tuple(option.value for option in READINGS[key].options) == APPLIED[key]
    assert READINGS[key].default == APPLIED[key][0]


@each_reading
def test_a_choice_has_a_default_and_what_is_none_has_neither(reading: Reading) -> None:
    values = [option.value for option in reading.options]
    if reading.key in GIVEN_BY_THE_DEFINITION:
        assert (values, reading.default) == ([], None)
    else:
        assert len(set(values)) == len(values) >= 2
        assert reading.default in values
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", value) for value in values)


@each_reading
def test_clause_and_options_are_said_in_both_languages(reading: Reading) -> None:
    for text in (reading.text, *(option.title for option in reading.options)):
        assert set(text) == {"zh", "en"}
        assert HAN.search(text["zh"])
        assert re.match(r"[A-Z“]", text["en"])
        assert "\n" not in text["zh"] + text["en"]


@pytest.mark.parametrize("key", sorted(GIVEN_BY_THE_DEFINITION - {"A19", "A23"}))
def test_what_a_definition_must_give_names_the_parameters_mark(key: str) -> None:
    for said in READINGS[key].text.values():
        assert f'"reading": "{key}"' in said
