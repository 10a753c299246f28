"""What conditions mostly ask: one question's answer beside a constant, or whether there is one.

A test looks first whether the answer has the type that it nearly always has, and leaves everything else to
the generic operator.
"""

import operator
from collections.abc import Callable
from datetime import date
from typing import Protocol

from server.forms.expressions.numbers import number_in
from server.forms.expressions.operations import COMPARISONS, contains, equal, is_empty, loosened
from server.forms.expressions.tree import Call, Name, Value


class Scope(Protocol):
    """What expressions read."""

    def get(self, name: str, /) -> object:
        """The value of a name, None when it is missing."""


Test = Callable[[Scope, date], bool]

_NUMERIC = frozenset((int, float))
_Compare = Callable[[float, float], bool]
_NUMBER_TESTS: dict[str, _Compare] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def test_of_name(node: Call) -> Test | None:
    """The test of one bare name, beside a constant or against emptiness; None for anything else."""
    first = node.operands[0]
    if not isinstance(first, Name) or first.path:
        return None
    if node.operator in ("empty", "notempty"):
        return _presence(first.name, node.operator == "notempty")
    if len(node.operands) != 2 or not isinstance(node.operands[1], Value):
        return None
    return _against_constant(first.name, node.operator, node.operands[1].value)


def _presence(name: str, wanted: bool) -> Test:
    return lambda scope, _today: is_empty(scope.get(name)) is not wanted


def _against_constant(name: str, sign: str, constant: str | float | bool | None) -> Test:
    if isinstance(constant, float) and sign in _NUMBER_TESTS:
        return _against_number(name, sign, constant)
    if sign == "contains":
        return _contains_constant(name, constant)
    if isinstance(constant, str) and sign == "=" and constant and not _is_loose(constant):
        return _equals_text(name, constant)
    compare = COMPARISONS[sign]
    return lambda scope, _today: compare(loosened(scope.get(name)), constant)


def _is_loose(text: str) -> bool:
    """Whether an answer with this text would be read as a number or as true or false."""
    return number_in(text) is not None or text.strip().lower() in ("true", "false")


def _against_number(name: str, sign: str, constant: float) -> Test:
    numbers, compare = _NUMBER_TESTS[sign], COMPARISONS[sign]

    def test(scope: Scope, _today: date) -> bool:
        value = scope.get(name)
        if type(value) in _NUMERIC:
            return numbers(value, constant)  # type: ignore[arg-type]  # the line above proves it is a number
        return value is not None and compare(loosened(value), constant)

    return test


def _equals_text(name: str, constant: str) -> Test:
    wanted = constant.strip().lower()

    def test(scope: Scope, _today: date) -> bool:
        value = scope.get(name)
        if type(value) is str:
            return value == constant or value.strip().lower() == wanted
        return value is not None and equal(value, constant)

    return test


def _contains_constant(name: str, constant: str | float | bool | None) -> Test:
    def test(scope: Scope, _today: date) -> bool:
        value = scope.get(name)
        # A list that has the constant as it is written; case and numeric texts are left to `contains`.
        if type(value) is list and constant in value:
            return True
        return value is not None and contains(loosened(value), constant)

    return test
