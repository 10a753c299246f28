"""The dates of a scheme year: 15 December, the 5th of each month, one month after another date."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from server.scoring.calendar.days import Span, day_of_month, months_later
from server.scoring.calendar.periods import MonthAndDay, in_year, regular_periods

Later = Callable[[date, Span], date]


@dataclass(frozen=True, slots=True)
class DateRule:
    """When something is due; exactly one of `on`, `each` and `after` is set.

    `on`: year (None: every scheme year), month, day. `each` "month" or "quarter": on its `day`-th day.
    `after`: `span` later than each date of the rule of that name.
    """

    name: str
    on: tuple[int | None, int, int] | None = None
    each: str = ""
    day: int = 0
    after: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """One date of the rule `name`."""

    name: str
    day: date


def deadlines(
    rules: Sequence[DateRule], year_starts: MonthAndDay, year: int, later: Later
) -> tuple[Deadline, ...]:
    """Every date of the rules in a scheme year, by day, on one day in the order of the rules.

    What is due after a date of this year belongs to it, even when it falls into the next one: the improvement
    that follows the assessment of 2026 is asked for in February 2027. Rules after an unknown one or in a
    circle have no dates.
    """
    by_name = {rule.name: rule for rule in rules}
    days: dict[str, tuple[date, ...]] = {}
    for name in by_name:
        for link in reversed(_chain(name, by_name, days)):
            days[link.name] = (
                tuple(later(day, link.span or Span()) for day in days.get(link.after, ()))
                if link.after
                else _own_days(link, year_starts, year)
            )
    found = (Deadline(name, day) for name in by_name for day in days[name])
    return tuple(sorted(found, key=lambda deadline: deadline.day))


def _chain(
    name: str, by_name: Mapping[str, DateRule], days: Mapping[str, tuple[date, ...]]
) -> list[DateRule]:
    """The rule and those it waits for, up to one that is known, unknown to all, or met before."""
    chain: dict[str, DateRule] = {}
    while name in by_name and name not in chain and name not in days:
        chain[name] = by_name[name]
        name = by_name[name].after
    return list(chain.values())


def _own_days(rule: DateRule, year_starts: MonthAndDay, year: int) -> tuple[date, ...]:
    if rule.on is not None:
        once, month, day = rule.on
        found = in_year(year_starts, year, month, day)
        return (found,) if once in (None, found.year) else ()
    return _EACH[rule.each](rule.day, year_starts, year) if rule.each in _EACH else ()


def _each_month(day: int, year_starts: MonthAndDay, year: int) -> tuple[date, ...]:
    """The 5th is the calendar's 5th, also where the scheme's months run from the 26th to the 25th."""
    (whole,) = regular_periods("year", year_starts, year)
    firsts = (months_later(whole.starts.replace(day=1), count) for count in range(13))
    days = (day_of_month(first.year, first.month, day) for first in firsts)
    return tuple(found for found in days if whole.starts <= found <= whole.ends)


def _each_quarter(day: int, year_starts: MonthAndDay, year: int) -> tuple[date, ...]:
    """Counted from the first day of the quarter, up to its last one."""
    quarters = regular_periods("quarter", year_starts, year)
    return tuple(
        quarter.starts + timedelta(days=min(day - 1, (quarter.ends - quarter.starts).days))
        for quarter in quarters
    )


_EACH = {"month": _each_month, "quarter": _each_quarter}
