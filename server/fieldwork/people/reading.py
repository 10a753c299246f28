"""Reading people within a scope: the list, one person with everything around them, and what happened."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, exists, func, literal, or_, select, text, tuple_, union_all

from server.accounts.sessions import NO_PASSWORD
from server.catalogue import ZONE
from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.models.accounts import Account, Firm, Person, PersonPrivate, RoleGrant
from server.models.audit import DESK, AuditLine
from server.models.organisation import Subject, Unit
from server.models.people import PersonAbsence, PersonBar, PersonQualification, PersonTerritory
from server.models.tasks import Assignment
from server.scope import Scope

PAGE = 50
MOST_LINES = 50
ACTOR = re.compile(r"(account|person):([0-9a-f-]{36})")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list shows. `state`: `present`, `leaving`, `left`, `unset` (an account without a password)."""

    q: str = ""
    role: str = ""
    unit: str = ""
    firm: str = ""
    state: str = "present"
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: rows, the roles of each person with the names of their units, and where the next begins."""

    rows: Sequence[AnyRow]
    roles: Mapping[UUID, Sequence[AnyRow]]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Around:
    """What hangs on a person: rows with what their names say."""

    roles: Sequence[AnyRow]
    certificates: Sequence[AnyRow]
    territories: Sequence[AnyRow]
    bars: Sequence[AnyRow]
    absences: Sequence[AnyRow]
    visits: Sequence[AnyRow]


def list_people(connection: Connection, scope: Scope, filters: Filters, *, now: datetime) -> Listed:
    """People by staff number, those without one first; as many as a page holds."""
    order = (func.coalesce(Person.code, ""), Person.id)
    query = scope.people(_filtered(_query(), filters, now.astimezone(ZoneInfo(ZONE)).date()))
    if filters.after is not None:
        start = select(func.coalesce(Person.code, "")).where(Person.id == filters.after).scalar_subquery()
        query = query.where(tuple_(*order) > tuple_(start, literal(filters.after)))
    rows = connection.execute(query.order_by(*order).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    roles = _roles(connection, [row.id for row in shown])
    return Listed(shown, roles, shown[-1].id if len(rows) > PAGE else None)


def find_person(connection: Connection, person_id: UUID, scope: Scope) -> AnyRow:
    """One person: every column, `unit_code`, `unit_name`, `unit_name_en`, `firm_code`, `firm_name`, of the
    account `account_id`, `login`, `locale` and `is_set_up`, and whether there is a number (`has_phone`), a
    home (`has_home`) and a subject (`judged`).

    Raises:
        Refusal: not_found when there is nobody within the scope.
    """
    row: AnyRow | None = connection.execute(scope.people(_query().where(Person.id == person_id))).first()
    if row is None:
        raise Refusal("not_found")
    return row


def around(connection: Connection, person_id: UUID, scope: Scope) -> Around:
    """Everything around a person that `find_person` found within the scope."""
    find_person(connection, person_id, scope)
    unit = (Unit.code, Unit.name, Unit.name_en)

    def at_units(table: Any, *columns: Any) -> Sequence[AnyRow]:
        query = select(*columns, *unit).select_from(table).join(Unit, Unit.id == table.unit_id)
        return connection.execute(query.where(table.person_id == person_id).order_by(Unit.path)).all()

    certificates = select(*PersonQualification.__table__.columns).order_by(PersonQualification.name)
    absences = select(*PersonAbsence.__table__.columns).order_by(PersonAbsence.first_day)
    return Around(
        roles=_roles(connection, [person_id]).get(person_id, ()),
        certificates=connection.execute(certificates.where(PersonQualification.person_id == person_id)).all(),
        territories=at_units(PersonTerritory),
        bars=at_units(PersonBar, PersonBar.kind, PersonBar.since, PersonBar.reason),
        absences=connection.execute(absences.where(PersonAbsence.person_id == person_id)).all(),
        visits=_visits(connection, person_id),
    )


def history(connection: Connection, person_id: UUID, scope: Scope) -> Sequence[tuple[AnyRow, str]]:
    """What happened to somebody, newest first, each line with the names of who did it."""
    find_person(connection, person_id, scope)
    lines = connection.execute(
        select(AuditLine.at, AuditLine.actor, AuditLine.action, AuditLine.detail)
        .where(AuditLine.subject == f"person:{person_id}", text(DESK))
        .order_by(AuditLine.id.desc())
        .limit(MOST_LINES)
    ).all()
    names = actor_names(connection, [line.actor for line in lines])
    return [(line, names[line.actor]) for line in lines]


def actor_names(connection: Connection, actors: Iterable[str]) -> Mapping[str, str]:
    """Actors of audit lines with people's names for their accounts, and for themselves where they acted on
    their phone; a deputy with whom they stood in for."""
    listed = set(actors)
    ids = {UUID(found[2]) for actor in listed for found in ACTOR.finditer(actor)}
    acting = select(Account.id, Person.name).join(Person, Person.id == Account.person_id)
    rows = connection.execute(
        union_all(acting.where(Account.id.in_(ids)), select(Person.id, Person.name).where(Person.id.in_(ids)))
    )
    names = {str(row.id): row.name for row in rows}
    return {actor: ACTOR.sub(lambda found: names.get(found[2], found[0]), actor) for actor in listed}


def _query() -> AnySelect:
    return (
        select(
            *Person.__table__.columns,
            Unit.code.label("unit_code"), Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"),
            Firm.code.label("firm_code"), Firm.name.label("firm_name"),
            Account.id.label("account_id"), Account.login, Account.locale,
            and_(Account.id.is_not(None), Account.password_hash != NO_PASSWORD).label("is_set_up"),
            PersonPrivate.phone_hash.is_not(None).label("has_phone"),
            PersonPrivate.home.is_not(None).label("has_home"),
            exists().where(Subject.person_id == Person.id).label("judged"),
        )
        .join(Unit, Unit.id == Person.unit_id, isouter=True)
        .join(Firm, Firm.id == Person.firm_id, isouter=True)
        .join(Account, Account.person_id == Person.id, isouter=True)
        .join(PersonPrivate, PersonPrivate.person_id == Person.id, isouter=True)
    )  # fmt: skip


def _filtered(query: AnySelect, filters: Filters, today: date) -> AnySelect:
    if filters.q:
        query = query.where(
            or_(
                Person.name.contains(filters.q, autoescape=True),
                Person.code.startswith(filters.q, autoescape=True),
            )
        )
    if filters.role:
        held = exists().where(RoleGrant.account_id == Account.id, RoleGrant.role == filters.role)
        query = query.where(or_(held, Person.kind == filters.role))
    if filters.unit:
        path = select(Unit.path).where(Unit.code == filters.unit).scalar_subquery()
        below = select(Unit.id).where(func.starts_with(Unit.path, path))
        query = query.where(Person.unit_id.in_(below))
    if filters.firm:
        query = query.where(Firm.code == filters.firm)
    states = {
        "present": Person.left_at.is_(None),
        "leaving": and_(Person.left_at.is_(None), Person.left_on > today),
        "left": Person.left_at.is_not(None),
        "unset": and_(Person.left_at.is_(None), Account.password_hash == NO_PASSWORD),
    }
    return query.where(states[filters.state]) if filters.state in states else query


def _roles(connection: Connection, people: Collection[UUID]) -> Mapping[UUID, Sequence[AnyRow]]:
    rows = connection.execute(
        select(
            Account.person_id, RoleGrant.id, RoleGrant.role, RoleGrant.firm_id, RoleGrant.programme_id,
            Unit.code, Unit.name, Unit.name_en,
        )
        .join(Account, Account.id == RoleGrant.account_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(Account.person_id.in_(people))
        .order_by(RoleGrant.role, Unit.path)
    )  # fmt: skip
    found: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.person_id].append(row)
    return found


def _visits(connection: Connection, person_id: UUID) -> Sequence[AnyRow]:
    """The last visit of each outlet, newest first: what locks somebody out there for a while."""
    last = func.max(Assignment.completed_at)
    return connection.execute(
        select(Unit.code, Unit.name, Unit.name_en, Unit.timezone, last.label("at"), func.count().label("n"))
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Assignment.person_id == person_id, Assignment.completed_at.is_not(None))
        .group_by(Unit.id)
        .order_by(last.desc())
        .limit(20)
    ).all()
