"""A tree to one closure that gives its exact value.

The parser builds `a + b + c` as a chain that leans to the left, up to two hundred deep. It is walked in a
loop here, so that how deep the closures go depends on brackets alone, which the parser bounds.
"""

from collections.abc import Callable
from typing import Protocol

from server.forms.expressions.tree import Call, Items, Name, Node, Path
from server.forms.expressions.tree import Value as Constant
from server.scoring.arithmetic.functions import EAGER
from server.scoring.arithmetic.operations import BINARY, UNARY, is_empty
from server.scoring.arithmetic.values import Value, exact_value


class Scope(Protocol):
    """Where a formula finds its values. It resolves the whole path itself: `{m.grade}`, `{m[-1]}`."""

    def get(self, name: str, path: Path, /) -> Value:
        """The value, None where it is missing. Numbers are within the bound that `exact_value` keeps."""


Evaluate = Callable[[Scope], Value]
Test = Callable[[Scope], bool]
# A value and the scope to the value after one more operator.
_Step = Callable[[Value, Scope], Value]

CONDITIONAL = "iif"


def closure_of(node: Node) -> Evaluate:
    """The closure of a parsed tree."""
    match node:
        case Constant():
            return _constant(exact_value(node.value))
        case Name(name, path):
            return lambda scope: scope.get(name, path)
        case Items(items):
            return _list(items)
        case Call(operator=operator, is_function=True):
            return _conditional(node) if operator == CONDITIONAL else _function(node)
        case Call(operator="!", operands=(Name() as flag,)):
            # A flag that was not set: `!{finding.waived}` holds of a finding that says nothing of it.
            read = closure_of(flag)
            return lambda scope: read(scope) is not True
        case Call(operator=operator) if operator in UNARY:
            operand, unary = closure_of(node.operands[0]), UNARY[operator]
            return lambda scope: unary(operand(scope))
        case Call():
            return _chain(node)


def _constant(value: Value) -> Evaluate:
    return lambda _scope: value


def _list(items: tuple[Node, ...]) -> Evaluate:
    closures = tuple(map(closure_of, items))
    if all(isinstance(item, Constant) for item in items):
        return _constant([exact_value(item.value) for item in items if isinstance(item, Constant)])
    return lambda scope: [closure(scope) for closure in closures]


def _function(node: Call) -> Evaluate:
    function = EAGER[node.operator]
    run = function.run
    closures = (*map(closure_of, node.operands), *(closure_of(Name(name)) for name in function.reads))
    if len(closures) == 1:
        only = closures[0]
        return lambda scope: run((only(scope),))
    return lambda scope: run([closure(scope) for closure in closures])


def _conditional(node: Call) -> Evaluate:
    condition, chosen, *rest = map(closure_of, node.operands)
    other = rest[0] if rest else _constant(None)
    return lambda scope: chosen(scope) if condition(scope) is True else other(scope)


def _chain(node: Call) -> Evaluate:
    """The operators that lean to the left, from the innermost on."""
    steps: list[_Step] = []
    innermost: Node = node
    while isinstance(innermost, Call) and not innermost.is_function and innermost.operator not in UNARY:
        left, right = innermost.operands
        steps.append(_step(innermost.operator, right))
        innermost = left
    first, only = closure_of(innermost), steps[0]
    if len(steps) == 1:
        return lambda scope: only(first(scope), scope)
    steps.reverse()

    def evaluate(scope: Scope) -> Value:
        value = first(scope)
        for step in steps:
            value = step(value, scope)
        return value

    return evaluate


def _step(operator: str, node: Node) -> _Step:
    if node == Constant(None) and operator in _ASKING_FOR_NULL:
        asked = _ASKING_FOR_NULL[operator]
        return lambda left, _scope: is_empty(left) is asked
    right = closure_of(node)
    if operator == "and":
        return lambda left, scope: _both(left, right, scope)
    if operator == "or":
        return lambda left, scope: _either(left, right, scope)
    binary = BINARY[operator]
    return lambda left, scope: binary(left, right(scope))


# `{m} = null` asks whether it is missing; between two values null is no answer.
_ASKING_FOR_NULL = {"=": True, "!=": False}


def _both(left: Value, right: Evaluate, scope: Scope) -> bool | None:
    """False as soon as one side is; null where what is missing might decide."""
    if left is not True and left is not None:
        return False
    other = right(scope)
    if other is not True and other is not None:
        return False
    return True if left is other is True else None


def _either(left: Value, right: Evaluate, scope: Scope) -> bool | None:
    """True as soon as one side is; null where what is missing might decide."""
    if left is True:
        return True
    other = right(scope)
    if other is True:
        return True
    return None if left is None or other is None else False
