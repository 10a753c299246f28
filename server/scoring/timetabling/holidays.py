"""Public holidays of a year, with the weekends that are worked for them (调休).

They are announced late in the year before, so each year is a file of its own with its source. A year that
nobody entered is not guessed: then only weekends are free, and pages say so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from server.scoring.calendar import Calendar
from server.scoring.calendar.days import WorkingDays
from server.scoring.problems import Problem
from server.scoring.programmes.shapes import Field, Part, Shape, read
from server.scoring.reading import Findings

HOLIDAY = Shape(
    "holiday",
    (
        Field("title", "text", required=True),
        Field("from", "date", required=True),
        Field("to", "date", required=True),
    ),
)
YEAR = Shape(
    "calendar",
    (
        Field("country", "word", required=True),
        Field("year", "whole", required=True),
        Field("source", "word", required=True),
        Field("holidays", "shapes", required=True, shape=HOLIDAY),
        Field("workdays", "dates"),
    ),
)
# Whose public holidays hold on the clocks of a zone. Elsewhere a programme lists its own.
COUNTRIES: Mapping[str, str] = dict.fromkeys(
    ("Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "PRC"), "CN"
)
_DAY = timedelta(days=1)
_SATURDAY = 5
# The New Year's days off may begin in December: 30 December 2018 and the worked 29th came with 2019.
_BEFORE = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """One country's year. `titles` says which holiday a day belongs to, by language."""

    country: str
    year: int
    source: str
    titles: Mapping[date, Mapping[str, str]]
    workdays: frozenset[date]


@dataclass(frozen=True)
class DayTable:
    """Which days are worked: public holidays of the years there are, and over them a programme's own days.

    Attributes:
        years: those whose public holidays are known.
        titles: names of public holidays, by day.
    """

    holidays: frozenset[date] = field(default_factory=frozenset)
    workdays: frozenset[date] = field(default_factory=frozenset)
    years: frozenset[int] = field(default_factory=frozenset)
    titles: Mapping[date, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def working(self) -> WorkingDays:
        """For counting working days."""
        return WorkingDays(self.holidays, self.workdays)

    def unknown(self, first: date, last: date) -> tuple[int, ...]:
        """The years of a stretch of days of which only weekends are known to be free."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.years)


def day_table(years: Iterable[HolidayYear], own: Calendar) -> DayTable:
    """The years together; what the programme itself says of a day comes before what the country says."""
    known = tuple(years)
    titles = {day: title for year in known for day, title in year.titles.items()}
    worked = frozenset(day for year in known for day in year.workdays)
    return DayTable(
        holidays=(frozenset(titles) - own.workdays) | own.holidays,
        # A holiday of the programme's own on a worked weekend is free; a day it lists as worked is worked.
        workdays=(worked - own.holidays) | own.workdays,
        years=frozenset(year.year for year in known),
        titles=titles,
    )


def lint_year(content: object) -> tuple[Problem, ...]:
    """Everything wrong with a year's file."""
    findings = Findings()
    _read(content, findings)
    return tuple(findings.problems)


def read_year(content: object) -> HolidayYear | None:
    """The year, or None when something is wrong with it."""
    findings = Findings()
    year = _read(content, findings)
    return None if findings.fatal else year


def _read(content: object, findings: Findings) -> HolidayYear:
    part = read(YEAR, content, "", findings)
    year = part.whole("year")
    titles: dict[date, Mapping[str, str]] = {}
    for row in part.parts("holidays"):
        for day in _days_of(row, findings):
            _in_year(day, year, row.at("from"), findings)
            if day in titles:
                findings.add(row.pointer, "holiday_overlap", date=day.isoformat())
            titles[day] = _title(row)
    workdays = [date.fromisoformat(text) for text in part.words("workdays")]
    for index, day in enumerate(workdays):
        pointer = f"{part.at('workdays')}/{index}"
        _in_year(day, year, pointer, findings)
        if day.weekday() < _SATURDAY:
            findings.add(pointer, "workday_no_weekend", date=day.isoformat())
        if day in titles:
            findings.add(pointer, "workday_is_holiday", date=day.isoformat())
    return HolidayYear(part.text("country"), year, part.text("source"), titles, frozenset(workdays))


def _days_of(row: Part, findings: Findings) -> Iterator[date]:
    if not (row.has("from") and row.has("to")):
        return
    first, last = date.fromisoformat(row.text("from")), date.fromisoformat(row.text("to"))
    if last < first:
        findings.add(row.pointer, "holiday_reversed")
    # A slip in a year must not become a million days.
    for count in range(min((last - first).days + 1, 366)):
        yield first + _DAY * count


def _title(row: Part) -> Mapping[str, str]:
    return {name: str(text) for name, text in row.mapping("title").items()}


def _in_year(day: date, year: int, pointer: str, findings: Findings) -> None:
    if year and (day + _BEFORE).year != year and day.year != year:
        findings.add(pointer, "holiday_other_year", date=day.isoformat(), year=year)
