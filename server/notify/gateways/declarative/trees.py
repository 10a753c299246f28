"""What strangers send, in any format, as one tree of JSON, and values out of it by pointer.

XML becomes objects by the names of its elements without namespaces: `<r><code>0</code></r>` has `/r/code`;
an attribute is `/r/@id`, elements of one name are a list. A document type is refused: what entities could do
with it, no gateway needs.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl
from xml.etree.ElementTree import ParseError, XMLParser

from server import wire
from server.notify.gateways.declarative.description import Reading
from server.wire import Json

# Enough for thousands of receipts, and little enough for a regular expression.
LONGEST: Final = 1024 * 1024
LONGEST_MATCHED: Final = 100_000
DEEPEST: Final = 32
MOST_FIELDS: Final = 1_000
_NAMESPACE: Final = re.compile(r"\{[^}]*\}")


class NotReadable(ValueError):
    """A body that is not in the format it should be in."""


def tree_of(body: bytes, reading: Reading) -> Json:
    """The body as one tree.

    Raises:
        NotReadable: for whatever reason; the body is not repeated.
    """
    if len(body) > LONGEST:
        raise NotReadable("too long")
    try:
        text = body.decode(reading.encoding)
    except UnicodeDecodeError:
        raise NotReadable("encoding") from None
    if reading.format == "json":
        return _json(text)
    if reading.format == "xml":
        return _xml(text)
    if reading.format == "form":
        return dict(form_of(text, reading.encoding))
    return _matched(text, reading.pattern)


def form_of(text: str, encoding: str) -> dict[str, str]:
    """The fields of a form or of an address; of a field that comes twice the first.

    Raises:
        NotReadable: too many fields, or bytes that are none of the encoding.
    """
    try:
        pairs = parse_qsl(
            text.strip(),
            keep_blank_values=True,
            encoding=encoding,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except (ValueError, UnicodeDecodeError):
        raise NotReadable("form") from None
    return dict(reversed(pairs))


def items_in(tree: Json, pointer: str) -> list[Json]:
    """The list at a place; one thing alone is a list of it, nothing an empty one."""
    found = at(tree, pointer)
    if found is None or found == "":
        return []
    return found if isinstance(found, list) else [found]


def text_at(tree: Json, pointer: str | None) -> str | None:
    """The value at a place as text; None where there is no single value."""
    found = None if pointer is None else at(tree, pointer)
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found).strip() if isinstance(found, str | int | float) else None


def at(tree: Json, pointer: str) -> Json:
    for part in wire.pointer_parts(pointer):
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and part.isdecimal() and len(part) < 6 and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    return tree


def _json(text: str) -> Json:
    try:
        return wire.loads(text)
    except wire.Unreadable:
        raise NotReadable("json") from None


def _matched(text: str, pattern: re.Pattern[str] | None) -> Json:
    """One object for each match, its named groups; an only one is that object."""
    found: list[Json] = []
    for match in pattern.finditer(text[:LONGEST_MATCHED]) if pattern else ():
        groups: Mapping[str, str | None] = match.groupdict()
        found.append({name: value for name, value in groups.items() if value is not None})
    if not found:
        raise NotReadable("regex")
    return found[0] if len(found) == 1 else found


def _xml(text: str) -> Json:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotReadable("document type")
    builder = _Builder()
    # What a document says of its encoding is the gateway's word for what was decoded above.
    parser = XMLParser(target=builder)  # noqa: S314 - without a document type there are no entities to expand
    try:
        parser.feed(text.lstrip("\ufeff\r\n\t "))
        parser.close()
    except (ParseError, ValueError):
        raise NotReadable("xml") from None
    return builder.root


class _Element:
    """An element under way: its children by name, and its own text."""

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.children: dict[str, Json] = {f"@{_bare(key)}": value for key, value in attributes.items()}
        self.text: list[str] = []

    def add(self, name: str, value: Json) -> None:
        if name not in self.children:
            self.children[name] = value
            return
        before = self.children[name]
        if isinstance(before, list):
            before.append(value)
        else:
            self.children[name] = [before, value]

    def value(self) -> Json:
        return self.children or "".join(self.text).strip()


class _Builder:
    """What the parser tells, as a tree."""

    def __init__(self) -> None:
        self.root: Json = None
        self._open: list[_Element] = [_Element("", {})]

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) > DEEPEST:
            raise ValueError("too deep")
        self._open.append(_Element(_bare(tag), attributes))

    def end(self, _tag: str) -> None:
        done = self._open.pop()
        self._open[-1].add(done.name, done.value())

    def data(self, text: str) -> None:
        self._open[-1].text.append(text)

    def close(self) -> None:
        self.root = self._open[0].children


def _bare(name: str) -> str:
    return _NAMESPACE.sub("", name)
