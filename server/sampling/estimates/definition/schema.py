"""The JSON Schema (2020-12) of sampling designs, made from the table that reading follows."""

from collections.abc import Callable, Mapping
from typing import Any

from server.sampling.estimates.definition.reading import MAX_LIST, MAX_TEXT
from server.sampling.estimates.definition.vocabulary import BELONGS, DESIGN, NEEDS, SHAPES, Field, Shape

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
Texts = Mapping[str, str]

_COLUMN: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_SCALAR: Schema = {"type": ["string", "number"], "maxLength": MAX_TEXT}


def design_schema(texts: Texts) -> Schema:
    """The schema of a design.

    Args:
        texts: what a property is, by `shape.property`, and the title by `title`.

    Raises:
        KeyError: for a property without a text.
    """
    return {
        "$schema": DIALECT,
        "title": texts["title"],
        **_object(DESIGN, texts),
        "anyOf": [{"required": ["estimates"]}, {"required": ["outcomes"]}],
        "$defs": {shape.name: _object(shape, texts) for shape in SHAPES if shape is not DESIGN},
    }


def _object(shape: Shape, texts: Texts) -> Schema:
    schema: Schema = {
        "type": "object",
        "properties": {
            field.name: {"description": texts[f"{shape.name}.{field.name}"], **_KINDS[field.kind](field)}
            for field in shape.fields
        },
        "additionalProperties": False,
    }
    if required := [field.name for field in shape.fields if field.required]:
        schema["required"] = required
    rules: list[Schema] = [{"not": {"required": list(shape.either)}}] if shape.either else []
    if shape.name == "adjust":
        rules.append({"anyOf": [{"required": [name]} for name in shape.either]})
    if shape.name == "estimate":
        rules += _rules_of_kinds()
    return {**schema, "allOf": rules} if rules else schema


def _rules_of_kinds() -> list[Schema]:
    """Which properties a kind needs, and which mean nothing for it."""
    needs = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"required": list(names)},
        }
        for kind, names in NEEDS.items()
    ]
    belongs = [
        {"if": {"required": [name]}, "then": {"properties": {"kind": {"enum": sorted(kinds)}}}}
        for name, kinds in BELONGS.items()
    ]
    return [*needs, *belongs]


def _list_of(entry: Schema) -> Schema:
    return {"type": "array", "items": entry, "minItems": 1, "maxItems": MAX_LIST}


def _one_or_many(entry: Schema) -> Schema:
    return {"anyOf": [entry, _list_of(entry)]}


def _by_name(entry: Schema) -> Schema:
    return {"type": "object", "additionalProperties": entry, "minProperties": 1}


def _count(field: Field) -> Schema:
    return {"type": "number", "exclusiveMinimum": 0, "maximum": field.most}


def _reference(field: Field) -> Schema:
    return {"$ref": f"#/$defs/{field.shape.name}"} if field.shape else {}


_KINDS: Mapping[str, Callable[[Field], Schema]] = {
    "text": lambda _: dict(_COLUMN),
    "column": lambda _: dict(_COLUMN),
    "columns": lambda _: _one_or_many(_COLUMN),
    "words": lambda _: _list_of({"type": "string", "maxLength": MAX_TEXT}),
    "scalars": lambda _: _one_or_many(_SCALAR),
    "conditions": lambda _: _by_name(_one_or_many(_SCALAR)),
    "extent": lambda field: {"anyOf": [_COLUMN, _count(field), _by_name(_count(field))]},
    "totals": lambda field: _by_name(_count(field)),
    "states": lambda field: _by_name({"enum": list(field.options)}),
    "number": lambda field: {"type": "number", "minimum": field.least, "maximum": field.most},
    "whole": lambda field: {"type": "integer", "minimum": field.least, "maximum": field.most},
    "flag": lambda _: {"type": "boolean"},
    "option": lambda field: {"enum": list(field.options)},
    "shape": _reference,
    "shapes": lambda field: _list_of(_reference(field)),
}
