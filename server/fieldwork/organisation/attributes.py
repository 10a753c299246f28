"""What a unit is like: the documented part of `unit.attributes`, in one table of shapes.

`opening_hours` (see the module of that name), `area` in square metres, `counters` (windows where people are
served), `tags` (适老网点, 旗舰店 …) and `kind` (what programmes call it, where that is not its level). Other
keys may stand beside them, plain values that forms read as `unit_<key>`; imports leave those alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from server.fieldwork.organisation.opening_hours import DAYS, right_spans

MOST_TAGS, LONGEST_TAG = 30, 40
LARGEST_AREA, MOST_COUNTERS = 1_000_000, 1_000


def _is_hours(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= set(DAYS)
        and all(isinstance(spans, list) and right_spans(spans) for spans in value.values())
    )


def _is_area(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LARGEST_AREA


def _is_counters(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNTERS


def _is_tags(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_TAGS and all(map(_is_word, value))


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_TAG


# name -> whether a value has its shape.
SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "opening_hours": _is_hours,
    "area": _is_area,
    "counters": _is_counters,
    "tags": _is_tags,
    "kind": _is_word,
}
NAMES: tuple[str, ...] = tuple(SHAPES)
