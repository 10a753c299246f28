"""When that comes which comes again: a cron rule in a zone, between two moments, moved off free days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from server.scoring.calendar.days import WorkingDays
from server.scoring.timetabling.cron import Cron

FREE_DAYS = ("keep", "next", "previous", "skip")
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
# 29 February comes again after eight years where a century is no leap year.
_FARTHEST = timedelta(days=366 * 9)
WEEKENDS = WorkingDays((), ())


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule of a coordinator, or of the plan.

    Attributes:
        free_days: what happens to an occurrence on a day on which nobody works.
        starts: occurrences from this moment on count.
        ends: occurrences before this moment count.
        working: which days are worked.
    """

    cron: Cron
    zone: ZoneInfo
    free_days: str = "keep"
    starts: datetime | None = None
    ends: datetime | None = None
    working: WorkingDays = WEEKENDS

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The newest occurrence in (`after`, `until`]; several missed ones count as this one."""
        first, day = _local(after, self.zone), _local(until, self.zone) + _DAY
        while day >= first - _DAY:
            if self.occurs_on(day):
                for moment in reversed(self.cron.moments(day, self.zone)):
                    if after < moment <= until and self._counts(moment):
                        return moment
            day -= _DAY
        return None

    def upcoming(self, after: datetime, count: int) -> tuple[datetime, ...]:
        """The next `count` occurrences after a moment, fewer where it ends before."""
        return tuple(islice(self._following(after, after + _FARTHEST), count))

    def between(self, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """Every occurrence in [`since`, `until`)."""
        return tuple(self._following(since - _INSTANT, until))

    def occurs_on(self, day: date) -> bool:
        """Whether it falls on this day, or was moved here from days on which nobody works."""
        if self.free_days == "keep":
            return self.cron.falls_on(day)
        if not self.working.includes(day):
            return False
        return self.cron.falls_on(day) or self._moves_to(day)

    def _moves_to(self, day: date) -> bool:
        """Whether one of the free days next to a working day sends its occurrence here.

        A day before the beginning or after the end sends none.
        """
        step = {"next": -_DAY, "previous": _DAY}.get(self.free_days)
        if step is None:
            return False
        first = _local(self.starts, self.zone) if self.starts else date.min
        last = last_day(self.ends, self.zone) if self.ends else date.max
        free = day + step
        while first <= free <= last and not self.working.includes(free):
            if self.cron.falls_on(free):
                return True
            free += step
        return False

    def _following(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Occurrences after one moment and before another, earliest first."""
        start = max(after, self.starts - _INSTANT) if self.starts else after
        end = min(until, self.ends) if self.ends else until
        day = _local(start, self.zone) - _DAY
        while day <= _local(end, self.zone):
            if self.occurs_on(day):
                yield from (moment for moment in self.cron.moments(day, self.zone) if start < moment < end)
            day += _DAY

    def _counts(self, moment: datetime) -> bool:
        return (self.starts is None or moment >= self.starts) and (self.ends is None or moment < self.ends)


def moved(day: date, free_days: str, working: WorkingDays) -> date:
    """A single day, moved off days on which nobody works; what recurs may skip one, what is once may not."""
    if free_days not in ("next", "previous") or working.includes(day):
        return day
    return working.later(day, 1) if free_days == "next" else working.earlier(day, 1)


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A reading of the zone's clocks, in UTC."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def day_over(day: date, zone: ZoneInfo) -> datetime:
    """24:00 of a day: the first moment after it."""
    return moment(day + _DAY, time.min, zone)


def last_day(end: datetime, zone: ZoneInfo) -> date:
    """The day to which a window belongs that ends, exclusively, at a moment."""
    return _local(end - _INSTANT, zone)


def _local(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
