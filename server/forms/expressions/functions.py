"""The functions an expression may call, by SurveyJS's names. A new function is a new row of `FUNCTIONS`.

Every function takes its evaluated operands and the day the form is filled in, and never raises.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from server.forms.expressions.operations import (
    BINARY,
    add,
    day_of,
    finite,
    flattened,
    moment_of,
    number_of,
    truthy,
)

Operands = Sequence[object]


@dataclass(frozen=True, slots=True)
class Function:
    """`run(operands, today)` and the number of operands it takes."""

    run: Callable[[Operands, date], object]
    least: int
    most: int


def _iif(operands: Operands, _today: date) -> object:
    return operands[1] if truthy(operands[0]) else operands[2]


def _sum(operands: Operands, _today: date) -> object:
    total: object = 0.0
    for value in flattened(operands):
        total = add(total, value)
    return total


def _avg(operands: Operands, today: date) -> object:
    values = flattened(operands)
    return BINARY["/"](_sum(values, today), float(len(values))) if values else 0.0


def _extreme(sign: str) -> Callable[[Operands, date], object]:
    def run(operands: Operands, _today: date) -> object:
        best: object = None
        for value in flattened(operands):
            if best is None or BINARY[sign](value, best):
                best = value
        return best

    return run


def _count(operands: Operands, _today: date) -> object:
    return float(len(flattened(operands)))


def _round(operands: Operands, _today: date) -> object:
    value, places = number_of(operands[0]), number_of(operands[1]) if len(operands) > 1 else 0.0
    if value is None or places is None or abs(places) > 15 or abs(value) > 1e15:
        return None
    scale = 10.0 ** int(places)
    # The epsilon is SurveyJS's: 1.005 to two places is 1.01 for a person, though its float is just below.
    return finite(math.floor(value * scale * (1 + 2.0**-52) + 0.5) / scale)


def _today(operands: Operands, today: date) -> object:
    days = number_of(operands[0]) if operands else 0.0
    try:
        return today + timedelta(days=int(days or 0))
    except OverflowError:
        return None


def _age(operands: Operands, today: date) -> object:
    born = day_of(operands[0])
    return float(_months(born, today) // 12) if born and born <= today else None


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def _date_diff(operands: Operands, _today: date) -> object:
    start, end = moment_of(operands[0]), moment_of(operands[1])
    unit = operands[2] if len(operands) > 2 else "days"
    if start is None or end is None or not isinstance(unit, str):
        return None
    if unit == "days":
        return float(abs((end.date() - start.date()).days))
    if unit in _SECONDS:
        return float(math.ceil(abs((end - start).total_seconds()) / _SECONDS[unit]))
    months = _months(start.date(), end.date())
    return {"months": float(months), "years": float(math.trunc(months / 12))}.get(unit)


def _part(of_day: Callable[[date], int]) -> Callable[[Operands, date], object]:
    def run(operands: Operands, today: date) -> object:
        day = day_of(operands[0]) if operands else today
        return None if day is None else float(of_day(day))

    return run


FUNCTIONS: dict[str, Function] = {
    "iif": Function(_iif, 3, 3),
    "sum": Function(_sum, 1, 50),
    "avg": Function(_avg, 1, 50),
    "min": Function(_extreme("<"), 1, 50),
    "max": Function(_extreme(">"), 1, 50),
    "count": Function(_count, 1, 50),
    "round": Function(_round, 1, 2),
    "today": Function(_today, 0, 1),
    "age": Function(_age, 1, 1),
    "dateDiff": Function(_date_diff, 2, 3),
    "year": Function(_part(lambda day: day.year), 0, 1),
    "month": Function(_part(lambda day: day.month), 0, 1),
    "day": Function(_part(lambda day: day.day), 0, 1),
    "weekday": Function(_part(lambda day: day.isoweekday() % 7), 0, 1),
}
