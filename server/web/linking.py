"""Puts the script of a page together from the declarations it needs, so that it carries nothing else.

The sources are ES5 files of declarations, each beginning in the first column: a function, a variable, or a
row of a table. What a declaration names, it needs; rows that only data names are asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

from server.web.shortening import shortened

STATIC = Path(__file__).parent / "static"
SOURCES = (
    "logic.js",
    "logic_functions.js",
    "answers.js",
    "live.js",
    "controls.js",
    "signing.js",
    "respond.js",
    "steps.js",
)
_ROW = r"(?:nodes|operators|functions|readers|effects|rounds)(?:\.\w+|\['[^']+'\])"
_BEGINNING = re.compile(rf"(?:function (\w+)|var (\w+)|({_ROW}) =)")
_NAMED = re.compile(rf"(?<![\w.'])(?:{_ROW}|[A-Za-z_]\w*)")
_TABLE = re.compile(r"\w+")


def script(starts: Iterable[str], rows: Iterable[str] = ()) -> str:
    """A whole script.

    Args:
        starts: functions to call once the page is there, in this order.
        rows: table rows that data, not code, asks for; see `rows_of`.
    """
    return _script(tuple(starts), frozenset(rows))


def waiting(starts: Iterable[str], rows: Iterable[str] = ()) -> str:
    """A whole script that waits until somebody calls `startRules()`; arguments as `script` has them."""
    chosen = tuple(starts)
    calls = "\n".join(f"{start}();" for start in chosen)
    ending = f"window.startRules = function () {{\n{calls}\n}};"
    return f"(function(){{\n'use strict';\n{linked((*chosen, *rows), ending)}\n}}());"


def rows_of(tree: object) -> Iterator[str]:
    """The table rows that an expression's tree is evaluated with, as `Expression.to_json` wrote it."""
    if not isinstance(tree, list) or not tree:
        return
    head, *rest = tree
    if head in ("value", "name", "items"):
        yield f"nodes.{head}"
    elif head == "call":
        yield from ("nodes.call", f"functions.{tree[1]}")
    else:
        yield f"operators.{head}" if head.isalpha() else f"operators['{head}']"
    if head not in ("value", "name"):
        for one in rest:
            yield from rows_of(one)


def linked(names: Iterable[str], ending: str) -> str:
    """The declarations of these names and of all that they need, shortened, and statements that use them.

    Raises:
        KeyError: for a name that no source declares.
    """
    known, needed = _declared(), needed_by(names)
    texts = (text for name, text in known.items() if name in needed)
    return shortened((*texts, ending), [name for name in known if name in needed and name.isidentifier()])


def needed_by(names: Iterable[str]) -> set[str]:
    """The names and all that they need.

    Raises:
        KeyError: for a name that no source declares.
    """
    found: set[str] = set()
    pending = [*names]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_needs()[name])
    return found


def is_declared(name: str) -> bool:
    return name in _declared()


# As many as there are pages of forms in use; putting one together takes some milliseconds.
@lru_cache(maxsize=512)
def _script(starts: tuple[str, ...], rows: frozenset[str]) -> str:
    calls = "\n".join(f"{start}();" for start in starts)
    return f"(function(){{\n'use strict';\n{linked((*starts, *rows), calls)}\n}}());"


@cache
def _declared() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for source in SOURCES:
        name = ""
        for line in _lean((STATIC / source).read_text("utf-8")):
            beginning = _BEGINNING.match(line)
            if beginning:
                name = next(group for group in beginning.groups() if group)
            found[name] = f"{found[name]}\n{line.strip()}" if name in found else line.strip()
    return found


def _lean(source: str) -> Iterator[str]:
    """The lines without comments, which have lines of their own, and without blank ones."""
    return (line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("//"))


@cache
def _needs() -> Mapping[str, frozenset[str]]:
    known = _declared()
    return {name: frozenset(_named_in(text)) & known.keys() - {name} for name, text in known.items()}


def _named_in(text: str) -> Iterator[str]:
    for named in _NAMED.findall(text):
        yield named
        table = _TABLE.match(named)
        if table:
            yield table[0]
