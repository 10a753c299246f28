"""The JSON Schema of `scoring`, and with it the whole schema of form definitions as it is published."""

from collections.abc import Collection
from typing import Any

from server.forms.authoring.schema import form_schema
from server.scoring.bands import EDGES
from server.scoring.definitions import APPLICABILITY, BLANKS, CRITICAL_LEVELS, GRADE_ON, METHODS
from server.scoring.form_level import BAND_PROPERTIES, PLACES, SECTION_PROPERTIES
from server.scoring.form_level import PROPERTIES as FORM_PROPERTIES
from server.scoring.item_level import PROPERTIES as ITEM_PROPERTIES

Schema = dict[str, Any]

_EXACT: Schema = {
    "description": 'An exact number: an integer, or a decimal in quotes such as "12.5".',
    "anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}],
}
_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_KEY: Schema = {"type": ["string", "number", "boolean"]}
_EXACT_BY_NAME: Schema = {"type": "object", "additionalProperties": _EXACT}

_PARTS: dict[str, Schema] = {
    "name": _TEXT,
    "grade": _TEXT,
    "title": {"$ref": "#/$defs/text"},
    "weight": _EXACT,
    "points": _EXACT,
    "min": _EXACT,
}


def _object(properties: dict[str, Schema], required: Collection[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _listed(names: Collection[str], required: Collection[str]) -> Schema:
    return {"type": "array", "items": _object({name: _PARTS[name] for name in names}, required)}


_FORM: dict[str, Schema] = {
    "method": {"enum": list(METHODS)},
    "scale": _EXACT,
    "places": {"enum": list(PLACES)},
    "notApplicable": {"enum": list(APPLICABILITY)},
    "blank": {"enum": list(BLANKS)},
    "gradeOn": {"enum": list(GRADE_ON)},
    "bandEdge": {"enum": list(EDGES)},
    "capBonus": _FLAG,
    "points": _EXACT,
    "sections": _listed(SECTION_PROPERTIES, ("name",)),
    "bands": _listed(BAND_PROPERTIES, ("grade", "min")),
}
_ITEM: dict[str, Schema] = {
    "section": _TEXT,
    "weight": _EXACT,
    "awards": {"anyOf": [{"const": "value"}, _EXACT_BY_NAME]},
    "deductFrom": _EXACT,
    "scaleTo": _EXACT,
    "scaleFrom": {"enum": ["minimum", "zero"]},
    "naValue": _KEY,
    "bonus": _FLAG,
    "critical": {"enum": list(CRITICAL_LEVELS)},
    "criticalOn": {"type": "array", "items": _KEY},
    "rows": _EXACT_BY_NAME,
    "key": _FLAG,
    "code": _TEXT,
    "kind": _TEXT,
    "listedAsHardware": _FLAG,
}


def published_schema() -> Schema:
    """The schema of form definitions, scoring included, as it stands at `/schemas/form.json`."""
    form = _object({name: _FORM[name] for name in FORM_PROPERTIES})
    return form_schema(form, _object({name: _ITEM[name] for name in ITEM_PROPERTIES}))
