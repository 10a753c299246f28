"""Shorter names and no indentation, so that a script costs a slow line less. Sources stay readable.

It knows no more of JavaScript than our sources use: ES5 without labels, every outermost name declared once
and never that of a parameter or variable. Line breaks stay, so it need not know where a statement ends.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import count, pairwise, product
from string import ascii_letters, ascii_lowercase, ascii_uppercase

_TOKEN = re.compile(r"(?P<text>'(?:[^'\\\n]|\\.)*')|(?P<word>[\w$]+)|(?P<space>\s+)|(?P<sign>.)")
_PATTERN = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[gim]*")
# Where a slash begins a pattern and does not divide.
_BEFORE_PATTERN = frozenset("(,=:!&|?{};[") | {"return", ""}
_LOCAL = re.compile(
    r"\bvar (\w+)|\bfunction ?\w* ?\(([^)]*)\)|\bcatch \((\w+)\)|^ *function (\w+)", re.MULTILINE
)
# Short words of the language.
_TAKEN = frozenset(("do", "if", "in"))

Token = tuple[str, str]


def shortened(declarations: Iterable[str], declared: Collection[str]) -> str:
    """The declarations with short names.

    Args:
        declared: the outermost names; all others are parameters, variables or the browser's.
    """
    outer = dict(zip(sorted(declared), _short_names(ascii_uppercase), strict=False))
    return "\n".join(_short(text, outer) for text in declarations)


def _short(text: str, outer: dict[str, str]) -> str:
    found = (name.strip() for groups in _LOCAL.findall(text) for part in groups for name in part.split(","))
    local = [name for name in dict.fromkeys(found) if name and name not in outer]
    inner = dict(zip(local, _short_names(ascii_lowercase), strict=False))
    return _joined(_renamed(list(_tokens(text)), {**inner, **outer}))


def _short_names(first: str) -> Iterator[str]:
    """One letter of `first`, then two and more that begin with one."""
    yield from first
    for length in count(1):
        names = map("".join, product(first, *[ascii_letters] * length))
        yield from (name for name in names if name not in _TAKEN)


def _tokens(text: str) -> Iterator[Token]:
    position, last = 0, ""
    while position < len(text):
        pattern = _PATTERN.match(text, position) if last in _BEFORE_PATTERN else None
        found = pattern or _TOKEN.match(text, position)
        if found is None:
            return
        kind = "pattern" if pattern else str(found.lastgroup)
        yield kind, found[0]
        position, last = found.end(), last if kind == "space" else found[0]


def _renamed(tokens: list[Token], names: dict[str, str]) -> Iterator[Token]:
    visible = [place for place, (kind, _) in enumerate(tokens) if kind != "space"]
    after = {place: tokens[following][1] for place, following in pairwise(visible)}
    last = ""
    for place, (kind, text) in enumerate(tokens):
        is_key = last in ("{", ",") and after.get(place) == ":"
        is_own = kind == "word" and last != "." and not is_key
        yield kind, names.get(text, text) if is_own else text
        last = last if kind == "space" else text


def _joined(tokens: Iterable[Token]) -> str:
    parts: list[str] = []
    last, gap = "", ""
    for kind, text in tokens:
        if kind == "space":
            gap = "\n" if "\n" in text else " "
            continue
        if gap == "\n" or (gap and _must_part(last, text)):
            parts.append(gap)
        parts.append(text)
        last, gap = text, ""
    return "".join(parts)


def _must_part(left: str, right: str) -> bool:
    """Whether two tokens would read as one without the blank between them."""
    words = re.fullmatch(r"[\w$]{2}", left[-1] + right[0])
    return words is not None or (left[-1] in "+-" and left[-1] == right[0])
