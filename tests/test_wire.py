"""The JSON door: what it refuses and where it points, and what counts as the same content."""

import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from server import wire
from server.wire import Unreadable

DEEP = 100_000

REFUSED: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "json_syntax", ""),
    "blank": (b" \n\t", "json_syntax", ""),
    "two documents": (b"1 2", "json_syntax", ""),
    "trailing comma": (b"[1,]", "json_syntax", ""),
    "comment": (b"[1] // yes", "json_syntax", ""),
    "single quotes": (b"{'a': 1}", "json_syntax", ""),
    "leading zero": (b"[01]", "json_syntax", ""),
    "underscore": (b"[1_000]", "json_syntax", ""),
    "hexadecimal": (b"[0x10]", "json_syntax", ""),
    "full-width digit": ("[１]".encode(), "json_syntax", ""),
    "control character": (b'["a\nb"]', "json_syntax", ""),
    "half an escape": (b'["\\u12"]', "json_syntax", ""),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbf{}", "json_syntax", ""),
    "invalid UTF-8": (b'["\xff"]', "json_encoding", ""),
    "UTF-16": ("[1]".encode("utf-16"), "json_encoding", ""),
    "surrogates as UTF-8": (b'["\xed\xa0\x80"]', "json_encoding", ""),
    "overlong slash": (b'["\xc0\xaf"]', "json_encoding", ""),
    "duplicate key": (b'{"a": 1, "a": 2}', "json_duplicate_key", ""),
    "duplicate by escape": (b'{"a": 1, "\\u0061": 2}', "json_duplicate_key", ""),
    "duplicate after NFC": ('{"x": {"é": 1, "e\u0301": 2}}'.encode(), "json_duplicate_key", "/x"),
    "duplicate lone surrogates": (b'{"\\ud800": 1, "\\ud800": 2}', "json_duplicate_key", ""),
    "NaN": (b'{"a": NaN}', "json_number", ""),
    "Infinity": (b"[Infinity]", "json_number", ""),
    "-Infinity": (b"[-Infinity]", "json_number", ""),
    "1e999": (b"[1e999]", "json_number", ""),
    "-1e999": (b"[-1e999]", "json_number", ""),
    "2^53": (b"[9007199254740992]", "json_number", ""),
    "-2^53": (b"[-9007199254740992]", "json_number", ""),
    "2^53 with a point": (b"[9007199254740992.0]", "json_number", ""),
    "2^63 as a power": (b"[9.3e18]", "json_number", ""),
    "4,000 digits": (b"[" + b"9" * 4_000 + b"]", "json_number", ""),
    "a million digits": (b"-" + b"1" * 1_000_000, "json_number", ""),
    "4,000 digits before a point": (b"[" + b"9" * 4_000 + b".5]", "json_number", ""),
    "NUL in a value": (b'{"a": ["x", "\\u0000"]}', "json_text", "/a/1"),
    "NUL beside Chinese": ('{"a": "好\\u0000"}'.encode(), "json_text", "/a"),
    "NUL in a key": (b'{"a": {"b\\u0000": 1}}', "json_text", "/a"),
    "lone high surrogate": (b'{"a": "\\ud800"}', "json_text", "/a"),
    "lone low surrogate": (b'{"a": "\\udfff!"}', "json_text", "/a"),
    "reversed surrogates": (b'["\\ude00\\ud83d"]', "json_text", "/0"),
    "lone surrogate in a key": (b'{"\\ud800": 1}', "json_text", ""),
    "pointer escapes": (b'{"a/b": {"c~d": "\\u0000"}}', "json_text", "/a~1b/c~0d"),
    "33 levels": (b"[" * 33 + b"]" * 33, "json_depth", "/0" * 32),
    "100,000 lists": (b"[" * DEEP + b"]" * DEEP, "json_depth", ""),
    "100,000 objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "json_depth", ""),
    "100,000 open lists": (b"[" * DEEP, "json_depth", ""),
}


@pytest.mark.parametrize(("body", "code", "pointer"), REFUSED.values(), ids=REFUSED)
def test_hostile_bodies_are_refused_and_pointed_at(body: bytes, code: str, pointer: str) -> None:
    with pytest.raises(Unreadable) as caught:
        wire.loads(body)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)
    assert set(caught.value.params) == set(wire.CODES[code])
    # What a refusal says goes into an answer, which must be writable and short.
    said = wire.canonical(dict(caught.value.params))
    assert len(said) < 200


READ: dict[str, tuple[str, wire.Json]] = {
    "null": ("null", None),
    "text of digits stays text": ('["1_000", "１２", "1e3", "NaN"]', ["1_000", "１２", "1e3", "NaN"]),
    "largest integers": ("[9007199254740991, -9007199254740991]", [2**53 - 1, 1 - 2**53]),
    "minus nought": ("[-0]", [0]),
    "underflow": ("[1e-400]", [0.0]),
    "a long fraction": ("[0." + "1" * 4_000 + "]", [float("0." + "1" * 4_000)]),
    "byte order mark": ("\ufeff{}", {}),
    "byte order mark inside": ('["\ufeff"]', ["\ufeff"]),
    "paired surrogates": ('["\\ud83d\\ude00"]', ["😀"]),
    "NFC in keys and values": ('{"e\u0301": "e\u0301"}', {"é": "é"}),
    "keys that only look alike": ('{"a": 1, "а": 2, "A": 3}', {"a": 1, "а": 2, "A": 3}),
    "32 levels": ("[" * 32 + "]" * 32, json.loads("[" * 32 + "]" * 32)),
    "proto": ('{"__proto__": 1}', {"__proto__": 1}),
}


@pytest.mark.parametrize(("text", "value"), READ.values(), ids=READ)
def test_odd_but_honest_bodies_are_read(text: str, value: wire.Json) -> None:
    assert wire.loads(text.encode()) == value
    assert wire.loads(text) == value


def test_the_limit_of_nesting_is_the_callers() -> None:
    with pytest.raises(Unreadable) as caught:
        wire.loads(b"[[[1]]]", max_depth=2)
    assert caught.value.params == {"limit": 2}


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"a": 1,\n "b" 2}', 2, 6),
        (b"[1,]", 1, 4),
        (b"", 1, 1),
        # A forgotten comma is missing behind the entry before it.
        (b'{"a": 1\n\n "b": 2}', 1, 8),
        (b'{\n"a": 1  \r\n', 2, 7),
        (b"[1 2]", 1, 3),
    ],
)
def test_syntax_errors_say_where(body: bytes, line: int, column: int) -> None:
    with pytest.raises(Unreadable) as caught:
        wire.loads(body)
    assert caught.value.params == {"line": line, "column": column}


def test_a_refusal_passes_through_a_context_manager() -> None:
    """contextlib writes `__traceback__`, which a frozen exception refuses: the refusal became a 500."""

    @contextmanager
    def block() -> Iterator[None]:
        yield

    with pytest.raises(Unreadable), block():
        wire.loads(b"[")


SAME: dict[str, tuple[str, str]] = {
    "order of keys": ('{"b": 1, "a": {"d": 1, "c": 2}}', '{"a":{"c":2,"d":1},"b":1}'),
    "white space": ("[1,\n 2]", "[1,2]"),
    "1.0 and 1": ("[1.0, 1e0, 100e-2]", "[1, 1, 1]"),
    "minus nought": ("[-0.0, -0]", "[0, 0]"),
    "spelling of fractions": ("[0.10, 1e-1]", "[0.1, 0.1]"),
    "NFC": ('["e\u0301", "\u1112\u1161\u11ab"]', '["é", "한"]'),
    "escapes": ('["\\u4e2d\\/"]', '["中/"]'),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_content_has_one_fingerprint(one: str, other: str) -> None:
    assert wire.fingerprint(wire.loads(one)) == wire.fingerprint(wire.loads(other))


DIFFERENT: dict[str, tuple[str, str]] = {
    "order of a list": ("[1, 2]", "[2, 1]"),
    "number and text": ("[1]", '["1"]'),
    "true and 1": ("[true]", "[1]"),
    "null and absent": ('{"a": null}', "{}"),
    "compatibility forms": ('["１"]', '["1"]'),
    "space": ('["a"]', '["a "]'),
    "neighbouring doubles": ("[0.1]", "[0.10000000000000002]"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_other_content_has_another_fingerprint(one: str, other: str) -> None:
    assert wire.fingerprint(wire.loads(one)) != wire.fingerprint(wire.loads(other))


def test_canonical_is_rfc_8785() -> None:
    """The example of RFC 8785, section 3.2.3: keys in the order of UTF-16 code units."""
    keys = {"\u20ac": 1, "\r": 2, "1": 3, "😀": 4, "\ufb33": 5, "\u00f6": 6, "\u0080": 7}
    assert list(json.loads(wire.canonical(keys))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "😀", "\ufb33"]


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800"])
def test_canonical_refuses_what_loads_would_have_refused(value: wire.Json) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        wire.canonical([value])


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8).map(
    lambda text: unicodedata.normalize("NFC", text)
)
NUMBERS = st.integers(-wire.MAX_INTEGER, wire.MAX_INTEGER) | st.floats(
    -wire.MAX_INTEGER, wire.MAX_INTEGER, allow_nan=False
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_what_is_written_is_read_again(document: wire.Json) -> None:
    written = wire.canonical(document)
    read = wire.loads(written)
    assert read == document
    assert wire.canonical(read) == written


@given(DOCUMENTS)
def test_the_quick_way_writes_what_the_library_writes(document: wire.Json) -> None:
    assert wire.canonical(document) == rfc8785.dumps(document)


@given(NUMBERS)
def test_a_number_survives_the_way_through_numeric(number: float) -> None:
    """JSONB keeps a number as NUMERIC and gives 1e15 back as an integer; the fingerprint must not move."""
    value = wire.loads(json.dumps(number))
    back = json.loads(format(Decimal(json.dumps(value)), "f"))
    assert wire.canonical([back]) == wire.canonical([value])


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    value: wire.Json = None
    with suppress(Unreadable):
        value = wire.loads(data)
    assert wire.loads(wire.canonical(value)) == value


@given(st.text(max_size=60))
def test_any_text_is_made_writable_and_short(text: str) -> None:
    shown = wire.shortened(text)
    assert len(shown) <= 40
    shown.encode()
