"""A tree to one closure that gives its value.

A scope is anything with `get(name)`: what a form's answers, variables and calculated values are at the time.
Under `DISPLAY` it may hold a function `(question, value) -> text` for displayValue.
"""

from collections.abc import Callable
from datetime import date

from server.forms.expressions.functions import FUNCTIONS
from server.forms.expressions.operations import (
    BINARY,
    COMPARISONS,
    MAX_TEXT,
    UNARY,
    is_empty,
    loosened,
    text_of,
)
from server.forms.expressions.paths import LENGTH
from server.forms.expressions.questioning import Scope, test_of_name
from server.forms.expressions.rows import AGGREGATES, Row, rows_of
from server.forms.expressions.sizes import bounded
from server.forms.expressions.tree import (
    DISPLAY_FUNCTION,
    ROW,
    Call,
    Items,
    Name,
    Node,
    Path,
    Value,
    displayed_name,
)

# No question can have this name.
DISPLAY = "displayValue()"


Evaluate = Callable[[Scope, date], object]


def closure_of(node: Node) -> Evaluate:
    """The closure of a checked tree."""
    match node:
        case Value(value):
            return lambda _scope, _today: value
        case Name(name, path):
            return _reader(name, path)
        case Items(items):
            closures = tuple(map(closure_of, items))
            return lambda scope, today: bounded([closure(scope, today) for closure in closures])
        case Call(is_function=True):
            return _function(node)
        case Call(operator=operator) if operator in UNARY:
            operand, unary = closure_of(node.operands[0]), UNARY[operator]
            return lambda scope, today: unary(operand(scope, today))
        case Call(operator=operator) if operator in COMPARISONS:
            return test_of_name(node) or _binary(node)
        case Call():
            return _binary(node)


def _binary(node: Call) -> Evaluate:
    left, right = map(closure_of, node.operands)
    binary = BINARY[node.operator]
    return lambda scope, today: binary(left(scope, today), right(scope, today))


def _function(node: Call) -> Evaluate:
    if node.operator == DISPLAY_FUNCTION:
        return _display(node)
    if node.operator in AGGREGATES:
        return _aggregate(node)
    closures, run = tuple(map(closure_of, node.operands)), FUNCTIONS[node.operator].run
    return lambda scope, today: run([closure(scope, today) for closure in closures], today)


def _display(node: Call) -> Evaluate:
    name = displayed_name(node)
    given = closure_of(node.operands[1]) if len(node.operands) > 1 else None

    def show(scope: Scope, today: date) -> object:
        value = given(scope, today) if given else None
        if is_empty(value):
            value = scope.get(name)
        display = scope.get(DISPLAY)
        if is_empty(value):
            return None
        return text_of(display(name, value) if callable(display) else value)[:MAX_TEXT]

    return show


class _WithRow:
    """A scope in which a filter finds the row it judges."""

    __slots__ = ("_outer", "_row")

    def __init__(self, outer: Scope, row: Row) -> None:
        self._outer = outer
        self._row = row

    def get(self, name: str, /) -> object:
        return self._row if name == ROW else self._outer.get(name)


def _aggregate(node: Call) -> Evaluate:
    rows, *rest = map(closure_of, node.operands)
    run = AGGREGATES[node.operator]
    # A third operand that is a text names the column to answer with; any other is the filter.
    names_column = len(rest) > 1 and isinstance(node.operands[2], Value)
    columns, filters = (rest[:2], rest[2:]) if names_column else (rest[:1], rest[1:])

    def figure(scope: Scope, today: date) -> object:
        kept = rows_of(rows(scope, today))
        for passes in filters:
            kept = [row for row in kept if passes(_WithRow(scope, row), today) is True]
        return run([kept, *(column(scope, today) for column in columns)], today)

    return figure


def _reader(name: str, path: Path) -> Evaluate:
    if not path:
        return lambda scope, _today: loosened(scope.get(name))
    return lambda scope, _today: loosened(_at(scope.get(name), path))


def _at(value: object, path: Path) -> object:
    """What stands behind a path, without regard to case; the length of nothing is 0."""
    place = 0
    while place < len(path):
        part = path[place]
        if isinstance(value, dict) and isinstance(part, str):
            taken, value = _entry(value, path[place:])
            place += taken
        else:
            value = _step(value, part)
            place += 1
        if value is None:
            break
    return 0.0 if value is None and path[-1] == LENGTH else value


def _entry(value: dict[str, object], rest: Path) -> tuple[int, object]:
    """The entry of the longest key that the path spells: a row may be called `1.5`."""
    texts = next((rest[:place] for place, part in enumerate(rest) if isinstance(part, int)), rest)
    spelled = [(taken, ".".join(map(str, texts[:taken]))) for taken in range(len(texts), 0, -1)]
    for taken, key in spelled:
        if key in value:
            return taken, value[key]
    # Paths are mostly in the form's spelling; a matrix of a thousand rows is not put in lower case for each.
    keys = {key.lower(): item for key, item in reversed(value.items())}
    for taken, key in spelled:
        if key.lower() in keys:
            return taken, keys[key.lower()]
    return len(rest), None


def _step(value: object, part: str | int) -> object:
    if isinstance(part, int):
        within = isinstance(value, list) and -len(value) <= part < len(value)
        return value[part] if within and isinstance(value, list) else None
    if part == LENGTH and isinstance(value, list):
        return float(len(value))
    # JavaScript counts UTF-16 units, and so does the page.
    return float(len(value.encode("utf-16-le")) // 2) if part == LENGTH and isinstance(value, str) else None
