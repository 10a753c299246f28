"""Compiles the calendar of a programme, and finds phases and dates that contradict each other."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from server.scoring.calendar import Calendar, DateRule, Phase, Span
from server.scoring.programmes.definition import Text
from server.scoring.programmes.draft import text_of
from server.scoring.programmes.shapes import Part
from server.scoring.reading import Findings

_ZONE = "Asia/Shanghai"
# Any year that is no leap year shows whether phases touch.
_A_YEAR = 2026
# Some months have no 29th to start with.
_LATEST_START = 28
_DAYS = {"month": 31, "quarter": 92}


def compile_calendar(part: Part, findings: Findings) -> tuple[Calendar, Mapping[str, Text]]:
    """The calendar, and the titles of its dates."""
    rows = part.parts("dates")
    calendar = Calendar(
        year_starts=_month_day(part.text("yearStarts", "01-01")),
        phases=tuple(map(_phase, part.parts("phases"))),
        holidays=_days(part.words("holidays")),
        workdays=_days(part.words("workdays")),
        dates=tuple(map(_date_rule, rows)),
    )
    _check_year(part, calendar, findings)
    _check_phases(calendar, part, findings)
    _check_dates(rows, findings)
    for row in rows:
        _check_day(row, findings)
    return calendar, {row.text("name"): text_of(row, "title") for row in rows}


def compile_zone(part: Part, findings: Findings) -> ZoneInfo:
    """The zone in which a day ends."""
    name = part.text("zone", _ZONE)
    if name not in _zones():
        findings.add(part.at("zone"), "unknown_zone", "error", name=name, suggestion="")
        name = _ZONE
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    """Every zone there is. Listing them opens six hundred files, which took longer than all the rest."""
    return frozenset(available_timezones())


def _month_day(text: str) -> tuple[int, int]:
    month, day = text.split("-")[-2:]
    return int(month), int(day)


def _days(texts: Iterable[str]) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, texts))


def _phase(part: Part) -> Phase:
    starts, ends = _month_day(part.text("from", "01-01")), _month_day(part.text("to", "12-31"))
    return Phase(part.text("name"), starts, ends, part.mapping("values"))


def _date_rule(part: Part) -> DateRule:
    on = part.text("on")
    year = int(on[:4]) if len(on) > len("12-15") else None
    span = Span(part.whole("months"), part.whole("days"), part.whole("workingDays"))
    return DateRule(
        name=part.text("name"),
        on=(year, *_month_day(on)) if on else None,
        each=part.text("each"),
        day=part.whole("day"),
        after=part.text("after"),
        span=span if part.has("after") else None,
    )


def _check_year(part: Part, calendar: Calendar, findings: Findings) -> None:
    if calendar.year_starts[1] > _LATEST_START:
        findings.add(part.at("yearStarts"), "year_starts_late")


def _check_day(row: Part, findings: Findings) -> None:
    """The day belongs to `each`, the stretch of time to `after`."""
    each, day = row.text("each"), row.whole("day")
    needs = {"day": "each", "months": "after", "days": "after", "workingDays": "after"}
    for name, needed in needs.items():
        if row.has(name) and not row.has(needed):
            findings.add(row.at(name), "programme_property_without", property=name, needs=needed)
    if each and not row.has("day"):
        findings.add(row.pointer, "programme_missing_property", property="day")
    elif each and not 1 <= day <= _DAYS[each]:
        findings.add(row.at("day"), "date_day_out_of_range", day=day, limit=_DAYS[each])
    if row.has("after") and not any(row.has(name) for name in ("months", "days", "workingDays")):
        findings.add(row.pointer, "programme_one_of", options="months, days, workingDays")


def _check_phases(calendar: Calendar, part: Part, findings: Findings) -> None:
    """Phases that overlap would count a visit twice, a gap between them would count it nowhere."""
    pointers = {row.text("name"): row.pointer for row in part.parts("phases")}
    if len(pointers) < len(calendar.phases):
        findings.add(part.at("phases"), "programme_name_taken", name=calendar.phases[-1].name)
        return
    periods = calendar.periods("phase", _A_YEAR)
    for name in pointers.keys() - {period.name for period in periods}:
        findings.add(pointers[name], "phase_without_days", name=name)
    for before, after in pairwise(periods):
        if after.starts <= before.ends:
            findings.add(pointers[after.name], "phase_overlap", name=after.name, other=before.name)
        elif (after.starts - before.ends).days > 1:
            params = {"name": after.name, "other": before.name}
            findings.add(pointers[after.name], "phase_gap", "warning", **params)


def _check_dates(rows: tuple[Part, ...], findings: Findings) -> None:
    after = {row.text("name"): row.text("after") for row in rows}
    for row in rows:
        if list(after).count(row.text("name")) > 1 or len(after) < len(rows):
            _check_twice(row, rows, findings)
        seen, name = {row.text("name")}, row.text("after")
        while name in after and name not in seen:
            seen.add(name)
            name = after[name]
        if name in seen:
            findings.add(row.at("after"), "date_cycle", name=row.text("name"))
        elif name:
            findings.add(row.at("after"), "unknown_date", name=name, suggestion="")


def _check_twice(row: Part, rows: tuple[Part, ...], findings: Findings) -> None:
    first = next(each for each in rows if each.text("name") == row.text("name"))
    if first is not row:
        findings.add(row.at("name"), "programme_name_taken", name=row.text("name"))
