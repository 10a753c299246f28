"""sumInArray and its kin: figures over the panels of a `paneldynamic` or the rows of a `matrixdropdown`.

Operands are the rows, the name of a column and, for the smallest and the largest, perhaps the column to
answer with. `rows_of` gives the rows a filter lets through; a row without the column does not count.
"""

from collections.abc import Callable, Sequence
from datetime import date

from server.forms.expressions.numbers import number_in
from server.forms.expressions.operations import BINARY, greater, is_empty, less, plus

Row = dict[str, object]
MAX_ROWS = 1_000


def rows_of(value: object) -> list[Row]:
    """The rows of a list of panels or of a map of rows."""
    items = list(value.values()) if isinstance(value, dict) else value
    return [item for item in items[:MAX_ROWS] if isinstance(item, dict)] if isinstance(items, list) else []


def _figures(operands: Sequence[object]) -> list[tuple[object, Row]]:
    """(figure, row) of each row with the column; None where a text is no number."""
    column = operands[1]
    if not isinstance(column, str):
        return []
    rows = [row for row in rows_of(operands[0]) if not is_empty(row.get(column))]
    return [(_number(row[column]), row) for row in rows]


def _number(value: object) -> object:
    return number_in(value) if isinstance(value, str) else value


def _sum(operands: Sequence[object], _today: date) -> object:
    total: object = 0.0
    for figure, _ in _figures(operands):
        if figure is not None:
            total = plus(total, figure)
    return total


def _count(operands: Sequence[object], _today: date) -> object:
    return float(len(_figures(operands)))


def _avg(operands: Sequence[object], today: date) -> object:
    count = _count(operands, today)
    return BINARY["/"](_sum(operands, today), count) if count else 0.0


def _extreme(better: Callable[[object, object], bool]) -> Callable[[Sequence[object], date], object]:
    def run(operands: Sequence[object], _today: date) -> object:
        best: tuple[object, Row] | None = None
        for figure, row in _figures(operands):
            if figure is not None and (best is None or better(figure, best[0])):
                best = figure, row
        if best is None:
            return None
        answer = operands[2] if len(operands) > 2 else None
        return best[1].get(answer) if isinstance(answer, str) and answer != operands[1] else best[0]

    return run


AGGREGATES: dict[str, Callable[[Sequence[object], date], object]] = {
    "sumInArray": _sum,
    "avgInArray": _avg,
    "minInArray": _extreme(less),
    "maxInArray": _extreme(greater),
    "countInArray": _count,
}
