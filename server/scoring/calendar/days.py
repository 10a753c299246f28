"""Days: the last day of short months, months later, and the working days that 调休 moves about."""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta

WORKING_WEEK = 5


@dataclass(frozen=True, slots=True)
class Span:
    """A time to wait: months first, then days, then working days. None of them is negative."""

    months: int = 0
    days: int = 0
    working_days: int = 0


def day_of_month(year: int, month: int, day: int) -> date:
    """The day, or the last one of a month that has no such day: 31 → 30 April, 29 → 28 February."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def months_later(day: date, months: int) -> date:
    """31 January + 1 month is the last day of February; beyond the year 9999 the last day there is."""
    years, month = divmod(day.month - 1 + months, 12)
    if day.year + years > MAXYEAR:
        return date.max
    return day_of_month(day.year + years, month + 1, day.day)


def days_later(day: date, days: int) -> date:
    """`days` days on; beyond the year 9999 the last day there is."""
    return day + timedelta(days=min(days, (date.max - day).days))


class WorkingDays:
    """Monday to Friday without `holidays`, and the weekends in `workdays` (which win over `holidays`).

    Counting is a formula and two look-ups, so that a wait of a million working days is found as fast as one
    of ten.
    """

    def __init__(self, holidays: Collection[date], workdays: Collection[date]) -> None:
        self._free = sorted(day.toordinal() for day in set(holidays) - set(workdays) if not _weekend(day))
        self._worked = sorted(day.toordinal() for day in set(workdays) if _weekend(day))

    def later(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; beyond the year 9999 the last day there is."""
        if count <= 0:
            return day
        ahead = range(day.toordinal() + 1, date.max.toordinal())
        found = bisect_left(ahead, self._through(day.toordinal()) + count, key=self._through)
        return date.fromordinal(ahead.start + found) if found < len(ahead) else date.max

    def earlier(self, day: date, count: int) -> date:
        """The `count`-th working day before `day`; before the year 1 the first day there is."""
        if count <= 0:
            return day
        wanted = self._through(day.toordinal() - 1) - count + 1
        found = bisect_left(range(1, day.toordinal()), wanted, key=self._through)
        return date.fromordinal(found + 1) if wanted > 0 else date.min

    def includes(self, day: date) -> bool:
        ordinal = day.toordinal()
        return self._through(ordinal) > self._through(ordinal - 1)

    def _through(self, ordinal: int) -> int:
        """How many working days there are from day 1, which was a Monday, through this one."""
        weeks, left = divmod(ordinal, 7)
        return (
            weeks * WORKING_WEEK
            + min(left, WORKING_WEEK)
            - bisect_right(self._free, ordinal)
            + bisect_right(self._worked, ordinal)
        )


def _weekend(day: date) -> bool:
    return day.weekday() >= WORKING_WEEK
