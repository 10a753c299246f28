"""The one way in which people are written: rows, accounts, roles, and what rosters must know of them.

Whoever changes a person otherwise writes no line that tells who did it. Leaving has its own module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server import audit
from server.accounts.sessions import NO_PASSWORD
from server.catalogue import ZONE
from server.db import new_id
from server.fieldwork.people.columns import HIDDEN, WHOLE
from server.fieldwork.people.deciding import Ground, Known, Role, Settled
from server.keys import KeyRing
from server.models.accounts import Account, Person, PersonPrivate, RoleGrant
from server.models.organisation import Subject, Unit
from server.models.people import (
    CONFLICT,
    IDENTIFIED,
    PersonAbsence,
    PersonBar,
    PersonQualification,
    PersonTerritory,
)

OWN = ("name", "kind", "title", "per_day", "total", "rating", "left_on")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who changes something, when, and the ring that encrypts what is personal."""

    by: str
    at: datetime
    keys: KeyRing

    @property
    def day(self) -> date:
        return self.at.astimezone(ZoneInfo(ZONE)).date()


def write_people(connection: Connection, settled: Sequence[Settled], ground: Ground, stamp: Stamp) -> None:
    """Write what was decided, with a line for each person; rows that change nothing are left alone."""
    changing = [each for each in settled if each.changes]
    if not changing:
        return
    units = dict(connection.execute(select(Unit.code, Unit.id)).all())
    book = _Book(connection, ground, stamp, units)
    for each in changing:
        book.write(each)
    book.flush()


@dataclass(frozen=True, slots=True)
class _At:
    """A person whose rows are being written."""

    id: UUID
    one: Settled

    @property
    def values(self) -> Mapping[str, Any]:
        return self.one.values

    @property
    def before(self) -> Mapping[str, Any]:
        known: Known | None = self.one.before
        return known.values if known else {}


class _Book:
    """Collects new rows table by table: a thousand people are a dozen statements, not ten thousand."""

    def __init__(
        self, connection: Connection, ground: Ground, stamp: Stamp, units: Mapping[str, UUID]
    ) -> None:
        self._connection = connection
        self._ground = ground
        self._stamp = stamp
        self._units = units
        self._new: dict[Any, list[dict[str, Any]]] = {}
        self._lines: list[audit.Entry] = []

    def write(self, one: Settled) -> None:
        at = _At(one.before.id if one.before else new_id(), one)
        changed = set(one.changed)
        self._person(at)
        if changed & HIDDEN:
            self._private(at, changed)
        account = self._account(at, changed)
        if account is not None and changed & {"roles", "firm_code"}:
            self._roles(at, account)
        if at.values["judged"] and changed & {"judged", "name"}:
            self._subject(at)
        for columns, write in self._LISTS.items():
            if changed & {*columns}:
                write(self, at)
        self._lines.append(_line(at, self._stamp.by))

    def flush(self) -> None:
        """Parents first: the tables were first written to in that order."""
        for table, rows in self._new.items():
            self._connection.execute(insert(table), rows)
        audit.record(self._connection, self._lines, at=self._stamp.at)

    def _add(self, table: Any, **values: Any) -> None:
        self._new.setdefault(table, []).append(values)

    def _person(self, at: _At) -> None:
        values = {name: at.values[name] for name in OWN} | {
            "unit_id": self._units[at.values["unit_code"]] if at.values["unit_code"] else None,
            "firm_id": self._ground.firm_id(at.values),
            "languages": list(at.values["languages"]),
            "weekdays": list(at.values["weekdays"]),
        }
        if at.one.before is None:
            self._add(Person, id=at.id, code=at.one.wish.code, created_at=self._stamp.at, **values)
        else:
            self._connection.execute(update(Person).where(Person.id == at.id).values(**values))

    def _private(self, at: _At, changed: set[str]) -> None:
        keys, values = self._stamp.keys, {}
        for name in changed & {"phone", "email"}:
            said = at.values[name]
            values[name] = keys.encrypt(said) if said else None
            values[f"{name}_hash"] = keys.lookup_hash(said) if said else None
        if "home" in changed:
            values["home"] = keys.encrypt(at.values["home"]) if at.values["home"] else None
        if at.one.before is None:
            none = dict.fromkeys(("phone", "phone_hash", "email", "email_hash", "home"))
            row = {**none, **values}
            self._add(PersonPrivate, person_id=at.id, **row)
            return
        self._connection.execute(
            insert_or_change(PersonPrivate)
            .values(person_id=at.id, **values)
            .on_conflict_do_update(index_elements=["person_id"], set_=values)
        )

    def _account(self, at: _At, changed: set[str]) -> UUID | None:
        """The account, made when somebody gets a first role; it has no password until they set one."""
        known = at.one.before.account_id if at.one.before else None
        if known is not None:
            if changed & {"login", "locale"} and at.values["login"]:
                names = {name: at.values[name] for name in ("login", "locale")}
                self._connection.execute(update(Account).where(Account.id == known).values(**names))
            return known
        if not at.values["roles"]:
            return None
        account_id = new_id()
        self._add(
            Account, id=account_id, person_id=at.id, login=at.values["login"], password_hash=NO_PASSWORD,
            locale=at.values["locale"], created_at=self._stamp.at,
        )  # fmt: skip
        return account_id

    def _roles(self, at: _At, account_id: UUID) -> None:
        was, wanted = set(at.before.get("roles", ())), set(at.values["roles"])
        if at.before.get("firm_code") != at.values["firm_code"]:
            self._give_up_firm(account_id)
            was = {role for role in was if role.scope}
        for role in sorted(was - wanted):
            gone = delete(RoleGrant).where(
                RoleGrant.account_id == account_id,
                RoleGrant.role == role.role,
                RoleGrant.programme_id.is_(None),
                RoleGrant.unit_id.is_not_distinct_from(self._unit_of(role)),
            )
            self._connection.execute(gone)
        for role in sorted(wanted - was):
            self._add(
                RoleGrant,
                id=new_id(),
                account_id=account_id,
                role=role.role,
                unit_id=self._unit_of(role),
                firm_id=None if role.scope else self._ground.firm_id(at.values),
            )

    def _give_up_firm(self, account_id: UUID) -> None:
        """Roles held for a firm stay with the firm."""
        held = (RoleGrant.account_id == account_id, RoleGrant.firm_id.is_not(None))
        self._connection.execute(delete(RoleGrant).where(*held))

    def _unit_of(self, role: Role) -> UUID | None:
        return None if role.scope in {"", WHOLE} else self._units[role.scope]

    def _subject(self, at: _At) -> None:
        """Who is judged is a subject, called what the person is called."""
        if at.before.get("judged"):
            renamed = update(Subject).where(Subject.person_id == at.id).values(name=at.values["name"])
            self._connection.execute(renamed)
            return
        code = f"person:{at.one.wish.code}"
        self._add(Subject, id=new_id(), code=code, kind="person", person_id=at.id, name=at.values["name"])

    def _certificates(self, at: _At) -> None:
        self._empty(PersonQualification, at)
        for each in at.values["certificates"]:
            self._add(
                PersonQualification, id=new_id(), person_id=at.id, name=each.name, level=each.level,
                score=each.score, passed_on=each.passed_on, expires_on=each.expires_on,
            )  # fmt: skip

    def _territories(self, at: _At) -> None:
        self._empty(PersonTerritory, at)
        for code in at.values["territories"]:
            self._add(PersonTerritory, person_id=at.id, unit_id=self._units[code])

    def _absences(self, at: _At) -> None:
        self._empty(PersonAbsence, at)
        for first, last in at.values["absences"]:
            self._add(PersonAbsence, id=new_id(), person_id=at.id, first_day=first, last_day=last)

    def _conflicts(self, at: _At) -> None:
        """Those that stay keep the day since which they are known."""
        was, wanted = set(at.before.get("conflicts", ())), set(at.values["conflicts"])
        reason = at.values["conflict_reason"] if wanted else None
        kept = (PersonBar.person_id == at.id, PersonBar.kind == CONFLICT)
        gone = [self._units[code] for code in was - wanted]
        if gone:
            self._connection.execute(delete(PersonBar).where(*kept, PersonBar.unit_id.in_(gone)))
        if was & wanted:
            self._connection.execute(update(PersonBar).where(*kept).values(reason=reason))
        for code in sorted(wanted - was):
            self._bar(at, CONFLICT, code, reason)

    def _identified(self, at: _At) -> None:
        for code in sorted(set(at.values["identified"]) - set(at.before.get("identified", ()))):
            self._bar(at, IDENTIFIED, code, None)

    def _bar(self, at: _At, kind: str, code: str, reason: str | None) -> None:
        self._add(
            PersonBar, id=new_id(), person_id=at.id, unit_id=self._units[code], kind=kind,
            since=self._stamp.day, reason=reason, created_at=self._stamp.at,
        )  # fmt: skip

    def _empty(self, table: Any, at: _At) -> None:
        if at.one.before is not None:
            self._connection.execute(delete(table).where(table.person_id == at.id))

    _LISTS: ClassVar[Mapping[tuple[str, ...], Callable[["_Book", _At], None]]] = {
        ("certificates",): _certificates,
        ("territories",): _territories,
        ("absences",): _absences,
        ("conflicts", "conflict_reason"): _conflicts,
        ("identified",): _identified,
    }


def _line(at: _At, by: str) -> audit.Entry:
    """Which fields changed, and which roles came and went; no names, numbers or places."""
    was, is_ = set(at.before.get("roles", ())), set(at.values["roles"])
    roles = {
        name: [[each.role, each.scope] for each in sorted(some)]
        for name, some in (("given", is_ - was), ("taken", was - is_))
        if some
    }
    fields = [name for name in at.one.changed if name != "roles"]
    detail: dict[str, Any] = {"code": at.one.wish.code, "fields": fields, **roles}
    if at.one.kind == "leaving":
        detail["left_on"] = str(at.values["left_on"])
    action = "person_added" if at.one.before is None else "person_changed"
    return audit.Entry(by, action, f"person:{at.id}", detail)
