"""The days of a roster as bits of an integer, so that sets of days meet in one operation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from server.rostering.codes import RosterError
from server.rostering.rules import Rules
from server.rostering.visits import WEEKDAYS, Visit

MOST_DAYS = 731


@dataclass(frozen=True, slots=True)
class Horizon:
    """`length` days from `first`; bit 0 is the first of them."""

    first: date
    length: int

    @classmethod
    def over(cls, visits: Iterable[Visit]) -> "Horizon":
        """From the first to the last day of all windows.

        Raises:
            RosterError: `horizon_too_long`.
        """
        windows = [(visit.first, visit.last) for visit in visits]
        if not windows:
            return cls(date.min, 0)
        first, last = min(window[0] for window in windows), max(window[1] for window in windows)
        length = (last - first).days + 1
        if length > MOST_DAYS:
            raise RosterError("horizon_too_long", days=length, most=MOST_DAYS)
        return cls(first, length)

    @property
    def whole(self) -> int:
        """Every day."""
        return (1 << self.length) - 1

    def day(self, index: int) -> date:
        """The day of a bit."""
        return self.first + timedelta(days=index)

    def index(self, day: date) -> int:
        """The bit of a day; it may lie outside."""
        return (day - self.first).days

    def since(self, day: date) -> int:
        """This day and all later ones."""
        return self.whole & ~self.before(day)

    def before(self, day: date) -> int:
        """All days before this one."""
        return (1 << min(max(self.index(day), 0), self.length)) - 1

    def until(self, day: date) -> int:
        """All days up to this one, which is included."""
        return (1 << min(max(self.index(day) + 1, 0), self.length)) - 1

    def of(self, days: Iterable[date]) -> int:
        """Those of the days that lie within."""
        mask = 0
        for day in days:
            index = self.index(day)
            if 0 <= index < self.length:
                mask |= 1 << index
        return mask

    def weekdays(self, names: Iterable[str]) -> int:
        """Every day with one of these names, of `WEEKDAYS`."""
        wanted = {WEEKDAYS.index(name) for name in names}
        return self.of(day for day in map(self.day, range(self.length)) if day.weekday() in wanted)

    def window(self, visit: Visit) -> int:
        """The days on which a visit may be made at all."""
        allowed = self.since(visit.first) & self.until(visit.last) & self.weekdays(visit.weekdays)
        return allowed & ~self.of(visit.closed)

    def weekend(self, rules: Rules) -> int:
        """The days that count as weekend."""
        return self.weekdays(("sat", "sun")) if rules.weekend_days is None else self.of(rules.weekend_days)

    def monday(self, index: int) -> date:
        """The Monday of a day's week."""
        day = self.day(index)
        return day - timedelta(days=day.weekday())


def bits(mask: int) -> Iterator[int]:
    """The days of a mask, the first one first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
