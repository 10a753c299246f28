"""A programme's year: what is due when and for whom, what starts which clock, and what of it is planned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.timetable.holidays import days_for
from server.fieldwork.timetable.planning import audiences, compiled, year_prefix
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.scope import Scope
from server.scoring.calendar import DateRule
from server.scoring.programmes.definition import Programme, Text
from server.scoring.timetabling.planned import Planned, year_entries
from server.scoring.timetabling.recurrence import last_day
from server.scoring.timetabling.settings import Steps

SHOWN = ("delivery", "feedback", "pre_assessment", "period_end", "settlement")


@dataclass(frozen=True, slots=True)
class YearRow:
    """One date of the year.

    Attributes:
        day: the last day on which it is in time; for the end of a period the day on which its work begins.
        audience: for whom, by language; empty where the definition does not say.
        clock: the rule of a date that another one starts, else None; `after` is that one's title.
        state: `open` (not in the timetable), `planned`, `fired` or `cancelled`.
    """

    planned: Planned
    day: date
    audience: Text
    clock: DateRule | None
    after: Text
    state: str


@dataclass(frozen=True, slots=True)
class ProgrammeYear:
    """Attributes: unknown: years of which only weekends are known to be free."""

    programme: AnyRow
    year: int
    rows: tuple[YearRow, ...]
    unknown: tuple[int, ...]


def programme_year(
    connection: Connection, key: str, year: int | None, scope: Scope, *, now: datetime
) -> ProgrammeYear:
    """The dates of a scheme year, the present one unless another is named, in the order of time.

    Raises:
        Refusal: not_found when the programme is not published within the scope, or cannot be compiled.
    """
    version = find_programme(connection, key, scope)
    scheme = compiled(connection, version.id)
    if scheme is None:
        raise Refusal("not_found")
    zone = scheme.zone
    wanted = year or scheme.calendar.year_of(now.astimezone(zone).date())
    days = days_for(connection, str(zone), version.content.get("calendar"))
    entries = year_entries(scheme, wanted, audiences(version.content), days.working, Steps())
    known = _known(connection, year_prefix(key, wanted))
    rows = tuple(_row(scheme, each, known) for each in entries if each.kind in SHOWN)
    # A year beyond the calendar's own limits has no periods and no dates either.
    starts = [period.starts for period in scheme.calendar.periods("year", wanted)]
    unknown = days.unknown(starts[0], max((row.day for row in rows), default=starts[0])) if starts else ()
    return ProgrammeYear(version, wanted, rows, unknown)


def _row(scheme: Programme, each: Planned, known: Mapping[str, str]) -> YearRow:
    rules = {rule.name: rule for rule in scheme.calendar.dates}
    rule = rules.get(str(each.details.get("date", "")))
    kind = scheme.kinds.get(str(each.details.get("for", "")))
    clock = rule if rule is not None and rule.after else None
    return YearRow(
        planned=each,
        day=_day(each, scheme),
        audience=kind.title if kind else {},
        clock=clock,
        after=scheme.date_titles.get(clock.after, {}) if clock else {},
        state=known.get(each.key, "open"),
    )


def _day(each: Planned, scheme: Programme) -> date:
    """The day of a deadline is the last one that counts; the work of a period's end has a day of its own."""
    if each.due is not None:
        return last_day(each.due, scheme.zone)
    return each.at.astimezone(scheme.zone).date() if each.at is not None else date.max


def _known(connection: Connection, prefix: str) -> Mapping[str, str]:
    """Key within the year -> state of the entries that are rows."""
    fired = select(TimetableOccurrence.id).where(TimetableOccurrence.entry_id == TimetableEntry.id).exists()
    rows = connection.execute(
        select(TimetableEntry.key, TimetableEntry.cancelled_at, fired.label("fired")).where(
            TimetableEntry.key.startswith(prefix, autoescape=True)
        )
    )
    return {
        row.key.removeprefix(prefix): "cancelled" if row.cancelled_at else "fired" if row.fired else "planned"
        for row in rows
    }
