"""Text of an expression to tokens, each with the column it starts in (1-based, for error messages)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "text", "number", "sign", "word", "end"]

_PATTERN = re.compile(
    r"""(?P<space>\s+)
      | (?P<name>\{[^{}]*\})
      | (?P<text>'(?:\\['"]|[^'])*+'|"(?:\\['"]|[^"])*+")
      | (?P<number>(?:[0-9]+\.[0-9]+|0|[1-9][0-9]*)(?![\w.]))
      | (?P<sign><=|=<|>=|=>|<>|==|!=|\*=|&&|\|\||[-+*/%^()=<>!,\[\]])
      | (?P<word>[^\W\d]\w*)""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """An expression that cannot be accepted: a code of `server.forms.codes`, the column, parameters."""

    def __init__(self, code: str, column: int, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.column = column
        self.params = params


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` is without quotes, braces and escapes."""

    kind: Kind
    text: str
    column: int


def tokenize(source: str, first: int = 1) -> Iterator[Token]:
    """Tokens of `source`, the last one of kind "end". `first` is the column the source starts in.

    Raises:
        ExpressionError: expression_unclosed or expression_character.
    """
    position = 0
    while position < len(source):
        match = _PATTERN.match(source, position)
        if match is None:
            raise _unreadable(source[position], position + first)
        if match.lastgroup != "space":
            yield _token(match, position + first)
        position = match.end()
    yield Token("end", "", len(source) + first)


def _token(match: re.Match[str], column: int) -> Token:
    text = match.group()
    match match.lastgroup:
        case "name":
            return Token("name", text[1:-1].strip(), column)
        case "text":
            # SurveyJS knows two escapes; any other backslash is itself.
            return Token("text", re.sub(r"\\(['\"])", r"\1", text[1:-1]), column)
        case "number":
            return Token("number", text, column)
        case "sign":
            return Token("sign", text, column)
        case _:
            return Token("word", text, column)


def _unreadable(character: str, column: int) -> ExpressionError:
    if character in "'\"{":
        return ExpressionError("expression_unclosed", column, opened=character)
    return ExpressionError("expression_character", column, character=character)
