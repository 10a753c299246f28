"""Where our expressions differ from survey-core on purpose; docs/forms.md says the same to form writers.

Each row of `DELIBERATE` is a reason and a test that sees from the values inside an expression whether the
reason applies. A difference that no row explains fails the comparison.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from server.forms.expressions.dates import moment_of
from server.forms.expressions.evaluation import closure_of
from server.forms.expressions.numbers import number_text
from server.forms.expressions.operations import is_empty
from server.forms.expressions.rows import AGGREGATES
from server.forms.expressions.tree import Call, Node, children_of

Values = dict[str, object]

_ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_NUMBERS_ONLY = (*_ARITHMETIC, "sum", "avg", "min", "max", "round", "trunc", "sumInArray", "avgInArray")
_DAY_PARTS = ("year", "month", "day", "weekday", "age")
_DATE_FUNCTIONS = (*_DAY_PARTS, "getYear", "getDate", "dateDiff", "dateAdd", "diffDays")


@dataclass(frozen=True, slots=True)
class Inner:
    """A call inside an expression with the values of its operands and its own, as we compute them."""

    call: Call
    operands: tuple[object, ...]
    value: object


def inner_calls(node: Node, values: Values, today: date) -> Iterator[Inner]:
    """All calls but those inside filters, which have no values of their own."""
    for one in _outside_filters(node):
        if isinstance(one, Call):
            operands = () if one.operator in AGGREGATES else one.operands
            seen = tuple(closure_of(operand)(values, today) for operand in operands)
            yield Inner(one, seen, closure_of(one)(values, today))


def _outside_filters(node: Node) -> Iterator[Node]:
    yield node
    if not (isinstance(node, Call) and node.operator in AGGREGATES):
        for child in children_of(node):
            yield from _outside_filters(child)


def _rounds_nothing(inner: Inner) -> bool:
    return inner.call.operator in ("round", "trunc") and is_empty(inner.operands[0])


def _day_of_nothing(inner: Inner) -> bool:
    return inner.call.operator in _DATE_FUNCTIONS and any(
        moment_of(operand) is None for operand in inner.operands[:1]
    )


def _date_beside_something_else(inner: Inner) -> bool:
    dates = [isinstance(operand, date) for operand in inner.operands]
    if not any(dates):
        return False
    if inner.call.operator in _NUMBERS_ONLY:
        return True
    return any(moment_of(operand) is None for operand in inner.operands)


def _not_a_number_inside(inner: Inner) -> bool:
    return inner.call.operator in _NUMBERS_ONLY and inner.value is None


def _list_rounded(inner: Inner) -> bool:
    return inner.call.operator in ("round", "trunc") and isinstance(inner.operands[0], list)


def _exponent_cut_off(inner: Inner) -> bool:
    number = inner.operands[0] if inner.call.operator == "trunc" else None
    return isinstance(number, int | float) and "e" in number_text(number)


DELIBERATE: dict[str, Callable[[Inner], bool]] = {
    "NaN and infinities are null at once": _not_a_number_inside,
    "rounding nothing is null": _rounds_nothing,
    "round and trunc take the first number of a list and leave the others": _list_rounded,
    "trunc of a number with an exponent is exact": _exponent_cut_off,
    "a missing day has no year, month or day": _day_of_nothing,
    "a date is compared with dates only and is no number": _date_beside_something_else,
}


def explained(node: Node, values: Values, today: date) -> str:
    """The reason for a difference, "" when there is none."""
    calls = list(inner_calls(node, values, today))
    return next((why for why, applies in DELIBERATE.items() if any(map(applies, calls))), "")
