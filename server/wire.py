"""The one door for JSON from strangers, and the canonical form in which contents are compared.

`loads` refuses what Python's reader lets through or dies of: duplicate keys (two readers would see two
documents), NaN and Infinity (not JSON, and poison to a score), integers beyond 2^53 (rounded by every
browser, refused by PostgreSQL beyond 2^63), NUL and lone surrogates (PostgreSQL and UTF-8 refuse them later,
when it is too late to say where), and nesting that exhausts the stack.

`canonical` is RFC 8785 over NFC text, so that "same content" means the same on every door.
"""

import hashlib
import json
import math
import unicodedata
from dataclasses import dataclass
from typing import Never, TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # I-JSON: beyond it a page, a workbook and the server would see different numbers

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "json_encoding": (),
    "json_syntax": ("line", "column"),
    "json_duplicate_key": ("key",),
    "json_number": ("text",),
    "json_text": (),
    "json_depth": ("limit",),
}


@dataclass(frozen=True, slots=True)
class Unreadable(ValueError):
    """A body that is not acceptable JSON: a stable code, the JSON pointer where known, and parameters."""

    code: str
    pointer: str
    params: dict[str, str | int]


def loads(data: bytes | str, *, max_depth: int = MAX_DEPTH) -> Json:
    """Read one JSON document.

    Numbers come back as int (within 2^53) or finite float; text is NFC.

    Raises:
        Unreadable: with one of `CODES`.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise Unreadable("json_encoding", "", {}) from None
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_object,
            parse_constant=_refuse_number,
            parse_int=_integer,
            parse_float=_float,
        )
    except RecursionError:
        raise Unreadable("json_depth", "", {"limit": max_depth}) from None
    except json.JSONDecodeError as error:
        raise Unreadable("json_syntax", "", {"line": error.lineno, "column": error.colno}) from None
    return _clean(value, "", max_depth)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key, value in pairs:
        if key in result:
            raise Unreadable("json_duplicate_key", "", {"key": shortened(key)})
        result[key] = value
    return result


def _refuse_number(text: str) -> Never:
    raise Unreadable("json_number", "", {"text": shortened(text)})


def _integer(text: str) -> int:
    # The length is tested first: int() on a number of a million digits is the attack itself.
    if len(text) > 20 or abs(int(text)) > MAX_INTEGER:
        _refuse_number(text)
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse_number(text)
    return value


def _clean(value: Json, pointer: str, depth: int) -> Json:
    if isinstance(value, str):
        return _text(value, pointer)
    if not isinstance(value, list | dict):
        return value
    if depth == 0:
        raise Unreadable("json_depth", pointer, {"limit": MAX_DEPTH})
    if isinstance(value, list):
        return [_clean(item, f"{pointer}/{index}", depth - 1) for index, item in enumerate(value)]
    return {
        _text(key, pointer): _clean(item, f"{pointer}/{pointer_part(key)}", depth - 1)
        for key, item in value.items()
    }


def _text(text: str, pointer: str) -> str:
    if text.isascii():
        if "\x00" in text:
            raise Unreadable("json_text", pointer, {})
        return text
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Unreadable("json_text", pointer, {})
    return unicodedata.normalize("NFC", text)


def pointer_part(key: str) -> str:
    """One RFC 6901 reference token."""
    return key.replace("~", "~0").replace("/", "~1")


def shortened(text: str, limit: int = 40) -> str:
    """Text from a stranger, cut so that an error message cannot become the attack."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def canonical(value: Json) -> bytes:
    """RFC 8785 of a value as `loads` gives it (NFC text, numbers within the range of a double).

    Raises:
        rfc8785.CanonicalizationError: when the value did not come through `loads` or a form's check.
    """
    return rfc8785.dumps(value)


def fingerprint(value: Json) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()
