"""Years of public holidays: shipped files, and what a deployment adds, which comes before them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server import audit, wire
from server.db import new_id
from server.errors import Detail, Refusal
from server.fieldwork.definitions.shipping import DEFINITIONS
from server.models.timetable import HolidayCalendar
from server.scoring.calendar import Calendar
from server.scoring.timetabling.holidays import (
    COUNTRIES,
    DayTable,
    HolidayYear,
    day_table,
    lint_year,
    read_year,
)

CALENDARS = DEFINITIONS / "calendars"


@cache
def shipped_years(country: str) -> Mapping[int, HolidayYear]:
    """The files `form_definitions/calendars/<country>/<year>.json`, read once a process."""
    found = (
        read_year(wire.loads(path.read_bytes())) for path in sorted((CALENDARS / country).glob("*.json"))
    )
    return {year.year: year for year in found if year is not None}


def known_years(connection: Connection, country: str) -> tuple[HolidayYear, ...]:
    """Every year of a country that is known, earliest first."""
    rows = connection.scalars(select(HolidayCalendar.content).where(HolidayCalendar.country == country))
    added = {year.year: year for year in map(read_year, rows) if year is not None}
    years = {**(shipped_years(country) if country else {}), **added}
    return tuple(years[year] for year in sorted(years))


def days_for(connection: Connection, zone: str, calendar: Mapping[str, Any] | None) -> DayTable:
    """Which days are worked on the clocks of a zone.

    Args:
        calendar: the programme's `calendar` as it is written; its own days come first.
    """
    country = COUNTRIES.get(zone)
    return day_table(known_years(connection, country) if country else (), _own(calendar or {}))


def add_year(connection: Connection, content: object, *, by: str, now: datetime) -> HolidayYear:
    """Enter a year, or put it in the place of what was known of that year.

    Raises:
        Refusal: invalid_fields with everything that is wrong with it.
    """
    problems = [Detail(each.code, each.pointer, each.params) for each in lint_year(content)]
    year = read_year(content)
    if problems or year is None:
        raise Refusal("invalid_fields", details=problems)
    values = {"content": cast(dict[str, Any], content), "created_at": now, "created_by": by}
    connection.execute(
        insert_or_change(HolidayCalendar)
        .values(id=new_id(), country=year.country, year=year.year, **values)
        .on_conflict_do_update(index_elements=["country", "year"], set_=values)
    )
    detail = {"hash": wire.fingerprint(cast(wire.Json, content))}
    subject = f"calendar:{year.country}/{year.year}"
    audit.record(connection, [audit.Entry(by, "holidays_entered", subject, detail)], at=now)
    return year


def _own(calendar: Mapping[str, Any]) -> Calendar:
    return Calendar(
        holidays=_days(calendar.get("holidays", ())), workdays=_days(calendar.get("workdays", ()))
    )


def _days(texts: str | Sequence[str]) -> frozenset[date]:
    """One date may stand without its list, as everywhere in a programme."""
    return frozenset(map(date.fromisoformat, [texts] if isinstance(texts, str) else texts))
