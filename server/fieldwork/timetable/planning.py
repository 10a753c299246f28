"""Planning timetables: the entries that a wave and a programme's year bring become rows, and move with them.

Planning again is safe at any time: what is as it should be stays, what moved moves, what is no longer wanted
is withdrawn. What a coordinator changed, cancelled or added is left alone, but that what hangs on the wave's
deadline is counted again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.timetable.holidays import days_for
from server.models.definitions import Programme, ProgrammeVersion
from server.models.timetable import TimetableEntry
from server.models.waves import Wave
from server.scoring.programmes import compiling
from server.scoring.programmes.definition import Programme as Compiled
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.own import Ground, timing
from server.scoring.timetabling.planned import Planned, Window, wave_entries, year_entries, years_of
from server.scoring.timetabling.settings import Steps, steps_of

SYSTEM = "system"
FIRE = "fire_entry"
# What follows the close of a wave goes on for about a quarter.
AFTERMATH = timedelta(days=120)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Replanned:
    """How many entries planning added, moved and withdrew."""

    added: int = 0
    moved: int = 0
    withdrawn: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything is other than before."""
        return bool(self.added or self.moved or self.withdrawn)


@dataclass(frozen=True, slots=True)
class _Place:
    """What all entries of one plan share, and how their keys begin."""

    prefix: str
    zone: str
    wave_id: UUID | None
    unit_id: UUID | None
    programme_version_id: UUID


def plan_timetable(connection: Connection, wave_id: UUID, *, now: datetime, by: str = SYSTEM) -> Replanned:
    """Plan a wave's timetable, for the first time or again, and that of its programme's years.

    Raises:
        Refusal: not_found.
    """
    done, years = plan_wave(connection, wave_id, now=now, by=by)
    for programme, year in years:
        plan_year(connection, programme, year, now=now, by=by)
    return done


def plan_wave(
    connection: Connection, wave_id: UUID, *, now: datetime, by: str = SYSTEM
) -> tuple[Replanned, frozenset[tuple[str, int]]]:
    """Plan the entries of a wave alone; what was done, and the years of programmes that it belongs to.

    Raises:
        Refusal: not_found.
    """
    wave = _wave(connection, wave_id)
    place = _Place(f"wave:{wave_id}:", wave.timezone, wave_id, wave.unit_id, wave.programme_version_id)
    zone = ZoneInfo(wave.timezone)
    window = Window(wave.opens_at, wave.closes_at, zone, firm=wave.firm_id is not None)
    working = days_for(connection, wave.timezone, wave.content.get("calendar")).working
    wanted = wave_entries(window, _steps(wave), working) if wave.state != "cancelled" else ()
    done = _written(connection, place, wanted, now)
    moved = _recounted(connection, wave_id, Ground(zone, working, wave.closes_at), now)
    done = Replanned(done.added, done.moved + moved, done.withdrawn)
    _note(connection, f"wave:{wave_id}", done, by=by, now=now)
    scheme = compiled(connection, wave.programme_version_id) if wanted else None
    years = years_of(scheme.calendar, window) if scheme is not None else ()
    return done, frozenset((wave.programme, year) for year in years)


def plan_year(
    connection: Connection, programme: str, year: int, *, now: datetime, by: str = SYSTEM
) -> Replanned:
    """Plan the dates of a scheme year of a programme, by its newest published version.

    A programme that was retired since, or that a later release refuses, brings nothing more.
    """
    version = newest_version(connection, programme)
    scheme = compiled(connection, version.id) if version is not None else None
    if version is None or scheme is None:
        return Replanned()
    zone = str(scheme.zone)
    place = _Place(year_prefix(programme, year), zone, None, None, version.id)
    working = days_for(connection, zone, version.content.get("calendar")).working
    wanted = year_entries(scheme, year, audiences(version.content), working, Steps())
    done = _written(connection, place, wanted, now)
    _note(connection, f"programme:{programme}/{year}", done, by=by, now=now)
    return done


def waves_to_plan(connection: Connection, *, now: datetime) -> Sequence[UUID]:
    """Waves that are to come, under way, or followed by something.

    The clock's chore plans them all again, each in a transaction of its own: it makes up for whatever forgot
    to, and for a year of holidays that was entered since.
    """
    query = (
        select(Wave.id)
        # Record books are written in when there is something to record: nobody waits for their deadline.
        .where(Wave.closes_at > now - AFTERMATH, Wave.instrument != "log")
        .order_by(Wave.opens_at, Wave.id)
    )
    return connection.scalars(query).all()


def year_prefix(programme: str, year: int) -> str:
    """How the keys of a programme's year begin."""
    return f"programme:{programme}:{year}:"


def newest_version(connection: Connection, programme: str) -> AnyRow | None:
    """`id`, `version`, `content`, `content_hash` of the newest published version of a programme."""
    return connection.execute(
        select(
            ProgrammeVersion.id, ProgrammeVersion.version, ProgrammeVersion.content,
            ProgrammeVersion.content_hash,
        )
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Programme.key == programme, ProgrammeVersion.status == "published")
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
    ).first()  # fmt: skip


def audiences(content: Mapping[str, Any]) -> dict[str, str]:
    """Date of the calendar -> the kind of subject that it is for, where it says."""
    dates = content.get("calendar", {}).get("dates", [])
    rows = [dates] if isinstance(dates, dict) else dates
    return {row["name"]: row.get("to", "") for row in rows}


def compiled(connection: Connection, version_id: UUID) -> Compiled | None:
    """A published version, compiled.

    None for one that a later release refuses: its waves are planned all the same.
    """
    try:
        return programme_of(connection, version_id)
    except compiling.ProgrammeInvalid:
        log.warning("programme_without_timetable", version=str(version_id))
        return None


def _wave(connection: Connection, wave_id: UUID) -> AnyRow:
    """The wave, locked: two that plan it at once take turns."""
    row = connection.execute(
        select(
            *Wave.__table__.columns,
            Programme.key.label("programme"),
            ProgrammeVersion.content,
            ProgrammeVersion.content_hash,
        )
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Wave.id == wave_id)
        .with_for_update(of=Wave, key_share=True)
    ).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _steps(wave: AnyRow) -> Steps:
    try:
        return steps_of(wave.instrument, wave.settings.get("timetable", {}))
    except TimingWrong as wrong:
        log.warning("timetable_setting_ignored", wave_id=str(wave.id), **wrong.params)
        return steps_of(wave.instrument, {})


def _written(connection: Connection, place: _Place, wanted: Sequence[Planned], now: datetime) -> Replanned:
    """Bring the rows of one plan to what is wanted; what people decided stays."""
    known = {row.key: row for row in connection.execute(_entries_of(place.prefix))}
    entries = {f"{place.prefix}{each.key}": each for each in wanted}
    fresh = [_born(key, each, place, now) for key, each in entries.items() if key not in known]
    if fresh:
        # Of two that plan the same year at once the second finds the keys taken.
        connection.execute(insert_or_skip(TimetableEntry).on_conflict_do_nothing(), fresh)
    moved = 0
    for key, each in entries.items():
        changes = _changes(known[key], each, place, now) if key in known else {}
        if changes:
            _change(connection, [known[key].id], changes)
            moved += 1
    gone = [row.id for key, row in known.items() if key not in entries and _withdrawable(row, now)]
    _change(connection, gone, {"cancelled_at": now, "cancelled_by": SYSTEM})
    return Replanned(len(fresh), moved, len(gone))


def _entries_of(prefix: str) -> AnySelect:
    columns = TimetableEntry.__table__.columns
    return select(*columns).where(TimetableEntry.key.startswith(prefix, autoescape=True))


def _change(connection: Connection, ids: Sequence[UUID], changes: Mapping[str, Any]) -> None:
    if ids:
        connection.execute(update(TimetableEntry).where(TimetableEntry.id.in_(ids)).values(**changes))


def _columns(entry: Planned, place: _Place) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "at": entry.at,
        "cron": entry.cron or None,
        "timezone": place.zone,
        "free_days": entry.free_days,
        "ends_at": entry.ends,
        "due_at": entry.due,
        "roles": list(entry.roles),
        "arguments": dict(entry.details),
        "title": dict(entry.title) or None,
        "unit_id": place.unit_id,
        "programme_version_id": place.programme_version_id,
    }


def _born(key: str, entry: Planned, place: _Place, now: datetime) -> dict[str, Any]:
    """What is planned now missed nothing before: it is shown, and does not fire."""
    return {
        "id": new_id(),
        "key": key,
        "job": FIRE,
        "origin": "plan",
        "enabled": True,
        "wave_id": place.wave_id,
        "starts_at": max(entry.starts or now, now),
        "created_at": now,
        "created_by": SYSTEM,
        **_columns(entry, place),
    }


def _changes(row: AnyRow, entry: Planned, place: _Place, now: datetime) -> dict[str, Any]:
    """What is no longer as it should be of an entry of the plan; nothing where somebody decided about it."""
    withdrawn = row.cancelled_by == SYSTEM
    if row.origin != "plan" or (row.cancelled_at is not None and not withdrawn):
        return {}
    changes = {name: value for name, value in _columns(entry, place).items() if getattr(row, name) != value}
    starts = entry.starts or row.starts_at
    # A beginning that has passed stays: what was due since then has fired.
    begins_otherwise = starts > row.starts_at or (starts < row.starts_at and row.starts_at > now)
    if begins_otherwise or withdrawn or changes.keys() & {"at", "cron", "timezone"}:
        changes["starts_at"] = max(entry.starts or now, now)
    return changes | ({"cancelled_at": None, "cancelled_by": None} if withdrawn else {})


def _withdrawable(row: AnyRow, now: datetime) -> bool:
    """What has fired, or would have, stays as it was: that is history."""
    return row.origin == "plan" and row.cancelled_at is None and (row.at is None or row.at > now)


def _recounted(connection: Connection, wave_id: UUID, ground: Ground, now: datetime) -> int:
    """Count own entries again that hang on the wave's last day."""
    own = _entries_of("").where(
        TimetableEntry.wave_id == wave_id,
        TimetableEntry.origin == "own",
        TimetableEntry.cancelled_at.is_(None),
        TimetableEntry.rule["every"].astext == "before",
    )
    moved = 0
    for row in connection.execute(own).all():
        at = timing(row.rule, ground).at
        if at != row.at:
            _change(connection, [row.id], {"at": at, "due_at": ground.closes, "starts_at": now})
            moved += 1
    return moved


def _note(connection: Connection, subject: str, done: Replanned, *, by: str, now: datetime) -> None:
    if done.changed:
        detail = {"added": done.added, "moved": done.moved, "withdrawn": done.withdrawn}
        audit.record(connection, [audit.Entry(by, "timetable_planned", subject, detail)], at=now)
