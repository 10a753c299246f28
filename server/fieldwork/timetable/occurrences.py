"""When the entries of the timetable occur: rows become rules, and what is due is found."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, or_, select

from server.db import AnyRow
from server.fieldwork.timetable.holidays import days_for
from server.models.definitions import ProgrammeVersion
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.models.waves import Wave
from server.scoring.calendar.days import WorkingDays
from server.scoring.timetabling.cron import parse_cron
from server.scoring.timetabling.recurrence import WEEKENDS, Recurrence

# An entry without a beginning that has never fired is not owed the years before it.
LOOK_BACK = timedelta(days=1)
# How long a clock may be down: older than this nothing is caught up with, nor looked at every ten seconds.
LONGEST_DOWN = timedelta(days=60)
_INSTANT = timedelta(microseconds=1)


def waiting(connection: Connection, now: datetime) -> Sequence[AnyRow]:
    """Entries that may be due: with `last`, their newest occurrence, and `calendar`, their programme's."""
    last = (
        select(func.max(TimetableOccurrence.occurs_at))
        .where(TimetableOccurrence.entry_id == TimetableEntry.id)
        .correlate(TimetableEntry)
        .scalar_subquery()
    )
    recent = TimetableEntry.at.between(now - LONGEST_DOWN, now)
    once = and_(recent, or_(last.is_(None), last < TimetableEntry.at))
    ended = TimetableEntry.ends_at < now - LONGEST_DOWN
    query = (
        select(
            *TimetableEntry.__table__.columns,
            last.label("last"),
            ProgrammeVersion.content["calendar"].label("calendar"),
        )
        .join(ProgrammeVersion, ProgrammeVersion.id == TimetableEntry.programme_version_id, isouter=True)
        .join(Wave, Wave.id == TimetableEntry.wave_id, isouter=True)
        .where(TimetableEntry.enabled, TimetableEntry.cancelled_at.is_(None))
        .where(or_(once, and_(TimetableEntry.at.is_(None), ended.is_not(True))))
        .where(or_(Wave.id.is_(None), Wave.state != "cancelled"))
        .order_by(TimetableEntry.key)
    )
    return connection.execute(query).all()


def due(entry: Any, last: datetime | None, now: datetime, working: WorkingDays = WEEKENDS) -> datetime | None:
    """The newest occurrence that should have fired by now and has not; several missed ones count once.

    An entry that was moved to a later moment is due again then. A cron entry that has neither fired nor a
    beginning is due at the newest occurrence of the day before.

    Raises:
        ValueError, LookupError: for a rule or a time zone that is none.
    """
    if entry.at is not None:
        early = entry.at > now or (entry.starts_at is not None and entry.at < entry.starts_at)
        fired = last is not None and last >= entry.at
        return None if early or fired else cast(datetime, entry.at)
    begins = entry.starts_at - _INSTANT if entry.starts_at is not None else now - LOOK_BACK
    return recurrence_of(entry, working).latest(last or begins, now)


def recurrence_of(entry: Any, working: WorkingDays = WEEKENDS) -> Recurrence:
    """The rule of a recurring entry.

    Raises:
        ValueError, LookupError: for a rule or a time zone that is none.
    """
    return Recurrence(
        cron=parse_cron(entry.cron or ""),
        zone=ZoneInfo(entry.timezone),
        free_days=entry.free_days,
        starts=entry.starts_at,
        ends=entry.ends_at,
        working=working,
    )


class DaysOf:
    """The working days that count for entries (with `calendar`, their programme's), each looked up once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, UUID | None], WorkingDays] = {}

    def __call__(self, entry: Any) -> WorkingDays:
        """Asked only where an entry moves off free days."""
        if entry.free_days == "keep":
            return WEEKENDS
        place = (entry.timezone, entry.programme_version_id)
        if place not in self._known:
            self._known[place] = days_for(self._connection, entry.timezone, entry.calendar).working
        return self._known[place]
