"""The days of a duty: one slot a day, week, half month … with its first day, the day it is due, and grace.

Weeks run from Monday to Sunday and belong to the day on which they are due. Half months end with their 15th
day and with the month. Where only some days count (Mondays, working days), days are counted over those alone,
and a period without any has no slot: a week of holidays asks for nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from server.forms.expressions.tree import Path
from server.scoring.arithmetic import Formula, Value, exact_value, number_in
from server.scoring.calendar import Calendar
from server.scoring.programmes.definition import Duty, Programme
from server.scoring.programmes.settings import setting_of
from server.scoring.programmes.vocabulary import WEEKDAYS

DAY = timedelta(days=1)
HALF = 15
WORKING = "working"
# More than anybody does in a period; a parameter with a slip in it must not fill a table.
MOST_TIMES = 100


@dataclass(frozen=True, slots=True)
class Slot:
    """A period and its days; all of them belong to it. `closes` is the last day on which it still counts."""

    period: str
    opens: date
    due: date
    closes: date


@dataclass(frozen=True, slots=True)
class Settings:
    """The values that formulas of duties read: parameters as they were set, else their defaults."""

    values: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, programme: Programme, chosen: Mapping[str, object] | None = None) -> "Settings":
        """Those of a programme, with what was chosen over the defaults."""
        raw = {name: each.default for name, each in programme.parameters.items()} | dict(chosen or {})
        known = {
            name: exact_value(setting_of(programme.parameters[name], value))
            for name, value in raw.items()
            if name in programme.parameters and value is not None
        }
        return cls({**programme.policies, **known})

    def get(self, name: str, path: Path, /) -> Value:
        """The value of a name."""
        return None if path else self.values.get(name)

    def whole(self, formula: Formula | None, default: int) -> int | None:
        """A formula's whole number, rounded down; None where a setting is missing or it is below nothing."""
        if formula is None:
            return default
        number = number_in(formula.value(self))
        return None if number is None or number < 0 else int(number)


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a programme's duties are read with: its calendar and its settings."""

    calendar: Calendar
    settings: Settings

    def times(self, duty: Duty) -> int:
        """How often in each period."""
        return min(self.settings.whole(duty.times, 1) or 0, MOST_TIMES)

    def grace(self, duty: Duty) -> int:
        """Days after the due day on which it still counts."""
        return self.settings.whole(duty.grace, 0) or 0


def slots(duty: Duty, agenda: Agenda, first: date, last: date) -> Iterator[Slot]:
    """The slots that touch these days, earliest first; none for what happens by chance."""
    periods = _PERIODS.get(duty.every)
    if periods is None:
        return
    # What was due before the first of these days may still be within its grace.
    for name, starts, ends in periods(agenda.calendar, first - agenda.grace(duty) * DAY, last):
        days = [day for day in _days(starts, ends) if _counts(duty, agenda.calendar, day)]
        slot = _slot(duty, agenda, name, days)
        touches = slot is not None and slot.opens <= last and slot.closes >= first
        if slot is not None and touches and _in_force(duty, agenda.calendar, slot.due):
            yield slot


def _slot(duty: Duty, agenda: Agenda, name: str, days: list[date]) -> Slot | None:
    opens = agenda.settings.whole(duty.opens, 1)
    due = agenda.settings.whole(duty.due, len(days))
    if not days or opens is None or due is None:
        return None
    start, end = (days[min(max(number, 1), len(days)) - 1] for number in (opens, due))
    return Slot(name, min(start, end), end, end + agenda.grace(duty) * DAY)


def _days(starts: date, ends: date) -> Iterator[date]:
    return (starts + DAY * number for number in range((ends - starts).days + 1))


def _counts(duty: Duty, calendar: Calendar, day: date) -> bool:
    if WORKING in duty.days and not calendar.is_working_day(day):
        return False
    named = duty.days - {WORKING}
    return not named or WEEKDAYS[day.weekday()] in named


def _in_force(duty: Duty, calendar: Calendar, day: date) -> bool:
    """Days without a year hold in every scheme year; from November until February goes round its end."""
    starts, ends = (_in_year(text, calendar, day) for text in (duty.starts, duty.ends))
    if starts and ends and starts > ends and len(duty.starts) == len(duty.ends) == len("12-15"):
        return day >= starts or day <= ends
    return (starts is None or day >= starts) and (ends is None or day <= ends)


def _in_year(text: str, calendar: Calendar, day: date) -> date | None:
    if not text:
        return None
    if len(text) > len("12-15"):
        return date.fromisoformat(text)
    month, of_month = map(int, text.split("-"))
    whole = calendar.periods("year", calendar.year_of(day))
    if not whole:
        return None
    for year in (whole[0].starts.year, whole[0].starts.year + 1):
        found = date(year, month, 1) + (of_month - 1) * DAY
        if whole[0].starts <= found <= whole[0].ends:
            return found
    return None


Periods = Iterator[tuple[str, date, date]]


def _each_day(_calendar: Calendar, first: date, last: date) -> Periods:
    return ((day.isoformat(), day, day) for day in _days(first, last))


def _weeks(_calendar: Calendar, first: date, last: date) -> Periods:
    monday = first - first.weekday() * DAY
    while monday <= last:
        year, week, _ = monday.isocalendar()
        yield f"{year:04d}-W{week:02d}", monday, monday + 6 * DAY
        monday += 7 * DAY


def _half_months(calendar: Calendar, first: date, last: date) -> Periods:
    for name, starts, ends in _regular("month")(calendar, first, last):
        middle = starts + (HALF - 1) * DAY
        yield f"{name}/1", starts, middle
        yield f"{name}/2", middle + DAY, ends


def _regular(kind: str) -> Callable[[Calendar, date, date], Periods]:
    def periods(calendar: Calendar, first: date, last: date) -> Periods:
        for year in range(calendar.year_of(first), calendar.year_of(last) + 1):
            for each in calendar.periods(kind, year):
                if each.starts <= last and each.ends >= first:
                    yield each.id, each.starts, each.ends

    return periods


_PERIODS: Mapping[str, Callable[[Calendar, date, date], Periods]] = {
    "day": _each_day,
    "week": _weeks,
    "half_month": _half_months,
    **{kind: _regular(kind) for kind in ("month", "quarter", "half", "year")},
}
