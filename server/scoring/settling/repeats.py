"""Which fault is a repeat: the same item failed again within the window of reading A7 (law 12)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Occasion:
    """A visit or a finding, with the faults that were seen."""

    id: str
    day: date
    faults: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Last:
    times: int
    year: int
    place: int


def occurrences(
    occasions: Iterable[Occasion], window: str, year_of: Callable[[date], int]
) -> Mapping[tuple[str, str], int]:
    """(occasion, fault) -> how often it was seen by then; 1 is the first time.

    Args:
        occasions: those of one subject, earliest first. Of two on one day neither is the earlier.
        window: `scheme_year`, `consecutive` (the occasion just before) or `ever`.
    """
    found: dict[tuple[str, str], int] = {}
    seen: dict[str, _Last] = {}
    for place, (day, together) in enumerate(groupby(occasions, key=lambda occasion: occasion.day)):
        now: dict[str, _Last] = {}
        year = year_of(day)
        for occasion in together:
            for fault in occasion.faults:
                last = seen.get(fault)
                times = 1 if last is None or not _counts(last, window, year, place) else last.times + 1
                found[occasion.id, fault] = times
                now[fault] = _Last(times, year, place)
        seen |= now
    return found


def _counts(last: _Last, window: str, year: int, place: int) -> bool:
    if window == "scheme_year":
        return last.year == year
    return window == "ever" or last.place == place - 1
