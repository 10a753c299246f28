"""A tree to one closure that says whether it holds.

Most conditions ask something of one question, and a form has hundreds; those come without the generic
operators in between (questioning.py).
"""

from datetime import date

from server.forms.expressions.evaluation import closure_of
from server.forms.expressions.operations import COMPARISONS, UNARY
from server.forms.expressions.questioning import Scope, Test, test_of_name
from server.forms.expressions.tree import Call, Node


def is_boolean(node: Node) -> bool:
    """Whether the value is always true or false."""
    if not isinstance(node, Call) or node.is_function:
        return False
    if node.operator in ("and", "or"):
        return all(map(is_boolean, node.operands))
    return node.operator in COMPARISONS or node.operator in UNARY


def test_of(node: Node) -> Test:
    """The closure of a checked tree as a condition: only the value true holds."""
    if not isinstance(node, Call) or not is_boolean(node):
        evaluate = closure_of(node)
        return lambda scope, today: evaluate(scope, today) is True
    if node.operator in ("and", "or"):
        return _chain(node)
    if node.operator == "!" and is_boolean(node.operands[0]):
        inner = test_of(node.operands[0])
        return lambda scope, today: not inner(scope, today)
    return test_of_name(node) or _generic(node)


def _generic(node: Call) -> Test:
    evaluate = closure_of(node)
    return lambda scope, today: evaluate(scope, today) is True


def _chain(node: Call) -> Test:
    """`a and b and c` as one loop."""
    tests = tuple(map(test_of, _links(node, node.operator)))
    stops = node.operator == "or"

    def chained(scope: Scope, today: date) -> bool:
        for test in tests:
            if test(scope, today) is stops:
                return stops
        return not stops

    return chained


def _links(node: Node, word: str) -> list[Node]:
    links: list[Node] = []
    while isinstance(node, Call) and node.operator == word and not node.is_function:
        node, last = node.operands
        links.append(last)
    return [node, *reversed(links)]
