"""The operators of a formula. Every one is total: what has no answer is null.

A missing part leaves the whole without a score (scoring.md law 4): arithmetic with null, true or a text that
is no number is null, and so is a division by zero. A comparison with null is neither true nor false but null,
and so is its negation: `{grade} != '优'` must not fine whoever was never visited. A numeric text ("12.5", as
facts bring it) counts as its number in arithmetic, in `<` and its kin, and beside a number. Two texts are
equal as texts alone: the item "1.1" is not "1.10".
"""

import math
from collections.abc import Callable
from fractions import Fraction
from operator import add, ge, gt, le, lt, mul, sub

from server.scoring.arithmetic.membership import all_of, any_of, contains, equal
from server.scoring.arithmetic.values import MOST_BITS, MOST_TEXT, Value, is_date, kept, number_in

Binary = Callable[[Value, Value], Value]
_MOST_EXPONENT = 64


def _arithmetic(compute: Callable[[Fraction, Fraction], Fraction | None]) -> Binary:
    def operator(left: Value, right: Value) -> Value:
        first = left if type(left) is Fraction else number_in(left)
        last = right if type(right) is Fraction else number_in(right)
        if first is None or last is None:
            return None
        result = compute(first, last)
        return None if result is None else kept(result)

    return operator


_sum_of_numbers = _arithmetic(add)


def _plus(left: Value, right: Value) -> Value:
    """A sum; two texts of which neither is a number are joined."""
    if isinstance(left, str) and isinstance(right, str) and number_in(left) is None is number_in(right):
        return left + right if len(left) + len(right) <= MOST_TEXT else None
    return _sum_of_numbers(left, right)


def _quotient(left: Fraction, right: Fraction) -> Fraction | None:
    return left / right if right else None


def _remainder(left: Fraction, right: Fraction) -> Fraction | None:
    """With the sign of the left operand, as in the form language."""
    return left - right * math.trunc(left / right) if right else None


def _power(left: Fraction, right: Fraction) -> Fraction | None:
    exponent = int(right)
    if exponent != right or abs(exponent) > _MOST_EXPONENT or (exponent < 0 and not left):
        return None
    widest = max(left.numerator.bit_length(), left.denominator.bit_length())
    # Not even computed where it must outgrow the bound; a formula may ask for it a hundred times.
    return None if (widest - 1) * abs(exponent) >= MOST_BITS else left**exponent


def _ordering(
    numbers: Callable[[Fraction, Fraction], bool], dates: Callable[[str, str], bool]
) -> Callable[[Value, Value], bool | None]:
    def operator(left: Value, right: Value) -> bool | None:
        if left is None or right is None:
            return None
        first = left if type(left) is Fraction else number_in(left)
        last = right if type(right) is Fraction else number_in(right)
        if first is not None and last is not None:
            return numbers(first, last)
        if isinstance(left, str) and isinstance(right, str) and is_date(left) and is_date(right):
            return dates(left, right)
        # What cannot be compared is not known to be less: "第5名" <= 200 exempts nobody and charges nobody.
        return None

    return operator


def is_empty(value: Value) -> bool:
    """Missing, "" and []; 0 and false are values."""
    return value is None or (isinstance(value, str | list) and not value)


def _known(compare: Callable[[Value, Value], bool], *, negated: bool = False) -> Binary:
    """A comparison that has no answer where a side is missing."""

    def operator(left: Value, right: Value) -> bool | None:
        return None if left is None or right is None else compare(left, right) is not negated

    return operator


UNARY: dict[str, Callable[[Value], bool | None]] = {
    "!": lambda value: None if value is None else value is not True,
    "empty": is_empty,
    "notempty": lambda value: not is_empty(value),
}
# `and` and `or` are not here: they leave out their right operand (evaluation.py).
BINARY: dict[str, Binary] = {
    "=": _known(equal),
    "!=": _known(equal, negated=True),
    "<": _ordering(lt, lt),
    "<=": _ordering(le, le),
    ">": _ordering(gt, gt),
    ">=": _ordering(ge, ge),
    "contains": _known(contains),
    "notcontains": _known(contains, negated=True),
    "anyof": _known(any_of),
    "noneof": _known(any_of, negated=True),
    "allof": _known(all_of),
    "+": _plus,
    "-": _arithmetic(sub),
    "*": _arithmetic(mul),
    "/": _arithmetic(_quotient),
    "%": _arithmetic(_remainder),
    "^": _arithmetic(_power),
}
