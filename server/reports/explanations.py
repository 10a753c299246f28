"""Explanations in the reader's language: a sentence for each step, as an outline or as JSON.

Numbers are written out exactly where they end, with thousands separated; a fraction that does not end is
said to be "about" so much, and stands exactly in the JSON.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from server import catalogue
from server.scoring.calendar import Period
from server.scoring.exact import exact_text
from server.scoring.settling.explaining import Explanation, Quantity, Word
from server.scoring.settling.explaining.tree import Param, shown

AREA = "explain"
INDENT = "  "
# More decimal places than a reader can use; the exact number stands in the JSON.
_MOST_PLACES = 6
_SHOWN_PLACES = 4
_ZH = "zh"
# Where a parameter begins and ends, while a sentence is put together.
_OPEN, _CLOSE = "\x02", "\x03"
_CHINESE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef“”]"
_OPENING = re.compile(f" {_OPEN}(?={_CHINESE})")
_CLOSING = re.compile(f"({_CHINESE}){_CLOSE} ")
# A reason that people wrote may be a whole sentence already.
_STOPPED = re.compile(f"([。.！!？?]){_CLOSE}[。.]")


def sentence(step: Explanation, locale: str) -> str:
    """One step as a sentence."""
    params = {name: f"{_OPEN}{written(value, locale)}{_CLOSE}" for name, value in step.params.items()}
    return _spaced(_text(step.code, locale, **params), locale)


def _spaced(text: str, locale: str) -> str:
    """Between Chinese and a number stands a space, between Chinese and Chinese none; one stop is enough."""
    if locale.startswith(_ZH):
        text = _CLOSING.sub(r"\1", _OPENING.sub("", text))
    text = _STOPPED.sub(r"\1", text)
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def outline(step: Explanation, locale: str, depth: int = 0) -> Iterator[str]:
    """The whole tree, a line for each step, those it was made from below it and further in."""
    yield INDENT * depth + sentence(step, locale)
    for part in step.parts:
        yield from outline(part, locale, depth + 1)


def as_json(step: Explanation, locale: str) -> dict[str, Any]:
    """The whole tree with its sentences, codes and exact parameters."""
    return {
        "code": step.code,
        "sentence": sentence(step, locale),
        "params": {name: shown(value) for name, value in step.params.items()},
        "parts": [as_json(part, locale) for part in step.parts],
    }


def written(value: Param, locale: str) -> str:
    """A parameter as people write it."""
    match value:
        case None | bool():
            return _text({None: "none", True: "yes", False: "no"}[value], locale)
        case str():
            return value
        case int() | Decimal() | Fraction():
            return _number(value, locale)
        case date():
            return _day(value, locale)
        case Quantity(number, unit):
            return _quantity(_number(number, locale), unit, locale)
        case Word(word):
            return _text(f"word_{word}", locale) if _has(f"word_{word}") else word
        case Period():
            return _PERIODS[value.kind](value, locale)
        case tuple():
            return _list(value, locale)
        case Mapping():
            return catalogue.in_locale(value, locale)


def _day(value: date, locale: str) -> str:
    """A moment is on the clock of the place already; without a zone the catalogue would move it."""
    if isinstance(value, datetime):
        return f"{catalogue.day(value.date(), locale)} {value:%H:%M}"
    return catalogue.day(value, locale)


def _list(values: tuple[Param, ...], locale: str) -> str:
    """Texts of several languages, such as the options of a reading, are sentences and stand in quotes."""
    if all(isinstance(each, Mapping) for each in values):
        quoted = (_text("quoted", locale, text=written(each, locale)) for each in values)
        return _text("join_quoted", locale).join(quoted)
    return _text("join", locale).join(written(each, locale) for each in values)


def _quantity(number: str, unit: str, locale: str) -> str:
    if not unit:
        return number
    keys = (*([f"unit_{unit}_1"] if number == "1" else []), f"unit_{unit}", "unit_other")
    key = next(each for each in keys if _has(each))
    return _text(key, locale, number=number, unit=unit)


def _number(value: int | Decimal | Fraction, locale: str) -> str:
    if not isinstance(value, Fraction):
        return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    exact = exact_text(value)
    _, _, decimals = exact.partition(".")
    if "/" not in exact and len(decimals) <= _MOST_PLACES:
        return f"{Decimal(exact):,f}"
    return _text("about", locale, number=catalogue.number(value, _SHOWN_PLACES))


def _fact(kind: str) -> Callable[[Period, str], str]:
    def write(period: Period, locale: str) -> str:
        return _text(f"period_{kind}", locale, id=period.id, day=catalogue.day(period.starts, locale))

    return write


def _regular(kind: str) -> Callable[[Period, str], str]:
    def write(period: Period, locale: str) -> str:
        # A half is the first or the second in words; a month has a name in English.
        key = f"period_half_{period.number}" if kind == "half" else f"period_{kind}"
        chinese = locale.startswith(_ZH)
        month = str(period.number) if chinese else catalogue.MONTHS[period.starts.month - 1]
        params = {"number": period.number, "month": month, "name": period.name}
        return _text(key, locale, year=period.id[:4], **params)

    return write


_PERIODS: dict[str, Callable[[Period, str], str]] = {
    **{kind: _fact(kind) for kind in ("visit", "finding", "wave")},
    **{kind: _regular(kind) for kind in ("month", "quarter", "half", "phase", "year")},
}


def _text(key: str, locale: str, /, **params: object) -> str:
    return catalogue.text(f"{AREA}.{key}", locale, **params)


def _has(key: str) -> bool:
    return key in catalogue.texts(catalogue.FALLBACK_LOCALE, AREA)
