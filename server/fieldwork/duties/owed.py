"""Finding occurrences: within a scope, and those that somebody may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, true
from sqlalchemy.orm import aliased

from server.accounts.identity import Identity
from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.models.accounts import Account, Person
from server.models.definitions import Programme
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.scope import Scope
from server.scoring.duties.standing import Times, state

MANAGE = "duties.manage"
About = aliased(Subject)


@dataclass(frozen=True, slots=True)
class Doer:
    """Who does duties: a person with the roles held where, by path; "" is the whole organisation.

    Who manages duties may do them for others within `scope`.
    """

    actor: str
    scope: Scope
    person_id: UUID | None = None
    held: tuple[tuple[str, str], ...] = ()
    manages: bool = False

    def owes(self) -> ColumnElement[bool]:
        """Whether a row is this person's to do: named, or of a role that is held there or above."""
        named = DutyOccurrence.person_id == self.person_id if self.person_id else false()
        held = [
            and_(DutyOccurrence.role == role, Unit.path.startswith(path, autoescape=True) if path else true())
            for role, path in self.held
        ]
        return or_(named, and_(DutyOccurrence.person_id.is_(None), or_(false(), *held)))


def doer_of(connection: Connection, who: Identity) -> Doer:
    """The person behind an account, with the roles it holds now, those of whom it stands in for included."""
    return Doer(
        actor=who.actor,
        scope=who.within(MANAGE),
        person_id=connection.scalar(select(Account.person_id).where(Account.id == who.account_id)),
        held=tuple((each.role, each.path or "") for each in who.holdings if each.firm_id is None),
        manages=who.may(MANAGE),
    )


def owed() -> AnySelect:
    """Occurrences with the names that go with them, joined with `Unit` so that a scope can limit them."""
    return (
        select(
            *DutyOccurrence.__table__.columns,
            Programme.key.label("programme"),
            Subject.code.label("subject"), Subject.name.label("subject_name"),
            About.code.label("about"), About.name.label("about_name"), Person.name.label("person_name"),
            Unit.path, Unit.timezone, Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"),
        )
        .join(Programme, Programme.id == DutyOccurrence.programme_id)
        .join(Subject, Subject.id == DutyOccurrence.subject_id)
        .join(About, About.id == DutyOccurrence.about_id, isouter=True)
        .join(Person, Person.id == DutyOccurrence.person_id, isouter=True)
        .join(Unit, Unit.id == DutyOccurrence.unit_id, isouter=True)
    )  # fmt: skip


def visible(query: Any, scope: Scope) -> Any:
    """Limit a query that joins `Unit` to what is owed within the subtree; a firm sees nothing of it."""
    return query.where(false()) if scope.firm_ids is not None else scope.units(query)


def find_owed(connection: Connection, occurrence_id: UUID, scope: Scope, *, lock: bool = False) -> AnyRow:
    """One occurrence.

    Raises:
        Refusal: not_found when there is none within the scope.
    """
    query = visible(owed().where(DutyOccurrence.id == occurrence_id), scope)
    return _one(connection, query, lock)


def find_mine(connection: Connection, occurrence_id: UUID, doer: Doer) -> AnyRow:
    """One that somebody may do, locked: two taps are one deed.

    Raises:
        Refusal: not_found for what is not theirs to do.
    """
    query = owed().where(DutyOccurrence.id == occurrence_id)
    mine = visible(query, doer.scope) if doer.manages else query.where(doer.owes())
    return _one(connection, mine, lock=True)


def state_of(row: AnyRow, now: datetime) -> str:
    """How an occurrence stands."""
    excused = row.excused_at is not None
    return state(Times(row.opens_at, row.due_at, row.closes_at, row.done_at, excused), now)


def _one(connection: Connection, query: Any, lock: bool) -> AnyRow:
    row: AnyRow | None = connection.execute(
        query.with_for_update(of=DutyOccurrence) if lock else query
    ).first()
    if row is None:
        raise Refusal("not_found")
    return row


def rows_of(connection: Connection, query: Any) -> Sequence[AnyRow]:
    """The rows of a query of this kind."""
    found: Sequence[AnyRow] = connection.execute(query).all()
    return found
