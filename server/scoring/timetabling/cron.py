"""Cron rules of five fields, as crontab reads them, on the clocks of a zone.

A preview and the clock ask the same code, so what a page announces is what fires. Where clocks are set back,
a rule that names its hours fires in the first of the two; where they are set forward, an hour that does not
exist fires an hour later. Rules for every hour count hours as they pass.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from server.scoring.timetabling.codes import TimingWrong

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LAST = "L"
_ITEM = re.compile(r"(\*|[a-z0-9]{1,3})(?:-([a-z0-9]{1,3}))?(?:/([0-9]{1,2}))?", re.ASCII)
# name of the field -> first and last number, and names that stand for numbers from the first on
_FIELDS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day": (1, 31, ()),
    "month": (1, 12, MONTHS),
    "weekday": (0, 7, WEEKDAYS),
}


@dataclass(frozen=True, slots=True)
class Cron:
    """A rule. Where both day and weekday are named, either will do, as in crontab.

    Attributes:
        weekdays: Sunday is 0.
        last_day: `L` in the field of days: the last one of the month.
        each_hour: the field of hours has a star.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    last_day: bool
    each_hour: bool
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        """Whether the rule names this day."""
        if day.month not in self.months:
            return False
        by_day = day.day in self.days or (self.last_day and day.day == monthrange(day.year, day.month)[1])
        by_weekday = day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday

    def moments(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """The moments of a day at which the rule fires, in UTC, earliest first."""
        found = set()
        for hour in self.hours:
            for minute in self.minutes:
                found.update(self._on_the_clock(datetime.combine(day, time(hour, minute), zone)))
        return sorted(found)

    def _on_the_clock(self, wall: datetime) -> list[datetime]:
        """What a reading of the clock means: two moments in an hour that comes twice."""
        first = wall.astimezone(UTC)
        if not self.each_hour:
            return [first]
        second = wall.replace(fold=1).astimezone(UTC)
        if second >= first:
            return [first, second]
        # Clocks jumped over it, and whatever counts hours fires at the next that is there.
        return []


def parse_cron(text: str) -> Cron:
    """A rule of five fields: minute, hour, day, month, weekday.

    Each field is `*`, a number, a range `1-5`, a step `*/15` or several of them with commas; months and
    weekdays have names (`jan`, `mon`), Sunday is 0 and 7, and `L` is the last day of the month.

    Raises:
        TimingWrong: cron_fields, cron_field, cron_weekday_steps, or cron_never for 30 February.
    """
    fields = text.lower().split()
    if len(fields) != len(_FIELDS):
        raise TimingWrong("cron_fields", count=len(fields))
    minute, hour, day, month, weekday = fields
    if "/" in weekday:
        raise TimingWrong("cron_weekday_steps")
    days = [part for part in day.split(",") if part != LAST.lower()]
    rule = Cron(
        minutes=tuple(sorted(_numbers("minute", minute))),
        hours=tuple(sorted(_numbers("hour", hour))),
        days=_numbers("day", ",".join(days)) if days else frozenset(),
        months=_numbers("month", month),
        weekdays=frozenset(number % 7 for number in _numbers("weekday", weekday)),
        last_day=len(days) < len(day.split(",")),
        each_hour="*" in hour,
        any_day=day.startswith("*"),
        any_weekday=weekday.startswith("*"),
    )
    if rule.any_weekday and not rule.last_day and not _exists(rule):
        raise TimingWrong("cron_never")
    return rule


def _exists(rule: Cron) -> bool:
    """Whether some month has one of the days; 2028 has a 29 February."""
    return any(min(rule.days) <= monthrange(2028, month)[1] for month in rule.months)


def _numbers(field: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_range(field, part))
    return frozenset(found)


def _range(field: str, part: str) -> range:
    low, high, names = _FIELDS[field]
    read = _ITEM.fullmatch(part)
    if read is None:
        raise TimingWrong("cron_field", field=field, value=part)
    number = _number_of(low, names)
    first = low if read[1] == "*" else number(read[1])
    last = high if read[1] == "*" or (read[3] and not read[2]) else number(read[2] or read[1])
    step = int(read[3] or 1)
    if (read[1] == "*" and read[2]) or not low <= first <= last <= high or not step:
        raise TimingWrong("cron_field", field=field, value=part)
    return range(first, last + 1, step)


def _number_of(low: int, names: tuple[str, ...]) -> Callable[[str], int]:
    def number(text: str) -> int:
        if text in names:
            return names.index(text) + low
        return int(text) if text.isdecimal() else -1

    return number
