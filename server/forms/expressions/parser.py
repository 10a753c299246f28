"""Recursive descent over SurveyJS's grammar, to the tree of `tree.py`.

Precedence from loose to tight: or, and, comparisons, + -, * / %, ^, then ! and the postfix words empty and
notempty. All binary operators group to the left, also ^, as in SurveyJS. Three of its readings are refused
here because they turn a slip into a wrong questionnaire: a bare word taken for text, an unclosed bracket,
and the word `not`, which it does not know and silently answers with nothing.
"""

import re
from collections.abc import Callable, Container

from server.forms.expressions.tokens import ExpressionError, Token, tokenize
from server.forms.expressions.tree import Call, Items, Name, Node, Value
from server.forms.suggestions import nearest

MAX_LENGTH = 500
MAX_DEPTH = 20

Resolve = Callable[[str], str | None]

# What people write -> the operator in the tree, by level of precedence from loose to tight.
_LEVELS: tuple[dict[str, str], ...] = (
    {"or": "or", "||": "or"},
    {"and": "and", "&&": "and"},
    {
        "=": "=",
        "==": "=",
        "equal": "=",
        "!=": "!=",
        "<>": "!=",
        "notequal": "!=",
        "<": "<",
        "less": "<",
        "<=": "<=",
        "lessorequal": "<=",
        ">": ">",
        "greater": ">",
        ">=": ">=",
        "greaterorequal": ">=",
        "contains": "contains",
        "contain": "contains",
        "notcontains": "notcontains",
        "notcontain": "notcontains",
        "anyof": "anyof",
        "noneof": "noneof",
        "allof": "allof",
    },
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
    {"^": "^"},
)
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None}
_PATH_PART = re.compile(r"\.?([^.\[\]]+)|\[([0-9]{1,4})\]")


def parse(source: str, resolve: Resolve, functions: Container[str]) -> Node:
    """Parse one expression.

    `resolve` returns the form's spelling of a name, or None when the form has no such name.

    Raises:
        ExpressionError: with a code, the column and parameters.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError("expression_too_long", MAX_LENGTH + 1, limit=MAX_LENGTH)
    return _Parser(list(tokenize(source)), resolve, functions).whole()


def split_name(text: str) -> tuple[str, tuple[str | int, ...]] | None:
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


class _Parser:
    def __init__(self, tokens: list[Token], resolve: Resolve, functions: Container[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._resolve = resolve
        self._functions = functions

    def whole(self) -> Node:
        node = self._level(0)
        if self._here.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _here(self) -> Token:
        return self._tokens[self._position]

    def _take(self) -> Token:
        token = self._here
        self._position += 1
        return token

    def _takes(self, sign: str) -> bool:
        if self._here.kind == "sign" and self._here.text == sign:
            self._position += 1
            return True
        return False

    def _unexpected(self) -> ExpressionError:
        token = self._here
        if token.kind == "end":
            return ExpressionError("expression_incomplete", token.column)
        if token.kind == "word" and token.text.lower() not in _WORDS:
            return _bare_word(token)
        return ExpressionError("expression_unexpected", token.column, found=token.text)

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._factor()
        node = self._level(level + 1)
        while (operator := self._operator(_LEVELS[level])) is not None:
            node = Call(operator, (node, self._level(level + 1)))
        return node

    def _operator(self, table: dict[str, str]) -> str | None:
        token = self._here
        if token.kind not in ("sign", "word"):
            return None
        operator = table.get(token.text.lower())
        if operator is not None:
            self._position += 1
        return operator

    def _factor(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("expression_too_deep", self._here.column, limit=MAX_DEPTH)
        node = self._negation() or self._bracket() or self._operand()
        self._depth -= 1
        return node

    def _negation(self) -> Node | None:
        token = self._here
        if token.kind == "word" and token.text.lower() == "not":
            raise ExpressionError("expression_not", token.column)
        if self._takes("!") or (token.kind == "word" and token.text.lower() == "negate" and self._take()):
            return Call("!", (self._factor(),))
        return None

    def _bracket(self) -> Node | None:
        opened = self._here
        if not self._takes("("):
            return None
        node = self._level(0)
        self._close(opened, ")")
        return node

    def _close(self, opened: Token, closing: str) -> None:
        if self._here.kind == "end":
            raise ExpressionError("expression_unclosed", opened.column, opened=opened.text)
        if not self._takes(closing):
            raise self._unexpected()

    def _operand(self) -> Node:
        node = self._simple()
        token = self._here
        if token.kind == "word" and token.text.lower() in ("empty", "notempty"):
            self._position += 1
            return Call(token.text.lower(), (node,))
        return node

    def _simple(self) -> Node:
        token = self._here
        match token.kind:
            case "name":
                return self._name(self._take())
            case "text":
                return Value(self._take().text)
            case "number":
                return Value(float(self._take().text))
            case "word":
                return self._word()
            case _:
                return self._signed()

    def _signed(self) -> Node:
        opened = self._here
        if self._takes("["):
            return Items(self._list(opened, "]"))
        if self._takes("-"):
            if self._here.kind != "number":
                raise ExpressionError("expression_minus", opened.column)
            return Value(-float(self._take().text))
        raise self._unexpected()

    def _list(self, opened: Token, closing: str) -> tuple[Node, ...]:
        if self._takes(closing):
            return ()
        items = [self._level(0)]
        while self._takes(","):
            items.append(self._level(0))
        self._close(opened, closing)
        return tuple(items)

    def _word(self) -> Node:
        token = self._take()
        if token.text.lower() in _CONSTANTS:
            return Value(_CONSTANTS[token.text.lower()])
        opened = self._here
        if not self._takes("("):
            raise _bare_word(token)
        if token.text not in self._functions:
            raise ExpressionError("expression_unknown_function", token.column, name=token.text, suggestion="")
        return Call(token.text, self._list(opened, ")"), is_function=True)

    def _name(self, token: Token) -> Node:
        split = split_name(token.text)
        if split is None:
            raise ExpressionError("expression_name", token.column, name=token.text)
        name = self._resolve(split[0])
        if name is None:
            raise ExpressionError("expression_unknown_name", token.column, name=split[0], suggestion="")
        return Name(name, split[1])


_WORDS = ("empty", "notempty", *(word for level in _LEVELS for word in level if word.isalpha()))


def _bare_word(token: Token) -> ExpressionError:
    return ExpressionError(
        "expression_bare_word", token.column, word=token.text, suggestion=nearest(token.text, _WORDS)
    )
