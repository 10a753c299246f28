"""A county of E4: two supervisors with their halls, and the ledger of their duties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from server.accounts.identity import Identity, of_account
from server.clock import SetClock
from server.db import AnyRow, new_id
from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.fieldwork.duties.generating import keep_next
from server.fieldwork.duties.keeping import NewLedger, start_keeping
from server.fieldwork.duties.owed import Doer, doer_of, state_of
from server.models.accounts import Account, Person, RoleGrant
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.scope import EVERYTHING
from tests.builders import BY, create_units

ZONE = ZoneInfo("Asia/Shanghai")
UNITS = (
    ("X01", "清溪县公司", "Qingxi County", "", "district"),
    ("S1", "东片区", "East Area", "X01", "sub_branch"),
    ("S2", "西片区", "West Area", "X01", "sub_branch"),
    ("H11", "解放路厅", "Liberation Road Hall", "S1", "outlet"),
    ("H12", "车站厅", "Station Hall", "S1", "outlet"),
    ("H21", "西门厅", "West Gate Hall", "S2", "outlet"),
)
KINDS = {"district": "county", "sub_branch": "supervisor", "outlet": "hall"}
E4 = "hall-supervisors"


def at(day: str, clock: str = "09:00") -> datetime:
    """A moment of 2026 on the clocks of the county."""
    return datetime.fromisoformat(f"2026-{day}T{clock}").replace(tzinfo=ZONE)


def create_halls(connection: Connection) -> None:
    create_units(connection, UNITS)
    for level, kind in KINDS.items():
        connection.execute(update(Unit).where(Unit.level == level).values(attributes={"kind": kind}))


def create_person(connection: Connection, login: str, role: str, unit_code: str | None = None) -> UUID:
    """Somebody with an account and a role; returns the account."""
    person_id, account_id = new_id(), new_id()
    unit_id = connection.scalar(select(Unit.id).where(Unit.code == unit_code)) if unit_code else None
    now = at("01-01")
    connection.execute(insert(Person).values(id=person_id, name=login, unit_id=unit_id, created_at=now))
    connection.execute(
        insert(Account).values(
            id=account_id, person_id=person_id, login=login.lower(), password_hash="-", created_at=now
        )
    )
    connection.execute(
        insert(RoleGrant).values(id=new_id(), account_id=account_id, role=role, unit_id=unit_id)
    )
    return account_id


def person_subject(connection: Connection, account_id: UUID, code: str) -> None:
    """The person is judged, and not only signed in."""
    person_id = connection.scalar(select(Account.person_id).where(Account.id == account_id))
    row = {"id": new_id(), "code": code, "kind": "person", "name": code, "person_id": person_id}
    connection.execute(insert(Subject).values(**row))


def identity(connection: Connection, account_id: UUID) -> Identity:
    found = of_account(connection, account_id, now=at("05-11"))
    assert found is not None
    return found


def doer(connection: Connection, account_id: UUID) -> Doer:
    return doer_of(connection, identity(connection, account_id))


def keep(connection: Connection, now: datetime) -> None:
    """The clock's job, until nothing waits."""
    while keep_next(connection, now=now):
        pass


def begin(connection: Connection, key: str, starts: str, now: datetime, **settings: Any) -> None:
    """A ledger that is kept, with what it owes."""
    new = NewLedger(key, date.fromisoformat(starts), settings)
    start_keeping(connection, new, EVERYTHING, by=BY, now=now)
    keep(connection, now)


def publish(connection: Connection, key: str, content: dict[str, Any], now: datetime) -> None:
    publish_programme(connection, NewProgramme(key, content), EVERYTHING, by=BY, now=now)


def rows(connection: Connection, *duties: str, subject: str | None = None) -> Sequence[AnyRow]:
    """Occurrences by due day."""
    table = DutyOccurrence
    query = select(*table.__table__.columns, Subject.code.label("subject")).join(
        Subject, Subject.id == table.subject_id
    )
    if duties:
        query = query.where(table.duty.in_(duties))
    if subject:
        query = query.where(Subject.code == subject)
    return connection.execute(query.order_by(table.due_on, table.duty, Subject.code, table.id)).all()


def states(connection: Connection, now: datetime, *duties: str, subject: str | None = None) -> list[str]:
    """How they stand, as `duty due state`."""
    return [
        f"{row.duty} {row.due_on.isoformat()[5:]} {state_of(row, now)}"
        for row in rows(connection, *duties, subject=subject)
    ]


@dataclass(frozen=True, slots=True)
class Days:
    """A clock whose days are lived through one after another, with the job that runs each morning."""

    connection: Connection
    clock: SetClock

    def to(self, day: str, time_of_day: str = "09:00", *, down: bool = False) -> datetime:
        """Move to a moment; the jobs run unless the clock is down."""
        self.clock.advance(at(day, time_of_day) - self.clock.now())
        if not down:
            keep(self.connection, self.clock.now())
        return self.clock.now()
