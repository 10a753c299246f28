"""Equality, and what a list holds.

Lists are looked up by sets: pair by pair, a thousand findings against a thousand codes are a million
comparisons.
"""

from fractions import Fraction

from server.scoring.arithmetic.values import Value, items_of, number_in, text_in

_TRUTH = {"true": True, "false": False}


def equal(left: Value, right: Value) -> bool:
    """Texts without regard to case, numbers exactly, a numeric text as its number beside a number.

    Null equals null alone; true and false equal themselves and their words; lists are equal item by item,
    without what is missing in them.
    """
    if type(left) is Fraction and type(right) is Fraction:
        return left == right
    if isinstance(left, str) and isinstance(right, str):
        return folded(left) == folded(right)
    if isinstance(left, list) or isinstance(right, list):
        return isinstance(left, list) and isinstance(right, list) and _equal_lists(left, right)
    if left is None or right is None:
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return _truth_in(left) is _truth_in(right) is not None
    return (number := number_in(left)) is not None and number == number_in(right)


def _equal_lists(left: list[Value], right: list[Value]) -> bool:
    first, last = items_of(left), items_of(right)
    return len(first) == len(last) and all(map(equal, first, last))


def folded(text: str) -> str:
    """A text as it is compared."""
    return text.strip().lower()


def _truth_in(value: Value) -> bool | None:
    if isinstance(value, bool):
        return value
    return _TRUTH.get(folded(value)) if isinstance(value, str) else None


class _Held:
    """The items of a list, to be asked for one that is equal."""

    __slots__ = ("_numbers", "_read", "_texts", "_truths", "_written")

    def __init__(self, items: list[Value]) -> None:
        self._written = [item for item in items if isinstance(item, str)]
        self._texts = {folded(text) for text in self._written}
        self._truths = {item for item in items if isinstance(item, bool)}
        self._numbers = {item for item in items if isinstance(item, Fraction)}
        # The numbers among the texts, read when a number asks for them: most lists are codes.
        self._read: set[Fraction | None] | None = None

    def has(self, item: Value) -> bool:
        """Whether one of them equals the item."""
        if isinstance(item, str):
            return folded(item) in self._texts or self._has_meaning(item)
        if isinstance(item, bool):
            return item in self._truths or str(item).lower() in self._texts
        return isinstance(item, Fraction) and (item in self._numbers or item in self._numbers_read())

    def _has_meaning(self, text: str) -> bool:
        if self._numbers and number_in(text) in self._numbers:
            return True
        return bool(self._truths) and _truth_in(text) in self._truths

    def _numbers_read(self) -> set[Fraction | None]:
        if self._read is None:
            self._read = {number_in(text) for text in self._written}
        return self._read


def contains(left: Value, right: Value) -> bool:
    """A list holds the item (or all items of a list); a text holds the text, without regard to case.

    Nothing is held by anything: with a missing or empty right side it is false.
    """
    if isinstance(left, list):
        return all_of(left, right)
    whole, parts = text_in(left), items_of([right])
    if whole is None or not parts:
        return False
    return all((part := text_in(one)) and part.lower() in whole.lower() for one in parts)


def any_of(left: Value, right: Value) -> bool:
    """The two lists share an item; a single value is a list of one."""
    held = _Held(items_of([left]))
    return any(held.has(one) for one in items_of([right]))


def all_of(left: Value, right: Value) -> bool:
    """The left list holds every item of the right one, and there is one."""
    wanted = items_of([right])
    held = _Held(items_of([left]))
    return bool(wanted) and all(held.has(one) for one in wanted)
