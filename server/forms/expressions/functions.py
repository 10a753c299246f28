"""The functions an expression may call, by SurveyJS's names. A new function is a new row of `FUNCTIONS`.

Every function takes its evaluated operands and the day the form is filled in, and never raises. Functions
that read rows or labels are rows of `FUNCTIONS` too; `compiled.py` gives them what they need.
"""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from server.forms.expressions.dates import difference, moment_of, shifted
from server.forms.expressions.numbers import finite, truncated
from server.forms.expressions.operations import (
    BINARY,
    flattened,
    greater,
    is_empty,
    less,
    number_of,
    plus,
    truthy,
)
from server.forms.expressions.rows import AGGREGATES

Operands = Sequence[object]
Run = Callable[[Operands, date], object]
_MOST_PLACES = 15


@dataclass(frozen=True, slots=True)
class Function:
    """`run(operands, today)`, the number of operands it takes, and which operand names a unit of time."""

    run: Run
    least: int
    most: int
    unit_at: int | None = None


def _iif(operands: Operands, _today: date) -> object:
    if truthy(operands[0]):
        return operands[1]
    return operands[2] if len(operands) > 2 else None


def _sum(operands: Operands, _today: date) -> object:
    total: object = 0.0
    for value in flattened(operands):
        total = plus(total, value)
    return total


def _avg(operands: Operands, today: date) -> object:
    values = flattened(operands)
    return BINARY["/"](_sum(values, today), float(len(values))) if values else 0.0


def _extreme(better: Callable[[object, object], bool]) -> Run:
    def run(operands: Operands, _today: date) -> object:
        best: object = None
        for value in flattened(operands):
            if best is None or better(value, best):
                best = value
        return best

    return run


def _count(operands: Operands, _today: date) -> object:
    return float(len(flattened(operands)))


def _number_and_places(operands: Operands) -> tuple[float, int] | None:
    """The number and how many places, None unless the first operand is a number."""
    values = [flattened([operand]) for operand in operands]
    number = values[0][0] if values[0] else None
    places = values[1][0] if len(values) > 1 and values[1] else 0.0
    if isinstance(number, bool) or not isinstance(number, int | float) or not isinstance(places, int | float):
        return None
    if abs(number) > sys.float_info.max:
        return None
    return (float(number), int(places)) if abs(places) <= _MOST_PLACES else None


def _round(operands: Operands, _today: date) -> object:
    given = _number_and_places(operands)
    if given is None:
        return None
    number, places = given
    scale = math.pow(10.0, places)
    # The epsilon is SurveyJS's: 1.005 to two places is 1.01 for a person, though its float is just below.
    scaled = finite(number * scale * (1 + 2.0**-52) + 0.5)
    return None if scaled is None else finite(float(math.floor(scaled)) / scale)


def _trunc(operands: Operands, _today: date) -> object:
    given = _number_and_places(operands)
    return None if given is None else truncated(given[0], max(given[1], 0))


def _today(operands: Operands, today: date) -> object:
    days = number_of(operands[0]) if operands else 0.0
    return None if days is None else shifted(_midnight(today), days, "days")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def _get_date(operands: Operands, _today: date) -> object:
    return moment_of(operands[0])


def _unit(operands: Operands, place: int, default: str) -> str:
    unit = operands[place] if len(operands) > place else None
    return default if is_empty(unit) else str(unit)


def _age(operands: Operands, today: date) -> object:
    return difference(operands[0], today, _unit(operands, 1, "years"))


def _date_diff(operands: Operands, _today: date) -> object:
    return difference(operands[0], operands[1], _unit(operands, 2, "days"))


def _diff_days(operands: Operands, _today: date) -> object:
    if is_empty(operands[0]) or is_empty(operands[1]):
        return 0.0
    return difference(operands[0], operands[1], "days")


def _date_add(operands: Operands, _today: date) -> object:
    moment, amount = moment_of(operands[0]), number_of(operands[1])
    if moment is None or amount is None or operands[1] is None:
        return None
    return shifted(moment, amount, _unit(operands, 2, "days"))


def _part(of_moment: Callable[[datetime], int]) -> Run:
    def run(operands: Operands, today: date) -> object:
        moment = moment_of(operands[0]) if operands else _midnight(today)
        return None if moment is None else float(of_moment(moment))

    return run


def _substring(operands: Operands, _today: date) -> object:
    text = operands[0]
    start = _position(operands, 1)
    if not isinstance(text, str) or start is None:
        return ""
    end = _position(operands, 2)
    first, last = sorted((start, len(text) if end is None else end))
    return text[first:last]


def _position(operands: Operands, place: int) -> int | None:
    value = operands[place] if len(operands) > place else None
    number = None if value is None or isinstance(value, bool | list) or value == "" else number_of(value)
    return None if number is None else max(0, math.trunc(number))


def _display_value(_operands: Operands, _today: date) -> object:
    """Without the form at hand nothing can be shown; `compiled.py` builds the real one."""
    return None


FUNCTIONS: dict[str, Function] = {
    "iif": Function(_iif, 2, 3),
    "sum": Function(_sum, 1, 50),
    "avg": Function(_avg, 1, 50),
    "min": Function(_extreme(less), 1, 50),
    "max": Function(_extreme(greater), 1, 50),
    "count": Function(_count, 1, 50),
    "round": Function(_round, 1, 2),
    "trunc": Function(_trunc, 1, 2),
    **{name: Function(run, 2, 4) for name, run in AGGREGATES.items()},
    "today": Function(_today, 0, 1),
    "currentDate": Function(_today, 0, 0),
    "getDate": Function(_get_date, 1, 1),
    "age": Function(_age, 1, 2, unit_at=1),
    "dateDiff": Function(_date_diff, 2, 3, unit_at=2),
    "diffDays": Function(_diff_days, 2, 2),
    "dateAdd": Function(_date_add, 2, 3, unit_at=2),
    "year": Function(_part(lambda moment: moment.year), 0, 1),
    "getYear": Function(_part(lambda moment: moment.year), 1, 1),
    "currentYear": Function(_part(lambda moment: moment.year), 0, 0),
    "month": Function(_part(lambda moment: moment.month), 0, 1),
    "day": Function(_part(lambda moment: moment.day), 0, 1),
    "weekday": Function(_part(lambda moment: moment.isoweekday() % 7), 0, 1),
    "substring": Function(_substring, 2, 3),
    "displayValue": Function(_display_value, 1, 2),
}
# SurveyJS's functions that no check of answers can answer -> the code of a hint, as in forms/unsupported.py.
UNSUPPORTED: dict[str, str] = {
    "getComment": "hint_others",
    "isContainerReady": "hint_page_state",
    "isDisplayMode": "hint_page_state",
    "propertyValue": "hint_page_state",
}
