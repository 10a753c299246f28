"""Where things stand in the JSON text of a definition: pointers to lines and columns, and slips of the JSON.

A parser for values forgets places, so this reads the text once more with a scanner of its own. It does not
recurse and makes no pointer per value: time and memory stay in proportion to the text, whatever it holds.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Never, TypeAlias

from server.wire import MAX_DEPTH, MAX_INTEGER, shortened

MAX_SIZE = 2_000_000

_SPACE = re.compile(r"[ \t\n\r]*+")
_TEXT = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')
_BROKEN_TEXT = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
_ATOM = re.compile(r"(?:true|false|null|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?))(?![\w.])")
_STRANGE = re.compile(r"\w+|.", re.DOTALL)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the text, both counted from 1, columns in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        """`line:column`, as editors and compilers write it."""
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A slip of the JSON itself: a code of `server.forms.codes` or `server.wire`, with parameters."""

    code: str
    position: Position
    params: Mapping[str, object]


@dataclass(slots=True)
class _Container:
    """An object or array: where it starts, where its keys stand, and its values in the order of the text."""

    start: int
    is_object: bool
    keys: dict[str, int] = field(default_factory=dict)
    values: "list[_Place]" = field(default_factory=list)
    places: "dict[str, _Place]" = field(default_factory=dict)


# A scalar is only an offset: a list of a million numbers must not become a million objects.
_Place: TypeAlias = int | _Container


class _Broken(Exception):
    """Nothing after this point can be read."""


class Located:
    """A text that has been scanned: what is wrong with it as JSON, and where everything stands."""

    def __init__(self, text: str) -> None:
        """Scan `text`; see `mistakes` for what is wrong with it."""
        self._text = text = text.removeprefix("\ufeff")
        self._lines = [0, *(match.end() for match in re.finditer(r"\r\n?|\n", text))]
        scanner = _Scanner(text)
        self._root = scanner.whole()
        self.mistakes = tuple(
            Mistake(code, self._position(offset), self._shown(params))
            for code, offset, params in scanner.mistakes
        )

    def value(self, pointer: str) -> Position:
        """Where the value at an RFC 6901 pointer starts, or the nearest thing around it that exists."""
        return self._position(self._offsets(pointer)[1])

    def key(self, pointer: str) -> Position:
        """Where the key of a property stands; the value itself for an entry of a list."""
        return self._position(self._offsets(pointer)[0])

    def within(self, pointer: str, index: int) -> Position:
        """Where character `index` (from 1) of a text value stands, escapes counted as they are written."""
        start = self._offsets(pointer)[1]
        match = _TEXT.match(self._text, start)
        if match is None:
            return self._position(start)
        offset = start + 1
        for _, piece in zip(range(index - 1), _ESCAPE.finditer(match.group()[1:-1]), strict=False):
            offset += len(piece.group())
        return self._position(offset)

    def line(self, number: int) -> str:
        """One line of the text without its line break."""
        end = self._lines[number] if number < len(self._lines) else len(self._text)
        return self._text[self._lines[number - 1] : end].rstrip("\r\n")

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)

    def _shown(self, params: Mapping[str, object]) -> Mapping[str, object]:
        """An offset in parameters is of use to nobody: it becomes a place."""
        return {
            name: str(self._position(value)) if isinstance(value, int) and name == "first" else value
            for name, value in params.items()
        }

    def _offsets(self, pointer: str) -> tuple[int, int]:
        """Offsets of the key and of the value."""
        place, key = self._root, _start(self._root)
        for raw in pointer.split("/")[1:]:
            found = _step(place, raw.replace("~1", "/").replace("~0", "~"))
            if found is None:
                break
            key, place = found
        return key, _start(place)


def _start(place: _Place) -> int:
    return place if isinstance(place, int) else place.start


def _step(place: _Place, part: str) -> tuple[int, _Place] | None:
    """(offset of the key, value) of one part of a pointer."""
    if isinstance(place, int):
        return None
    if place.is_object:
        return (place.keys[part], place.places[part]) if part in place.keys else None
    if not (part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(place.values)):
        return None
    value = place.values[int(part)]
    return _start(value), value


def _begins_entry(here: str, container: _Container) -> bool:
    """Whether the next entry could begin with this character, so that only the comma is missing."""
    return here == '"' or (bool(here) and not container.is_object and (here in "{[-" or here.isalnum()))


class _Scanner:
    """Reads the text from left to right; `open` holds the containers that are not closed yet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[_Container] = []
        self.mistakes: list[tuple[str, int, Mapping[str, object]]] = []

    def whole(self) -> _Place:
        if len(self.text) > MAX_SIZE:
            self.mistakes.append(("text_too_long", 0, {"limit": MAX_SIZE}))
            return 0
        try:
            root = self._value()
            while self.open:
                self._next_in(self.open[-1])
            self._skip()
            if self.at < len(self.text):
                self._broken("syntax_end", found=self._found())
        except _Broken:
            return self.open[0] if self.open else 0
        return root

    def _next_in(self, container: _Container) -> None:
        """One more entry of a container, or its end."""
        sign = self._sign(container)
        if sign == _CLOSING["{" if container.is_object else "["]:
            self.open.pop()
            return
        key = self._key() if container.is_object else None
        value = self._value()
        if key is None:
            container.values.append(value)
        else:
            container.keys[key[0]] = key[1]
            container.places[key[0]] = value

    def _sign(self, container: _Container) -> str:
        """The comma before the next entry ("" before the first one) or the closing bracket."""
        closing, end = "}" if container.is_object else "]", self.at
        self._skip()
        here = self.text[self.at : self.at + 1]
        if here == closing:
            self.at += 1
            return closing
        if not (container.places or container.values):
            return ""
        if here != ",":
            if _begins_entry(here, container):
                self.at = end
                self._broken("syntax_comma_missing")
            self._broken("syntax_sign", expected=f", {closing}", found=self._found())
        comma = self.at
        self.at += 1
        self._skip()
        if self.text[self.at : self.at + 1] == closing:
            self.at = comma
            self._broken("syntax_trailing_comma", closing=closing)
        return here

    def _key(self) -> tuple[str, int]:
        container = self.open[-1]
        self._skip()
        start = self.at
        if self.text[start : start + 1] != '"':
            self._broken("syntax_name", found=self._found())
        raw = self._raw_text()
        key = unicodedata.normalize("NFC", json.loads(raw) if "\\" in raw else raw[1:-1])
        if key in container.keys:
            first = container.keys[key]
            self.mistakes.append(("key_duplicate", start, {"key": shortened(key), "first": first}))
        self._skip()
        if self.text[self.at : self.at + 1] != ":":
            self._broken("syntax_sign", expected=":", found=self._found())
        self.at += 1
        return key, start

    def _value(self) -> _Place:
        self._skip()
        start = self.at
        here = self.text[start : start + 1]
        if here in _CLOSING:
            if len(self.open) == MAX_DEPTH:
                self._broken("json_depth", limit=MAX_DEPTH)
            self.at += 1
            container = _Container(start, here == "{")
            self.open.append(container)
            return container
        if here == '"':
            self._raw_text()
            return start
        match = _ATOM.match(self.text, start)
        if match is None:
            self._broken("syntax_value", found=self._found())
        self.at = match.end()
        if match[1] and (len(match[1]) > 400 or abs(float(match[1])) > MAX_INTEGER):
            self.mistakes.append(("json_number", start, {"text": shortened(match[1])}))
        return start

    def _raw_text(self) -> str:
        match = _TEXT.match(self.text, self.at)
        if match is None:
            broken = _BROKEN_TEXT.match(self.text, self.at)
            self.at = broken.end() if broken else self.at
            self._broken("syntax_text", found=self._found())
        self.at = match.end()
        return match.group()

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.text.startswith(("//", "/*"), self.at):
            self._broken("syntax_comment")

    def _found(self) -> str:
        """What stands here, as the sentence quotes it."""
        match = _STRANGE.match(self.text, self.at)
        return shortened(match.group(), 20) if match else ""

    def _broken(self, code: str, **params: object) -> Never:
        if self.at < len(self.text):
            self.mistakes.append((code, self.at, params))
        else:
            self.mistakes.append(("syntax_cut_off", self.at, {}))
        raise _Broken
