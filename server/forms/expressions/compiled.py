"""A tree compiled to closures: no tree is walked while answers are checked.

An expression has no loops, so its cost is bounded by its length (`parser.MAX_LENGTH`) times the size of the
answers, which their own checks bound. Every operation is total; see `operations.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from server.forms.expressions.functions import FUNCTIONS
from server.forms.expressions.operations import BINARY, UNARY, loosened, truthy
from server.forms.expressions.parser import parse
from server.forms.expressions.tokens import ExpressionError
from server.forms.expressions.tree import Call, Items, Name, Node, Value, names_in, to_json

Values = Mapping[str, object]
Evaluate = Callable[[Values, date], object]


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: what it reads, its tree, and how to evaluate it."""

    source: str
    node: Node
    names: frozenset[str]
    _evaluate: Evaluate

    def value(self, values: Values, today: date) -> object:
        """The result as JSON would hold it: a date is ISO text, whole numbers are int."""
        result = self._evaluate(values, today)
        if isinstance(result, date):
            return result.isoformat()
        if isinstance(result, float) and result.is_integer() and abs(result) < 2**53:
            return int(result)
        return result

    def holds(self, values: Values, today: date) -> bool:
        """The result as a condition."""
        return truthy(self._evaluate(values, today))

    def to_json(self) -> list[object]:
        """The tree for the interpreter in the page."""
        return to_json(self.node)


class Names:
    """The names an expression may read, found without regard to case as SurveyJS does."""

    def __init__(self, names: Iterable[str]) -> None:
        self._spelling = {name.lower(): name for name in names}

    def resolve(self, name: str) -> str | None:
        """The form's spelling, or None."""
        return self._spelling.get(name.lower())

    def __iter__(self) -> Iterator[str]:
        return iter(self._spelling.values())


def compile_expression(source: str, names: Names) -> Expression:
    """Parse, check and compile.

    Raises:
        ExpressionError: with a code of `server.forms.codes`, the column and parameters.
    """
    node = parse(source, names.resolve, FUNCTIONS)
    _check_operands(node)
    return Expression(source, node, names_in(node), _closure(node))


def _check_operands(node: Node) -> None:
    if isinstance(node, Call):
        if node.is_function:
            function = FUNCTIONS[node.operator]
            if not function.least <= len(node.operands) <= function.most:
                raise ExpressionError(
                    "expression_operands", 1, name=node.operator, least=function.least, most=function.most
                )
        for operand in node.operands:
            _check_operands(operand)
    elif isinstance(node, Items):
        for item in node.items:
            _check_operands(item)


def _closure(node: Node) -> Evaluate:
    match node:
        case Value(value):
            return lambda _values, _today: value
        case Name(name, path):
            return _reader(name, path)
        case Items(items):
            closures = tuple(map(_closure, items))
            return lambda values, today: [closure(values, today) for closure in closures]
        case Call(is_function=True):
            return _function(node)
        case Call(operator=operator) if operator in UNARY:
            operand, unary = _closure(node.operands[0]), UNARY[operator]
            return lambda values, today: unary(operand(values, today))
        case Call():
            return _binary(node)


def _function(node: Call) -> Evaluate:
    closures, run = tuple(map(_closure, node.operands)), FUNCTIONS[node.operator].run
    return lambda values, today: run([closure(values, today) for closure in closures], today)


def _binary(node: Call) -> Evaluate:
    left, right = map(_closure, node.operands)
    if node.operator == "and":
        return lambda values, today: right(values, today) if truthy(a := left(values, today)) else a
    if node.operator == "or":
        return lambda values, today: a if truthy(a := left(values, today)) else right(values, today)
    operator = BINARY[node.operator]
    return lambda values, today: operator(left(values, today), right(values, today))


def _reader(name: str, path: tuple[str | int, ...]) -> Evaluate:
    if not path:
        return lambda values, _today: loosened(values.get(name))

    def read(values: Values, _today: date) -> object:
        value = values.get(name)
        for part in path:
            value = _step(value, part)
        return loosened(value)

    return read


def _step(value: object, part: str | int) -> object:
    if isinstance(value, dict):
        wanted = str(part).lower()
        return next((item for key, item in value.items() if key.lower() == wanted), None)
    if isinstance(value, list):
        if isinstance(part, int):
            return value[part] if part < len(value) else None
        return float(len(value)) if part == "length" else None
    return None
