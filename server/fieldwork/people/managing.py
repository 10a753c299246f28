"""Finding somebody in order to change them: within the scope, and nobody who holds more than oneself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from server.accounts.authority import may_manage
from server.accounts.identity import Holding, Identity, held_by
from server.db import AnyRow, AnySelect
from server.errors import Detail, Refusal
from server.models.accounts import Account, Firm, Person
from server.models.organisation import Unit
from server.models.people import PersonTerritory


@dataclass(frozen=True, slots=True)
class Managed:
    """A person as whoever changes them needs to know them; `timezone` is of their unit."""

    id: UUID
    code: str | None
    name: str
    kind: str
    firm_id: UUID | None
    left_on: date | None
    left_at: datetime | None
    account_id: UUID | None
    login: str | None
    locale: str
    timezone: str | None
    held: tuple[Holding, ...] = ()


def find_managed(connection: Connection, person_id: UUID, who: Identity, *, now: datetime) -> Managed:
    """Somebody whom one may change.

    Raises:
        Refusal: not_found when there is nobody within the scope; forbidden for somebody who holds more, or
            who also works outside the scope.
    """
    row = connection.execute(who.scope.people(_query().where(Person.id == person_id))).first()
    if row is None:
        raise Refusal("not_found")
    found = _managed(connection, row, now)
    if not may_manage(who, found.held) or _roams_outside(connection, row, who):
        raise Refusal("forbidden")
    return found


def give_code(connection: Connection, managed: Managed, code: str) -> None:
    """Give a staff number to somebody who has none, so that tables can name them.

    Raises:
        Refusal: invalid_fields with person_code_taken.
    """
    if managed.code is not None:
        return
    refuse_taken(connection, code)
    connection.execute(update(Person).where(Person.id == managed.id).values(code=code))


def refuse_taken(connection: Connection, code: str) -> None:
    """Raises: Refusal: invalid_fields when somebody has this staff number."""
    if connection.scalar(select(Person.id).where(Person.code == code)) is not None:
        raise Refusal("invalid_fields", details=[Detail("person_code_taken", "/code", {"code": code})])


def own_person(connection: Connection, account_id: UUID, *, now: datetime) -> Managed:
    """The person behind an account, for what people change of themselves."""
    row = connection.execute(_query().where(Account.id == account_id)).first()
    if row is None:
        raise Refusal("not_found")
    return _managed(connection, row, now)


def _query() -> AnySelect:
    return (
        select(
            Person.id, Person.code, Person.name, Person.kind, Person.firm_id, Person.left_on, Person.left_at,
            Person.unit_id, Account.id.label("account_id"), Account.login, Account.locale, Unit.timezone,
        )
        .join(Account, Account.person_id == Person.id, isouter=True)
        .join(Unit, Unit.id == Person.unit_id, isouter=True)
        .join(Firm, Firm.id == Person.firm_id, isouter=True)
    )  # fmt: skip


def _managed(connection: Connection, row: AnyRow, now: datetime) -> Managed:
    values: dict[str, Any] = {name: value for name, value in row._mapping.items() if name != "unit_id"}
    accounts = [row.account_id] if row.account_id else []
    held = held_by(connection, accounts, now=now).get(row.account_id, ())
    return Managed(**{**values, "locale": row.locale or "zh"}, held=held)


def _roams_outside(connection: Connection, row: AnyRow, who: Identity) -> bool:
    """Whether somebody without a unit also goes where the scope does not reach."""
    if who.scope.unit_paths is None or row.unit_id is not None:
        return False
    paths = connection.scalars(
        select(Unit.path)
        .join(PersonTerritory, PersonTerritory.unit_id == Unit.id)
        .where(PersonTerritory.person_id == row.id)
    )
    return not all(map(who.scope.reaches, paths))
