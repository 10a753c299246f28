"""Letting somebody leave by hand, with what that ends shown first; and bringing somebody back."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update

from server import audit
from server.accounts.identity import Identity
from server.errors import Detail, Refusal
from server.fieldwork.people.leaving import OpenWork, leave_today, open_assignments
from server.fieldwork.people.managing import Managed, find_managed
from server.fieldwork.waves.running import checked_reason
from server.models.accounts import Person, RoleDeputy, StaffSession


@dataclass(frozen=True, slots=True)
class Leave:
    """Since when somebody is gone; a day ahead is kept until it comes."""

    left_on: date
    reason: str


def what_ends(connection: Connection, managed: Managed, *, now: datetime) -> OpenWork:
    """What closing somebody would end. Writes nothing."""
    either = or_(RoleDeputy.account_id == managed.account_id, RoleDeputy.deputy_id == managed.account_id)
    standing = select(func.count()).where(either, RoleDeputy.ended_at.is_(None), RoleDeputy.ends_at > now)
    signed_in = select(func.count()).where(
        StaffSession.account_id == managed.account_id, StaffSession.expires_at > now
    )
    return OpenWork(
        open_assignments(connection, managed.id, now=now),
        connection.scalar(signed_in) or 0,
        connection.scalar(standing) or 0,
    )


def close_person(
    connection: Connection, person_id: UUID, leave: Leave, who: Identity, *, now: datetime
) -> None:
    """Let somebody leave on a day. Today, or a day that has passed, works at once.

    Raises:
        Refusal: not_found, forbidden for somebody who holds more, invalid_fields without a reason, for
            somebody who has left, or for oneself.
    """
    managed = find_managed(connection, person_id, who, now=now)
    reason = checked_reason(leave.reason)
    if managed.left_at is not None:
        raise Refusal("invalid_fields", details=[Detail("person_gone", "/left_on")])
    if managed.account_id is not None and managed.account_id == who.account_id:
        raise Refusal("invalid_fields", details=[Detail("person_is_self", "/left_on")])
    connection.execute(update(Person).where(Person.id == person_id).values(left_on=leave.left_on))
    detail = {"left_on": str(leave.left_on), "reason": reason}
    audit.record(
        connection, [audit.Entry(who.actor, "person_leaving", f"person:{person_id}", detail)], at=now
    )
    leave_today(connection, [person_id], by=who.actor, now=now)


def reopen_person(
    connection: Connection, person_id: UUID, reason: str, who: Identity, *, now: datetime
) -> None:
    """Bring somebody back, or take back an announced day. Roles and password have to be given anew.

    Raises:
        Refusal: not_found, forbidden, or invalid_fields without a reason or for somebody who is not leaving.
    """
    managed = find_managed(connection, person_id, who, now=now)
    given = checked_reason(reason)
    if managed.left_on is None and managed.left_at is None:
        raise Refusal("invalid_fields", details=[Detail("person_present", "/reason")])
    connection.execute(update(Person).where(Person.id == person_id).values(left_on=None, left_at=None))
    entry = audit.Entry(who.actor, "person_reopened", f"person:{person_id}", {"reason": given})
    audit.record(connection, [entry], at=now)
