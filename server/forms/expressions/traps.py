"""What SurveyJS evaluates without a word to something nobody meant; refused when the form is linted.

- `'' <= 5` is true there: an ordering comparison with an empty text or null.
- `{a} = {b}`, `<=`, `>=` and `anyof` are true while both sides are missing. Accepted when at least one side
  is there for certain, or is known to be there at this place: beside `{a} notempty` or any condition that
  fails without `{a}` in an `and`, beside `{a} empty` in an `or`, or in the branch of an `iif` on such a
  condition.
- a unit of time that does not exist counts years there.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from server.forms.expressions.dates import UNITS
from server.forms.expressions.operations import is_empty
from server.forms.expressions.paths import LENGTH
from server.forms.expressions.tokens import ExpressionError
from server.forms.expressions.tree import (
    ROW,
    Call,
    Items,
    Name,
    Node,
    Value,
    children_of,
    in_braces,
    nodes_in,
)

_ORDERING = ("<", "<=", ">", ">=")
_TRUE_OF_NOTHING = ("=", "<=", ">=", "anyof")
_FALSE_WITHOUT_LEFT = (*_ORDERING, "=", "contains", "anyof", "allof")
_MEMBERSHIP = ("contains", "notcontains", "anyof", "noneof", "allof")
_OPPOSITE = {"!=": "=", "notcontains": "contains", "noneof": "anyof"}

# The warning for a constant of `constants_compared` that is no answer of its question.
UNKNOWN_CHOICE = "expression_unknown_choice"

_Facts = frozenset[Name]
_NOTHING: _Facts = frozenset()


def check_traps(node: Node, certain: Container[str] | None, units: Mapping[str, int]) -> None:
    """Refuse what would surprise.

    Args:
        certain: names that always have a value; None accepts every comparison of two names.
        units: function -> place of the operand that names a unit of time.

    Raises:
        ExpressionError: expression_empty_comparison, expression_unit or expression_both_missing.
    """
    for one in nodes_in(node):
        if isinstance(one, Call):
            _check_empty_comparison(one)
            _check_unit(one, units)
    if certain is not None:
        _check_missing(node, _NOTHING, certain)


def _check_empty_comparison(call: Call) -> None:
    if call.operator not in _ORDERING:
        return
    for operand in call.operands:
        if isinstance(operand, Value) and is_empty(operand.value):
            raise ExpressionError("expression_empty_comparison", operand.column, operator=call.operator)


def _check_unit(call: Call, units: Mapping[str, int]) -> None:
    place = units.get(call.operator) if call.is_function else None
    if place is None or place >= len(call.operands):
        return
    operand = call.operands[place]
    if isinstance(operand, Value) and operand.value not in UNITS:
        found = "" if operand.value is None else str(operand.value)[:64]
        raise ExpressionError("expression_unit", operand.column, found=found, allowed=", ".join(UNITS))


def _check_missing(node: Node, present: _Facts, certain: Container[str]) -> None:
    if not isinstance(node, Call):
        for child in children_of(node):
            _check_missing(child, present, certain)
        return
    if node.operator in _TRUE_OF_NOTHING and all(_may_be_missing(o, present, certain) for o in node.operands):
        left, right = map(_shown, node.operands)
        raise ExpressionError(
            "expression_both_missing", node.column, left=left, operator=node.operator, right=right
        )
    for child, facts in _with_facts(node):
        _check_missing(child, present | facts, certain)


def _with_facts(call: Call) -> Iterator[tuple[Node, _Facts]]:
    """Each operand with the names that are there wherever its result matters."""
    if call.operator in ("and", "or"):
        left, right = call.operands
        outcome = call.operator == "and"
        yield left, _present_when(right, outcome)
        yield right, _present_when(left, outcome)
    elif call.operator == "iif" and call.is_function:
        condition, *branches = call.operands
        yield condition, _NOTHING
        for branch, outcome in zip(branches, (True, False), strict=False):
            yield branch, _present_when(condition, outcome)
    else:
        yield from ((operand, _NOTHING) for operand in call.operands)


def _may_be_missing(node: Node, present: _Facts, certain: Container[str]) -> bool:
    """Names without a value for certain, and an `iif` with such a branch. Everything else has a value."""
    if isinstance(node, Name):
        if node.path and node.path[-1] == LENGTH:
            return False
        return node not in present and (bool(node.path) or node.name not in certain)
    if isinstance(node, Call) and node.operator == "iif" and node.is_function:
        branches = list(_with_facts(node))[1:]
        return len(branches) < 2 or any(
            _may_be_missing(branch, present | facts, certain) for branch, facts in branches
        )
    return False


def _present_when(node: Node, outcome: bool) -> _Facts:
    """The names that must have a value when the condition has this outcome."""
    if not isinstance(node, Call):
        return _NOTHING
    operator = node.operator
    if operator in ("and", "or"):
        left, right = (_present_when(operand, outcome) for operand in node.operands)
        return left | right if outcome == (operator == "and") else left & right
    if operator == "!":
        return _present_when(node.operands[0], not outcome)
    if operator in ("empty", "notempty"):
        return _named(node.operands[0]) if outcome == (operator == "notempty") else _NOTHING
    if operator in _OPPOSITE:
        operator, outcome = _OPPOSITE[operator], not outcome
    if not outcome or node.is_function:
        return _NOTHING
    return _present_in_comparison(operator, *node.operands)


def _present_in_comparison(operator: str, left: Node, right: Node) -> _Facts:
    """The names that must have a value for the comparison to hold."""
    if operator in ("<", ">"):
        return _named(left) | _named(right)
    found = _named(left) if operator in _FALSE_WITHOUT_LEFT and _has_value(right) else _NOTHING
    if operator in ("=", "<=", ">=") and _has_value(left):
        found |= _named(right)
    return found


def _named(node: Node) -> _Facts:
    return frozenset((node,)) if isinstance(node, Name) else _NOTHING


def _has_value(node: Node) -> bool:
    if isinstance(node, Items):
        return bool(node.items)
    return isinstance(node, Value) and not is_empty(node.value)


def _shown(node: Node) -> str:
    return in_braces(node) if isinstance(node, Name) else "iif(…)"


@dataclass(frozen=True, slots=True)
class Compared:
    """A constant that a name is compared with: `{q} = 'yes'`, `{q} anyof ['a', 'b']` gives two."""

    name: str
    path: tuple[str | int, ...]
    constant: str | float | bool
    operator: str
    column: int


def constants_compared(node: Node) -> tuple[Compared, ...]:
    """All constants that names are compared with for equality or membership, from left to right."""
    found: list[Compared] = []
    for one in nodes_in(node):
        if isinstance(one, Call) and one.operator in ("=", "!=", *_MEMBERSHIP):
            left, right = one.operands
            found += _compared(one.operator, left, right)
            if one.operator in ("=", "!=", "anyof", "noneof"):
                found += _compared(one.operator, right, left)
    return tuple(found)


def _compared(operator: str, name: Node, other: Node) -> Iterator[Compared]:
    if not isinstance(name, Name) or name.name == ROW:
        return
    for constant in other.items if isinstance(other, Items) else (other,):
        if isinstance(constant, Value) and constant.value is not None and constant.value != "":
            yield Compared(name.name, name.path, constant.value, operator, constant.column)
