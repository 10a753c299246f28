"""The published schemas accept what is shipped, and refuse the slips that reading refuses."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from server import catalogue, wire
from server.http import schemas
from server.scoring.programmes.compiling import compile_programme, lint_programme
from server.scoring.programmes.register import READINGS
from server.scoring.programmes.schema import HELP, parameters_schema, programme_schema
from server.scoring.programmes.shapes import Shape
from server.scoring.programmes.vocabulary import PROGRAMME
from server.scoring.settling.fact_reading import FactsInvalid, read_facts
from server.scoring.settling.fact_schema import facts_schema
from server.scoring.settling.fact_shapes import FACTS, LINE, LISTS
from tests.scoring.programmes.definitions_for_tests import OUTLETS, changed, measure

ROOT = Path(__file__).parents[3]
PROGRAMMES = sorted((ROOT / "form_definitions" / "programmes").glob("*/*.json"))
FACT_FILES = sorted((ROOT / "tests" / "schemes").glob("*/facts.json"))
TEXTS = {locale: catalogue.texts(locale, "schema") for locale in catalogue.LOCALES}
SCHEMAS = {"programme": programme_schema(TEXTS["zh"], "zh"), "facts": facts_schema(TEXTS["zh"])}
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}


def content(path: Path) -> Any:
    return wire.loads(path.read_bytes())


def shapes_in(shape: Shape) -> Iterator[Shape]:
    seen = {shape.name: shape}
    pending = [shape]
    while pending:
        for field in pending.pop().fields:
            if field.shape is not None and field.shape.name not in seen:
                seen[field.shape.name] = field.shape
                pending.append(field.shape)
    yield from seen.values()


@pytest.mark.parametrize("name", SCHEMAS)
def test_they_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("path", PROGRAMMES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_shipped_programme_fits(path: Path) -> None:
    assert list(VALIDATORS["programme"].iter_errors(content(path))) == []


@pytest.mark.parametrize("path", FACT_FILES, ids=lambda path: path.parent.name)
def test_the_facts_of_a_scheme_fit(path: Path) -> None:
    assert list(VALIDATORS["facts"].iter_errors(content(path))) == []


def objects_in(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointers of all objects that the language describes: one of each kind of place."""
    if isinstance(value, dict):
        yield pointer
        for name, inner in value.items():
            yield from objects_in(inner, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from objects_in(inner, f"{pointer}/{index}")


def places(definitions: list[Any]) -> Iterator[tuple[Any, str]]:
    seen = set()
    for definition in definitions:
        for pointer in objects_in(definition):
            kind = re.sub(r"/[0-9]+", "", pointer)
            if kind not in seen:
                seen.add(kind)
                yield definition, pointer


def misspelt(definition: Any, pointer: str) -> Any:
    wrong = copy.deepcopy(definition)
    inside = wrong
    for name in wire.pointer_parts(pointer):
        inside = inside[int(name) if isinstance(inside, list) else name]
    inside["zzz"] = 1
    return wrong


@pytest.mark.parametrize(("definition", "pointer"), list(places([*map(content, PROGRAMMES)])))
def test_an_unknown_property_is_refused_by_both(definition: Any, pointer: str) -> None:
    wrong = misspelt(definition, pointer)
    refused = any(problem.severity == "error" for problem in lint_programme(wrong))
    assert refused == (not VALIDATORS["programme"].is_valid(wrong))


@pytest.mark.parametrize("name", [None, *LISTS])
def test_an_unknown_property_of_a_fact_is_refused(name: str | None) -> None:
    facts: dict[str, Any] = {"asOf": "2026-12-31"}
    if name is None:
        facts["zzz"] = 1
    else:
        required = {field.name: "2026-01-01" for field in LISTS[name].fields if field.required}
        facts[name] = [{**required, "zzz": 1}]
    said = " ".join(error.message for error in VALIDATORS["facts"].iter_errors(facts))
    assert "'zzz' was unexpected" in said


@pytest.mark.parametrize(
    "definition",
    [
        changed("/title", 5),
        changed("/measures/0/per", "fortnight"),
        changed("/measures/0/name", "全年"),
        changed("/measures/0/places", -1),
        changed("/parameters/0/default", 0.5),
        changed("/parameters/0/minimum", "1e3"),
        changed("/parameters/0/reading", "A99"),
        changed("/policies", {"A3": "round"}),
        changed("/policies", {"A37": "x"}),
        changed("/calendar/yearStarts", "1-1"),
        changed("/calendar/dates/0/on", "15 December"),
        changed("/calendar/holidays", ["20261001"]),
        changed("/measures/0", {"name": "visits", "of": "outlet", "scores": "visit"}),
        changed("/measures/-", measure()),
        changed("/measures/-", measure(expression="1", indicator="x")),
        changed("/measures/-", measure(streak=5)),
        changed("/rules/0/shortfall", {"target": "92", "score": "{phase_score}"}),
    ],
)
def test_what_reading_refuses_the_schema_refuses(definition: Any) -> None:
    assert not VALIDATORS["programme"].is_valid(definition)
    with pytest.raises(ValueError, match="/"):
        compile_programme(definition)


def titles_asked() -> Iterator[tuple[str, ...]]:
    for shape in shapes_in(PROGRAMME):
        yield from ((f"{shape.name}.{field.name}", field.name) for field in shape.fields)
    yield from ((f"facts.{field.name}",) for field in FACTS.fields if field.name != "$schema")
    for shape in (*LISTS.values(), LINE):
        yield from ((f"facts.{shape.name}.{field.name}", field.name) for field in shape.fields)


def test_each_property_has_a_title_and_each_title_a_property() -> None:
    asked = list(titles_asked())
    titles = {key for key in TEXTS["zh"] if not key.endswith(HELP)}
    assert [keys for keys in asked if not titles.intersection(keys)] == []
    used = {next(key for key in keys if key in titles) for keys in asked}
    assert titles - used == {"schema_programme", "schema_facts", "schema_parameters"}
    assert {key.removesuffix(HELP) for key in TEXTS["zh"] if key.endswith(HELP)} <= titles


def test_each_reading_says_which_clause_it_interprets() -> None:
    for locale in catalogue.LOCALES:
        offered = programme_schema(TEXTS[locale], locale)["properties"]["policies"]["properties"]
        assert offered.keys() == {key for key, reading in READINGS.items() if reading.options}
        assert offered["A3"] == {
            "title": "A3",
            "description": READINGS["A3"].text[locale],
            "enum": ["linear", "ceil", "floor"],
            "oneOf": [
                {"const": option.value, "title": option.title[locale]} for option in READINGS["A3"].options
            ],
            "default": "linear",
        }


SETTINGS = [
    {
        "name": "price",
        "title": {"default": "每分金额", "en": "Amount a point"},
        "help": "每差1分。",
        "type": "money",
        "unit": "元",
        "default": "200",
        "minimum": 0,
        "maximum": "999.5",
        "reading": "A2",
    },
    {"name": "years", "type": "whole"},
    {"name": "since", "type": "date"},
    {"name": "strict", "type": "flag"},
    {"name": "note", "type": "text"},
    {"name": "tier", "type": "choice", "options": [{"value": "a", "title": {"default": "甲", "en": "A"}}]},
]
FULL = {"years": 2, "since": "2026-01-01", "strict": True, "note": "", "tier": "a"}


def settings(locale: str = "zh") -> dict[str, Any]:
    return parameters_schema(compile_programme(changed("/parameters", SETTINGS)), TEXTS[locale], locale)


def test_a_page_of_parameters_has_all_it_needs() -> None:
    schema = settings("en")
    Draft202012Validator.check_schema(schema)
    parameters = schema["properties"]["parameters"]
    assert parameters["required"] == ["years", "since", "strict", "note", "tier"]
    price = parameters["properties"]["price"]
    assert price.pop("pattern").startswith("^-?[0-9]")
    assert price == {
        "title": "Amount a point",
        "description": "每差1分。",
        "type": ["string", "number"],
        "minimum": 0,
        "maximum": 999.5,
        "default": "200",
        "x-type": "money",
        "x-unit": "元",
        "x-reading": {"key": "A2", "text": READINGS["A2"].text["en"]},
    }
    tier = parameters["properties"]["tier"]
    assert tier["oneOf"] == [{"const": "a", "title": "A"}]
    # The one rule charges points short of a target.
    assert {"A3", "A6", "A29"} <= schema["properties"]["policies"]["properties"].keys()
    assert "A18" not in schema["properties"]["policies"]["properties"]


def test_the_readings_of_the_programme_are_the_defaults_of_its_page() -> None:
    programme = compile_programme(changed("/policies", {"A3": "ceil"}))
    schema = parameters_schema(programme, TEXTS["zh"], "zh")
    assert schema["properties"]["policies"]["properties"]["A3"]["default"] == "ceil"


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"price": "12.50"}, True),
        ({"price": 12}, True),
        ({"price": 12.5}, True),
        ({"years": 2.5}, False),
        ({"price": "12,5"}, False),
        ({"price": -1}, False),
        ({"years": "2.5"}, False),
        ({"years": "2"}, True),
        ({"since": "1 May"}, False),
        ({"strict": "yes"}, False),
        ({"tier": "b"}, False),
        ({"colour": "red"}, False),
    ],
)
def test_a_page_takes_what_facts_take(changes: dict[str, Any], fits: bool) -> None:
    given = {"parameters": {**FULL, **changes}}
    assert Draft202012Validator(settings()).is_valid(given) == fits
    programme = compile_programme(changed("/parameters", SETTINGS))
    try:
        read_facts(programme, {"asOf": "2026-12-31", **given})
    except FactsInvalid:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/schemas/programme.json", programme_schema(TEXTS["zh"], "zh")),
        ("/schemas/programme.json?lang=en", programme_schema(TEXTS["en"], "en")),
        ("/schemas/facts.json", facts_schema(TEXTS["zh"])),
        ("/schemas/facts.json?lang=en", facts_schema(TEXTS["en"])),
        ("/schemas/facts.json?lang=xx", facts_schema(TEXTS["zh"])),
    ],
)
def test_they_stand_at_stable_addresses(address: str, expected: dict[str, Any]) -> None:
    app = Flask("schemas")
    app.register_blueprint(schemas.blueprint)
    response = app.test_client().get(address)
    assert (response.status_code, response.mimetype) == (200, "application/schema+json")
    assert json.loads(response.data) == json.loads(json.dumps(expected))
    assert json.loads(response.data)["$id"] == address.partition("?")[0]


def test_the_programme_of_these_tests_fits() -> None:
    assert VALIDATORS["programme"].is_valid(OUTLETS)
