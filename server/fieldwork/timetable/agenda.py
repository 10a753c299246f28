"""The timetable as people read it: what fired and when, what comes, within a scope."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.fieldwork.timetable.holidays import days_for
from server.fieldwork.timetable.occurrences import DaysOf, recurrence_of
from server.fieldwork.timetable.planning import SYSTEM
from server.models.definitions import Programme, ProgrammeVersion
from server.models.organisation import Unit
from server.models.timetable import TimetableEntry, TimetableOccurrence
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.timetabling.recurrence import last_day

# More than anybody reads on one page; a rule for every minute must not fill it.
MOST = 2_000
# The clock reads the timetable every ten seconds; what has not fired after this was missed so far.
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Item:
    """One occurrence.

    Attributes:
        entry: every column of the entry, `wave_title`, `wave_title_en`, `wave_code`, `wave_state`,
            `programme`, `programme_title`.
        state: `fired`, `late` (its time has come, it has not fired yet), `next` (to come), `passed` (its time
            was over when it was planned) or `cancelled`.
    """

    entry: AnyRow
    at: datetime
    fired_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` up to `until`, as seen at `now`."""

    since: datetime
    until: datetime
    now: datetime


def agenda(
    connection: Connection, scope: Scope, stretch: Stretch, *, wave_id: UUID | None = None
) -> list[Item]:
    """What happened and what comes within a stretch of time, in its order."""
    query = _entries(scope).where(_within(stretch))
    if wave_id is not None:
        query = query.where(TimetableEntry.wave_id == wave_id)
    entries = {row.id: row for row in connection.execute(query).all()}
    occurrences = select(*TimetableOccurrence.__table__.columns).where(
        TimetableOccurrence.entry_id.in_(entries),
        TimetableOccurrence.occurs_at >= stretch.since,
        TimetableOccurrence.occurs_at < stretch.until,
    )
    fired = {(row.entry_id, row.occurs_at): row.fired_at for row in connection.execute(occurrences)}
    items = [Item(entries[entry_id], at, fired_at, "fired") for (entry_id, at), fired_at in fired.items()]
    days_of = DaysOf(connection)
    for entry in entries.values():
        items += [item for item in _to_come(entry, stretch, days_of) if (entry.id, item.at) not in fired]
    return sorted(items, key=lambda item: (item.at, item.entry.key))[:MOST]


def find_entry(connection: Connection, entry_id: UUID, scope: Scope) -> AnyRow:
    """One entry with what `Item.entry` has.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    row = connection.execute(_entries(scope).where(TimetableEntry.id == entry_id)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def unknown_years(connection: Connection, zone: str, stretch: Stretch) -> tuple[int, ...]:
    """The years of a stretch whose public holidays nobody entered: only weekends count as free in them."""
    where = ZoneInfo(zone)
    first, last = stretch.since.astimezone(where).date(), last_day(stretch.until, where)
    return days_for(connection, zone, None).unknown(first, last)


def _to_come(entry: AnyRow, stretch: Stretch, days_of: DaysOf) -> Iterator[Item]:
    """What has not fired: a single moment whatever became of it, of what recurs only the future.

    What the plan withdrew is no news, unless the whole wave was called off.
    """
    if entry.cancelled_by == SYSTEM and entry.wave_state != "cancelled":
        return
    stopped = entry.cancelled_at is not None or not entry.enabled or entry.wave_state == "cancelled"
    if entry.at is not None:
        if stretch.since <= entry.at < stretch.until:
            yield Item(entry, entry.at, None, "cancelled" if stopped else _state(entry, stretch.now))
    elif not stopped:
        rule = recurrence_of(entry, days_of(entry))
        for at in rule.between(max(stretch.since, stretch.now), stretch.until):
            yield Item(entry, at, None, "next")


def _state(entry: AnyRow, now: datetime) -> str:
    if entry.at > now - LATE:
        return "next"
    return "passed" if entry.starts_at is not None and entry.at < entry.starts_at else "late"


def _entries(scope: Scope) -> AnySelect:
    """Entries with a kind: what the system plans for itself is nobody's appointment."""
    return (
        select(
            *TimetableEntry.__table__.columns,
            Wave.title.label("wave_title"),
            Wave.title_en.label("wave_title_en"),
            Wave.code.label("wave_code"),
            Wave.state.label("wave_state"),
            Programme.key.label("programme"),
            ProgrammeVersion.content["title"].label("programme_title"),
            ProgrammeVersion.content["calendar"].label("calendar"),
        )
        .join(Wave, Wave.id == TimetableEntry.wave_id, isouter=True)
        .join(ProgrammeVersion, ProgrammeVersion.id == TimetableEntry.programme_version_id, isouter=True)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id, isouter=True)
        .where(TimetableEntry.kind.is_not(None), _reached(scope))
    )


def _reached(scope: Scope) -> ColumnElement[bool]:
    """Entries of waves go with their wave; a programme's dates are known to all but firms."""
    own_waves = TimetableEntry.wave_id.in_(scope.waves(select(Wave.id)))
    if scope.firm_ids is not None:
        return own_waves
    nowhere = and_(TimetableEntry.wave_id.is_(None), TimetableEntry.unit_id.is_(None))
    below = and_(TimetableEntry.wave_id.is_(None), TimetableEntry.unit_id.in_(scope.units(select(Unit.id))))
    return or_(own_waves, nowhere, below)


def _within(stretch: Stretch) -> ColumnElement[bool]:
    """Entries that may occur in the stretch, or did: one that was moved since is found by its occurrence."""
    did = TimetableEntry.id.in_(
        select(TimetableOccurrence.entry_id).where(
            TimetableOccurrence.occurs_at >= stretch.since, TimetableOccurrence.occurs_at < stretch.until
        )
    )
    once = and_(TimetableEntry.at >= stretch.since, TimetableEntry.at < stretch.until)
    ended = TimetableEntry.ends_at <= stretch.since
    return or_(once, did, and_(TimetableEntry.at.is_(None), ended.is_not(True)))
