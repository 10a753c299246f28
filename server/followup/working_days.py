"""Deadlines in working days, by the calendar of a programme."""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.fieldwork.timetable.holidays import days_for
from server.models.definitions import ProgrammeVersion


def end_of_wave_after(connection: Connection, wave: AnyRow, days: int, now: datetime) -> datetime:
    """As `end_after`, by the programme and on the clocks of a wave: programme_version_id, timezone."""
    return end_after(connection, wave.programme_version_id, wave.timezone, days, now)


def end_after(connection: Connection, version_id: UUID, timezone: str, days: int, now: datetime) -> datetime:
    """The first moment after the `days`-th working day from today on: that day counts whole.

    Args:
        version_id: of the programme whose holidays count.
    """
    calendar = select(ProgrammeVersion.content["calendar"]).where(ProgrammeVersion.id == version_id)
    content = connection.execute(calendar).scalar_one()
    zone = ZoneInfo(timezone)
    working = days_for(connection, timezone, content).working
    last = working.later(now.astimezone(zone).date(), days)
    return datetime.combine(last + timedelta(days=1), time.min, zone)
