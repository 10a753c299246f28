"""Periods as people write them into tables, understood through a programme's calendar."""

import re
import unicodedata
from collections.abc import Callable

from server.scoring.calendar import Calendar, Period

_DIGITS = {each: str(number) for number, each in enumerate("一二三四五六七八九", start=1)}
_YEAR = r"(?P<year>[0-9]{4})年?[-/. ]?"
_PATTERNS: dict[str, tuple[str, ...]] = {
    "year": (r"(?P<year>[0-9]{4})(?:年度?|年全年)?",),
    "half": (_YEAR + r"H(?P<place>[12])", _YEAR + r"(?P<word>上|下)半年"),
    "quarter": (_YEAR + r"Q(?P<place>[1-4])", _YEAR + r"第?(?P<place>[1-4])季度?"),
    "month": (
        # Excel makes the first day of a month out of 2025-12.
        r"(?P<year>[0-9]{4})[-/.年](?P<place>[0-9]{1,2})(?:月|月份|[-/.]0?1)?",
        r"(?P<year>[0-9]{4})(?P<place>[0-9]{2})",
    ),
    "phase": (
        _YEAR + r"第?(?P<place>[1-9])(?:阶段|期)",
        r"(?P<year>[0-9]{4})/(?P<name>[A-Za-z][A-Za-z0-9_]*)",
    ),
}
# The finest first: what could be of several kinds is meant as the finest.
KINDS = ("month", "quarter", "half", "phase", "year")


def read_period(cell: str, calendar: Calendar, kind: str) -> Period | None:
    """The period of one kind that a cell names (`2025Q4`, `2025年第四季度`, `2025-12`, `2025`), or None.

    The number of a month is that of its calendar year, every other one counts in the scheme year.
    """
    text = _tidied(cell)
    for pattern in _PATTERNS.get(kind, ()):
        found = re.fullmatch(pattern, text, re.ASCII | re.IGNORECASE)
        if found is not None:
            period = _named(found.groupdict(), calendar, kind)
            if period is not None:
                return period
    return None


def period_with(calendar: Calendar, kind: str, period_id: str) -> Period | None:
    """The period of this id, unless the calendar no longer has it."""
    if not period_id[:4].isdecimal():
        return None
    year = int(period_id[:4])
    around = (each for near in (year, year - 1) for each in calendar.periods(kind, near))
    return next((each for each in around if each.id == period_id), None)


def any_period(cell: str, calendar: Calendar) -> Period | None:
    """The period of whatever kind that a cell names."""
    found = (read_period(cell, calendar, kind) for kind in KINDS)
    return next((period for period in found if period is not None), None)


def _tidied(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).replace(" ", "")
    return "".join(_DIGITS.get(each, each) for each in text)


def _named(said: dict[str, str | None], calendar: Calendar, kind: str) -> Period | None:
    year, name = int(said["year"] or 0), said.get("name")
    if name is not None:
        return _first(calendar, kind, year, lambda each: each.name.casefold() == name.casefold())
    if said.get("word") is not None:
        place = 1 if said["word"] == "上" else 2
    elif kind == "year":
        return _first(calendar, kind, year, lambda each: True)
    else:
        place = int(said.get("place") or 0)
    if kind == "month":
        return period_with(calendar, kind, f"{year:04d}-{place:02d}")
    return _first(calendar, kind, year, lambda each: each.number == place)


def _first(calendar: Calendar, kind: str, year: int, wanted: Callable[[Period], bool]) -> Period | None:
    return next((each for each in calendar.periods(kind, year) if wanted(each)), None)
