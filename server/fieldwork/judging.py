"""Who is judged, from the organisation: units become a programme's subjects by the name of their kind.

A unit's kind is the `kind` among its attributes where the programme has a kind of that name, else its level
(`outlet`, `sub_branch`, `district`, `city`, `province`). Subjects that are no units (`bank`, `firm`,
`department`) go by their own kind, a person also by a role of theirs, or as an `employee`. What the programme
has no kind for is left out. A parent is the nearest unit above whose kind stands above.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from server.db import AnyRow, AnySelect
from server.models.accounts import Account, Person, RoleGrant
from server.models.organisation import Subject, Unit
from server.scoring.programmes.definition import Programme

PERSON = "person"
# Whom a programme calls so need no sign-in, and so no role.
EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True)
class Judged:
    """Subjects as facts list them, the code of each by its row, and how many were left out."""

    rows: tuple[dict[str, Any], ...]
    codes: Mapping[UUID, str]
    left_out: int


def judged(connection: Connection, programme: Programme, programme_id: UUID, since: datetime) -> Judged:
    """Everybody the programme judges. Units that were closed before `since` are no longer judged."""
    rows = connection.execute(
        select(
            Subject.id, Subject.code, Subject.kind, Subject.name, Unit.id.label("unit_id"), Unit.level,
            Unit.path, Unit.attributes, Subject.person_id, Person.unit_id.label("works_at"),
        )
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(Person, Person.id == Subject.person_id, isouter=True)
        .where(or_(Unit.id.is_(None), Unit.closed_at.is_(None), Unit.closed_at >= since))
        .order_by(Unit.path, Subject.code)
    ).all()  # fmt: skip
    held = _roles_of_people(connection, programme_id)
    kinds = {row.id: kind for row in rows if (kind := _kind_of(row, programme, held)) is not None}
    listed = [row for row in rows if row.id in kinds]
    tree = _Tree(programme, {row.path: (row.code, kinds[row.id]) for row in listed if row.path})
    paths = dict(connection.execute(select(Unit.id, Unit.path)).all())
    roles = _roles(connection, programme_id)
    facts = []
    for row in listed:
        fact: dict[str, Any] = {"id": row.code, "kind": kinds[row.id], "name": row.name}
        parent = tree.parent(kinds[row.id], row.path or paths.get(row.works_at, ""))
        optional = {"parent": parent, "attributes": row.attributes, "roles": roles.get(row.unit_id)}
        facts.append(fact | {name: value for name, value in optional.items() if value})
    return Judged(tuple(facts), {row.id: row.code for row in listed}, len(rows) - len(listed))


@dataclass(frozen=True, slots=True)
class _Tree:
    programme: Programme
    by_path: Mapping[str, tuple[str, str]]

    def parent(self, kind: str, path: str) -> str | None:
        """The code of the nearest unit at or above a path whose kind stands above this one."""
        above = self.programme.kinds[kind].above
        while path:
            code, found = self.by_path.get(path, ("", ""))
            if found in above:
                return code
            path = path.removesuffix("/").rpartition("/")[0]
            path = f"{path}/" if path else ""
        return None


def _kind_of(row: AnyRow, programme: Programme, held: Mapping[UUID, tuple[str, ...]]) -> str | None:
    names: tuple[object, ...] = (row.kind,)
    if row.unit_id is not None:
        names = ((row.attributes or {}).get("kind"), row.level)
    elif row.kind == PERSON:
        names = (row.kind, *held.get(row.person_id, ()), EMPLOYEE)
    return next((name for name in names if isinstance(name, str) and name in programme.kinds), None)


def _roles_of_people(connection: Connection, programme_id: UUID) -> Mapping[UUID, tuple[str, ...]]:
    """Person -> the roles held anywhere, which say what kind of subject somebody is."""
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for row in connection.execute(_grants(programme_id)):
        found[row.person_id].append(row.role)
    return {person_id: tuple(dict.fromkeys(roles)) for person_id, roles in found.items()}


def _grants(programme_id: UUID) -> AnySelect:
    """Who holds which role where, of those who work here and may sign in."""
    return (
        select(RoleGrant.unit_id, RoleGrant.role, Account.person_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(Account.disabled_at.is_(None), Person.left_at.is_(None))
        .where(or_(RoleGrant.programme_id.is_(None), RoleGrant.programme_id == programme_id))
        .order_by(RoleGrant.role, Account.person_id)
    )


def _roles(connection: Connection, programme_id: UUID) -> Mapping[UUID, Mapping[str, str]]:
    """Unit -> role -> who holds it there. Where two hold it nobody does: one would pay for both."""
    rows = connection.execute(_grants(programme_id).where(RoleGrant.unit_id.is_not(None)))
    return _unambiguous((row.unit_id, row.role, str(row.person_id)) for row in rows)


def _unambiguous(holdings: Iterable[tuple[UUID, str, str]]) -> Mapping[UUID, Mapping[str, str]]:
    holders: defaultdict[tuple[UUID, str], set[str]] = defaultdict(set)
    for unit_id, role, person in holdings:
        holders[unit_id, role].add(person)
    found: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    for (unit_id, role), people in holders.items():
        if len(people) == 1:
            found[unit_id][role] = next(iter(people))
    return found
