"""Decent hours: on the clocks of the unit that a message is about, and held until then, not dropped."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WEEK: Final = 7
# The longest stretch without a decent hour that is looked through: a week of one day, all of them holidays.
SEARCHED_DAYS: Final = 60


def no_day_off(zone: str, day: date) -> bool:
    """For rules that know no holidays."""
    return False


@dataclass(frozen=True, slots=True)
class DecentHours:
    """When messages may leave.

    Attributes:
        quiet_from, quiet_until: none leaves from the one, in the evening, to the other, in the morning; both
            None for any hour.
        weekdays: days on which messages leave, 0 is Monday; empty for all.
        holidays: whether none leaves on a public holiday.
    """

    quiet_from: time | None = time(20)
    quiet_until: time | None = time(9)
    weekdays: tuple[int, ...] = ()
    holidays: bool = False

    def first_from(
        self, at: datetime, zone: str, is_off: Callable[[str, date], bool] = no_day_off
    ) -> datetime:
        """The first moment from `at` on, in UTC, at which a message may leave.

        Args:
            is_off: whether a day is a public holiday on the clocks of a zone.

        Raises:
            ValueError: when two months hold no such moment.
        """
        clocks = ZoneInfo(zone)
        today = at.astimezone(clocks).date()
        for day in (today + timedelta(days=days) for days in range(SEARCHED_DAYS)):
            if self.weekdays and day.weekday() not in self.weekdays:
                continue
            if self.holidays and is_off(zone, day):
                continue
            start, end = self._of_day(day, clocks)
            if at < end:
                return max(at.astimezone(UTC), start)
        raise ValueError("two months without a decent hour")

    def _of_day(self, day: date, clocks: ZoneInfo) -> tuple[datetime, datetime]:
        midnight = time()
        start = datetime.combine(day, self.quiet_until or midnight, tzinfo=clocks)
        last = day if self.quiet_from else day + timedelta(days=1)
        end = datetime.combine(last, self.quiet_from or midnight, tzinfo=clocks)
        return start.astimezone(UTC), end.astimezone(UTC)
