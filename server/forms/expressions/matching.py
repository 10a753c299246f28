"""Long lists compared by sets: pair by pair, two lists of a thousand choices are a million comparisons.

Only lists of texts and numbers come here; the keys of two of them are equal where `operations.equal` says so.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from server.forms.expressions.numbers import strict_number

_PLAIN = frozenset((str, int, float))
# Below so many pairs, comparing them is faster than building sets.
_FEW_PAIRS = 400


class Keys(NamedTuple):
    """The texts of a list without regard to case, its numbers, and the number each text stands for."""

    texts: frozenset[str]
    numbers: frozenset[float]
    read: Mapping[str, float]


def keys_of(items: Iterable[object]) -> Keys | None:
    """The keys of a list, None where it holds more than texts and numbers."""
    given = tuple(items)
    return _keys(given) if is_plain(given) else None


def is_plain(items: Iterable[object]) -> bool:
    """Whether there are only texts and numbers, which can be remembered as they are."""
    return _PLAIN.issuperset(map(type, items))


# An expression may ask for the same two lists 25 times.
@lru_cache(maxsize=8)
def _keys(items: tuple[object, ...]) -> Keys | None:
    texts = frozenset(item.strip().lower() for item in items if isinstance(item, str))
    if "" in texts:
        # A blank equals no number though it reads as 0.
        return None
    read = {text: number for text in texts if (number := strict_number(text)) is not None}
    return Keys(texts, frozenset(item for item in items if isinstance(item, int | float)), read)


def keys_of_long(left: object, right: object) -> tuple[Keys, Keys] | None:
    """The keys of two lists, None unless both are lists, long, and plain."""
    if not isinstance(left, list) or not isinstance(right, list) or len(left) * len(right) <= _FEW_PAIRS:
        return None
    first, last = keys_of(left), keys_of(right)
    return None if first is None or last is None else (first, last)


def covers(left: Keys, right: Keys) -> bool:
    """Every item of the right list equals one of the left."""
    if not (right.numbers - left.numbers).issubset(left.read.values()):
        return False
    return all(right.read.get(text) in left.numbers for text in right.texts - left.texts)


def shares(left: Keys, right: Keys) -> bool:
    """An item of the right list equals one of the left."""
    apart = (
        left.texts.isdisjoint(right.texts)
        and left.numbers.isdisjoint(right.numbers)
        and left.numbers.isdisjoint(right.read.values())
        and right.numbers.isdisjoint(left.read.values())
    )
    return not apart
