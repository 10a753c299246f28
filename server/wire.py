"""The one door for JSON from strangers, and the canonical form in which contents are compared.

`loads` refuses what Python's reader lets through or dies of: duplicate keys (two readers would see two
documents), NaN and Infinity (not JSON, and poison to a score), numbers beyond 2^53 (rounded by every
browser; 1e17 comes back from PostgreSQL as an integer that `canonical` refuses), NUL and lone surrogates
(PostgreSQL and UTF-8 refuse them later, when it is too late to say where), and nesting that exhausts the
stack.

`canonical` is RFC 8785 over NFC text, so that "same content" means the same on every door.
"""

import hashlib
import json
import math
import unicodedata
from contextlib import suppress
from typing import Never, TypeAlias

import rfc8785

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
# The way down to a value, innermost step first. It becomes a pointer only when there is something to point
# at: a pointer made for every element of a long list below a long key would cost hours.
Trail: TypeAlias = "tuple[str | int, Trail] | None"

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


class Unreadable(ValueError):
    """A body that is not acceptable JSON: a stable code, the JSON pointer where known, and parameters."""

    def __init__(self, code: str, pointer: str, params: dict[str, str | int]) -> None:
        super().__init__(code)
        self.code = code
        self.pointer = pointer
        self.params = params


def loads(data: bytes | str, *, max_depth: int = MAX_DEPTH) -> Json:
    """Read one JSON document.

    Numbers come back as int or float, both within 2^53; text is NFC.

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
        raise Unreadable("json_syntax", "", _place(error)) from None
    return _clean(value, None, max_depth, max_depth)


def _place(error: json.JSONDecodeError) -> dict[str, str | int]:
    """Line and column of a slip; a forgotten comma is missing behind the entry, not before the next one."""
    text, at = error.doc, error.pos
    if "',' delimiter" in error.msg:
        at = len(text[:at].rstrip())
    start = text.rfind("\n", 0, at) + 1
    return {"line": text.count("\n", 0, at) + 1, "column": at - start + 1}


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
    if not math.isfinite(value) or abs(value) > MAX_INTEGER:
        _refuse_number(text)
    return value


def _clean(value: Json, trail: Trail, depth: int, max_depth: int) -> Json:
    if isinstance(value, str):
        return _text(value, trail)
    if not isinstance(value, list | dict):
        return value
    if depth == 0:
        raise Unreadable("json_depth", _pointer(trail), {"limit": max_depth})
    if isinstance(value, list):
        return [_clean(item, (index, trail), depth - 1, max_depth) for index, item in enumerate(value)]
    result: dict[str, Json] = {}
    for key, item in value.items():
        name = _text(key, trail)
        # Two keys may differ as bytes and be one as text.
        if name in result:
            raise Unreadable("json_duplicate_key", _pointer(trail), {"key": shortened(name)})
        result[name] = _clean(item, (key, trail), depth - 1, max_depth)
    return result


def _text(text: str, trail: Trail) -> str:
    if text.isascii():
        if "\x00" in text:
            raise Unreadable("json_text", _pointer(trail), {})
        return text
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise Unreadable("json_text", _pointer(trail), {})
    return unicodedata.normalize("NFC", text)


def _pointer(trail: Trail) -> str:
    parts: list[str] = []
    while trail is not None:
        step, trail = trail
        parts.append("/" + pointer_part(str(step)))
    return "".join(reversed(parts))


def pointer_part(key: str) -> str:
    """One RFC 6901 reference token."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer_parts(pointer: str) -> list[str]:
    """The reference tokens of an RFC 6901 pointer, as keys."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def shortened(text: str, limit: int = 40) -> str:
    """Text from a stranger, cut and made writable, so that an error message cannot become the attack."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut.encode("utf-8", "replace").decode("utf-8")


def canonical(value: Json) -> bytes:
    """RFC 8785 of a value as `loads` gives it (NFC text, numbers within the range of a double).

    Raises:
        rfc8785.CanonicalizationError: when the value did not come through `loads` or a form's check.
    """
    # The library is written in Python: the facts of 300 outlets took it seconds. json writes mostly the same.
    if _json_writes_it(value):
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        with suppress(UnicodeEncodeError):  # a lone surrogate: the library says what is wrong
            return written.encode()
    return rfc8785.dumps(value)


def _json_writes_it(value: Json) -> bool:
    """Whether Python's writer gives RFC 8785's bytes: keys sort alike, numbers are spelled alike."""
    pending: list[Json] = [value]
    known: set[str] = set()
    while pending:
        one = pending.pop()
        kind = type(one)
        if kind is str or one is None or kind is bool:
            continue
        if isinstance(one, dict) and kind is dict:
            # Beyond ASCII, keys may sort otherwise by UTF-16 than by code point.
            new = one.keys() - known
            if not all(type(key) is str and key.isascii() for key in new):
                return False
            known |= new
            pending.extend(one.values())
        elif isinstance(one, list) and kind is list:
            pending.extend(one)
        elif isinstance(one, float):
            # JavaScript writes 1.0 as 1 and has other ideas of when to write an exponent.
            if not 1e-4 <= abs(one) < 1e15 or one.is_integer():
                return False
        elif not isinstance(one, int) or abs(one) > MAX_INTEGER:
            return False
    return True


def fingerprint(value: Json) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()
