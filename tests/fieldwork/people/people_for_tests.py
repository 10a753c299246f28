"""A branch with people in it: files of people, and who sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.accounts.authority import SYSTEM
from server.accounts.identity import Identity, of_account
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.people.managing import Managed, find_managed
from server.fieldwork.people.people_import import Order, import_people
from server.keys import KeyRing
from server.models.accounts import Account, Person
from server.models.audit import AuditLine
from tests.builders import NOW

PHONE = "13812345678"
HEADER = "工号,姓名,手机号,所属机构,角色,角色范围"
STAFF = f"""{HEADER}
A1,管理员,13800000001,C01,系统管理员,全辖
K1,沈晓雯,13800000002,C01,项目经理,全辖
K2,东区统筹,13800000003,D1,项目经理,
M1,青年路行长,13800000004,B101,网点负责人,
S1,督导甲,13800000005,D1,督导,D1
S1,督导甲,13800000005,D1,审计,D10
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever sends files of people: by default the command line, which may do anything."""

    connection: Connection
    keys: KeyRing
    who: Identity = SYSTEM
    now: datetime = NOW

    def load(self, text: str, *, dry_run: bool = False) -> ImportReport:
        sent = SentFile(text.encode(), "people.csv", self.who.actor, self.who.scope)
        return import_people(self.connection, sent, Order(self.who, self.keys, self.now, dry_run))

    def as_(self, code: str, now: datetime | None = None) -> "Desk":
        """The same desk, with somebody of the people at it who may manage people."""
        who = identity(self.connection, code, now or self.now).for_permission("people.manage")
        return Desk(self.connection, self.keys, who, now or self.now)

    def person(self, code: str) -> Managed:
        return find_managed(self.connection, person_id(self.connection, code), self.who, now=self.now)


def person_id(connection: Connection, code: str) -> UUID:
    return connection.execute(select(Person.id).where(Person.code == code)).scalar_one()


def account_id(connection: Connection, code: str) -> UUID:
    query = select(Account.id).join(Person, Person.id == Account.person_id).where(Person.code == code)
    return connection.execute(query).scalar_one()


def identity(connection: Connection, code: str, now: datetime = NOW) -> Identity:
    """Who somebody is at a moment, who must be able to sign in."""
    found = of_account(connection, account_id(connection, code), now=now)
    assert found is not None, code
    return found


def problems(report: ImportReport) -> list[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.code) for each in report.problems]


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def lines(connection: Connection, code: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What the audit says of somebody: actor, action, detail."""
    subject = f"person:{person_id(connection, code)}"
    query = select(AuditLine.actor, AuditLine.action, AuditLine.detail).where(AuditLine.subject == subject)
    return [tuple(row) for row in connection.execute(query.order_by(AuditLine.id))]
