"""A point on the map: `geolocation`, decimal degrees with their datum, and how exact and from when they are.

A coordinate without its datum is up to 700 m wrong in China without anybody knowing, so the canonical answer
always names one. In a form field an answer is one text, `31.2304,121.4737,12,WGS-84,<moment>`, of which only
the two degrees must be there.
"""

import re
from decimal import Decimal

from server.forms.elements import Element
from server.forms.problems import Fault, Refused, Report, refusal
from server.forms.types.behaviour import Behaviour, Control, Fields, QuestionType, decode_single
from server.forms.types.moments import exact_moment

DATUMS = ("WGS-84", "GCJ-02", "BD-09")
MAX_ACCURACY = 20_000_000
_FIELDS = ("latitude", "longitude", "accuracy", "datum", "at")
_KNOWN = frozenset(_FIELDS)
_NUMERIC = frozenset(("latitude", "longitude", "accuracy"))
# A hundred-millionth of a degree is a millimetre: what lies beyond is noise that would make contents differ.
_PLACES = 7
_NUMBER = re.compile(r"[+-]?[0-9]{1,8}(?:\.[0-9]{1,20})?")


def encode_place(value: object) -> str:
    """An answer as one form field; what was typed and did not read stays as it is."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else ""
    return ",".join(_part(value.get(name)) for name in _FIELDS).rstrip(",")


def _part(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format(Decimal(str(value)), "f") if is_number else str(value or "")


def _decode(fields: Fields, name: str) -> object:
    raw = decode_single(fields, name)
    if not isinstance(raw, str) or not raw.strip():
        return None
    # A Chinese keyboard writes a full-width comma.
    parts = [part.strip() for part in raw.replace("，", ",").split(",")]
    given = {field: part for field, part in zip(_FIELDS, parts, strict=False) if part}
    numbers = (part for field, part in given.items() if field in _NUMERIC)
    if len(parts) > len(_FIELDS) or not all(map(_NUMBER.fullmatch, numbers)):
        return raw
    return {field: _read(part) if field in _NUMERIC else part for field, part in given.items()}


def _read(number: str) -> int | float:
    return float(number) if "." in number else int(number)


def _check(raw: object) -> object:
    if isinstance(raw, str):
        raise _invalid("")
    if not isinstance(raw, dict):
        raise refusal("answer_type", expected="location")
    if not raw.keys() <= _KNOWN:
        raise _invalid("")
    place: dict[str, object] = {
        "latitude": _number(raw, "latitude", -90, 90),
        "longitude": _number(raw, "longitude", -180, 180),
    }
    if raw.get("accuracy") is not None:
        place["accuracy"] = _number(raw, "accuracy", 0, MAX_ACCURACY)
    place["datum"] = _datum(raw.get("datum"))
    if raw.get("at") is not None:
        place["at"] = _at(raw["at"])
    return place


def _number(raw: dict[str, object], field: str, least: int, most: int) -> int | float:
    value = raw.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _invalid(field)
    rounded = round(value, _PLACES)
    # 31.0 and 31, 0.0 and -0.0 have one canonical form.
    return int(rounded) if rounded == int(rounded) else rounded


def _datum(raw: object) -> str:
    if raw is None:
        return DATUMS[0]
    if not isinstance(raw, str) or raw not in DATUMS:
        raise _invalid("datum")
    return raw


def _at(raw: object) -> str:
    moment = exact_moment(raw)
    if moment is None:
        raise _invalid("at")
    return moment


def _invalid(field: str) -> Refused:
    return Refused(Fault("location_invalid", {"field": field}, f"/{field}" if field else ""))


def _display(value: object, _locale: str) -> str:
    return ", ".join(_part(value.get(name)) for name in _FIELDS[:2]) if isinstance(value, dict) else ""


def _build(_element: Element, _report: Report) -> Behaviour:
    return Behaviour(Control("geolocation"), _check, _decode, _display)


GEOLOCATION = QuestionType("geolocation", (), _build)
