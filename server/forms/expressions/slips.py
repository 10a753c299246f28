"""Conditions that can be evaluated and yet can hardly mean what they say: warnings when a form is linted.

- `!{a} = 'yes'`: the ! belongs to {a} alone, so true or false is compared with 'yes'.
- `{a} = 'x' or 'y'`, or a number as the whole condition: only true holds, and a value alone is not true.
- `{list} = 'x'`: a list never equals one of its items.
- `{day} = 'soon'`, `{time} > '9:00'`: no answer of that question looks like this.
- `today() - 3`, `{to} - {from}`: a date is no number, and the result is null; times neither.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from server.forms.expressions.dates import moment_of
from server.forms.expressions.numbers import number_in, number_text
from server.forms.expressions.operations import COMPARISONS
from server.forms.expressions.tree import Call, Items, Name, Node, Value, in_braces, nodes_in
from server.wire import shortened

# What is known of the answers behind a name; "" when anything can stand there.
Shape = Literal["list", "parts", "scale", "number", "date", "time", ""]
ShapeOf = Callable[[Name], Shape]

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?", re.ASCII)
_FITS: Mapping[Shape, Callable[[str | float], bool]] = {
    "number": lambda value: not isinstance(value, str) or number_in(value) is not None,
    "date": lambda value: moment_of(value) is not None,
    "time": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
}
_EXAMPLES: Mapping[Shape, str] = {"number": "12.5", "date": "'2026-06-03'", "time": "'14:05'"}
_NUMERIC = ("number", "scale")
_ONE_BY_ONE = ("=", "!=", "<", "<=", ">", ">=")
_OF_ITEMS = {"=": "contains", "!=": "notcontains"}
_OPPOSITE = {"=": "!=", "!=": "="}
_DATES = frozenset(("today", "currentDate", "getDate", "dateAdd"))
_THIS_DAY = frozenset(("today", "currentDate"))
_ON_A_DAY = "'2000-01-01T' + "
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Slip:
    """A warning: a code of `server.forms.codes`, the column, the other parameters."""

    code: str
    column: int
    params: Mapping[str, str]


def slips_in(node: Node, shape_of: ShapeOf, *, is_condition: bool) -> Iterator[Slip]:
    """All slips of an expression. `is_condition` says that its result decides something and is not kept."""
    if is_condition:
        yield from _alone(node, shape_of)
    for one in nodes_in(node):
        if isinstance(one, Call) and not one.is_function and len(one.operands) == 2:
            for find in _OF_TWO:
                yield from find(one, *one.operands, shape_of)


def _alone(node: Node, shape_of: ShapeOf) -> Iterator[Slip]:
    """Values where a condition belongs: the whole expression, or what `and` and `or` may end in.

    What stands before `and` is only asked for its truth, so `{count} and {a} = 1` is left alone.
    """
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, Call):
            ends = {"and": one.operands[1:], "or": one.operands}.get(one.operator, ())
            pending.extend(reversed(ends))
            continue
        instead = _as_condition(one, shape_of)
        if instead:
            yield Slip("expression_alone", one.column, {"found": _written(one), "instead": instead})


def _as_condition(node: Node, shape_of: ShapeOf) -> str:
    """What might be meant by a value that can never be true; "" for one that can, and for false."""
    if isinstance(node, Name):
        shape = shape_of(node)
        return f"{_written(node)} {'> 0' if shape in _NUMERIC else 'notempty'}" if shape else ""
    return "" if isinstance(node, Value) and isinstance(node.value, bool) else f"{{…}} = {_written(node)}"


def _negated_name(call: Call, left: Node, right: Node, _shape_of: ShapeOf) -> Iterator[Slip]:
    if call.operator not in COMPARISONS or not isinstance(left, Call) or left.operator != "!":
        return
    name = left.operands[0]
    if not isinstance(name, Name) or not _is_constant(right) or _is_truth(right):
        return
    opposite = _OPPOSITE.get(call.operator)
    said = f"{_written(name)} {opposite or call.operator} {_written(right)}"
    params = {"name": _written(name), "instead": said if opposite else f"!({said})"}
    yield Slip("expression_negated_name", left.column, params)


def _unlike_its_answers(call: Call, left: Node, right: Node, shape_of: ShapeOf) -> Iterator[Slip]:
    if call.operator not in _ONE_BY_ONE:
        return
    name, constant = (right, left) if isinstance(right, Name) else (left, right)
    if not isinstance(name, Name) or not isinstance(constant, Value):
        return
    value, shape = constant.value, shape_of(name)
    if value is None or value == "" or isinstance(value, bool):
        return
    params = {"name": _written(name), "value": _written(constant)}
    if shape == "list" and call.operator in _OF_ITEMS:
        said = f"{params['name']} {_OF_ITEMS[call.operator]} {params['value']}"
        yield Slip("expression_list_compared", constant.column, {**params, "instead": said})
    elif shape in _FITS and not _FITS[shape](value):
        yield Slip("expression_unlike_answers", constant.column, {**params, "example": _EXAMPLES[shape]})


def _date_arithmetic(call: Call, left: Node, right: Node, shape_of: ShapeOf) -> Iterator[Slip]:
    first, last = (_is_date(one, shape_of) for one in (left, right))
    if call.operator == "-" and all(_is_time(one, shape_of) for one in (left, right)):
        instead = f"dateDiff({_ON_A_DAY}{_written(right)}, {_ON_A_DAY}{_written(left)}, 'minutes')"
    elif call.operator == "-" and first and last:
        instead = f"dateDiff({_written(right)}, {_written(left)})"
    elif call.operator == "-" and (first or last):
        instead = _moved(left, right, back=True) if first else f"dateDiff(…, {_written(right)})"
    elif call.operator == "+" and (first or last) and _is_number(left if last else right, shape_of):
        instead = _moved(right, left) if last else _moved(left, right)
    else:
        return
    yield Slip("expression_date_arithmetic", call.column, {"instead": instead})


def _moved(day: Node, amount: Node, *, back: bool = False) -> str:
    """The call that goes some days on from a date, or back."""
    if isinstance(amount, Value) and isinstance(amount.value, float):
        days = number_text(-amount.value if back else amount.value)
    else:
        days = f"0 - {_written(amount)}" if back else _written(amount)
    if isinstance(day, Call) and day.operator in _THIS_DAY and not day.operands:
        return f"today({days})"
    return f"dateAdd({_written(day)}, {days})"


_OF_TWO = (_negated_name, _unlike_its_answers, _date_arithmetic)


def _is_date(node: Node, shape_of: ShapeOf) -> bool:
    if isinstance(node, Name):
        return shape_of(node) == "date"
    return isinstance(node, Call) and node.is_function and node.operator in _DATES


def _is_time(node: Node, shape_of: ShapeOf) -> bool:
    return isinstance(node, Name) and shape_of(node) == "time"


def _is_number(node: Node, shape_of: ShapeOf) -> bool:
    if isinstance(node, Name):
        return shape_of(node) in _NUMERIC
    return isinstance(node, Value) and isinstance(node.value, float)


def _is_constant(node: Node) -> bool:
    if isinstance(node, Items):
        return all(map(_is_constant, node.items))
    return isinstance(node, Value) and node.value is not None


def _is_truth(node: Node) -> bool:
    """Whether a constant is true or false, also in quotes, as equality takes it."""
    return isinstance(node, Value) and (
        isinstance(node.value, bool) or str(node.value).lower() in ("true", "false")
    )


def _written(node: Node) -> str:
    """The node as it stands in an expression; what is long is left out."""
    match node:
        case Value(str() as text):
            said = "'" + text.replace("'", "\\'") + "'"
        case Value(float() as number):
            said = number_text(number)
        case Value(constant):
            said = "null" if constant is None else str(constant).lower()
        case Name():
            said = in_braces(node)
        case Items(items):
            said = f"[{', '.join(map(_written, items))}]"
        case Call(operator, operands, is_function):
            said = f"{operator}({', '.join(map(_written, operands))})" if is_function else "…"
    return shortened(said, _LONGEST)
