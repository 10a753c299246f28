"""Whom a roster can send: people with what the rules must know of them, and firms.

Outlets are named by their codes. Places that mean a subtree are given twice, as the path of all that is below
and as the unit's own code, since an outlet does not stand below itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, exists, func, or_, select

from server.coordinates import Point, to_wgs84
from server.db import AnyRow, AnySelect
from server.fieldwork.people.columns import WEEKDAYS
from server.keys import KeyLost, KeyRing
from server.models.accounts import Account, Firm, Person, PersonPrivate, RoleGrant
from server.models.definitions import ProgrammeVersion
from server.models.organisation import Subject, Unit
from server.models.people import (
    CONFLICT,
    IDENTIFIED,
    PersonAbsence,
    PersonBar,
    PersonQualification,
    PersonTerritory,
)
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.rostering.workers import FIRM, SHOPPER, STAFF, LastVisit, Worker
from server.scope import Scope

# Of the own staff those go out who inspect for a living.
GOING_ROLE = "supervisor"
DAY = timedelta(days=1)


def workers(connection: Connection, wave: AnyRow, scope: Scope, keys: KeyRing | None = None) -> list[Worker]:
    """Everybody who could be sent on a wave's visits: shoppers, supervisors, firms with their own people.

    Ids are those of the rows, as text. Whoever has left, or leaves before the wave opens, is not among them.

    Args:
        wave: with `id`, `programme_version_id`, `opens_at`, `closes_at` and `timezone`.
        keys: to read where people live; without it nobody has a home.
    """
    window = _Window.of(wave)
    rows = connection.execute(scope.people(_people(window))).all()
    ids = [row.id for row in rows]
    facts = _Facts(connection, ids, wave)
    people = [_worker(row, facts, window, keys) for row in rows]
    firms = select(Firm.id).order_by(Firm.id)
    if scope.firm_ids is not None:
        firms = firms.where(Firm.id.in_(scope.firm_ids))
    elif scope.unit_paths is not None:
        firms = firms.where(Firm.id.in_({row.firm_id for row in rows}))
    return [*people, *(Worker(str(each), FIRM) for each in connection.scalars(firms))]


@dataclass(frozen=True, slots=True)
class _Window:
    """The days of a wave, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, wave: AnyRow) -> "_Window":
        zone = ZoneInfo(wave.timezone)
        last = wave.closes_at - wave.closes_at.resolution
        return cls(wave.opens_at.astimezone(zone).date(), last.astimezone(zone).date())

    def days(self) -> Iterator[date]:
        return (self.first + number * DAY for number in range((self.last - self.first).days + 1))


class _Facts:
    """What hangs on people, by person."""

    def __init__(self, connection: Connection, ids: Collection[UUID], wave: AnyRow) -> None:
        self.territories: defaultdict[UUID, set[str]] = defaultdict(set)
        self.bars: defaultdict[tuple[UUID, str], set[str]] = defaultdict(set)
        self.certificates: defaultdict[UUID, dict[str, date | None]] = defaultdict(dict)
        self.absences: defaultdict[UUID, list[tuple[date, date]]] = defaultdict(list)
        for person_id, path, code in connection.execute(
            select(PersonTerritory.person_id, Unit.path, Unit.code)
            .join(Unit, Unit.id == PersonTerritory.unit_id)
            .where(PersonTerritory.person_id.in_(ids))
        ):
            self.territories[person_id] |= {path, code}
        for person_id, kind, path, code in connection.execute(
            select(PersonBar.person_id, PersonBar.kind, Unit.path, Unit.code)
            .join(Unit, Unit.id == PersonBar.unit_id)
            .where(PersonBar.person_id.in_(ids))
        ):
            self.bars[person_id, kind] |= {path, code}
        # Whoever works at an outlet is known there, declared or not.
        for person_id, code in connection.execute(
            select(Person.id, Unit.code)
            .join(Unit, Unit.id == Person.unit_id)
            .where(Person.id.in_(ids), Unit.level == "outlet")
        ):
            self.bars[person_id, CONFLICT].add(code)
        for person_id, name, expires_on in connection.execute(
            select(
                PersonQualification.person_id, PersonQualification.name, PersonQualification.expires_on
            ).where(PersonQualification.person_id.in_(ids))
        ):
            self.certificates[person_id][name] = expires_on
        for person_id, first, last in connection.execute(
            select(PersonAbsence.person_id, PersonAbsence.first_day, PersonAbsence.last_day).where(
                PersonAbsence.person_id.in_(ids)
            )
        ):
            self.absences[person_id].append((first, last))
        self.seen = _last_visits(connection, ids, wave)


def _people(window: _Window) -> AnySelect:
    inspects = exists().where(
        RoleGrant.account_id == Account.id, Account.person_id == Person.id, RoleGrant.role == GOING_ROLE
    )
    return (
        select(
            Person.id, Person.kind, Person.firm_id, Person.per_day, Person.total, Person.rating,
            Person.weekdays, Person.left_on, PersonPrivate.home,
        )
        .join(PersonPrivate, PersonPrivate.person_id == Person.id, isouter=True)
        .where(or_(Person.kind != "staff", inspects), Person.left_at.is_(None))
        .where(or_(Person.left_on.is_(None), Person.left_on > window.first))
        .order_by(Person.id)
    )  # fmt: skip


def _worker(row: AnyRow, facts: _Facts, window: _Window, keys: KeyRing | None) -> Worker:
    return Worker(
        id=str(row.id),
        kind=STAFF if row.kind == "staff" else SHOPPER,
        firm=str(row.firm_id) if row.firm_id else None,
        home=_home(row.home, keys),
        territories=frozenset(facts.territories[row.id]),
        certificates=facts.certificates[row.id],
        per_day=row.per_day,
        total=row.total,
        days=_days(row, facts.absences[row.id], window),
        conflicts=frozenset(facts.bars[row.id, CONFLICT]),
        identified=frozenset(facts.bars[row.id, IDENTIFIED]),
        seen=facts.seen.get(row.id, {}),
        rating=row.rating,
    )


def _home(stored: bytes | None, keys: KeyRing | None) -> Point | None:
    """Where somebody lives, in WGS-84; a place written with a lost key counts as not known."""
    if stored is None or keys is None:
        return None
    try:
        longitude, latitude, datum = keys.decrypt(stored).split(",")
    except KeyLost:
        return None
    return to_wgs84(Point(float(longitude), float(latitude)), datum)


def _days(row: AnyRow, absences: Sequence[tuple[date, date]], window: _Window) -> frozenset[date] | None:
    """The days of the wave on which somebody can go; None is all of them."""
    if not row.weekdays and not absences and row.left_on is None:
        return None
    weekdays = {WEEKDAYS.index(name) for name in row.weekdays} or set(range(7))
    return frozenset(
        day
        for day in window.days()
        if day.weekday() in weekdays
        and not any(first <= day <= last for first, last in absences)
        and (row.left_on is None or day < row.left_on)
    )


def _last_visits(
    connection: Connection, ids: Collection[UUID], wave: AnyRow
) -> Mapping[UUID, Mapping[str, LastVisit]]:
    """By person and outlet: the last time that somebody was there, or will be by another wave's plan.

    Whoever is registered twice is one by the phone: what one was seen at, the other is locked out of.
    """
    same = _same_phone(connection, ids)
    ago = _waves_ago(connection, wave)
    found: defaultdict[UUID, dict[str, LastVisit]] = defaultdict(dict)
    for row in connection.execute(_visited({*same, *ids}, wave.id)):
        day = _day_of(row)
        for person_id in same.get(row.person_id, (row.person_id,)):
            before = found[person_id].get(row.code)
            if before is None or before.day < day:
                found[person_id][row.code] = LastVisit(day, ago.get(row.wave_id))
    return found


def _visited(people: Collection[UUID], wave_id: UUID) -> Any:
    """Visits that were made, or are planned by other waves and neither called off nor given back; oldest
    first."""
    still_planned = and_(
        Assignment.planned_on.is_not(None),
        Assignment.cancelled_at.is_(None),
        Assignment.given_back_at.is_(None),
        Wave.state.in_(("drawn", "launched", "paused")),
    )
    return (
        select(
            Assignment.person_id, Assignment.wave_id, Assignment.completed_at, Assignment.planned_on,
            Assignment.expires_at, Unit.code, Unit.timezone,
        )
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Wave, Wave.id == Assignment.wave_id)
        .where(Assignment.person_id.in_(people), Assignment.wave_id != wave_id)
        .where(or_(Assignment.completed_at.is_not(None), still_planned))
        .order_by(Assignment.id)
    )  # fmt: skip


def _day_of(row: AnyRow) -> date:
    moment: datetime | None = row.completed_at
    found: date = moment.astimezone(ZoneInfo(row.timezone)).date() if moment else row.planned_on
    return found


def _same_phone(connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, Collection[UUID]]:
    """Person -> those among `ids` who have the same number; people who left count as well."""
    mine = select(PersonPrivate.phone_hash).where(
        PersonPrivate.person_id.in_(ids), PersonPrivate.phone_hash.is_not(None)
    )
    by_hash: defaultdict[bytes, list[UUID]] = defaultdict(list)
    for person_id, phone_hash in connection.execute(
        select(PersonPrivate.person_id, PersonPrivate.phone_hash).where(PersonPrivate.phone_hash.in_(mine))
    ):
        by_hash[bytes(phone_hash or b"")].append(person_id)
    asked = set(ids)
    return {
        person_id: [each for each in people if each in asked]
        for people in by_hash.values()
        for person_id in people
    }


def _waves_ago(connection: Connection, wave: AnyRow) -> Mapping[UUID, int]:
    """Earlier rounds of the same programme: 1 is the one before this."""
    programme = select(ProgrammeVersion.programme_id).where(ProgrammeVersion.id == wave.programme_version_id)
    number = func.row_number().over(order_by=(Wave.opens_at.desc(), Wave.id.desc()))
    earlier = (
        select(Wave.id, number)
        .join(ProgrammeVersion, ProgrammeVersion.id == Wave.programme_version_id)
        .where(
            ProgrammeVersion.programme_id == programme.scalar_subquery(), Wave.instrument == wave.instrument
        )
        .where(Wave.opens_at < wave.opens_at, Wave.state.not_in(("planned", "cancelled")))
    )
    return dict(connection.execute(earlier).all())
