"""An explanation: one step with its code and exact parameters, and below it the steps it was made from.

The sentence of each code stands in the catalogue (`explain.json`), so that a step reads the same on paper,
on a page and in a terminal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from server.scoring.calendar import Period
from server.scoring.exact import exact_text
from server.scoring.programmes.definition import Text

Json: TypeAlias = str | bool | Mapping[str, "Json"] | list["Json"] | None
# The most entries of one list that are named; of the rest only the number is said.
LISTED = 20


@dataclass(frozen=True, slots=True)
class Quantity:
    """An exact number and its unit, a word of the definition such as `yuan`; "" where it has none."""

    value: Fraction | Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word that settlement itself gives as a result, such as `on_time`."""

    value: str


Param: TypeAlias = (
    bool
    | int
    | Fraction
    | Decimal
    | date
    | str
    | Quantity
    | Word
    | Period
    | Text
    | tuple["Param", ...]
    | None
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence, and the sentences that say how it came about."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)
    parts: tuple["Explanation", ...] = ()

    def to_json(self) -> dict[str, Json]:
        """Numbers as exact text, days in ISO form, periods by id."""
        return {
            "code": self.code,
            "params": {name: shown(value) for name, value in self.params.items()},
            "parts": [part.to_json() for part in self.parts],
        }


def said(code: str, parts: Iterable[Explanation] = (), /, **params: Param) -> Explanation:
    """A step; `said("gap", target=…)`."""
    return Explanation(code, params, tuple(parts))


def shown(value: Param) -> Json:
    """A parameter as JSON holds it."""
    match value:
        case None | bool() | str():
            return value
        case int() | Decimal() | Fraction():
            return _number(value)
        case date():
            return value.isoformat()
        case Quantity():
            return {"value": _number(value.value), "unit": value.unit}
        case Word():
            return value.value
        case Period():
            return value.id
        case tuple():
            return [shown(each) for each in value]
        case _:
            return dict(value)


def _number(value: int | Fraction | Decimal) -> str:
    return exact_text(value) if isinstance(value, Fraction) else f"{value:f}"


def listed(parts: Iterable[Explanation]) -> tuple[Explanation, ...]:
    """The first twenty of a list, and how many there are besides."""
    every = tuple(parts)
    if len(every) <= LISTED:
        return every
    return (*every[:LISTED], said("more", n=len(every) - LISTED))


def named(title: Text, name: str) -> Text:
    """A title, or the bare name where the definition gives none."""
    return title or {"default": name}
