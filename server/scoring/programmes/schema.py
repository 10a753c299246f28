"""The JSON Schema (2020-12) of programmes, and of the parameters of one: what a page of settings is made of.

It is made from the tables that reading uses, so that it allows and refuses the same properties. Titles are
in one language, since `title` and `description` are what editors and makers of pages show; who serves a
schema chooses the texts. Names in formulas, sums and circles are found by linting.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from server.scoring.programmes.definition import Parameter, Programme
from server.scoring.programmes.register import READINGS, Reading
from server.scoring.programmes.settings import EXACT_TYPES
from server.scoring.programmes.shapes import MAX_LIST, MAX_TEXT, Field, Shape
from server.scoring.programmes.vocabulary import PROGRAMME

PATH = "/schemas/programme.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
HELP = ".help"

Schema = dict[str, Any]
Texts = Mapping[str, str]

_EXACT = r"^-?[0-9]{1,12}(\.[0-9]{1,8})?$"
_WHOLE = r"^-?[0-9]{1,12}(\.0{1,8})?$"
_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
_MONTH_DAY = r"(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_DATE = rf"[0-9]{{4}}-{_MONTH_DAY}"

_WORD: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
_NUMBER: Schema = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": _EXACT}]}
_SCALAR: Schema = {"type": ["string", "integer", "boolean"]}
_TEXT: Schema = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
    ]
}
_KINDS: Mapping[str, Schema] = MappingProxyType(
    {
        "name": {"type": "string", "pattern": _NAME},
        "word": _WORD,
        "text": _TEXT,
        "number": _NUMBER,
        "whole": {"type": "integer", "minimum": 0, "maximum": 10**6 - 1},
        "flag": {"type": "boolean"},
        "formula": {"anyOf": [{"type": "integer"}, _WORD]},
        "date": {"type": "string", "format": "date", "pattern": f"^{_DATE}$"},
        "month_day": {"type": "string", "pattern": f"^{_MONTH_DAY}$"},
        "day": {"type": "string", "pattern": f"^({_DATE}|{_MONTH_DAY})$"},
        "scalar": _SCALAR,
        "values": {"type": "object", "additionalProperties": _SCALAR},
        "figure": {"type": ["string", "number", "boolean"]},
        "any": {},
    }
)


class Shapes:
    """Schemas of shapes by name, each with the titles of its properties.

    Args:
        texts: title by key, `shape.property` before `property`; its help has `.help` behind the key.
        prefix: stands before the keys of shapes, for a second vocabulary with the same names.
        own: schemas of single properties that no kind describes, by `shape.property`.
    """

    def __init__(
        self, texts: Texts, prefix: str = "", own: Mapping[str, Schema] = MappingProxyType({})
    ) -> None:
        """Start without definitions."""
        self._texts = texts
        self._prefix = prefix
        self._own = own
        self.definitions: dict[str, Schema] = {}

    def object_of(self, shape: Shape) -> Schema:
        """The schema of an object; shapes inside it become `definitions`."""
        schema: Schema = {
            "type": "object",
            "properties": {field.name: self._property(shape, field) for field in shape.fields},
        }
        required = [field.name for field in shape.fields if field.required]
        if required:
            schema["required"] = required
        if shape.sources:
            schema["oneOf"] = [{"required": [name]} for name in shape.sources]
        return schema if shape.extra else {**schema, "additionalProperties": False}

    def reference(self, shape: Shape) -> Schema:
        """A reference to a shape, whose definition is made the first time."""
        if shape.name not in self.definitions:
            self.definitions[shape.name] = {}
            schema = self.object_of(shape)
            self.definitions[shape.name] = {"anyOf": [_WORD, schema]} if shape.short else schema
        return {"$ref": f"#/$defs/{shape.name}"}

    def _property(self, shape: Shape, field: Field) -> Schema:
        schema = self._own.get(f"{shape.name}.{field.name}") or self._kind(field)
        if field.nullable:
            schema = {"anyOf": [schema, {"type": "null"}]}
        return {**titled(self._texts, self._keys(shape, field)), **schema}

    def _keys(self, shape: Shape, field: Field) -> tuple[str, ...]:
        named = f"{shape.name}.{field.name}"
        return (named if named.startswith(self._prefix) else f"{self._prefix}{named}", field.name)

    def _kind(self, field: Field) -> Schema:
        match field.kind:
            case "option":
                return {"enum": list(field.options)}
            case "words":
                return one_or_many({"enum": list(field.options)} if field.options else _WORD)
            case "dates":
                return one_or_many(_KINDS["date"])
            case "shape" | "shapes" if field.shape is not None:
                one = self.reference(field.shape)
                return one_or_many(one) if field.kind == "shapes" else one
            case kind:
                return dict(_KINDS[kind])


def one_or_many(schema: Schema) -> Schema:
    """A list, or one entry that stands for a list of it alone."""
    return {"anyOf": [schema, {"type": "array", "items": schema, "maxItems": MAX_LIST}]}


def titled(texts: Texts, keys: Iterable[str]) -> Schema:
    """Title and help of the first key that has a title.

    Raises:
        KeyError: when none has.
    """
    keys = tuple(keys)
    key = next((key for key in keys if key in texts), keys[-1])
    found = {"title": texts[key]}
    return found if key + HELP not in texts else {**found, "description": texts[key + HELP]}


def programme_schema(texts: Texts, locale: str) -> Schema:
    """The schema of programme definitions, as it stands at `/schemas/programme.json`.

    Args:
        texts: the titles in the language of `locale`.
    """
    own = {
        "programme.policies": _policies(READINGS, {}, locale),
        "parameter.reading": {"enum": list(READINGS)},
    }
    shapes = Shapes(texts, own=own)
    whole = shapes.object_of(PROGRAMME)
    head = {"$schema": DIALECT, "$id": PATH, **titled(texts, ("schema_programme",))}
    return {**head, **whole, "$defs": shapes.definitions}


def parameters_schema(programme: Programme, texts: Texts, locale: str) -> Schema:
    """The schema of what an institution may set: `parameters` and `policies` of a facts file.

    A parameter carries what a page needs besides: `x-type` (money, percent …), `x-unit`, and in `x-reading`
    the ambiguous clause that it answers. Of the register only the readings are offered that some number or
    rule of the programme depends on.
    """
    used = {key for measure in programme.measures.values() for key in measure.readings}
    used = used.union(*(rule.readings for rule in programme.rules))
    offered = {key: reading for key, reading in READINGS.items() if key in used and reading.options}
    settings = {name: _parameter(each, locale) for name, each in programme.parameters.items()}
    required = [name for name, each in programme.parameters.items() if each.default is None]
    parameters: Schema = {
        **titled(texts, ("facts.parameters",)),
        "type": "object",
        "properties": settings,
        "required": required,
        "additionalProperties": False,
    }
    policies = {**titled(texts, ("programme.policies",)), **_policies(offered, programme.policies, locale)}
    return {
        "$schema": DIALECT,
        **titled(texts, ("schema_parameters",)),
        "type": "object",
        "properties": {"parameters": parameters, "policies": policies},
        "required": ["parameters"] if required else [],
        "additionalProperties": False,
    }


def _policies(readings: Mapping[str, Reading], chosen: Mapping[str, str], locale: str) -> Schema:
    """Readings with options; each says the clause it interprets, and the reading taken unless one is set."""
    return {
        "type": "object",
        "properties": {
            key: {
                "title": key,
                "description": reading.text[locale],
                **_options({option.value: option.title[locale] for option in reading.options}),
                "default": chosen.get(key, reading.default),
            }
            for key, reading in readings.items()
            if reading.options
        },
        "additionalProperties": False,
    }


def _options(titles: Mapping[str, str]) -> Schema:
    """Few words: `enum` for who checks, `oneOf` for who shows what each means."""
    return {
        "enum": list(titles),
        "oneOf": [{"const": value, "title": title} for value, title in titles.items()],
    }


def _parameter(parameter: Parameter, locale: str) -> Schema:
    schema: Schema = {"title": _said(parameter.title, locale) or parameter.name}
    if parameter.help:
        schema["description"] = _said(parameter.help, locale)
    schema |= _TYPES[parameter.type](parameter, locale)
    if parameter.default is not None:
        schema["default"] = parameter.default
    schema["x-type"] = parameter.type
    if parameter.unit:
        schema["x-unit"] = parameter.unit
    if parameter.reading:
        reading = READINGS[parameter.reading]
        schema["x-reading"] = {"key": reading.key, "text": reading.text[locale]}
    return schema


def _exact(parameter: Parameter, _locale: str) -> Schema:
    """`minimum` and `maximum` bind numbers and tell a page the range; exact text is checked by reading."""
    whole = parameter.type == "whole"
    bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
    return {
        "type": ["string", "number"],
        "pattern": _WHOLE if whole else _EXACT,
        **({"multipleOf": 1} if whole else {}),
        **{name: _plain(bound) for name, bound in bounds.items() if bound is not None},
    }


def _plain(number: Fraction) -> int | float:
    """A bound as JSON has it; nothing is computed with it."""
    return int(number) if number.denominator == 1 else float(number)


def _choice(parameter: Parameter, locale: str) -> Schema:
    return _options({value: _said(title, locale) or value for value, title in parameter.options.items()})


def _said(text: Texts, locale: str) -> str:
    """A text of the definition in a language; Chinese stands under `default`."""
    return text.get(locale) or text.get("default") or next(iter(text.values()), "")


_TYPES: Mapping[str, Callable[[Parameter, str], Schema]] = MappingProxyType(
    {
        **dict.fromkeys(EXACT_TYPES, _exact),
        "date": lambda _parameter, _locale: dict(_KINDS["date"]),
        "text": lambda _parameter, _locale: {"type": "string"},
        "flag": lambda _parameter, _locale: {"type": "boolean"},
        "choice": _choice,
    }
)
