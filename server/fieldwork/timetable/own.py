"""Entries that coordinators add to a wave's timetable or a unit's, change and cancel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from server import audit
from server.accounts.permissions import ROLES
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.timetable.agenda import find_entry
from server.fieldwork.timetable.holidays import days_for
from server.fieldwork.timetable.occurrences import recurrence_of
from server.fieldwork.timetable.planning import FIRE, SYSTEM
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Unit
from server.models.timetable import TimetableEntry
from server.scope import Scope
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.own import Ground, Timing, read_rule, timing

LONGEST_TITLE = 80
PREVIEWED = 5
DEFAULT_ZONE = "Asia/Shanghai"
# Where in the form each code of a rule is to be mended.
FIELDS: Mapping[str, str] = {
    "rule_time": "time", "rule_date": "on", "rule_day": "day", "rule_count": "count", "rule_passed": "on",
    "rule_needs_wave": "every", "rule_unknown": "every", "cron_fields": "cron", "cron_field": "cron",
    "cron_weekday_steps": "cron", "cron_never": "cron",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What a coordinator asks for.

    Attributes:
        rule: as `server.scoring.timetabling.own.read_rule` takes it.
        role: who gets the notice.
        wave_id: whose timetable it belongs to; without one it is the unit's, or everybody's.
    """

    title: str
    role: str
    rule: Mapping[str, str]
    wave_id: UUID | None = None
    unit_code: str | None = None


@dataclass(frozen=True, slots=True)
class _Home:
    """Where an entry belongs: the wave's zone and end, or the unit's zone."""

    wave_id: UUID | None
    unit_id: UUID | None
    programme_version_id: UUID | None
    ends: datetime | None
    ground: Ground


def preview_entry(
    connection: Connection, new: NewEntry, scope: Scope, *, now: datetime
) -> tuple[datetime, ...]:
    """The next five times, or the one time; writes nothing.

    Raises:
        Refusal: as `add_entry`.
    """
    return _times(_columns(connection, new, scope, now), now, _home(connection, new, scope).ground)


def add_entry(connection: Connection, new: NewEntry, scope: Scope, *, by: str, now: datetime) -> UUID:
    """Add an entry.

    Raises:
        Refusal: not_found and forbidden for a wave that is none of theirs, or invalid_fields with every
            problem.
    """
    values = _columns(connection, new, scope, now)
    entry_id = new_id()
    connection.execute(
        insert(TimetableEntry).values(
            id=entry_id,
            key=f"own:{entry_id}",
            job=FIRE,
            arguments={},
            origin="own",
            kind="own",
            enabled=True,
            created_at=now,
            created_by=by,
            **values,
        )
    )
    _note(connection, "timetable_entry_added", entry_id, _told(values), by=by, now=now)
    return entry_id


def change_entry(
    connection: Connection, entry_id: UUID, new: NewEntry, scope: Scope, *, by: str, now: datetime
) -> None:
    """Change an own entry. What the plan brings moves with the wave's dates and steps, or is cancelled.

    Raises:
        Refusal: as `add_entry`; conflict when it was cancelled or is none of their own.
    """
    entry = _mine(connection, entry_id, scope)
    if entry.cancelled_at is not None or entry.origin != "own":
        raise Refusal("conflict")
    values = _columns(connection, new, scope, now)
    connection.execute(update(TimetableEntry).where(TimetableEntry.id == entry_id).values(**values))
    before = {"at": _text(entry.at), "cron": entry.cron}
    _note(
        connection, "timetable_entry_changed", entry_id, {"before": before, **_told(values)}, by=by, now=now
    )


def cancel_entry(connection: Connection, entry_id: UUID, scope: Scope, *, by: str, now: datetime) -> None:
    """Take an entry out of the timetable; planning again does not bring it back.

    Raises:
        Refusal: not_found, forbidden, or conflict when it was cancelled before.
    """
    _mine(connection, entry_id, scope)
    cancelled = connection.execute(
        update(TimetableEntry)
        .where(TimetableEntry.id == entry_id, TimetableEntry.cancelled_at.is_(None))
        .values(cancelled_at=now, cancelled_by=by)
    )
    if cancelled.rowcount != 1:
        raise Refusal("conflict")
    _note(connection, "timetable_entry_cancelled", entry_id, {}, by=by, now=now)


def restore_entry(connection: Connection, entry_id: UUID, scope: Scope, *, by: str, now: datetime) -> None:
    """Take in again what somebody cancelled; what it missed meanwhile is not made up for.

    Raises:
        Refusal: not_found, forbidden, or conflict when nobody cancelled it.
    """
    _mine(connection, entry_id, scope)
    restored = connection.execute(
        update(TimetableEntry)
        .where(TimetableEntry.id == entry_id, TimetableEntry.cancelled_by != SYSTEM)
        .values(cancelled_at=None, cancelled_by=None, starts_at=now)
    )
    if restored.rowcount != 1:
        raise Refusal("conflict")
    _note(connection, "timetable_entry_restored", entry_id, {}, by=by, now=now)


def _mine(connection: Connection, entry_id: UUID, scope: Scope) -> AnyRow:
    """An entry that this person may change: of a wave they run, of a unit of theirs, or of all with all."""
    entry = find_entry(connection, entry_id, scope)
    if entry.wave_id is not None:
        find_wave_to_run(connection, entry.wave_id, scope)
    elif entry.unit_id is None and not reaches_all(connection, scope):
        raise Refusal("forbidden")
    return entry


def _columns(connection: Connection, new: NewEntry, scope: Scope, now: datetime) -> dict[str, Any]:
    home = _home(connection, new, scope)
    problems = [
        detail
        for wrong, detail in (
            (not new.title.strip(), Detail("field_required", "/title")),
            (len(new.title) > LONGEST_TITLE, Detail("text_too_long", "/title", {"limit": LONGEST_TITLE})),
            (new.role not in ROLES, Detail("unknown_role", "/role", {"role": new.role})),
        )
        if wrong
    ]
    rule, meant = None, Timing()
    try:
        rule = read_rule(new.rule)
        meant = timing(rule, home.ground)
        if meant.at is not None and meant.at <= now:
            raise TimingWrong("rule_passed")
    except TimingWrong as wrong:
        field = FIELDS[wrong.code]
        if wrong.code == "rule_passed" and rule is not None and rule["every"] == "before":
            field = "count"
        problems.append(Detail(wrong.code, f"/{field}", wrong.params))
    if problems or rule is None:
        raise Refusal("invalid_fields", details=problems)
    return {
        "title": {"default": new.title.strip()},
        "roles": [new.role],
        "rule": rule,
        "at": meant.at,
        "cron": meant.cron or None,
        "free_days": rule["free_days"],
        "timezone": str(home.ground.zone),
        "starts_at": now,
        "ends_at": home.ends if meant.cron else None,
        "due_at": home.ends,
        "wave_id": home.wave_id,
        "unit_id": home.unit_id,
        "programme_version_id": home.programme_version_id,
    }


def _home(connection: Connection, new: NewEntry, scope: Scope) -> _Home:
    if new.wave_id is not None:
        wave = find_wave_to_run(connection, new.wave_id, scope)
        calendar = connection.scalar(
            select(ProgrammeVersion.content["calendar"]).where(
                ProgrammeVersion.id == wave.programme_version_id
            )
        )
        working = days_for(connection, wave.timezone, calendar).working
        ground = Ground(ZoneInfo(wave.timezone), working, wave.closes_at)
        return _Home(wave.id, wave.unit_id, wave.programme_version_id, wave.closes_at, ground)
    unit = None
    if new.unit_code:
        query = scope.units(select(Unit.id, Unit.timezone).where(Unit.code == new.unit_code))
        unit = connection.execute(query).first()
        if unit is None:
            detail = Detail("unknown_unit", "/unit", {"unit": new.unit_code})
            raise Refusal("invalid_fields", details=[detail])
    elif not reaches_all(connection, scope):
        raise Refusal("invalid_fields", details=[Detail("unit_needed", "/unit")])
    zone = unit.timezone if unit is not None else DEFAULT_ZONE
    ground = Ground(ZoneInfo(zone), days_for(connection, zone, None).working, None)
    return _Home(None, unit.id if unit is not None else None, None, None, ground)


@dataclass(frozen=True, slots=True)
class _Row:
    """The columns that make a rule, before there is a row."""

    cron: str | None
    timezone: str
    free_days: str
    starts_at: datetime | None
    ends_at: datetime | None


def _times(values: Mapping[str, Any], now: datetime, ground: Ground) -> tuple[datetime, ...]:
    if values["at"] is not None:
        return (values["at"],)
    row = _Row(*(values[name] for name in ("cron", "timezone", "free_days", "starts_at", "ends_at")))
    return recurrence_of(row, ground.working).upcoming(now, PREVIEWED)


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"rule": values["rule"], "roles": values["roles"], "at": _text(values["at"])}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _note(
    connection: Connection, action: str, entry_id: UUID, detail: Mapping[str, Any], *, by: str, now: datetime
) -> None:
    audit.record(connection, [audit.Entry(by, action, f"timetable:{entry_id}", detail)], at=now)
