"""Typed answers: `text` with its input types, and `comment`. A new input type is a row of `_INPUTS`."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from types import MappingProxyType

from server.forms.elements import Element
from server.forms.problems import Refused, Report, refusal
from server.forms.properties import Property, is_safe
from server.forms.types.behaviour import (
    Behaviour,
    Check,
    Control,
    Decode,
    Fields,
    QuestionType,
    decode_single,
    display_plain,
)

TEXT_LIMIT = 1_000
COMMENT_LIMIT = 4_000
# Finer steps would take more digits than the exact arithmetic has.
_LEAST_STEP = 1e-9
_FREE: Mapping[str, int] = MappingProxyType({})
# A slider always has ends: those of SurveyJS and of every browser.
_SLIDER: Mapping[str, int] = MappingProxyType({"min": 0, "max": 100, "step": 1})
_NUMBER_TEXT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?")
_EMAIL = re.compile(r"[^\s@<>,;]{1,64}@[a-zA-Z0-9-]{1,63}(\.[a-zA-Z0-9-]{1,63}){1,5}")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/-]{4,30}")


def text_check(limit: int, *, lines: bool = False) -> Check:
    """Trimmed NFC text of at most `limit` characters; line breaks become LF or, without `lines`, an error."""

    def check(raw: object) -> object:
        if not isinstance(raw, str):
            raise refusal("answer_type", expected="text")
        # NFC at most triples the length, so the first test keeps normalising cheap.
        if len(raw) > 4 * limit:
            raise refusal("text_max_length", limit=limit, length=len(raw), message={})
        if not is_safe(raw):
            raise refusal("text_unsafe")
        text = raw.strip() if raw.isascii() else unicodedata.normalize("NFC", raw).strip()
        if "\n" in text or "\r" in text:
            if not lines:
                raise refusal("text_line_break")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > limit:
            raise refusal("text_max_length", limit=limit, length=len(text), message={})
        return text or None

    return check


def is_email(text: str) -> bool:
    """Whether a text looks like an address that mail could reach."""
    return _EMAIL.fullmatch(text) is not None


def _shaped(shape: Callable[[str], bool], code: str, **params: object) -> Callable[[Element, Report], Check]:
    def build(element: Element, report: Report) -> Check:
        plain, bounds = text_check(TEXT_LIMIT), _text_bounds(element, report, shape)

        def check(raw: object) -> object:
            text = plain(raw)
            if not isinstance(text, str):
                return text
            if not shape(text):
                raise refusal(code, **params)
            bounds(text)
            return text

        return check

    return build


def _text_bounds(element: Element, report: Report, shape: Callable[[str], bool]) -> Callable[[str], None]:
    """`min` and `max` of dates and times, whose ISO texts compare like what they mean."""
    least, most = (_text_limit(element, report, name, shape) for name in ("min", "max"))
    if least and most and least > most:
        report.error(element.at("max"), "limits_contradict", least=least, most=most)

    def check(text: str) -> None:
        if least and text < least:
            raise refusal("too_early", limit=least)
        if most and text > most:
            raise refusal("too_late", limit=most)

    return check


def _text_limit(element: Element, report: Report, name: str, shape: Callable[[str], bool]) -> str:
    limit = element.properties.get(name, "")
    if limit and not (isinstance(limit, str) and shape(limit)):
        report.error(
            element.at(name), "property_type", property=name, expected=element.get("inputType", str, "")
        )
        return ""
    return str(limit)


def _moment(pattern: str, parse: Callable[[str], object]) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)

    def shape(text: str) -> bool:
        if not compiled.fullmatch(text):
            return False
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return shape


def _plain(element: Element, _report: Report) -> Check:
    return text_check(element.get("maxLength", int, TEXT_LIMIT))


def _number(element: Element, report: Report, *, unless: Mapping[str, int] = _FREE) -> Check:
    """`unless` holds the limits that apply unless the form says otherwise."""
    limits = {name: _numeric_limit(element, report, name) for name in ("min", "max", "step")}
    least, most, step = (unless.get(name) if limit is None else limit for name, limit in limits.items())
    if least is not None and most is not None and least > most:
        report.error(element.at("max"), "limits_contradict", least=least, most=most)
    exact_step = None if step is None else Decimal(str(step))
    origin = Decimal(str(least or 0))

    def check(raw: object) -> object:
        number = exact_number(raw)
        if least is not None and number < least:
            raise refusal("number_min", limit=least, message={})
        if most is not None and number > most:
            raise refusal("number_max", limit=most, message={})
        if exact_step is not None and (Decimal(str(number)) - origin) % exact_step:
            raise refusal("number_step", step=step)
        return number

    return check


def _numeric_limit(element: Element, report: Report, name: str) -> int | float | None:
    limit = element.number(name)
    if (limit is None and name in element.properties) or (
        name == "step" and limit is not None and limit < _LEAST_STEP
    ):
        report.error(element.at(name), "property_type", property=name, expected="number")
        return None
    return limit


def exact_number(raw: object) -> int | float:
    """A finite JSON number below 10^15; 3.0 is 3, so that both have one canonical form. Text is refused."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _no_number() if isinstance(raw, str) else refusal("answer_type", expected="number")
    if not -1e15 < raw < 1e15:
        raise _no_number()
    return int(raw) if raw == int(raw) else raw


def _no_number() -> Refused:
    return refusal("number_invalid", message={})


def decode_number(fields: Fields, name: str) -> object:
    """ASCII digits as JSON writes numbers; anything else stays text and is refused by the check."""
    raw = decode_single(fields, name)
    if not isinstance(raw, str):
        return raw
    text = raw.strip()
    if not text:
        return None
    if not _NUMBER_TEXT.fullmatch(text):
        return raw
    return float(text) if "." in text else int(text)


@dataclass(frozen=True, slots=True)
class _Input:
    build: Callable[[Element, Report], Check]
    attributes: Mapping[str, str]
    decode: Decode = decode_single


_DATE = _moment(r"\d{4}-\d{2}-\d{2}", date.fromisoformat)
_TIME = _moment(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", str)
_DATETIME = _moment(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?", datetime.fromisoformat)
_MONTH = _moment(r"\d{4}-(0[1-9]|1[0-2])", str)

_INPUTS: Mapping[str, _Input] = MappingProxyType(
    {
        "text": _Input(_plain, {}),
        "number": _Input(_number, {"inputmode": "decimal"}, decode_number),
        "range": _Input(
            partial(_number, unless=_SLIDER),
            {name: str(limit) for name, limit in _SLIDER.items()},
            decode_number,
        ),
        "date": _Input(_shaped(_DATE, "date_invalid"), {}),
        "time": _Input(_shaped(_TIME, "time_invalid"), {}),
        "datetime-local": _Input(_shaped(_DATETIME, "datetime_invalid"), {}),
        "month": _Input(_shaped(_MONTH, "month_invalid"), {}),
        "tel": _Input(
            _shaped(lambda text: bool(_TELEPHONE.fullmatch(text)), "tel_invalid"),
            {"inputmode": "tel", "autocomplete": "tel"},
        ),
        "email": _Input(
            _shaped(is_email, "email_invalid", message={}),
            {"inputmode": "email", "autocomplete": "email"},
        ),
    }
)
_SHOWN_LIMITS = ("min", "max", "step", "maxLength", "autocomplete", "rows")


def _attributes(element: Element) -> dict[str, str]:
    return {
        name.lower(): str(element.properties[name]) for name in _SHOWN_LIMITS if name in element.properties
    }


def _build_text(element: Element, report: Report) -> Behaviour:
    kind = element.get("inputType", str, "text")
    row = _INPUTS[kind]
    whole = element.number("step")
    mode = {"inputmode": "numeric"} if kind == "number" and isinstance(whole, int) else {}
    attributes = {"type": kind, **row.attributes, **mode, **_attributes(element)}
    control = Control("text", attributes=attributes, placeholder=element.text("placeholder"))
    return Behaviour(control, row.build(element, report), row.decode, display_plain)


def _build_comment(element: Element, _report: Report) -> Behaviour:
    control = Control("comment", attributes=_attributes(element), placeholder=element.text("placeholder"))
    check = text_check(element.get("maxLength", int, COMMENT_LIMIT), lines=True)
    return Behaviour(control, check, decode_single, display_plain)


TEXT = QuestionType(
    "text",
    (
        Property("inputType", "word", allowed=tuple(_INPUTS)),
        Property("min", "limit"),
        Property("max", "limit"),
        Property("step", "number"),
        Property("minValueExpression", "expression"),
        Property("maxValueExpression", "expression"),
        Property("maxLength", "whole", least=1, most=TEXT_LIMIT),
        Property("placeholder", "text"),
        Property("autocomplete", "word", allowed=("name", "tel", "email", "organization", "off")),
    ),
    _build_text,
)
COMMENT = QuestionType(
    "comment",
    (
        Property("maxLength", "whole", least=1, most=COMMENT_LIMIT),
        Property("rows", "whole", least=1, most=30),
        Property("placeholder", "text"),
    ),
    _build_comment,
)
