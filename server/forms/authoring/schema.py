"""The JSON Schema (2020-12) of form definitions, made from the same tables that reading uses.

An editor completes and marks slips with it while a form is written. It knows shapes; what needs the whole
form (names in expressions, cycles, contradicting limits) is found by linting. Wherever an object may have
certain properties only, the schema says so: a misspelt property is as wrong here as it is there.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from server.forms.companions import EVIDENCE_PROPERTIES
from server.forms.compiling.validators import VALIDATOR_TYPES
from server.forms.compiling.vocabulary import (
    CALCULATED_PROPERTIES,
    ENDING_PROPERTIES,
    FORM_PROPERTIES,
    PAGE_PROPERTIES,
    PANEL_PROPERTIES,
    TRIGGER_PROPERTIES,
    VARIABLE_PROPERTIES,
    part_properties,
)
from server.forms.expressions.parser import MAX_LENGTH
from server.forms.properties import MAX_LIST, MAX_TEXT, Kind, Property, choice_properties, table
from server.forms.types import COMMON, QUESTION_TYPES
from server.forms.types.behaviour import Parts, QuestionType

PATH = "/schemas/form.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

# Balanced quotes and braces, and no operator at the end: what a pattern can say of an expression.
_EXPRESSION = r"""^(?!.*[-+*/%^=<>!&|,(]\s*$)(?:[^{}'"]|\{[^{}]*\}|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")*$"""
_LOCALE = "^(?:default|[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)$"

# What the entries of a list are, by the name of its property. Lists of questions inside a group are not
# here: the group's row of the type table says what they are.
_ENTRIES: Mapping[str, str] = MappingProxyType(
    {
        "pages": "page",
        "elements": "element",
        "variables": "variable",
        "calculatedValues": "calculatedValue",
        "triggers": "trigger",
        "completedHtmlOnCondition": "ending",
        "validators": "validator",
        "failOn": "scalar",
    }
)


def form_schema(form_scoring: Schema, item_scoring: Schema) -> Schema:
    """The schema of a form definition.

    Args:
        form_scoring: schema of the form's own `scoring`.
        item_scoring: schema of a question's `scoring`.
    """
    return {
        "$schema": DIALECT,
        "$id": PATH,
        "title": "Form definition",
        **_object(FORM_PROPERTIES.values(), scoring="formScoring"),
        "$defs": {
            **_VALUES,
            "page": _object(PAGE_PROPERTIES.values()),
            "panel": _object(PANEL_PROPERTIES.values(), type="panel"),
            "variable": _object(VARIABLE_PROPERTIES.values()),
            "calculatedValue": _object(CALCULATED_PROPERTIES.values()),
            "ending": _object(ENDING_PROPERTIES.values()),
            "trigger": _by_type({name: _trigger(name) for name in TRIGGER_PROPERTIES}),
            "validator": _by_type({name: _validator(name) for name in VALIDATOR_TYPES}),
            "evidence": _object(EVIDENCE_PROPERTIES.values()),
            "formScoring": form_scoring,
            "itemScoring": item_scoring,
            "common": {"properties": _properties(COMMON), "required": _required(COMMON)},
            "element": _by_type(
                {"panel": _ref("panel"), **{name: _ref(f"question-{name}") for name in QUESTION_TYPES}}
            ),
            **{f"question-{name}": _question(kind) for name, kind in QUESTION_TYPES.items()},
            **{f"inside-{name}": _inside(kind.parts) for name, kind in QUESTION_TYPES.items() if kind.parts},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(entries: Schema) -> Schema:
    return {"type": "array", "items": entries, "maxItems": MAX_LIST}


def _word(row: Property) -> Schema:
    return {"enum": list(row.allowed)}


def _whole(row: Property) -> Schema:
    return {"type": "integer", "minimum": row.least, "maximum": row.most}


def _list(row: Property) -> Schema:
    return _list_of(_ref(_ENTRIES[row.name]) if row.name in _ENTRIES else {})


def _nested(row: Property) -> Schema:
    return _ref("evidence" if row.name == "evidence" else "itemScoring")


def _string(row: Property) -> Schema:
    return _ref("name") if row.name == "name" else {"type": "string", "maxLength": row.longest}


def _choices(row: Property) -> Schema:
    return _list_of_choices(choice_properties(row).values())


def _list_of_choices(rows: Iterable[Property]) -> Schema:
    entry = {"if": {"type": "object"}, "then": _object(rows), "else": _ref("scalar")}
    return {**_list_of(entry), "minItems": 1}


# Reader's kind -> what the schema says about a property of that kind.
_KINDS: Mapping[Kind, Callable[[Property], Schema]] = MappingProxyType(
    {
        "choices": _choices,
        "expression": lambda _: _ref("expression"),
        "flag": lambda _: {"type": "boolean"},
        "limit": lambda _: _ref("scalar"),
        "list": _list,
        "number": lambda _: {"type": "number"},
        "object": _nested,
        "scalar": lambda _: _ref("scalar"),
        "string": _string,
        "text": lambda _: _ref("text"),
        "value": lambda _: {"not": {"type": "null"}},
        "whole": _whole,
        "word": _word,
    }
)


def _properties(rows: Iterable[Property], **fixed: str) -> Schema:
    """The properties by name. `fixed` gives a type's own word, or for `scoring` the definition to use."""
    properties = {row.name: _KINDS[row.kind](row) for row in rows}
    for name, word in fixed.items():
        properties[name] = _ref(word) if name == "scoring" else {"const": word}
    return properties


def _required(rows: Iterable[Property]) -> list[str]:
    return [row.name for row in rows if row.required]


def _object(rows: Iterable[Property], **fixed: str) -> Schema:
    """An object with these properties and no others."""
    listed = tuple(rows)
    schema: Schema = {"type": "object", "properties": _properties(listed, **fixed)}
    if _required(listed):
        schema["required"] = _required(listed)
    return {**schema, "additionalProperties": False}


def _by_type(kinds: Mapping[str, Schema], named: str = "type") -> Schema:
    """An object whose `named` property says which of the schemas it must fit."""
    return {
        "type": "object",
        "required": [named],
        "properties": {named: {"enum": list(kinds)}},
        "allOf": [
            {"if": {"properties": {named: {"const": name}}, "required": [named]}, "then": schema}
            for name, schema in kinds.items()
        ],
    }


def _trigger(name: str) -> Schema:
    return _object(TRIGGER_PROPERTIES[name].values(), type=name)


def _validator(name: str) -> Schema:
    rows = (Property("type", "string", required=True), Property("text", "text"))
    return _object((*rows, *VALIDATOR_TYPES[name].properties), type=name)


def _question(kind: QuestionType) -> Schema:
    """A question: what all have in common, and its type's own properties."""
    schema: Schema = {**_ref("common"), **_own(kind.properties), "unevaluatedProperties": False}
    schema["properties"]["type"] = {"const": kind.name}
    if kind.parts:
        schema["properties"][kind.parts.listed] = _listed(kind)
    return schema


def _listed(kind: QuestionType) -> Schema:
    """The list of questions inside a group."""
    return {**_list_of(_ref(f"inside-{kind.name}")), "minItems": 1}


def _own(rows: Iterable[Property]) -> Schema:
    """Properties and what of them is required; who takes another question's choices lists none."""
    named = table(*rows)
    required = _required(named.values())
    schema: Schema = {"properties": _properties(named.values())}
    if {"choices", "choicesFromQuestion"} <= named.keys() and "choices" in required:
        required.remove("choices")
        schema["anyOf"] = [{"required": ["choices"]}, {"required": ["choicesFromQuestion"]}]
    return {**schema, "required": required} if required else schema


def _inside(parts: Parts) -> Schema:
    """A question inside a group. Its choices may stand at the group, so none need be listed here."""
    if parts.kind:
        return _part(parts.kind, parts)
    kinds = [name for name, kind in QUESTION_TYPES.items() if not kind.parts]
    schema = _by_type({name: _part(name, parts) for name in kinds}, parts.kind_property)
    if parts.kind_property == "type":
        return schema
    # A column that does not name its kind has that of its matrix, which may be any.
    any_kind = {"anyOf": [_part(name, parts) for name in kinds]}
    return {
        "type": "object",
        "if": {"required": [parts.kind_property]},
        "then": {key: schema[key] for key in ("properties", "allOf")},
        "else": any_kind,
    }


def _part(kind: str, parts: Parts) -> Schema:
    rows = tuple(part_properties(kind, parts.kind_property).values())
    schema = _object(rows, **({parts.kind_property: kind} if parts.kind_property else {}))
    optional = {"choices", parts.kind_property}
    return {**schema, "required": [name for name in _required(rows) if name not in optional]}


_VALUES: Schema = {
    "name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 64,
        "description": "Letters, digits, _, - and spaces; one of its kind without regard to case.",
    },
    "text": {
        "description": 'A text, or one for each language: {"default": …, "en": …}. {name} shows an answer.',
        "anyOf": [
            {"type": "string", "maxLength": MAX_TEXT},
            {
                "type": "object",
                "propertyNames": {"pattern": _LOCALE},
                "additionalProperties": {"type": "string", "maxLength": MAX_TEXT},
                "minProperties": 1,
            },
        ],
    },
    "expression": {
        "type": "string",
        "maxLength": MAX_LENGTH,
        "pattern": _EXPRESSION,
        "description": "An expression over answers, such as {overall} <= 2 and {services} contains 'loan'.",
    },
    "scalar": {"anyOf": [{"type": "string", "pattern": r"\S", "maxLength": MAX_TEXT}, {"type": "number"}]},
}
