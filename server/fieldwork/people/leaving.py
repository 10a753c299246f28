"""How people leave: from that day on nothing of theirs works, and what they had still to do waits for others.

The subject stays, with all that was found; the person stays, so that old lines keep their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, or_, select, update

from server import audit
from server.accounts.sessions import NO_PASSWORD, end_sessions
from server.catalogue import ZONE
from server.db import AnyRow, AnySelect
from server.fieldwork.people.set_up import void_links
from server.fieldwork.visiting.devices import end_devices
from server.fieldwork.visits.given_up import given_up
from server.fieldwork.visits.moving import call_back
from server.models.accounts import Account, Person, RoleDeputy, RoleGrant
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment, RespondentSession
from server.models.waves import Wave

# Kept as the reason of the assignments that wait for somebody else.
PERSON_LEFT = "person_left"


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What ends when somebody leaves.

    Attributes:
        assignments: `id`, `wave_id`, `wave_title`, `wave_title_en`, `unit_name`, `unit_name_en`, `unit_code`,
            `expires_at`, `timezone`, and `started_at` where somebody has begun.
        deputies: how many stand in for this person, or this person for others.
    """

    assignments: Sequence[AnyRow]
    sessions: int
    deputies: int


def leave_today(connection: Connection, people: Sequence[UUID], *, by: str, now: datetime) -> int:
    """Close those among these people whose day has come; returns how many. Others wait for the chore."""
    due = connection.execute(
        select(Person.id)
        .where(Person.id.in_(people), Person.left_at.is_(None), Person.left_on <= _today(now))
        .order_by(Person.id)
        .with_for_update()
    ).all()
    for row in due:
        _close(connection, row.id, by=by, now=now)
    return len(due)


def close_leavers(connection: Connection, *, now: datetime) -> int:
    """The clock's chore: close everybody whose day has come."""
    due = connection.scalars(
        select(Person.id).where(Person.left_at.is_(None), Person.left_on <= _today(now))
    ).all()
    return leave_today(connection, due, by="system", now=now)


def open_assignments(connection: Connection, person_id: UUID, *, now: datetime) -> Sequence[AnyRow]:
    """The visits that somebody has still to do, next deadline first; see `OpenWork`.

    What they gave up already waits for others in the grid of its wave.
    """
    return connection.execute(
        _work()
        .where(Assignment.person_id == person_id, Assignment.completed_at.is_(None))
        .where(Assignment.cancelled_at.is_(None), ~given_up(), Assignment.expires_at > now)
        .order_by(Assignment.expires_at, Assignment.id)
    ).all()


def waiting_for_others(connection: Connection, person_id: UUID) -> Sequence[AnyRow]:
    """The visits of somebody who left that nobody has taken over yet."""
    taken = select(Assignment.replaces_id).where(Assignment.replaces_id.is_not(None))
    return connection.execute(
        _work()
        .where(Assignment.person_id == person_id, Assignment.cancel_reason == PERSON_LEFT)
        .where(Wave.state.in_(("drawn", "launched", "paused")), Assignment.id.not_in(taken))
        .order_by(Assignment.expires_at, Assignment.id)
    ).all()


def _today(now: datetime) -> date:
    return now.astimezone(ZoneInfo(ZONE)).date()


def _work() -> AnySelect:
    return (
        select(
            Assignment.id, Assignment.wave_id, Assignment.expires_at, Assignment.started_at, Wave.timezone,
            Wave.title.label("wave_title"), Wave.title_en.label("wave_title_en"),
            Unit.code.label("unit_code"), Unit.name.label("unit_name"), Unit.name_en.label("unit_name_en"),
        )
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
    )  # fmt: skip


def _close(connection: Connection, person_id: UUID, *, by: str, now: datetime) -> None:
    """Sessions, links, roles and deputies end in one transaction with the line that says so."""
    accounts = connection.scalars(select(Account.id).where(Account.person_id == person_id)).all()
    sessions = sum(end_sessions(connection, account_id) for account_id in accounts)
    void_links(connection, accounts, now=now)
    phones = end_devices(connection, person_id, now=now)
    # Somebody who comes back sets a password anew; the old one is worth nothing meanwhile.
    connection.execute(update(Account).where(Account.id.in_(accounts)).values(password_hash=NO_PASSWORD))
    roles = _end_roles(connection, accounts)
    deputies = _end_deputies(connection, accounts, now)
    work = [row.id for row in open_assignments(connection, person_id, now=now)]
    call_back(connection, work, PERSON_LEFT, now=now)
    connection.execute(delete(RespondentSession).where(RespondentSession.assignment_id.in_(work)))
    connection.execute(update(Person).where(Person.id == person_id).values(left_at=now))
    detail = {"sessions": sessions, "phones": phones, "roles": roles, "deputies": deputies}
    left = audit.Entry(by, "person_left", f"person:{person_id}", {**detail, "visits": len(work)})
    audit.record(connection, [left], at=now)


def _end_roles(connection: Connection, accounts: Sequence[UUID]) -> list[list[str]]:
    """The roles that ended, with the unit of each: only this line tells what somebody held."""
    held = connection.execute(
        select(RoleGrant.role, Unit.code)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(RoleGrant.account_id.in_(accounts))
        .order_by(RoleGrant.role, Unit.code)
    ).all()
    connection.execute(delete(RoleGrant).where(RoleGrant.account_id.in_(accounts)))
    return [[row.role, row.code or ""] for row in held]


def _end_deputies(connection: Connection, accounts: Sequence[UUID], now: datetime) -> int:
    either = or_(RoleDeputy.account_id.in_(accounts), RoleDeputy.deputy_id.in_(accounts))
    standing = update(RoleDeputy).where(either, RoleDeputy.ended_at.is_(None), RoleDeputy.ends_at > now)
    return connection.execute(standing.values(ended_at=now)).rowcount
