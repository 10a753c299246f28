"""Deputies: somebody does another's work for some days, with the other's roles, and both are named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from server import audit
from server.catalogue import ZONE
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.people.managing import Managed
from server.fieldwork.waves.running import checked_reason
from server.models.accounts import Account, Person, RoleDeputy

LONGEST = timedelta(days=366)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewDeputy:
    """Who stands in from one day to another, both included.

    Attributes:
        deputy: the staff number, or the login.
    """

    deputy: str
    first_day: date
    last_day: date
    reason: str


def add_deputy(connection: Connection, of: Managed, new: NewDeputy, *, by: str, now: datetime) -> UUID:
    """Let somebody stand in for a person. Who may ask for it is the caller's to know.

    Raises:
        Refusal: invalid_fields with everything that is wrong.
    """
    zone = ZoneInfo(of.timezone or ZONE)
    deputy = _account(connection, new.deputy)
    problems = list(_problems(of, new, deputy, now.astimezone(zone).date()))
    try:
        reason = checked_reason(new.reason)
    except Refusal as refusal:
        problems += refusal.details
    if problems or deputy is None:
        raise Refusal("invalid_fields", details=problems)
    deputy_row = new_id()
    connection.execute(
        insert(RoleDeputy).values(
            id=deputy_row,
            account_id=of.account_id,
            deputy_id=deputy.account_id,
            starts_at=datetime.combine(new.first_day, time(), zone),
            ends_at=datetime.combine(new.last_day + DAY, time(), zone),
            reason=reason,
            created_at=now,
            created_by=by,
        )
    )
    days = {"from": str(new.first_day), "to": str(new.last_day), "reason": reason}
    audit.record(connection, _lines(by, "deputy_added", of.id, deputy.person_id, days), at=now)
    return deputy_row


def end_deputy(connection: Connection, of: Managed, deputy_row: UUID, *, by: str, now: datetime) -> None:
    """Take it back before its last day.

    Raises:
        Refusal: not_found when this person has no such deputy, or it is over.
    """
    ended = connection.execute(
        update(RoleDeputy)
        .where(RoleDeputy.id == deputy_row, RoleDeputy.account_id == of.account_id)
        .where(RoleDeputy.ended_at.is_(None), RoleDeputy.ends_at > now)
        .values(ended_at=now)
        .returning(RoleDeputy.deputy_id)
    ).first()
    if ended is None:
        raise Refusal("not_found")
    person_id = connection.scalar(select(Account.person_id).where(Account.id == ended.deputy_id))
    audit.record(connection, _lines(by, "deputy_ended", of.id, person_id, {}), at=now)


def deputies_around(connection: Connection, account_id: UUID) -> Sequence[AnyRow]:
    """Who stands in for somebody and for whom they do, newest first: the days, the reason, `own` (this
    person's deputy), and name and staff number of the other.
    """
    other_account, other = aliased(Account), aliased(Person)
    is_own = RoleDeputy.account_id == account_id
    return connection.execute(
        select(
            RoleDeputy.id, RoleDeputy.starts_at, RoleDeputy.ends_at, RoleDeputy.ended_at, RoleDeputy.reason,
            is_own.label("own"), other.id.label("person_id"), other.name, other.code,
        )
        .join(
            other_account,
            or_(
                is_own & (other_account.id == RoleDeputy.deputy_id),
                (RoleDeputy.deputy_id == account_id) & (other_account.id == RoleDeputy.account_id),
            ),
        )
        .join(other, other.id == other_account.person_id)
        .order_by(RoleDeputy.starts_at.desc(), RoleDeputy.id.desc())
        .limit(50)
    ).all()  # fmt: skip


def _account(connection: Connection, name: str) -> AnyRow | None:
    """Somebody who can sign in, by staff number or login."""
    named = name.strip()
    row: AnyRow | None = connection.execute(
        select(Account.id.label("account_id"), Person.id.label("person_id"), Person.firm_id)
        .join(Person, Person.id == Account.person_id)
        .where(or_(Person.code == named, Account.login == func.lower(named)))
        .where(Account.disabled_at.is_(None), Person.left_at.is_(None))
        .order_by(Person.code == named)
    ).first()
    return row


def _problems(of: Managed, new: NewDeputy, deputy: AnyRow | None, today: date) -> Iterator[Detail]:
    if of.account_id is None:
        yield Detail("account_absent", "/deputy")
    if deputy is None:
        yield Detail("deputy_unknown", "/deputy")
    elif deputy.account_id == of.account_id:
        yield Detail("deputy_is_self", "/deputy")
    elif deputy.firm_id != of.firm_id:
        yield Detail("deputy_of_another_firm", "/deputy")
    if new.last_day < new.first_day:
        yield Detail("days_reversed", "/last_day")
    elif new.last_day < today:
        yield Detail("deputy_past", "/last_day")
    elif new.last_day - new.first_day > LONGEST:
        yield Detail("deputy_long", "/last_day", {"limit": LONGEST.days})


def _lines(
    by: str, action: str, of: UUID, deputy: UUID | None, detail: Mapping[str, str]
) -> tuple[audit.Entry, audit.Entry]:
    """A line at each of the two, since both pages are asked what happened."""
    return (
        audit.Entry(by, action, f"person:{of}", {**detail, "deputy": str(deputy)}),
        audit.Entry(by, action, f"person:{deputy}", {**detail, "of": str(of)}),
    )
