"""When an outlet was open on a day, as far as its hours and the public holidays are known."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from server.fieldwork.organisation.opening_hours import HOLIDAYS, WEEKDAYS
from server.scoring.timetabling.holidays import DayTable

SATURDAY: Final = 5
MIDNIGHT: Final = "24:00"


def open_on(
    hours: Mapping[str, Any] | None, day: date, days: DayTable, zone: ZoneInfo
) -> tuple[tuple[datetime, datetime], ...] | None:
    """The spans of a day, () where it was closed; None where nobody said.

    A weekend that is worked (调休) opens as Mondays do. Of public holidays hours may say nothing.
    """
    if hours is None:
        return None
    spans = hours.get(_kind(day, days))
    if spans is None:
        return None
    return tuple((_at(day, start, zone), _at(day, end, zone)) for start, end in spans)


def _kind(day: date, days: DayTable) -> str:
    if day in days.holidays:
        return HOLIDAYS
    worked = day.weekday() >= SATURDAY and day in days.workdays
    return WEEKDAYS[0 if worked else day.weekday()]


def _at(day: date, written: str, zone: ZoneInfo) -> datetime:
    if written == MIDNIGHT:
        return datetime.combine(day + timedelta(days=1), time(), zone)
    return datetime.combine(day, time.fromisoformat(written), zone)
