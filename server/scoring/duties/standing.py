"""How a duty stands at a moment, and how much of what was due was done.

Nobody writes that something was missed: it is missed because its time has passed. What was done within the
grace is done, and late. What was excused is not due.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

UPCOMING: Final = "upcoming"
OPEN: Final = "open"
DONE: Final = "done"
DONE_LATE: Final = "done_late"
MISSED: Final = "missed"
EXCUSED: Final = "excused"
STATES: Final = (UPCOMING, OPEN, DONE, DONE_LATE, MISSED, EXCUSED)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of an occurrence: what is due on the 5th has the first moment of the 6th as `due_at`."""

    opens_at: datetime
    due_at: datetime
    closes_at: datetime
    done_at: datetime | None = None
    excused: bool = False


def state(times: Times, now: datetime) -> str:
    """One of `STATES`."""
    if times.excused:
        return EXCUSED
    if times.done_at is not None:
        return DONE if times.done_at < times.due_at else DONE_LATE
    if now >= times.closes_at:
        return MISSED
    return OPEN if now >= times.opens_at else UPCOMING


@dataclass(frozen=True, slots=True)
class Completion:
    """Of those whose time has come: how many were done in time, late, or missed. Open ones are beside it."""

    done: int
    late: int
    missed: int
    excused: int
    open: int

    @property
    def due(self) -> int:
        """Over how many the rate is taken."""
        return self.done + self.late + self.missed

    @property
    def rate(self) -> Fraction | None:
        """Done of due, exact, None where nothing was due."""
        return Fraction(self.done + self.late, self.due) if self.due else None


def completion(states: Iterable[str]) -> Completion:
    """The completion of any number of occurrences."""
    return of_counts(Counter(states))


def of_counts(count: Mapping[str, int]) -> Completion:
    """The same, where they were counted by state."""
    return Completion(*(count.get(state, 0) for state in (DONE, DONE_LATE, MISSED, EXCUSED, OPEN)))


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday through Sunday, and the one before it: what a list of a Monday morning is about."""

    monday: date

    @classmethod
    def of(cls, day: date) -> "Week":
        """The week that a day belongs to."""
        return cls(day - timedelta(days=day.weekday()))

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def before(self) -> "Week":
        """The week before."""
        return Week(self.monday - WEEK)

    @property
    def after(self) -> "Week":
        """The week after."""
        return Week(self.monday + WEEK)
