"""One programme's calendar: which period a day belongs to, what came before it, what is due when."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from server.scoring.calendar.days import Span, WorkingDays, days_later, months_later
from server.scoring.calendar.deadlines import DateRule, Deadline, deadlines
from server.scoring.calendar.periods import (
    MONTHS,
    MonthAndDay,
    Period,
    Phase,
    is_year,
    phase_periods,
    regular_periods,
    year_start,
)


@dataclass(frozen=True)
class Calendar:
    """A scheme year and what divides it. A definition that contradicts itself is the linter's to find.

    Every period is made once, so one object stands for it wherever it is asked for.
    """

    year_starts: MonthAndDay = (1, 1)
    phases: tuple[Phase, ...] = ()
    holidays: frozenset[date] = field(default_factory=frozenset)
    workdays: frozenset[date] = field(default_factory=frozenset)
    dates: tuple[DateRule, ...] = ()

    def year_of(self, day: date) -> int:
        """The scheme year of a day, named after the calendar year in which it starts."""
        return day.year if day >= year_start(self.year_starts, day.year) else day.year - 1

    def periods(self, kind: str, year: int) -> tuple[Period, ...]:
        """The periods of one kind in a scheme year, earliest first; none for `visit` and `wave`."""
        made = self._made.get((kind, year))
        if made is None:
            made = self._made[kind, year] = self._periods(kind, year)
        return made

    def containing(self, kind: str, day: date) -> Period | None:
        """The period a day belongs to, None in a gap between phases."""
        key = (kind, day)
        if key not in self._found:
            self._found[key] = self._containing(kind, day)
        return self._found[key]

    def earlier(self, period: Period, back: int = 1) -> Period | None:
        """The period of the same kind `back` (0 or more) before this one, also in years before."""
        year = self.year_of(period.starts)
        siblings = self.periods(period.kind, year)
        place = next((at for at, other in enumerate(siblings) if other.id == period.id), None)
        if place is None:
            return None
        while place < back:
            year -= 1
            if not is_year(year):
                return None
            place += len(self.periods(period.kind, year))
        return self.periods(period.kind, year)[place - back]

    def within(self, inner: Period, kind: str) -> Period | None:
        """The period of `kind` that contains all of `inner`; for a wave or a visit its last day decides."""
        outer = self.containing(kind, inner.ends)
        if outer is None or inner.kind in ("visit", "wave"):
            return outer
        return outer if outer.starts <= inner.starts else None

    def later(self, day: date, span: Span) -> date:
        """`span` after `day`: 31 January and a month is 28 or 29 February."""
        return self._working_days.later(
            days_later(months_later(day, span.months), span.days), span.working_days
        )

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday but for holidays, and worked weekends."""
        return self._working_days.includes(day)

    def deadlines(self, year: int) -> tuple[Deadline, ...]:
        """Every date of a scheme year and what follows from it, by day, then in the order of the rules."""
        return deadlines(self.dates, self.year_starts, year, self.later) if is_year(year) else ()

    def _periods(self, kind: str, year: int) -> tuple[Period, ...]:
        if not is_year(year):
            return ()
        if kind == "phase":
            return phase_periods(self.phases, self.year_starts, year)
        return regular_periods(kind, self.year_starts, year) if kind in MONTHS else ()

    def _containing(self, kind: str, day: date) -> Period | None:
        periods = self.periods(kind, self.year_of(day))
        place = bisect_right(periods, day, key=lambda period: period.starts) - 1
        found = periods[place] if place >= 0 else None
        return found if found is not None and day <= found.ends else None

    @cached_property
    def _made(self) -> dict[tuple[str, int], tuple[Period, ...]]:
        return {}

    @cached_property
    def _found(self) -> dict[tuple[str, date], Period | None]:
        return {}

    @cached_property
    def _working_days(self) -> WorkingDays:
        return WorkingDays(self.holidays, self.workdays)
