"""Recursive descent over SurveyJS's grammar, to the tree of `tree.py`.

Precedence from loose to tight: or, and, comparisons, + -, * / %, ^, contains and its kin, then ! and the
postfix words empty and notempty. All binary operators group to the left, also ^, as in SurveyJS. Three of its
readings are refused here because they turn a slip into a wrong questionnaire: a bare word taken for text, an
unclosed bracket, and the word `not`, which it does not know and silently answers with nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from server.forms.expressions.names import Names
from server.forms.expressions.paths import LENGTH, resolved, written_name
from server.forms.expressions.tokens import ExpressionError, Token, tokenize
from server.forms.expressions.tree import DISPLAY_FUNCTION, ROW, Call, Items, Name, Node, Value
from server.forms.suggestions import nearest

MAX_LENGTH = 500
MAX_DEPTH = 20

_COMPARISONS = {
    "=": "=",
    "==": "=",
    "equal": "=",
    "equals": "=",
    "!=": "!=",
    "<>": "!=",
    "notequal": "!=",
    "notequals": "!=",
    "<": "<",
    "less": "<",
    "<=": "<=",
    "=<": "<=",
    "lessorequal": "<=",
    ">": ">",
    "greater": ">",
    ">=": ">=",
    "=>": ">=",
    "greaterorequal": ">=",
}
_MEMBERSHIP = {
    "contains": "contains",
    "contain": "contains",
    "*=": "contains",
    "notcontains": "notcontains",
    "notcontain": "notcontains",
    "anyof": "anyof",
    "noneof": "noneof",
    "allof": "allof",
}
# What people write -> the operator in the tree, by level of precedence from loose to tight.
_LEVELS: tuple[dict[str, str], ...] = (
    {"or": "or", "||": "or"},
    {"and": "and", "&&": "and"},
    _COMPARISONS,
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/", "%": "%"},
    {"^": "^", "power": "^"},
    _MEMBERSHIP,
)
_POSTFIX = ("empty", "notempty")
_WORDS = (*_POSTFIX, *(word for level in _LEVELS for word in level if word.isalpha()))
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None}
_FILTER_SIGNS = frozenset("{}<>=!")


@dataclass(frozen=True, slots=True)
class Signature:
    """What the parser knows of a function: how many operands it takes, and whether it filters rows."""

    least: int
    most: int
    filters: bool = False


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of the language, and those of SurveyJS that it leaves out with what to write instead."""

    known: Mapping[str, Signature]
    unsupported: Mapping[str, str]


def parse(source: str, names: Names, functions: Functions) -> Node:
    """Parse one expression.

    Raises:
        ExpressionError: with a code, the column and parameters.
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError("expression_too_long", MAX_LENGTH + 1, limit=MAX_LENGTH)
    return _Parser(list(tokenize(source)), names, functions).whole()


def is_filter(text: str) -> bool:
    """Whether the third operand of sumInArray and its kin is a condition and not the name of a column."""
    return not _FILTER_SIGNS.isdisjoint(text)


class _Parser:
    def __init__(self, tokens: list[Token], names: Names, functions: Functions) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0
        self._names = names
        self._functions = functions
        # The name of the rows while their filter is read: `{x}` means the row's x there.
        self._rows = ""

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
        while (token := self._operator(_LEVELS[level])) is not None:
            operator = _LEVELS[level][token.text.lower()]
            node = Call(operator, (node, self._level(level + 1)), column=token.column)
        return node

    def _operator(self, table: dict[str, str]) -> Token | None:
        token = self._here
        if token.kind not in ("sign", "word") or token.text.lower() not in table:
            return None
        return self._take()

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
            return Call("!", (self._factor(),), column=token.column)
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
        if token.kind == "word" and token.text.lower() in _POSTFIX:
            self._position += 1
            return Call(token.text.lower(), (node,), column=token.column)
        return node

    def _simple(self) -> Node:
        token = self._here
        match token.kind:
            case "name":
                return self._name(self._take())
            case "text":
                return Value(self._take().text, token.column)
            case "number":
                return Value(float(self._take().text), token.column)
            case "word":
                return self._word()
            case _:
                return self._signed()

    def _signed(self) -> Node:
        opened = self._here
        if self._takes("["):
            return Items(self._list(opened, "]"), opened.column)
        if self._takes("-"):
            if self._here.kind != "number":
                raise ExpressionError("expression_minus", opened.column)
            return Value(-float(self._take().text), opened.column)
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
            return Value(_CONSTANTS[token.text.lower()], token.column)
        opened = self._here
        if not self._takes("("):
            raise _bare_word(token)
        function = self._function(token)
        operands = self._filtered(token, opened) if function.filters else self._list(opened, ")")
        if not function.least <= len(operands) <= function.most:
            raise ExpressionError(
                "expression_operands",
                token.column,
                name=token.text,
                least=function.least,
                most=function.most,
            )
        if token.text == DISPLAY_FUNCTION:
            operands = (self._displayed(operands[0]), *operands[1:])
        return Call(token.text, operands, is_function=True, column=token.column)

    def _function(self, token: Token) -> Signature:
        name = token.text
        if name in self._functions.unsupported:
            hint = self._functions.unsupported[name]
            raise ExpressionError("expression_function_unsupported", token.column, name=name, hint=hint)
        if name not in self._functions.known:
            raise ExpressionError("expression_unknown_function", token.column, name=name[:64], suggestion="")
        return self._functions.known[name]

    def _displayed(self, node: Node) -> Node:
        """displayValue's question, which must be known before anything is evaluated."""
        if not isinstance(node, Value) or not isinstance(node.value, str):
            raise ExpressionError("expression_quoted_name", node.column, name=DISPLAY_FUNCTION)
        name = self._names.resolve(node.value)
        if name is None:
            raise ExpressionError("expression_unknown_name", node.column, name=node.value[:64], suggestion="")
        return Value(name, node.column)

    def _filtered(self, token: Token, opened: Token) -> tuple[Node, ...]:
        """The operands of sumInArray and its kin: behind the second one names mean those of a row first.

        A filter inside a filter would run for every pair of rows.
        """
        if self._rows:
            raise ExpressionError("expression_too_deep", token.column, limit=1)
        operands: list[Node] = []
        while not operands or self._takes(","):
            if len(operands) == 2 and isinstance(operands[0], Name):
                self._rows = operands[0].name
            operands.append(self._row_filter() if self._rows else self._level(0))
        self._rows = ""
        self._close(opened, ")")
        return tuple(operands)

    def _row_filter(self) -> Node:
        """A condition on a row, also one inside quotes, as SurveyJS's older forms have it."""
        token = self._here
        if token.kind != "text" or not is_filter(token.text):
            return self._level(0)
        self._position += 1
        inner = _Parser(list(tokenize(token.text, token.column + 1)), self._names, self._functions)
        inner._rows, inner._depth = self._rows, self._depth
        return inner.whole()

    def _name(self, token: Token) -> Node:
        if self._rows:
            written, path = written_name(token)
            part = self._row_part(written)
            if part:
                return Name(ROW, (part, *path), token.column)
        return resolved(token, self._names)

    def _row_part(self, written: str) -> str:
        """The row's spelling of a name, "" when the name means one of the form."""
        known = self._names.parts_of(self._rows)
        if known is not None:
            return known.get(written.lower(), "")
        return written if self._names.resolve(written) is None and written != LENGTH else ""


def _bare_word(token: Token) -> ExpressionError:
    return ExpressionError(
        "expression_bare_word",
        token.column,
        word=token.text[:64],
        suggestion=nearest(token.text, _WORDS),
    )
