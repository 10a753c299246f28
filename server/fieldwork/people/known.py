"""People as they stand, as `deciding` compares them; and the ground that decisions stand on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, ColumnElement, Connection, any_, literal, select

from server.accounts.identity import Identity, held_by
from server.catalogue import ZONE
from server.db import AnyRow
from server.fieldwork.people.columns import HIDDEN, WHOLE
from server.fieldwork.people.deciding import Certificate, Ground, Known, Role, Wish
from server.keys import KeyLost, KeyRing
from server.models.accounts import Account, Firm, Person, PersonPrivate, RoleGrant
from server.models.organisation import Subject, Unit
from server.models.people import (
    CONFLICT,
    IDENTIFIED,
    PersonAbsence,
    PersonBar,
    PersonQualification,
    PersonTerritory,
)

# Stands for a number, or a place, that is another than the one given.
ANOTHER = "…"
PLAIN = ("name", "kind", "title", "per_day", "total", "rating", "left_on")


def ground(connection: Connection, who: Identity, *, now: datetime) -> Ground:
    """What exists, for whom."""
    firms = connection.execute(select(Firm.id, Firm.code, Firm.name)).all()
    logins = connection.execute(
        select(Account.login, Person.code).join(Person, Person.id == Account.person_id)
    ).all()
    return Ground(
        who=who,
        paths=dict(connection.execute(select(Unit.code, Unit.path)).all()),
        firms={
            **{row.name: (row.id, row.code) for row in firms},
            **{row.code: (row.id, row.code) for row in firms},
        },
        logins={row.login: row.code or "" for row in logins},
        today=now.astimezone(ZoneInfo(ZONE)).date(),
    )


def known_people(connection: Connection, codes: Collection[str], *, now: datetime) -> dict[str, Known]:
    """People by code. What is `HIDDEN` is marked as there or not; `compare_private` looks closer."""
    rows = connection.execute(
        select(
            *Person.__table__.columns, Account.id.label("account_id"), Account.login, Account.locale,
            Unit.code.label("unit_code"), Firm.code.label("firm_code"), Subject.id.label("subject_id"),
            PersonPrivate.phone_hash, PersonPrivate.email_hash, PersonPrivate.home,
        )
        .join(Account, Account.person_id == Person.id, isouter=True)
        .join(Unit, Unit.id == Person.unit_id, isouter=True)
        .join(Firm, Firm.id == Person.firm_id, isouter=True)
        .join(Subject, Subject.person_id == Person.id, isouter=True)
        .join(PersonPrivate, PersonPrivate.person_id == Person.id, isouter=True)
        .where(_one_of(Person.code, codes))
    ).all()  # fmt: skip
    ids = [row.id for row in rows]
    parts = _Parts(connection, ids, [row.account_id for row in rows if row.account_id], now)
    return {row.code: _known(row, parts) for row in rows}


def compare_private(
    connection: Connection, known: Mapping[str, Known], wished: Iterable[Wish], keys: KeyRing
) -> dict[str, Known]:
    """Whether the number, the address and the home that rows give are those that are stored.

    A stored number or e-mail address is found by its hash under any key; it is not read.
    """
    asked = {wish.code: wish.given for wish in wished if HIDDEN & wish.given.keys()}
    ids = {known[code].id: code for code in asked if code in known}
    found = dict(known)
    for row in connection.execute(
        select(
            PersonPrivate.person_id, PersonPrivate.phone_hash, PersonPrivate.email_hash, PersonPrivate.home
        ).where(_one_of(PersonPrivate.person_id, ids))
    ):
        code = ids[row.person_id]
        values = dict(known[code].values)
        for name, stored in (("phone", row.phone_hash), ("email", row.email_hash)):
            said = asked[code].get(name)
            if said and stored in keys.lookup_hashes(said):
                values[name] = said
        if row.home is not None and asked[code].get("home"):
            values["home"] = _readable(row.home, keys)
        found[code] = replace(known[code], values=values)
    return found


class _Parts:
    """What hangs on people, by person or account."""

    def __init__(
        self, connection: Connection, ids: Collection[UUID], accounts: Collection[UUID], now: datetime
    ) -> None:
        self.certificates: defaultdict[UUID, list[Certificate]] = defaultdict(list)
        self.bars: defaultdict[tuple[UUID, str], list[tuple[str, str | None]]] = defaultdict(list)
        self.territories: defaultdict[UUID, list[str]] = defaultdict(list)
        self.absences: defaultdict[UUID, list[Any]] = defaultdict(list)
        self.roles: defaultdict[UUID, list[Role]] = defaultdict(list)
        self.held = held_by(connection, accounts, now=now)
        self._read_bars(connection, ids)
        self._read_roles(connection, accounts)
        table = PersonQualification
        for row in connection.execute(
            select(*table.__table__.columns).where(_one_of(table.person_id, ids)).order_by(table.name)
        ):
            one = Certificate(row.name, row.level, row.score, row.passed_on, row.expires_on)
            self.certificates[row.person_id].append(one)

    def _read_bars(self, connection: Connection, ids: Collection[UUID]) -> None:
        for person_id, kind, reason, code in connection.execute(
            select(PersonBar.person_id, PersonBar.kind, PersonBar.reason, Unit.code)
            .join(Unit, Unit.id == PersonBar.unit_id)
            .where(_one_of(PersonBar.person_id, ids))
        ):
            self.bars[person_id, kind].append((code, reason))
        for person_id, code in connection.execute(
            select(PersonTerritory.person_id, Unit.code)
            .join(Unit, Unit.id == PersonTerritory.unit_id)
            .where(_one_of(PersonTerritory.person_id, ids))
        ):
            self.territories[person_id].append(code)
        for person_id, first, last in connection.execute(
            select(PersonAbsence.person_id, PersonAbsence.first_day, PersonAbsence.last_day)
            .where(_one_of(PersonAbsence.person_id, ids))
            .order_by(PersonAbsence.first_day)
        ):
            self.absences[person_id].append((first, last))

    def _read_roles(self, connection: Connection, accounts: Collection[UUID]) -> None:
        """Roles as a table says them; what is held for one programme only is nobody's to say there."""
        for account_id, role, firm_id, code in connection.execute(
            select(RoleGrant.account_id, RoleGrant.role, RoleGrant.firm_id, Unit.code)
            .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
            .where(_one_of(RoleGrant.account_id, accounts), RoleGrant.programme_id.is_(None))
        ):
            self.roles[account_id].append(Role(role, "" if firm_id else code or WHOLE))


def _one_of(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """One parameter, however many there are: PostgreSQL takes 65,535 of them at most."""
    found: ColumnElement[bool] = column == any_(literal(list(values), ARRAY(column.type)))
    return found


def _known(row: AnyRow, parts: _Parts) -> Known:
    conflicts = parts.bars[row.id, CONFLICT]
    values = {
        **{name: getattr(row, name) for name in PLAIN},
        "unit_code": row.unit_code,
        "firm_code": row.firm_code,
        "login": row.login,
        "locale": row.locale or "zh",
        "languages": tuple(row.languages),
        "weekdays": tuple(row.weekdays),
        "judged": row.subject_id is not None,
        "phone": ANOTHER if row.phone_hash else None,
        "email": ANOTHER if row.email_hash else None,
        "home": ANOTHER if row.home else None,
        "territories": tuple(sorted(parts.territories[row.id])),
        "absences": tuple(parts.absences[row.id]),
        "conflicts": tuple(sorted(code for code, _ in conflicts)),
        "conflict_reason": next((reason for _, reason in sorted(conflicts) if reason), None),
        "identified": tuple(sorted(code for code, _ in parts.bars[row.id, IDENTIFIED])),
        "roles": tuple(sorted(set(parts.roles[row.account_id]))) if row.account_id else (),
        "certificates": tuple(parts.certificates[row.id]),
    }
    held = parts.held.get(row.account_id, ())
    return Known(row.id, row.account_id, values, held, row.left_at is not None)


def _readable(home: bytes, keys: KeyRing) -> str:
    try:
        return keys.decrypt(home)
    except KeyLost:
        return ANOTHER
