"""Which programmes have their duties kept, from which day and with which settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.timetable.holidays import known_years
from server.models.definitions import Programme, ProgrammeVersion
from server.models.duties import DutyLedger
from server.scope import Scope
from server.scoring.duties.slots import Agenda, Settings
from server.scoring.programmes import definition
from server.scoring.programmes.duties import EVENT
from server.scoring.programmes.settings import misfit
from server.scoring.timetabling.holidays import COUNTRIES, day_table

# What is published never changes, so each version is compiled once a process.


@dataclass(frozen=True, slots=True)
class Kept:
    """A programme whose duties are kept, in its newest published version."""

    programme_id: UUID
    version_id: UUID
    key: str
    programme: definition.Programme
    agenda: Agenda
    ledger: AnyRow

    def duty(self, name: str) -> definition.Duty:
        """A duty of it.

        Raises:
            Refusal: not_found.
        """
        found = self.programme.duties.get(name)
        if found is None:
            raise Refusal("not_found")
        return found


@dataclass(frozen=True, slots=True)
class NewLedger:
    """A programme's duties are to be kept from a day on; `settings` are parameters beside their defaults."""

    key: str
    starts_on: date
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Startable:
    """A programme whose duties can be kept, with the parameters that they read."""

    key: str
    title: definition.Text
    duties: int
    settings: tuple[definition.Parameter, ...]


def start_keeping(connection: Connection, new: NewLedger, scope: Scope, *, by: str, now: datetime) -> None:
    """Begin a programme's ledger, or go on with one that was stopped.

    Raises:
        Refusal: forbidden unless the scope reaches everything, not_found, or invalid_fields with every
            setting that is missing or does not fit.
    """
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    version = _newest(connection, new.key)
    programme = programme_of(connection, version.id)
    details = _problems(programme, new)
    if details:
        raise Refusal("invalid_fields", details=details)
    values = {"starts_on": new.starts_on, "settings": dict(new.settings), "started_at": now, "started_by": by}
    connection.execute(
        insert_or_skip(DutyLedger)
        .values(programme_id=version.programme_id, **values)
        .on_conflict_do_update(
            index_elements=["programme_id"], set_={**values, "stopped_at": None, "kept_through": None}
        )
    )
    detail = {"starts_on": new.starts_on.isoformat(), "settings": dict(new.settings)}
    entry = audit.Entry(by, "duties_started", f"programme:{version.programme_id}", detail)
    audit.record(connection, [entry], at=now)


def stop_keeping(connection: Connection, key: str, scope: Scope, *, by: str, now: datetime) -> None:
    """No more occurrences from now on; what is owed stays.

    Raises:
        Refusal: forbidden unless the scope reaches everything, or not_found.
    """
    if not reaches_all(connection, scope):
        raise Refusal("forbidden")
    found = select(Programme.id).where(Programme.key == key).scalar_subquery()
    stopped = connection.execute(
        update(DutyLedger)
        .where(DutyLedger.programme_id == found, DutyLedger.stopped_at.is_(None))
        .values(stopped_at=now)
        .returning(DutyLedger.programme_id)
    ).first()
    if stopped is None:
        raise Refusal("not_found")
    entry = audit.Entry(by, "duties_stopped", f"programme:{stopped.programme_id}", {})
    audit.record(connection, [entry], at=now)


def kept_programmes(connection: Connection) -> tuple[Kept, ...]:
    """Every programme with a ledger that was begun, by key."""
    keys = connection.execute(
        select(DutyLedger.programme_id, Programme.key)
        .join(Programme, Programme.id == DutyLedger.programme_id)
        .order_by(Programme.key)
    )
    return tuple(kept for row in keys if (kept := _kept(connection, row.key)) is not None)


def kept_programme(connection: Connection, key: str) -> Kept:
    """One of them.

    Raises:
        Refusal: not_found when its duties are not kept.
    """
    found = _kept(connection, key)
    if found is None:
        raise Refusal("not_found")
    return found


def startable(connection: Connection) -> list[Startable]:
    """Published programmes that have duties, by key, whether they are kept or not."""
    rows = connection.execute(
        select(Programme.key, ProgrammeVersion.id)
        .join(ProgrammeVersion, ProgrammeVersion.programme_id == Programme.id)
        .where(ProgrammeVersion.status == "published", ProgrammeVersion.content.has_key("duties"))
        .order_by(Programme.key, ProgrammeVersion.version)
    )
    newest = {row.key: row.id for row in rows}
    return [_startable(key, programme_of(connection, version_id)) for key, version_id in newest.items()]


def event_duties(connection: Connection) -> list[tuple[str, definition.Duty]]:
    """Duties without periods of the ledgers that are kept, which can be entered, with their programmes."""
    return [
        (kept.key, duty)
        for kept in kept_programmes(connection)
        if kept.ledger.stopped_at is None
        for duty in kept.programme.duties.values()
        if duty.every == EVENT
    ]


def _startable(key: str, programme: definition.Programme) -> Startable:
    read = {name for duty in programme.duties.values() for name in _settings_in(duty)}
    settings = tuple(each for name, each in programme.parameters.items() if name in read)
    return Startable(key, programme.title, len(programme.duties), settings)


def _kept(connection: Connection, key: str) -> Kept | None:
    ledger = connection.execute(
        select(*DutyLedger.__table__.columns)
        .join(Programme, Programme.id == DutyLedger.programme_id)
        .where(Programme.key == key)
    ).first()
    if ledger is None:
        return None
    version = _newest(connection, key)
    programme = programme_of(connection, version.id)
    country = COUNTRIES.get(programme.zone.key, "")
    days = day_table(known_years(connection, country), programme.calendar)
    calendar = replace(programme.calendar, holidays=days.holidays, workdays=days.workdays)
    agenda = Agenda(calendar, Settings.of(programme, ledger.settings))
    return Kept(ledger.programme_id, version.id, key, programme, agenda, ledger)


def _newest(connection: Connection, key: str) -> AnyRow:
    row = connection.execute(
        select(ProgrammeVersion.id, ProgrammeVersion.programme_id)
        .join(Programme, Programme.id == ProgrammeVersion.programme_id)
        .where(Programme.key == key, ProgrammeVersion.status != "draft")
        # Published before retired: what is open goes on when the whole programme is retired.
        .order_by(ProgrammeVersion.status, ProgrammeVersion.version.desc())
        .limit(1)
    ).first()
    if row is None:
        raise Refusal("not_found")
    return row


def _problems(programme: definition.Programme, new: NewLedger) -> list[Detail]:
    """Settings that do not fit, and parameters that a duty reads and nobody has set."""
    details = []
    for name, value in new.settings.items():
        known = programme.parameters.get(name)
        wrong = ("unknown_parameter", {"name": name}) if known is None else misfit(known, value)
        if wrong:
            details.append(Detail(wrong[0], f"/settings/{name}", dict(wrong[1])))
    read = {name for duty in programme.duties.values() for name in _settings_in(duty)}
    for name in sorted(read & programme.parameters.keys()):
        if programme.parameters[name].default is None and name not in new.settings:
            details.append(Detail("parameter_missing", f"/settings/{name}", {"name": name}))
    if not programme.duties:
        details.append(Detail("duties_none", "/key"))
    return details


def _settings_in(duty: definition.Duty) -> frozenset[str]:
    formulas = (duty.opens, duty.due, duty.grace, duty.times)
    return frozenset(name for each in formulas if each is not None for name, _ in each.names)
