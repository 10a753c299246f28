"""Deadlines in working days, on the clocks of a wave and by the calendar of its programme."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.fieldwork.timetable.holidays import days_for
from server.models.definitions import ProgrammeVersion


def end_after(connection: Connection, wave: AnyRow, days: int, now: datetime) -> datetime:
    """The first moment after the `days`-th working day from today on: that day counts whole.

    Args:
        wave: programme_version_id, timezone.
    """
    content = connection.execute(
        select(ProgrammeVersion.content["calendar"]).where(ProgrammeVersion.id == wave.programme_version_id)
    ).scalar_one()
    zone = ZoneInfo(wave.timezone)
    working = days_for(connection, wave.timezone, content).working
    last = working.later(now.astimezone(zone).date(), days)
    return datetime.combine(last + timedelta(days=1), time.min, zone)
