"""SurveyJS's values and operators: JavaScript's loose numbers, texts and equality, made total.

Values are None, bool, int, float, str, list, dict and `datetime` (a date made by a function). No function
here raises: what JavaScript answers with NaN, Infinity or an exception is None, and neither a text nor a list
grows beyond its limit, so that a chain of calculated values cannot double its way through memory.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache

from server.forms.expressions.dates import comparable, date_text
from server.forms.expressions.matching import covers, is_plain, keys_of_long, shares
from server.forms.expressions.numbers import (
    finite,
    number_in,
    number_text,
    places_in,
    strict_number,
    tidy,
)
from server.forms.expressions.sizes import MAX_ITEMS, bounded

MAX_TEXT = 10_000
# The common case of every comparison, tested first; bool is left out, it goes the long way.
_NUMERIC = frozenset((int, float))


def is_empty(value: object) -> bool:
    """Missing, "", [] and a map of empty values are empty; 0 and false are answers."""
    if value is None:
        return True
    if isinstance(value, dict):
        return all(map(is_empty, value.values()))
    return not value and isinstance(value, str | list)


def truthy(value: object) -> bool:
    """JavaScript's truth: [] and {} are true, 0, "" and missing are false."""
    return True if isinstance(value, list | dict) else bool(value)


def loosened(value: object) -> object:
    """A value as an expression sees it: numeric text is a number unless it starts with 0 (007 is a code)."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = number_in(value)
    if number is None or (len(value) > 1 and value[0] == "0" and value[1] not in ".,x"):
        return value
    return number


def text_of(value: object) -> str:
    """JavaScript's String(value), with "" for a missing value and ISO text for a date."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case date():
            return date_text(value)
        case list():
            return _joined(value, ",")
        case dict():
            return "[object Object]"
        case _:
            return str(value)


def _joined(items: list[object], separator: str) -> str:
    """The texts of the first items; long ones are not all written out only to be cut."""
    texts: list[str] = []
    length = 0
    for item in items[:100]:
        if length > MAX_TEXT:
            break
        texts.append(text_of(item))
        length += len(texts[-1])
    return separator.join(texts)[:MAX_TEXT]


def number_of(value: object) -> float | None:
    """JavaScript's Number(value), with None for NaN; a date is no number."""
    match value:
        case None:
            return 0.0
        case bool() | int() | float():
            try:
                return finite(float(value))
            except OverflowError:
                return None
        case str():
            return strict_number(value)
        case list():
            return strict_number(text_of(value))
        case _:
            return None


def equal(left: object, right: object) -> bool:
    """SurveyJS's equality: case and order do not matter, "5" is 5, missing is "" but not []."""
    if type(left) in _NUMERIC and type(right) in _NUMERIC:
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right) and _is_nested(left) == _is_nested(right)
    if isinstance(left, date) or isinstance(right, date):
        first, last = comparable(left, right)
        return first is not None and first == last
    if isinstance(left, list) or isinstance(right, list):
        return isinstance(left, list) and isinstance(right, list) and _equal_lists(left, right)
    if isinstance(left, dict) or isinstance(right, dict):
        return isinstance(left, dict) and isinstance(right, dict) and _equal_maps(left, right)
    return _equal_scalars(left, right)


def _is_nested(value: object) -> bool:
    return isinstance(value, list | dict)


def _equal_scalars(left: object, right: object) -> bool:
    if isinstance(left, bool) and isinstance(right, str):
        return text_of(left) == right.lower()
    if isinstance(right, bool) and isinstance(left, str):
        return text_of(right) == left.lower()
    numbers = number_of(left), number_of(right)
    return numbers[0] is not None and numbers[0] == numbers[1]


def _equal_lists(left: list[object], right: list[object]) -> bool:
    """SurveyJS sorts both by text, where case matters, and compares item by item, where it does not."""
    if len(left) != len(right):
        return False
    if is_plain(left) and is_plain(right):
        return _equal_plain(tuple(left), tuple(right))
    return _equal_in_order(left, right)


# An expression may compare the same two lists of a thousand choices 33 times, and so may every question.
@lru_cache(maxsize=8)
def _equal_plain(left: tuple[object, ...], right: tuple[object, ...]) -> bool:
    return _equal_in_order(left, right)


def _equal_in_order(left: Iterable[object], right: Iterable[object]) -> bool:
    return all(map(equal, sorted(left, key=_sorting_text), sorted(right, key=_sorting_text)))


def _sorting_text(value: object) -> str:
    return "null" if value is None else text_of(value)


def _equal_maps(left: dict[str, object], right: dict[str, object]) -> bool:
    return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)


def less(left: object, right: object) -> bool:
    """JavaScript's <, false when either side is missing."""
    if type(left) in _NUMERIC and type(right) in _NUMERIC:
        return left < right  # type: ignore[operator, no-any-return]  # the line above proves both are numbers
    if left is None or right is None:
        return False
    if isinstance(left, date) or isinstance(right, date):
        first, last = comparable(left, right)
        return first is not None and last is not None and first < last
    left, right = _primitive(left), _primitive(right)
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    numbers = number_of(left), number_of(right)
    return numbers[0] is not None and numbers[1] is not None and numbers[0] < numbers[1]


def greater(left: object, right: object) -> bool:
    """JavaScript's >, false when either side is missing."""
    # Turned round it would lose the precision of a date on the left (dates.comparable).
    if isinstance(left, date) or isinstance(right, date):
        first, last = comparable(left, right)
        return first is not None and last is not None and first > last
    return less(right, left)


def _primitive(value: object) -> object:
    return text_of(value) if isinstance(value, list | dict) else value


def contains(left: object, right: object) -> bool:
    """A list holds the item (or all items of a list), or a text holds the text, without regard to case."""
    return _contains(left, right, wanted=True)


def not_contains(left: object, right: object) -> bool:
    """The opposite of `contains`, but false when there is nothing to look for in nothing."""
    if not truthy(left) and not is_empty(right):
        return True
    return _contains(left, right, wanted=False)


def _contains(left: object, right: object, *, wanted: bool) -> bool:
    if isinstance(left, list):
        return _holds_all(left, right if isinstance(right, list) else [right]) == wanted
    if left is None or left == "" or not truthy(right):
        return False
    return (text_of(right).lower() in text_of(left).lower()) == wanted


def _holds_all(left: list[object], right: list[object]) -> bool:
    keys = keys_of_long(left, right)
    if keys is not None:
        return covers(*keys)
    return bool(left) and all(any(equal(item, one) for item in left) for one in right)


def any_of(left: object, right: object) -> bool:
    """The two lists share an item."""
    if is_empty(left) or is_empty(right):
        return is_empty(right)
    if not isinstance(left, list):
        return contains(right, left)
    keys = keys_of_long(left, right)
    if keys is not None:
        return shares(*keys)
    return any(contains(left, one) for one in (right if isinstance(right, list) else [right]))


def all_of(left: object, right: object) -> bool:
    """The left list holds every item of the right one."""
    if not truthy(left) and not is_empty(right):
        return False
    keys = keys_of_long(left, right)
    if keys is not None:
        return covers(*keys)
    return all(contains(left, one) for one in right) if isinstance(right, list) else contains(left, right)


def operand(value: object, other: object) -> object:
    """What SurveyJS calculates with in the place of a missing operand: 0, or "" or [] beside such a value."""
    if not is_empty(value) or (isinstance(value, str) and type(other) not in _NUMERIC):
        return value
    if isinstance(other, str):
        return ""
    return [] if isinstance(other, list) else 0


def _calculated(compute: Callable[[object, object], object]) -> "Operator":
    def operator(left: object, right: object) -> object:
        if type(left) in _NUMERIC and type(right) in _NUMERIC:
            return compute(left, right)
        left = operand(left, right)
        return compute(left, operand(right, left))

    return operator


def both(left: object, right: object) -> object:
    """`and`: the right operand where the left one is true, as in JavaScript."""
    return right if truthy(left) else left


def either(left: object, right: object) -> object:
    """`or`: the left operand where it is true, as in JavaScript."""
    return left if truthy(left) else right


def add(left: object, right: object) -> object:
    """A sum, a joined text when either side is text, or joined lists."""
    if isinstance(left, list) and isinstance(right, list) and not (_counts(left) and _counts(right)):
        return bounded([*left, *right][:MAX_ITEMS])
    if isinstance(left, list) and not (_counts(left) and _counts(right)):
        return _add_to_list(left, right, lambda text, value: text + value)
    if isinstance(right, list) and not (_counts(left) and _counts(right)):
        return _add_to_list(right, left, lambda text, value: value + text)
    return plus(left, right)


def _add_to_list(items: list[object], value: object, join: Callable[[str, str], str]) -> object:
    """A list beside a text is joined to it, beside a number its numbers are summed."""
    if isinstance(value, str):
        return join(_joined(items, ", "), value)[:MAX_TEXT]
    if type(value) not in _NUMERIC:
        return join(text_of(items), text_of(value))[:MAX_TEXT]
    total: object = 0.0
    for item in items:
        if type(item) in _NUMERIC:
            total = plus(total, item)
    return plus(total, value)


def _counts(value: object) -> bool:
    """Whether SurveyJS takes it for a number: numeric text and a list of one number are, true is not."""
    if isinstance(value, list):
        text = text_of(value)
        return bool(text.strip()) and strict_number(text) is not None
    return type(value) in _NUMERIC or (isinstance(value, str) and number_in(value) is not None)


def plus(left: object, right: object) -> object:
    """JavaScript's +, tidied."""
    if type(left) is float and type(right) is float and left.is_integer() and right.is_integer():
        # Nothing to tidy: counting is what most sums do.
        return finite(left + right)
    if isinstance(left, str | list | dict | date) or isinstance(right, str | list | dict | date):
        return (text_of(left) + text_of(right))[:MAX_TEXT]
    return _tidied(left, right, lambda a, b: a + b, max)


def _tidied(
    left: object, right: object, compute: Callable[[float, float], float], places: Callable[[int, int], int]
) -> float | None:
    a, b = number_of(left), number_of(right)
    if a is None or b is None:
        return None
    try:
        result = compute(a, b)
    except OverflowError:
        return None
    return tidy(result, places(_places(left), _places(right)))


def _places(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        return 0
    return places_in(text_of(value)) if _counts(value) else 0


def _tidied_operator(
    compute: Callable[[float, float], float], places: Callable[[int, int], int]
) -> Callable[[object, object], object]:
    return lambda left, right: _tidied(left, right, compute, places)


def _number_operator(compute: Callable[[float, float], float]) -> Callable[[object, object], object]:
    def operator(left: object, right: object) -> object:
        a, b = number_of(left), number_of(right)
        if a is None or b is None:
            return None
        try:
            result = compute(a, b)
        except (OverflowError, ValueError, ZeroDivisionError):
            return None
        return finite(result) if isinstance(result, float) else None

    return operator


def flattened(values: Sequence[object], limit: int = MAX_ITEMS) -> list[object]:
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


Operator = Callable[[object, object], object]

COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "=": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    ">": greater,
    "<=": lambda left, right: equal(left, right) or less(left, right),
    ">=": lambda left, right: equal(left, right) or greater(left, right),
    "contains": contains,
    "notcontains": not_contains,
    "anyof": any_of,
    "noneof": lambda left, right: not any_of(left, right),
    "allof": all_of,
}
BINARY: dict[str, Operator] = {
    **COMPARISONS,
    "and": _calculated(both),
    "or": _calculated(either),
    "+": _calculated(add),
    "-": _calculated(_tidied_operator(lambda a, b: a - b, max)),
    "*": _calculated(_tidied_operator(lambda a, b: a * b, lambda a, b: a + b)),
    "/": _calculated(_number_operator(lambda a, b: a / b)),
    "%": _calculated(_number_operator(math.fmod)),
    "^": _calculated(_number_operator(math.pow)),
}
UNARY: dict[str, Callable[[object], bool]] = {
    "!": lambda value: not truthy(value),
    "empty": is_empty,
    "notempty": lambda value: not is_empty(value),
}
