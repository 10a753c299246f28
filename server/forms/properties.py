"""The properties a definition may have: a table of rows, and one reader for each kind of value.

A reader checks one value and returns it in the shape the compiler uses; what is wrong goes to the report and
the value counts as absent. The tables of `types/` name properties by these kinds, `docs/forms.md` lists
them, and an unknown property is an error with the nearest known one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

from server.forms.localised import LocalText, is_locale, normal_locale
from server.forms.problems import Report, pointer_to

Kind = Literal[
    "choices",
    "expression",
    "flag",
    "limit",
    "list",
    "number",
    "object",
    "scalar",
    "string",
    "text",
    "value",
    "whole",
    "word",
]
Scalar = str | int | float

MAX_TEXT = 10_000
MAX_LIST = 1_000
MAX_LOCALES = 50
LARGEST = 2**53
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Property:
    """One row: the property's name, what it holds, and what is allowed.

    `allowed` are the words, or the flags that each of the choices may have; `longest` bounds a text.
    """

    name: str
    kind: Kind
    allowed: tuple[str, ...] = ()
    least: int = 0
    most: int = 1_000_000_000
    required: bool = False
    longest: int = MAX_TEXT


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of choices, rows, columns or rateValues.

    `special` ones (none, other) come after all others; an `exclusive` one is chosen alone or not at all.
    """

    pointer: str
    value: Scalar
    text: LocalText | None
    visible_if: str | None
    special: bool = False
    exclusive: bool = False

    def label(self, locale: str) -> str:
        """What a person reads."""
        return str(self.value) if self.text is None else self.text.in_locale(locale)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader reads: the report, the pointer, the property's row."""

    report: Report
    pointer: str
    row: Property

    def wrong(self, expected: str) -> None:
        """The value is not of the expected kind."""
        self.report.error(self.pointer, "property_type", property=self.row.name, expected=expected)


def read_properties(
    report: Report, pointer: str, source: Mapping[str, object], rows: Mapping[str, Property]
) -> Mapping[str, object]:
    """All known properties of one object; every unknown, missing or wrong one is reported."""
    values: dict[str, object] = {}
    for name, raw in source.items():
        row = rows.get(name)
        if row is None:
            report.unknown_property(pointer + pointer_to(name[:64]), name, rows)
            continue
        value = READERS[row.kind](Place(report, pointer + pointer_to(name), row), raw)
        if value is not None:
            values[name] = value
    for row in rows.values():
        if row.required and row.name not in source:
            report.error(pointer, "property_missing", property=row.name)
    return MappingProxyType(values)


def table(*rows: Property) -> Mapping[str, Property]:
    """Rows by name."""
    return MappingProxyType({row.name: row for row in rows})


def safe_text(place: Place, raw: str) -> str | None:
    """Text that a database and a page can hold."""
    if len(raw) > place.row.longest:
        place.report.error(place.pointer, "text_too_long", limit=place.row.longest)
        return None
    if not is_safe(raw):
        place.report.error(place.pointer, "text_unsafe")
        return None
    return raw


def is_safe(text: str) -> bool:
    """No control characters but tab and line break, no lone surrogates."""
    return (text.isascii() and text.isprintable()) or _UNSAFE.search(text) is None


def _string(place: Place, raw: object) -> str | None:
    if isinstance(raw, str):
        return safe_text(place, raw)
    place.wrong("string")
    return None


def _text(place: Place, raw: object) -> LocalText | None:
    if isinstance(raw, str):
        text = safe_text(place, raw)
        return None if text is None else LocalText(place.pointer, {"default": text})
    if not isinstance(raw, dict) or not raw:
        place.wrong("text")
        return None
    if len(raw) > MAX_LOCALES:
        place.report.error(place.pointer, "locales_too_many", limit=MAX_LOCALES)
        return None
    texts: dict[str, str] = {}
    for locale, value in raw.items():
        inner = Place(place.report, place.pointer + pointer_to(locale), place.row)
        if not is_locale(locale):
            place.report.error(inner.pointer, "locale_invalid", locale=locale[:20])
        elif (text := _string(inner, value)) is not None:
            texts[normal_locale(locale)] = text
    return LocalText(place.pointer, texts) if texts else None


def _flag(place: Place, raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    place.wrong("boolean")
    return None


def _number(place: Place, raw: object) -> int | float | None:
    # Beyond 2^53 JavaScript and Python no longer mean the same number; a larger int has no float at all.
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not -LARGEST <= raw <= LARGEST:
        place.wrong("number")
        return None
    return raw


def _whole(place: Place, raw: object) -> int | None:
    if isinstance(raw, bool) or not isinstance(raw, int):
        place.wrong("integer")
        return None
    row = place.row
    if not row.least <= raw <= row.most:
        place.report.error(place.pointer, "property_range", property=row.name, least=row.least, most=row.most)
        return None
    return raw


def _word(place: Place, raw: object) -> str | None:
    if not isinstance(raw, str):
        place.wrong("string")
        return None
    if raw not in place.row.allowed:
        near = place.report.suggest(raw, place.row.allowed)
        place.report.error(
            place.pointer,
            "property_choice",
            property=place.row.name,
            found=raw[:64],
            allowed=place.row.allowed,
            suggestion=near,
        )
        return None
    return raw


def _scalar(place: Place, raw: object) -> Scalar | None:
    if isinstance(raw, str) and raw.strip():
        return safe_text(place, raw)
    if not isinstance(raw, str):
        return _number(place, raw)
    place.wrong("scalar")
    return None


def _object(place: Place, raw: object) -> Mapping[str, object] | None:
    if isinstance(raw, dict):
        return cast("dict[str, object]", raw)
    place.wrong("object")
    return None


def _list(place: Place, raw: object) -> Sequence[object] | None:
    if not isinstance(raw, list):
        place.wrong("array")
        return None
    if len(raw) > MAX_LIST:
        place.report.error(place.pointer, "list_too_long", limit=MAX_LIST)
        return None
    return raw


def _value(place: Place, raw: object) -> object:
    """Any JSON that an answer can be; whether it fits its question is seen when that is compiled."""
    if isinstance(raw, str):
        return safe_text(place, raw)
    if raw is None:
        place.wrong("value")
    return raw


def likeness(value: Scalar) -> str:
    """What two choices must not share: 1, 1.0 and "1" are one to a form field and to SurveyJS's equality."""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).lower()


def choice_properties(row: Property) -> Mapping[str, Property]:
    """What one of the choices of a property may say beside its value.

    Rows and columns always stand: who wants rows that come and go asks with a paneldynamic.
    """
    conditional = row.name not in ("rows", "columns")
    return table(
        Property("value", "scalar", required=True),
        Property("text", "text"),
        *([Property("visibleIf", "expression")] if conditional else []),
        *(Property(name, "flag") for name in row.allowed),
    )


def _choices(place: Place, raw: object) -> tuple[Choice, ...] | None:
    items = _list(place, raw)
    if items is None:
        return None
    if not items:
        place.wrong("choices")
        return None
    choices: dict[str, Choice] = {}
    properties = choice_properties(place.row)
    for index, item in enumerate(items):
        choice = _choice(Place(place.report, f"{place.pointer}/{index}", place.row), item, properties)
        if choice and likeness(choice.value) in choices:
            place.report.error(choice.pointer, "choice_duplicate", value=choice.value)
        elif choice:
            choices[likeness(choice.value)] = choice
    return tuple(choices.values())


def _choice(place: Place, raw: object, properties: Mapping[str, Property]) -> Choice | None:
    source = raw if isinstance(raw, dict) else {"value": raw}
    values = read_properties(place.report, place.pointer, source, properties)
    if "value" not in values:
        return None
    text, visible_if = values.get("text"), values.get("visibleIf")
    return Choice(
        place.pointer,
        cast("Scalar", values["value"]),
        text if isinstance(text, LocalText) else None,
        visible_if if isinstance(visible_if, str) else None,
        exclusive=values.get("isExclusive") is True,
    )


# An expression stays text here: its names are known only when the whole form has been read.
READERS: dict[Kind, Callable[[Place, object], object]] = {
    "choices": _choices,
    "expression": _string,
    "flag": _flag,
    "limit": _scalar,
    "list": _list,
    "number": _number,
    "object": _object,
    "scalar": _scalar,
    "string": _string,
    "text": _text,
    "value": _value,
    "whole": _whole,
    "word": _word,
}
