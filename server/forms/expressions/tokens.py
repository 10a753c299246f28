"""Text of an expression to tokens, each with the column it starts in (1-based, for error messages)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
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

# What a Chinese keyboard writes in the place of a sign, where its compatible form is not that sign.
_INSTEAD: Mapping[str, str] = {
    # In JSON a double quote would need an escape.
    **dict.fromkeys("“”‘’「」『』＂", "'"),
    "、": ",",
    "【": "[",
    "】": "]",
    "《": "<",
    "》": ">",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "×": "*",
    "÷": "/",
    **dict.fromkeys("−–—", "-"),
}
# A text or name that is not closed may have been closed with the sign of a Chinese keyboard.
_CLOSED_WITH = {"'": "’‘＇", '"': "”“＂", "{": "｝"}


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
        ExpressionError: expression_unclosed, expression_sign or expression_character.
    """
    position = 0
    while position < len(source):
        match = _PATTERN.match(source, position)
        if match is None:
            raise _unreadable(source, position, first)
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


def _unreadable(source: str, position: int, first: int) -> ExpressionError:
    character, column = source[position], position + first
    if character in _CLOSED_WITH:
        rest = source[position + 1 :]
        closing = next((place for place, sign in enumerate(rest) if sign in _CLOSED_WITH[character]), None)
        if closing is not None:
            return _foreign(rest[closing], column + 1 + closing, "}" if character == "{" else character)
        return ExpressionError("expression_unclosed", column, opened=character)
    compatible = unicodedata.normalize("NFKC", character)
    instead = _INSTEAD.get(character, compatible if compatible.isascii() and compatible != character else "")
    if instead.strip():
        return _foreign(character, column, instead)
    return ExpressionError("expression_character", column, character=character)


def _foreign(character: str, column: int, instead: str) -> ExpressionError:
    return ExpressionError("expression_sign", column, character=character, instead=instead)
