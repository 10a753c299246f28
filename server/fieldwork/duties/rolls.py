"""Who owes what, from the organisation: subjects with their days, who holds which role where, zones."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.fieldwork.duties.keeping import Kept
from server.fieldwork.judging import judged
from server.models.accounts import Account, Person, RoleGrant
from server.models.organisation import Subject, Unit
from server.scoring.duties.occurrences import Member, Roll

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """A subject's rows, and the zone in which its days end."""

    subject_id: UUID
    unit_id: UUID | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Called:
    """The roll of a programme, and what its codes stand for."""

    roll: Roll
    places: Mapping[str, Place]


def call_roll(connection: Connection, kept: Kept, since: datetime) -> Called:
    """Everybody who is judged by a programme and was there since a moment."""
    who = judged(connection, kept.programme, kept.programme_id, since)
    rows = {row.code: row for row in connection.execute(_subjects()) if row.id in who.codes}
    parents = {row["id"]: row.get("parent") for row in who.rows}
    kinds = {row["id"]: row["kind"] for row in who.rows}
    grants = _grants(connection, kept.programme_id)
    wanted = {duty.by for duty in kept.programme.duties.values() if duty.by}
    members = tuple(_member(rows[code], kinds, parents, kept) for code in kinds)
    holders = {
        (code, role): found
        for code in kinds
        for role in wanted
        if (found := grants.nearest(rows[code].path or "", role))
    }
    places = {
        code: Place(row.id, row.unit_id, _zone(row, kept)) for code, row in rows.items() if code in kinds
    }
    return Called(Roll(members, holders, grants.roles), places)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time.min, zone)


@dataclass(frozen=True, slots=True)
class _Grants:
    held: Mapping[tuple[str, str], tuple[str, ...]]
    roles: Mapping[str, frozenset[str]]

    def nearest(self, path: str, role: str) -> tuple[str, ...]:
        """Who holds a role at a unit, or else at the nearest one above; "" is the whole organisation."""
        while True:
            found = self.held.get((path, role), ())
            if found or not path:
                return found
            above = path.removesuffix("/").rpartition("/")[0]
            path = f"{above}/" if above else ""


def _grants(connection: Connection, programme_id: UUID) -> _Grants:
    rows = connection.execute(
        select(Account.person_id, RoleGrant.role, func.coalesce(Unit.path, "").label("path"))
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .join(Person, Person.id == Account.person_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(Account.disabled_at.is_(None), Person.left_at.is_(None))
        .where(or_(RoleGrant.programme_id.is_(None), RoleGrant.programme_id == programme_id))
        .order_by(Account.person_id)
    )
    held: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        held[row.path, row.role][str(row.person_id)] = None
        roles[str(row.person_id)].add(row.role)
    return _Grants(
        {place: tuple(people) for place, people in held.items()},
        {person: frozenset(names) for person, names in roles.items()},
    )


def _subjects() -> AnySelect:
    works = aliased(Person)
    at = func.coalesce(Subject.unit_id, works.unit_id)
    return (
        select(
            Subject.id, Subject.code, Subject.person_id, works.left_at, works.left_on,
            Unit.id.label("unit_id"), Unit.path, Unit.timezone, Unit.opened_on, Unit.closed_at,
        )
        .join(works, works.id == Subject.person_id, isouter=True)
        .join(Unit, Unit.id == at, isouter=True)
        .order_by(Subject.code)
    )  # fmt: skip


def _member(row: AnyRow, kinds: Mapping[str, str], parents: Mapping[str, str | None], kept: Kept) -> Member:
    above = {}
    parent = parents.get(row.code)
    while parent:
        above[kinds[parent]] = parent
        parent = parents.get(parent)
    zone = _zone(row, kept)
    # The first moment of the first day on which it was gone: the day before is its last.
    moments = (moment for moment in (row.closed_at, row.left_at) if moment)
    gone = [(moment - moment.resolution).astimezone(zone).date() for moment in moments]
    gone += [row.left_on - DAY] if row.left_on else []
    return Member(
        id=row.code,
        kind=kinds[row.code],
        above=above,
        person=str(row.person_id) if row.person_id else "",
        starts=row.opened_on or date.min,
        ends=min(gone, default=date.max),
    )


def _zone(row: AnyRow, kept: Kept) -> ZoneInfo:
    return ZoneInfo(row.timezone) if row.timezone else kept.programme.zone
