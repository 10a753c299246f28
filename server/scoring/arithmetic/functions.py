"""The functions a formula may call. A new function is a new row of `EAGER`.

Every one takes its evaluated operands and is total. There is no `today`: settlement knows no clock, so the
same facts always give the same money.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from server.forms.expressions.dates import difference, moment_of
from server.scoring.arithmetic.operations import is_empty
from server.scoring.arithmetic.values import Value, is_date, items_of, kept, number_in
from server.scoring.exact import ZERO, rounded

Operands = Sequence[Value]
Run = Callable[[Operands], Value]
_MOST_PLACES = 8
_MOST_OPERANDS = 50


@dataclass(frozen=True, slots=True)
class Function:
    """`run(operands)` and the number of operands it takes.

    `unit_at` is the operand that names a unit of time; `reads` are names whose values follow the operands,
    the readings of the register (A3) on which the result depends.
    """

    run: Run
    least: int
    most: int
    unit_at: int | None = None
    reads: tuple[str, ...] = ()


def _numbers(operands: Operands) -> list[Fraction]:
    found: list[Fraction] = []
    for item in items_of(operands):
        number = item if type(item) is Fraction else number_in(item)
        if number is not None:
            found.append(number)
    return found


def _total(numbers: Iterable[Fraction]) -> Fraction | None:
    """The exact sum, None where it outgrows the bound.

    Numerators of one denominator are added as integers first, as in `exact.total`; the bound is looked at
    after each denominator, because a thousand different ones would grow a fraction of a million digits.
    """
    numerators: dict[int, int] = {}
    for number in numbers:
        numerators[number.denominator] = numerators.get(number.denominator, 0) + number.numerator
    result = ZERO
    for bottom, top in numerators.items():
        result += Fraction(top, bottom)
        if kept(result) is None:
            return None
    return result


def _sum(operands: Operands) -> Value:
    numbers = _numbers(operands)
    return _total(numbers) if numbers else None


def _avg(operands: Operands) -> Value:
    numbers = _numbers(operands)
    total = _total(numbers) if numbers else None
    return None if total is None else kept(total / len(numbers))


def _extreme(of_numbers: Callable[[list[Fraction]], Fraction], of_dates: Callable[[list[str]], str]) -> Run:
    def run(operands: Operands) -> Value:
        numbers = _numbers(operands)
        if numbers:
            return of_numbers(numbers)
        dates = [item for item in items_of(operands) if isinstance(item, str) and is_date(item)]
        return of_dates(dates) if dates else None

    return run


def _count(operands: Operands) -> Value:
    return Fraction(len(items_of(operands)))


def _round(operands: Operands) -> Value:
    number = number_in(operands[0])
    places = number_in(operands[1]) if len(operands) > 1 else ZERO
    if number is None or places is None or places.denominator != 1 or not 0 <= places <= _MOST_PLACES:
        return None
    result = rounded(number, int(places))
    return None if result is None else kept(Fraction(result))


def _of_number(compute: Callable[[Fraction], Fraction | int]) -> Run:
    def run(operands: Operands) -> Value:
        number = number_in(operands[0])
        return None if number is None else kept(Fraction(compute(number)))

    return run


_WHOLE: dict[Value, Callable[[Fraction], int]] = {"ceil": math.ceil, "floor": math.floor}


def _shortfall(operands: Operands) -> Value:
    """How far the score is below the target, by reading A3 of the register: as it is, or whole points."""
    target, score, reading = operands
    wanted, reached = number_in(target), number_in(score)
    if wanted is None or reached is None:
        return None
    gap = max(ZERO, wanted - reached)
    whole = _WHOLE.get(reading) if isinstance(reading, str) else None
    return kept(Fraction(whole(gap)) if whole else gap)


def _part(of_moment: Callable[[datetime], int]) -> Run:
    def run(operands: Operands) -> Value:
        moment = moment_of(operands[0])
        return None if moment is None else Fraction(of_moment(moment))

    return run


def _date_diff(operands: Operands) -> Value:
    unit = operands[2] if len(operands) > 2 else None
    if is_empty(unit):
        unit = "days"
    if not isinstance(unit, str):
        return None
    result = difference(operands[0], operands[1], unit)
    return None if result is None else Fraction(int(result))


# `iif` is not here: it leaves out the branch that is not taken (evaluation.py).
EAGER: dict[str, Function] = {
    "sum": Function(_sum, 1, _MOST_OPERANDS),
    "avg": Function(_avg, 1, _MOST_OPERANDS),
    "min": Function(_extreme(min, min), 1, _MOST_OPERANDS),
    "max": Function(_extreme(max, max), 1, _MOST_OPERANDS),
    "count": Function(_count, 1, _MOST_OPERANDS),
    "round": Function(_round, 1, 2),
    "ceil": Function(_of_number(math.ceil), 1, 1),
    "floor": Function(_of_number(math.floor), 1, 1),
    "trunc": Function(_of_number(math.trunc), 1, 1),
    "abs": Function(_of_number(abs), 1, 1),
    "positive": Function(_of_number(lambda number: max(ZERO, number)), 1, 1),
    "shortfall": Function(_shortfall, 2, 2, reads=("A3",)),
    "year": Function(_part(lambda moment: moment.year), 1, 1),
    "month": Function(_part(lambda moment: moment.month), 1, 1),
    "day": Function(_part(lambda moment: moment.day), 1, 1),
    "weekday": Function(_part(lambda moment: moment.isoweekday() % 7), 1, 1),
    "dateDiff": Function(_date_diff, 2, 3, unit_at=2),
}
