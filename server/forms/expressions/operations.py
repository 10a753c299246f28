"""SurveyJS's values and operators: JavaScript's loose numbers, texts and equality, made total.

Values are None, bool, int, float, str, list, dict and `date` (from today()). No function here raises: what
JavaScript answers with NaN, Infinity or an exception is None, and a text never grows beyond `MAX_TEXT`, so
that a chain of calculated values cannot double its way through memory.
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time

MAX_TEXT = 10_000
# The common case of every comparison, tested first; bool is left out, it goes the long way.
_NUMERIC = frozenset((int, float))

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,12}")


def is_empty(value: object) -> bool:
    """Missing, "", [] and {} are empty; 0 and false are answers."""
    return value is None or (not value and isinstance(value, str | list | dict))


def number_in(text: str) -> float | None:
    """The number a text stands for, as SurveyJS reads it ("12", " 1.5 ", "1,5", "0x1f", "1e3"), else None."""
    trimmed = text.strip()
    if _HEX.fullmatch(trimmed):
        return float(int(trimmed, 16))
    if not _NUMBER.fullmatch(trimmed) or (len(trimmed) > 15 and trimmed.isdigit()):
        return None
    return finite(float(trimmed.replace(",", ".")))


def loosened(value: object) -> object:
    """A value as an expression sees it: numeric text is a number unless it starts with 0 (007 is a code)."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = number_in(value)
    if number is None or (len(value) > 1 and value[0] == "0" and value[1] not in ".,xX"):
        return value
    return number


def finite(value: float) -> float | None:
    """None in place of NaN and the infinities."""
    return value if math.isfinite(value) else None


def text_of(value: object) -> str:
    """JavaScript's String(value), with "" for a missing value."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case date():
            return value.isoformat()
        case list():
            return ",".join(map(text_of, value[:100]))[:MAX_TEXT]
        case dict():
            return "[object Object]"
        case _:
            return str(value)


def number_of(value: object) -> float | None:
    """JavaScript's Number(value), with None for NaN."""
    match value:
        case None:
            return 0.0
        case bool() | int() | float():
            try:
                return finite(float(value))
            except OverflowError:
                return None
        case str():
            return number_in(value) if value.strip() else 0.0
        case list():
            return number_of(text_of(value))
        case _:
            return None


def day_of(value: object) -> date | None:
    """The day of a date or of an ISO text (its time is dropped)."""
    if isinstance(value, date):
        return value
    moment = moment_of(value)
    return moment.date() if moment else None


def moment_of(value: object) -> datetime | None:
    """A date, "2024-01-31" or "2024-01-31T10:00[:05]" as a naive datetime."""
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?", value, re.ASCII
    ):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def equal(left: object, right: object) -> bool:
    """SurveyJS's equality: case and order do not matter, "5" is 5, missing is "" and []."""
    if type(left) in _NUMERIC and type(right) in _NUMERIC:
        return left == right
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right) and not _is_list_against_text(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if isinstance(left, date) or isinstance(right, date):
        return day_of(left) == day_of(right)
    if isinstance(left, list) or isinstance(right, list):
        return isinstance(left, list) and isinstance(right, list) and _equal_lists(left, right)
    if isinstance(left, dict) or isinstance(right, dict):
        return isinstance(left, dict) and isinstance(right, dict) and _equal_maps(left, right)
    return _equal_scalars(left, right)


def _is_list_against_text(left: object, right: object) -> bool:
    return {type(left), type(right)} == {list, str}


def _equal_scalars(left: object, right: object) -> bool:
    if isinstance(left, bool) and isinstance(right, str):
        return text_of(left) == right.strip().lower()
    if isinstance(right, bool) and isinstance(left, str):
        return text_of(right) == left.strip().lower()
    numbers = number_of(left), number_of(right)
    return numbers[0] is not None and numbers[0] == numbers[1]


def _equal_lists(left: list[object], right: list[object]) -> bool:
    if len(left) != len(right):
        return False
    remaining = list(right)
    for item in left:
        match = next((index for index, other in enumerate(remaining) if equal(item, other)), None)
        if match is None:
            return False
        del remaining[match]
    return True


def _equal_maps(left: dict[str, object], right: dict[str, object]) -> bool:
    return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)


def _ordered(compare: Callable[[float, float], bool], compare_text: Callable[[str, str], bool]) -> "Operator":
    def operator(left: object, right: object) -> bool:
        if left is None or right is None:
            return False
        if isinstance(left, int | float) and isinstance(right, int | float):
            return compare(left, right)
        if isinstance(left, date) or isinstance(right, date):
            left, right = text_of(day_of(left)), text_of(day_of(right))
            return bool(left and right) and compare_text(left, right)
        if isinstance(left, str) and isinstance(right, str):
            return compare_text(left, right)
        numbers = number_of(left), number_of(right)
        return numbers[0] is not None and numbers[1] is not None and compare(numbers[0], numbers[1])

    return operator


def contains(left: object, right: object) -> bool:
    """A list holds the item (or all items of a list), or a text holds the text, without regard to case."""
    if left is None or left in ("", []):
        return False
    if isinstance(left, list):
        wanted = right if isinstance(right, list) else [right]
        return all(any(equal(item, one) for item in left) for one in wanted)
    needle = text_of(right).lower()
    return bool(right) and needle in text_of(left).lower()


def not_contains(left: object, right: object) -> bool:
    """The opposite of `contains`, but false when there is nothing to look for in nothing."""
    if is_empty(left):
        return not is_empty(right) or left == []
    return bool(right or isinstance(left, list)) and not contains(left, right)


def any_of(left: object, right: object) -> bool:
    """The two lists share an item."""
    if is_empty(left):
        return is_empty(right)
    if is_empty(right):
        return True
    if not isinstance(left, list):
        return contains(right, left)
    wanted = right if isinstance(right, list) else [right]
    return any(contains(left, one) for one in wanted)


def all_of(left: object, right: object) -> bool:
    """The left list holds every item of the right one."""
    if is_empty(left) and not is_empty(right):
        return False
    return all(contains(left, one) for one in right) if isinstance(right, list) else contains(left, right)


def add(left: object, right: object) -> object:
    """A sum, or a joined text when either side is text."""
    left, right = _operand(left, right), _operand(right, left)
    if isinstance(left, str | list | dict | date) or isinstance(right, str | list | dict | date):
        return (text_of(left) + text_of(right))[:MAX_TEXT]
    return _arithmetic(left, right, lambda a, b: tidy(a + b, max(_decimals(a), _decimals(b))))


def _operand(value: object, other: object) -> object:
    """A missing operand is 0, or "" beside a text."""
    if not is_empty(value):
        return value
    return "" if isinstance(other, str) or (value == "" and not isinstance(other, int | float)) else 0


def _arithmetic(left: object, right: object, compute: Callable[[float, float], float]) -> object:
    a, b = number_of(left), number_of(right)
    if a is None or b is None:
        return None
    try:
        result = compute(a, b)
    except (OverflowError, ValueError, ZeroDivisionError):
        return None
    return finite(result) if isinstance(result, float | int) else None


def _decimals(value: float) -> int:
    text = repr(value)
    if "e" in text or value.is_integer():
        return 0
    return len(text.partition(".")[2])


def tidy(value: float, places: int) -> float:
    """0.1 + 0.2 is 0.3: a result has no more places than its operands allow."""
    return float(f"{value:.{min(places, 100)}f}") if places and math.isfinite(value) else value


def _number_operator(compute: Callable[[float, float], float]) -> "Operator":
    return lambda left, right: _arithmetic(left, right, compute)


def _subtract(a: float, b: float) -> float:
    return tidy(a - b, max(_decimals(a), _decimals(b)))


def _multiply(a: float, b: float) -> float:
    return tidy(a * b, _decimals(a) + _decimals(b))


Operator = Callable[[object, object], object]

BINARY: dict[str, Operator] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": (_less := _ordered(lambda a, b: a < b, lambda a, b: a < b)),
    ">": (_greater := _ordered(lambda a, b: a > b, lambda a, b: a > b)),
    "<=": lambda left, right: equal(left, right) or _less(left, right),
    ">=": lambda left, right: equal(left, right) or _greater(left, right),
    "contains": contains,
    "notcontains": not_contains,
    "anyof": any_of,
    "noneof": lambda left, right: not any_of(left, right),
    "allof": all_of,
    "+": add,
    "-": _number_operator(_subtract),
    "*": _number_operator(_multiply),
    "/": _number_operator(lambda a, b: a / b),
    "%": _number_operator(math.fmod),
    "^": _number_operator(math.pow),
}
UNARY: dict[str, Callable[[object], object]] = {
    "!": lambda value: not truthy(value),
    "empty": is_empty,
    "notempty": lambda value: not is_empty(value),
}


def truthy(value: object) -> bool:
    """JavaScript's truth: [] and {} are true, 0, "" and missing are false."""
    return True if isinstance(value, list | dict) else bool(value)


def flattened(values: Sequence[object], limit: int = 1_000) -> list[object]:
    """Nested lists in one row without the missing values, numeric text as numbers."""
    result: list[object] = []
    pending = list(reversed(values))
    while pending and len(result) < limit:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(reversed(value))
        elif value is not None:
            number = number_in(value) if isinstance(value, str) else None
            result.append(value if number is None else number)
    return result
