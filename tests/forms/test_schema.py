"""The published JSON Schema accepts what lints clean and refuses what has a slip in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from server import wire
from server.forms import lint
from server.forms.authoring.schema import PATH
from server.forms.compiling.vocabulary import QUESTION_PROPERTIES
from server.forms.types import QUESTION_TYPES
from server.http import schemas
from server.scoring.compile import lint as lint_scoring
from server.scoring.form_items import form_items
from server.scoring.form_level import PROPERTIES as FORM_SCORING
from server.scoring.item_level import PROPERTIES as ITEM_SCORING
from server.scoring.schema import published_schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "form_definitions" / "forms").glob("*/[0-9]*.json"))
FEATURES = sorted((ROOT / "tests" / "definitions").glob("*.json"))
SCHEMA = published_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def form(*elements: Any, **properties: Any) -> dict[str, Any]:
    return {"pages": [{"name": "p", "elements": list(elements)}], **properties}


def text(**properties: Any) -> dict[str, Any]:
    return {"type": "text", "name": "a", "title": "A", **properties}


def radio(**properties: Any) -> dict[str, Any]:
    return {"type": "radiogroup", "name": "a", "title": "A", "choices": [1], **properties}


def group(**inner: Any) -> dict[str, Any]:
    return {"type": "paneldynamic", "name": "g", "title": "G", "templateElements": [text(**inner)]}


def table(**column: Any) -> dict[str, Any]:
    columns = [{"name": "c", **column}]
    return {
        "type": "matrixdropdown",
        "name": "m",
        "title": "M",
        "rows": [1],
        "columns": columns,
        "choices": [1],
    }


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_forms_fit(path: Path) -> None:
    VALIDATOR.validate(wire.loads(path.read_bytes()))


@pytest.mark.parametrize("path", FEATURES, ids=lambda path: path.stem)
def test_each_feature_fits(path: Path) -> None:
    VALIDATOR.validate(json.loads(path.read_text("utf-8"))["form"])


@pytest.mark.parametrize(
    "definition",
    [
        form(text(nme=1)),
        form({"type": "nosuch", "name": "a"}),
        form({"type": "rating", "name": "a", "title": "A", "rateMax": "ten"}),
        form(radio(choices=[{"value": 1, "score": 5}])),
        form(text(visibleIf="{a} >")),
        form(text(), bogus=True),
        {"pages": "x"},
        {},
        [],
        form({"type": "text", "title": "A"}),
        form({"name": "a", "title": "A"}),
        form("text"),
        form(text(isRequired="yes")),
        form(text(maxLength=0)),
        form(text(inputType="nmber")),
        form(text(title={"英文": "A"})),
        form(text(title={})),
        form(text(title="x" * 10_001)),
        form(text(visibleIf="{a = 1")),
        form(text(visibleIf="'a = 1")),
        form(radio(choices=[])),
        form(radio(choices="abc")),
        form({"type": "radiogroup", "name": "a", "title": "A"}),
        form(text(validators=[{"type": "regx"}])),
        form(text(validators=[{"type": "numeric", "min": 1}])),
        form(radio(evidence={"photo": "sometimes"})),
        form(radio(scoring={"award": {}}), scoring={"method": "points"}),
        form(radio(scoring={"awards": {"1": 0.5}}), scoring={"method": "points"}),
        form(radio(scoring={"awards": {"1": "1"}}), scoring={"method": "sum"}),
        form(text(), variables=[{"nam": "a"}]),
        form(text(), calculatedValues=[{"name": "x"}]),
        form(text(), triggers=[{"type": "jump", "expression": "{a} = 1"}]),
        form(text(), triggers=[{"type": "skip", "expression": "{a} = 1"}]),
        form({"type": "panel", "name": "p", "elements": [text(zz=1)]}),
        form(group(zz=1)),
        form({**group(), "templateElements": [group()]}),
        form(table(cellType="text", zz=1)),
        form(table(zz=1)),
        form({"type": "multipletext", "name": "t", "title": "T", "items": [{"name": "x", "zz": 1}]}),
    ],
)
def test_what_linting_refuses_does_not_fit(definition: Any) -> None:
    assert not VALIDATOR.is_valid(definition)
    source = definition if isinstance(definition, dict) else {}
    found = (*lint(definition), *lint_scoring(source.get("scoring"), form_items(source)))
    assert any(problem.severity == "error" for problem in found)


@pytest.mark.parametrize(
    "definition",
    [
        form(text(visibleIf="{b} = 'a > b' or {b} contains \"{\"")),
        form(text(visibleIf="")),
        form(text(title={"default": "A", "zh-CN": "甲", "pt_BR": "A"})),
        form(table(), table(cellType="text", maxLength=3)),
        form(group(visibleIf="{panel.b} notempty")),
        form({**radio(), "choices": [1, "b", {"value": 2.5, "text": "C", "visibleIf": "{b} = 1"}]}),
    ],
)
def test_what_is_right_fits(definition: Any) -> None:
    VALIDATOR.validate(definition)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that lists properties, but conditions and what only adds to another."""
    if isinstance(schema, list):
        for item in schema:
            yield from objects(item)
    elif isinstance(schema, dict):
        if "properties" in schema and ("$ref" in schema or schema.get("type") == "object"):
            yield schema
        for name, item in schema.items():
            if name != "if":
                yield from objects(item)


def test_no_object_takes_properties_it_does_not_list() -> None:
    listing = [each for each in objects(SCHEMA) if "allOf" not in each and "if" not in each]
    closed = [each for each in listing if {"additionalProperties", "unevaluatedProperties"} & each.keys()]
    assert len(closed) == len(listing) > len(QUESTION_TYPES)


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_every_property_of_a_type_is_there(kind: str) -> None:
    own = SCHEMA["$defs"][f"question-{kind}"]["properties"].keys()
    assert own | SCHEMA["$defs"]["common"]["properties"].keys() == QUESTION_PROPERTIES[kind].keys()


def test_scoring_has_the_properties_that_scoring_reads() -> None:
    assert SCHEMA["$defs"]["formScoring"]["properties"].keys() == set(FORM_SCORING)
    assert SCHEMA["$defs"]["itemScoring"]["properties"].keys() == set(ITEM_SCORING)


def test_it_stands_at_a_stable_address() -> None:
    app = Flask("schemas")
    app.register_blueprint(schemas.blueprint)
    response = app.test_client().get(PATH)
    assert (PATH, response.status_code, response.mimetype) == (
        "/schemas/form.json",
        200,
        "application/schema+json",
    )
    assert json.loads(response.data) == json.loads(json.dumps(SCHEMA))
    assert response.headers["Cache-Control"] == schemas.CACHED_FOR
