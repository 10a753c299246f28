"""What a JSON object of the language may say: one table that its reader and its published schema both follow.

A `Shape` names the properties of an object, a `Field` the kind of a property. Exact numbers are read as
fractions, formulas stay text until all names are known (`compiling.py`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

from server.scoring.exact import answered_number, parse_exact
from server.scoring.reading import Findings, suggestion
from server.wire import pointer_part

Kind: TypeAlias = Literal[
    "name",
    "word",
    "text",
    "number",
    "whole",
    "flag",
    "formula",
    "option",
    "date",
    "month_day",
    "day",
    "dates",
    "words",
    "values",
    "scalar",
    "figure",
    "any",
    "shape",
    "shapes",
]
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}")
MAX_LIST = 5_000
MAX_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class Field:
    """One property. `options` belong to the kinds option and words, `shape` to shape and shapes."""

    name: str
    kind: Kind
    required: bool = False
    options: tuple[str, ...] = ()
    shape: "Shape | None" = None
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """An object. `sources` are properties of which exactly one is written, `extra` lets any other stand."""

    name: str
    fields: tuple[Field, ...]
    sources: tuple[str, ...] = ()
    extra: bool = False
    # A value that is no object and stands for one: `"indicator": "rank"` for `{"name": "rank"}`.
    short: str = ""

    @property
    def properties(self) -> Mapping[str, Field]:
        """Name -> field."""
        return {each.name: each for each in self.fields}


@dataclass(frozen=True, slots=True)
class Part:
    """An object as it was read: its values by property, and where it stands."""

    pointer: str
    values: Mapping[str, object] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """Pointer of a property."""
        return f"{self.pointer}/{pointer_part(name)}"

    def has(self, name: str) -> bool:
        """Whether the property was written, and could be read."""
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """A word, name, option, date or formula."""
        value = self.values.get(name, default)
        return value if isinstance(value, str) else default

    def number(self, name: str, default: Fraction | None = None) -> Fraction | None:
        """An exact number."""
        value = self.values.get(name, default)
        return value if isinstance(value, Fraction) else default

    def whole(self, name: str, default: int = 0) -> int:
        """A whole number."""
        value = self.values.get(name, default)
        return value if isinstance(value, int) else default

    def part(self, name: str) -> "Part | None":
        """An object inside."""
        value = self.values.get(name)
        return value if isinstance(value, Part) else None

    def parts(self, name: str) -> tuple["Part", ...]:
        """The objects of a list inside."""
        value = self.values.get(name, ())
        return tuple(each for each in value if isinstance(each, Part)) if isinstance(value, tuple) else ()

    def words(self, name: str) -> tuple[str, ...]:
        """A list of words or dates."""
        value = self.values.get(name, ())
        return tuple(each for each in value if isinstance(each, str)) if isinstance(value, tuple) else ()

    def mapping(self, name: str) -> Mapping[str, object]:
        """An object of free names."""
        value = self.values.get(name, {})
        return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _Place:
    pointer: str
    field: Field
    findings: Findings

    def wrong(self, expected: str) -> None:
        self.findings.add(self.pointer, "scoring_wrong_type", expected=expected)


def read(shape: Shape, data: object, pointer: str, findings: Findings) -> Part:
    """The object, with every problem reported; what cannot be read is left out."""
    if shape.short and isinstance(data, str):
        data = {shape.short: data}
    if not isinstance(data, dict):
        findings.add(pointer, "scoring_wrong_type", expected="object")
        return Part(pointer)
    known = shape.properties
    values: dict[str, object] = {}
    for name, raw in data.items():
        if name in known:
            value = _value(_Place(f"{pointer}/{pointer_part(name)}", known[name], findings), raw)
            if value is not None or (raw is None and known[name].nullable):
                values[name] = value
        elif not shape.extra:
            params = {"property": name, "suggestion": suggestion(name, tuple(known))}
            findings.add(f"{pointer}/{pointer_part(name)}", "programme_unknown_property", **params)
    for each in shape.fields:
        if each.required and each.name not in data:
            findings.add(pointer, "programme_missing_property", property=each.name)
    _check_sources(shape, data, pointer, findings)
    return Part(pointer, values)


def _check_sources(shape: Shape, data: Mapping[str, object], pointer: str, findings: Findings) -> None:
    written = [name for name in shape.sources if name in data]
    if shape.sources and len(written) != 1:
        code = "programme_two_of" if written else "programme_one_of"
        findings.add(pointer, code, options=", ".join(written or shape.sources))


def _value(place: _Place, raw: object) -> object:
    if raw is None and place.field.nullable:
        return None
    return _READERS[place.field.kind](place, raw)


def _name(place: _Place, raw: object) -> str | None:
    if isinstance(raw, str) and NAME.fullmatch(raw):
        return raw
    if isinstance(raw, str):
        place.findings.add(place.pointer, "programme_name", name=raw)
    else:
        place.wrong("text")
    return None


def _word(place: _Place, raw: object) -> str | None:
    if isinstance(raw, str) and raw and len(raw) <= MAX_TEXT:
        return raw
    place.wrong("text")
    return None


def _text(place: _Place, raw: object) -> object:
    texts = {"default": raw} if isinstance(raw, str) else raw
    if isinstance(texts, dict) and texts and all(isinstance(text, str) for text in texts.values()):
        return texts
    place.wrong("text")
    return None


def _number(place: _Place, raw: object) -> Fraction | None:
    value = parse_exact(raw)
    if value is None:
        place.findings.add(place.pointer, "scoring_not_exact")
    return value


def _whole(place: _Place, raw: object) -> int | None:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 10**6:
        return raw
    place.wrong("integer")
    return None


def _flag(place: _Place, raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    place.wrong("boolean")
    return None


def _formula(place: _Place, raw: object) -> str | None:
    """A number is a formula too: `"amount": 1000`."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, float):
        place.findings.add(place.pointer, "scoring_not_exact")
        return None
    return _word(place, raw)


def _option(place: _Place, raw: object) -> str | None:
    if isinstance(raw, str) and raw in place.field.options:
        return raw
    place.findings.add(
        place.pointer, "scoring_unknown_option", value=str(raw), options=", ".join(place.field.options)
    )
    return None


def _date(place: _Place, raw: object) -> str | None:
    try:
        # fromisoformat() also takes 20260501 and 2026-W18-5, which nobody would find by searching for a date.
        if isinstance(raw, str) and _DATE.fullmatch(raw):
            return date.fromisoformat(raw).isoformat()
    except ValueError:
        pass
    place.wrong("date")
    return None


def _month_day(place: _Place, raw: object) -> str | None:
    """`"12-15"` of every year."""
    if isinstance(raw, str) and _MONTH_DAY.fullmatch(raw):
        # A leap year, so that the 29th of February can be named.
        return raw if _date(place, f"2000-{raw}") else None
    place.wrong("day")
    return None


def _day(place: _Place, raw: object) -> str | None:
    """`"12-15"`, or a whole date where the year is fixed."""
    whole = isinstance(raw, str) and len(raw) > len("12-15")
    return _date(place, raw) if whole else _month_day(place, raw)


def _scalar(place: _Place, raw: object) -> object:
    """Text, whole number or flag; an exact number is its text until it is used."""
    if isinstance(raw, str | bool | int):
        return raw
    if isinstance(raw, float):
        place.findings.add(place.pointer, "scoring_not_exact")
    else:
        place.wrong("text")
    return None


def _figure(place: _Place, raw: object) -> object:
    """A fact: a number as it was written (92.3 is a float in JSON and means 92.3), a word, or a flag."""
    if isinstance(raw, str | bool):
        return raw
    value = answered_number(raw)
    if value is None:
        place.findings.add(place.pointer, "scoring_not_exact")
    return value


def _any(_place: _Place, raw: object) -> object:
    return raw


def _values(place: _Place, raw: object) -> Mapping[str, object] | None:
    if not isinstance(raw, dict):
        place.wrong("object")
        return None
    at = place.pointer
    return {
        key: _scalar(_Place(f"{at}/{pointer_part(key)}", place.field, place.findings), value)
        for key, value in raw.items()
    }


def _list(place: _Place, raw: object, one: Callable[[_Place, object], object]) -> tuple[object, ...] | None:
    items = raw if isinstance(raw, list) else [raw]
    if len(items) > MAX_LIST:
        place.findings.add(place.pointer, "programme_too_many", limit=MAX_LIST)
        return None
    read_items = (
        one(
            _Place(f"{place.pointer}/{index}", place.field, place.findings)
            if isinstance(raw, list)
            else place,
            item,
        )
        for index, item in enumerate(items)
    )
    return tuple(item for item in read_items if item is not None)


def _words(place: _Place, raw: object) -> tuple[object, ...] | None:
    return _list(place, raw, _option if place.field.options else _word)


def _dates(place: _Place, raw: object) -> tuple[object, ...] | None:
    return _list(place, raw, _date)


def _shape(place: _Place, raw: object) -> Part | None:
    return None if place.field.shape is None else read(place.field.shape, raw, place.pointer, place.findings)


def _shapes(place: _Place, raw: object) -> tuple[object, ...] | None:
    return _list(place, raw, _shape)


_READERS: dict[str, Callable[[_Place, object], object]] = {
    "name": _name,
    "word": _word,
    "text": _text,
    "number": _number,
    "whole": _whole,
    "flag": _flag,
    "formula": _formula,
    "option": _option,
    "date": _date,
    "month_day": _month_day,
    "day": _day,
    "dates": _dates,
    "words": _words,
    "values": _values,
    "scalar": _scalar,
    "figure": _figure,
    "any": _any,
    "shape": _shape,
    "shapes": _shapes,
}
