"""What stands in braces (`{m.row}`, `{p[0].x}`, `{p[-1].x}`), split and checked against the names."""

import re
from collections.abc import Mapping

from server.forms.expressions.names import Names
from server.forms.expressions.tokens import ExpressionError, Token
from server.forms.expressions.tree import Name, Path

_PATH_PART = re.compile(r"\.?([^.\[\]]+)|\[(-?[0-9]{1,4})\]")
# SurveyJS reads `{#q}` as q without its looseness and `{$self.title}` as a property of the question itself.
_PREFIXES = ("#", "$")
LENGTH = "length"


def split_name(text: str) -> tuple[str, Path] | None:
    """`m.row` -> ("m", ("row",)); `p[0].x` -> ("p", (0, "x")); None when it is not a name with a path."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PATH_PART.match(text, position)
        if match is None:
            return None
        parts.append(match.group(1) if match.group(1) is not None else int(match.group(2)))
        position = match.end()
    if not parts or not isinstance(parts[0], str):
        return None
    return parts[0].strip(), tuple(parts[1:])


def written_name(token: Token) -> tuple[str, Path]:
    """Name and path as they are written.

    Raises:
        ExpressionError: expression_prefix or expression_name.
    """
    if token.text.startswith(_PREFIXES):
        raise ExpressionError("expression_prefix", token.column, prefix=token.text[0], name=token.text[:64])
    split = split_name(token.text)
    if split is None:
        raise ExpressionError("expression_name", token.column, name=token.text[:64])
    return split


def resolved(token: Token, names: Names) -> Name:
    """The name in the form's spelling.

    Raises:
        ExpressionError: expression_prefix, expression_name, expression_unknown_name, expression_unknown_part.
    """
    written, path = written_name(token)
    name = names.resolve(written)
    if name is None:
        raise ExpressionError("expression_unknown_name", token.column, name=written[:64], suggestion="")
    known = names.parts_of(name)
    return Name(name, path if known is None else _known_path(token, name, path, known), token.column)


def _known_path(token: Token, name: str, path: Path, known: Mapping[str, str]) -> Path:
    """The path in the form's spelling; a row called `1.5` is one part, though it is written with a dot."""
    found: list[str | int] = []
    rest = list(path)
    while rest:
        if isinstance(rest[0], int):
            found.append(rest[0])
            del rest[0]
            continue
        taken, part = _longest_part(rest, known)
        if not part:
            raise ExpressionError(
                "expression_unknown_part", token.column, name=name, part=str(rest[0])[:64], suggestion=""
            )
        found.append(part)
        del rest[:taken]
    return tuple(found)


def _longest_part(rest: list[str | int], known: Mapping[str, str]) -> tuple[int, str]:
    texts = next((rest[:place] for place, part in enumerate(rest) if isinstance(part, int)), rest)
    for taken in range(len(texts), 0, -1):
        part = known.get(".".join(map(str, texts[:taken])).lower())
        if part is not None:
            return taken, part
    is_length = len(rest) == 1 and str(rest[0]).lower() == LENGTH
    return (1, LENGTH) if is_length else (0, "")
