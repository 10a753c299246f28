"""Contacts as the console shows them: how many where, with which marks, and what became of asking one.

Nobody's name or number is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Date, cast, exists, func, select, true
from sqlalchemy.orm import aliased

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.models.contacts import BadNumber, Contact, ContactPrivate, OptOut, ServiceEvent
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.tasks import Invitation
from server.scope import Scope

PAGE: Final = 100
MOST_EVENTS: Final = 50
MOST_COUNTED: Final = 1_000
ZONES_APART: Final = timedelta(days=1)


def _number_in(table: type[OptOut] | type[BadNumber]) -> ColumnElement[bool]:
    """Whether the contact's number is in a list of numbers.

    The number is fetched for each contact that is asked about: joined, the planner would read everybody's.
    """
    number = select(ContactPrivate.phone_hash).where(ContactPrivate.contact_id == Contact.id)
    return exists().where(table.phone_hash == number.correlate(Contact).scalar_subquery())


# Marks by which lists are filtered; the order is that of the page.
MARKS: Final[dict[str, ColumnElement[bool]]] = {
    "opted_out": _number_in(OptOut),
    "bad_number": _number_in(BadNumber),
    "staff": Contact.staff.is_(True),
    "open_case": Contact.open_case_since.is_not(None),
    "large_type": Contact.large_type.is_(True),
    "no_consent": Contact.consent_source.is_(None),
}


@dataclass(frozen=True, slots=True)
class ContactPage:
    """A page of a list; `following` is the last id when there are more."""

    rows: Sequence[AnyRow]
    following: str | None


@dataclass(frozen=True, slots=True)
class ContactHistory:
    """What became of asking one contact.

    Attributes:
        contact: marks, attributes, its unit; `external_id`.
        events: the newest, with the unit of each.
        asked, answered: invitations, and how many were answered.
        messages: state -> how many.
        last_asked: when the newest invitation was written.
    """

    contact: AnyRow
    events: Sequence[AnyRow]
    event_count: int
    asked: int
    answered: int
    messages: dict[str, int]
    last_asked: datetime | None


def mark_counts(connection: Connection, scope: Scope) -> dict[str, int]:
    """How many contacts may not be asked, and why: at most `MOST_COUNTED` + 1 of each, so that nobody waits
    for the exact number of very many."""
    marked = {
        "opted_out": _owners(OptOut),
        "bad_number": _owners(BadNumber),
        "staff": select(Contact.id).where(Contact.staff),
        "open_case": select(Contact.id).where(Contact.open_case_since.is_not(None)),
    }
    found = {}
    for name, query in marked.items():
        visible = scope.units(query.join(Unit, Unit.id == Contact.unit_id)).limit(MOST_COUNTED + 1)
        found[name] = connection.scalar(select(func.count()).select_from(visible.subquery())) or 0
    return found


def _owners(table: type[OptOut] | type[BadNumber]) -> AnySelect:
    """The contacts whose number is in a list of numbers, found number by number."""
    # OFFSET keeps the planner from reading all contacts instead.
    owner = (
        select(ContactPrivate.contact_id)
        .where(ContactPrivate.phone_hash == table.phone_hash)
        .offset(0)
        .lateral("owner")
    )
    contacts = select(Contact.id).select_from(table).join(owner, true())
    return contacts.join(Contact, Contact.id == owner.c.contact_id)


def unit_counts(
    connection: Connection, scope: Scope, *, after: str = ""
) -> tuple[Sequence[AnyRow], str | None]:
    """Units with contacts, in the order of the tree: code, names, how many, and the newest day of service.

    Only those of the page are counted, from an index: counting a million takes longer than a page may.

    Args:
        after: path of the last unit of the page before.

    Returns:
        The units, and the path to go on behind, or None.
    """
    asked = exists().where(Contact.unit_id == Unit.id)
    page = (
        select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.path)
        .where(Unit.path > after, asked)
        .order_by(Unit.path)
        .limit(PAGE + 1)
    )
    units = connection.execute(scope.units(page)).all()
    shown = aliased(Unit)
    counts = connection.execute(
        select(
            shown.code, shown.name, shown.name_en,
            func.count().label("contacts"), func.max(Contact.served_on).label("newest"),
        )
        .join(Contact, Contact.unit_id == shown.id)
        .where(shown.id.in_([unit.id for unit in units[:PAGE]]))
        .group_by(shown.id)
        .order_by(shown.path)
    ).all()  # fmt: skip
    return counts, units[PAGE - 1].path if len(units) > PAGE else None


def list_contacts(
    connection: Connection, scope: Scope, unit_code: str, *, mark: str = "", after: str = ""
) -> ContactPage:
    """The contacts of one unit, by external id, behind `after`.

    Raises:
        Refusal: not_found when the unit is not within the scope.
    """
    unit_id = connection.scalar(scope.units(select(Unit.id).where(Unit.code == unit_code)))
    if unit_id is None:
        raise Refusal("not_found")
    query = (
        select(*_columns())
        .where(Contact.unit_id == unit_id, Contact.external_id > after)
        .order_by(Contact.external_id)
        .limit(PAGE + 1)
    )
    if mark in MARKS:
        query = query.where(MARKS[mark])
    rows = connection.execute(query).all()
    return ContactPage(rows[:PAGE], rows[PAGE - 1].external_id if len(rows) > PAGE else None)


def find_contact(connection: Connection, external_id: str, scope: Scope) -> ContactHistory:
    """One contact of a unit within the scope.

    Raises:
        Refusal: not_found.
    """
    query = (
        select(*_columns(), Contact.id, Contact.attributes, Unit.code, Unit.name, Unit.name_en, Unit.timezone)
        .join(Unit, Unit.id == Contact.unit_id)
        .where(Contact.external_id == external_id)
    )
    contact = connection.execute(scope.units(query)).first()
    if contact is None:
        raise Refusal("not_found")
    of_contact = Invitation.contact_id == contact.id
    asked = connection.execute(
        select(func.count(), func.count(Invitation.completed_at), func.max(Invitation.created_at)).where(
            of_contact
        )
    ).one()
    messages = connection.execute(
        select(Message.state, func.count())
        .join(Invitation, Invitation.id == Message.invitation_id)
        .where(of_contact)
        .group_by(Message.state)
    )
    count = select(func.count()).select_from(ServiceEvent).where(ServiceEvent.contact_id == contact.id)
    return ContactHistory(
        contact, _events_of(connection, contact, scope), connection.scalar(count) or 0, asked[0], asked[1],
        {row[0]: row[1] for row in messages}, asked[2],
    )  # fmt: skip


def _columns() -> list[Any]:
    marks = [mark.label(name) for name, mark in MARKS.items()]
    return [
        Contact.external_id, Contact.locale, Contact.preferred_channel, Contact.consent_source,
        Contact.open_case_since, Contact.served_on, *marks,
    ]  # fmt: skip


def _events_of(connection: Connection, contact: AnyRow, scope: Scope) -> Sequence[AnyRow]:
    query = (
        select(
            ServiceEvent.external_id, ServiceEvent.happened_at, ServiceEvent.business, ServiceEvent.channel,
            ServiceEvent.teller_code, ServiceEvent.waited_minutes, Unit.code, Unit.name, Unit.name_en,
            Unit.timezone,
        )
        .join(Unit, Unit.id == ServiceEvent.unit_id)
        .where(ServiceEvent.contact_id == contact.id)
        .order_by(ServiceEvent.happened_at.desc())
        .limit(MOST_EVENTS)
    )  # fmt: skip
    return connection.execute(scope.units(query)).all()


def events_by_day(
    connection: Connection, scope: Scope, first: date, last: date, *, after: str = ""
) -> tuple[list[tuple[AnyRow, dict[date, int]]], str | None]:
    """Service events of the days from `first` to `last` on each unit's own clocks, unit by unit.

    Args:
        after: path of the last unit of the page before.

    Returns:
        Units that ever served somebody, with day -> events; and the path to go on behind, or None.
    """
    units = connection.execute(_serving(scope, after)).all()
    shown = units[:PAGE]
    day = cast(func.timezone(Unit.timezone, ServiceEvent.happened_at), Date)
    counts = connection.execute(
        select(ServiceEvent.unit_id, day.label("day"), func.count().label("events"))
        .join(Unit, Unit.id == ServiceEvent.unit_id)
        .where(Unit.id.in_([unit.id for unit in shown]))
        # Days wider at both ends for the index; the day itself is the unit's.
        .where(ServiceEvent.happened_at >= datetime.combine(first, time(), UTC) - ZONES_APART)
        .where(ServiceEvent.happened_at < datetime.combine(last, time(), UTC) + 2 * ZONES_APART)
        .where(day >= first, day <= last)
        .group_by(ServiceEvent.unit_id, day)
    )
    found: dict[Any, dict[date, int]] = {}
    for row in counts:
        found.setdefault(row.unit_id, {})[row.day] = row.events
    rows = [(unit, found.get(unit.id, {})) for unit in shown]
    return rows, shown[-1].path if len(units) > PAGE else None


def _serving(scope: Scope, after: str) -> AnySelect:
    """Units that ever served somebody."""
    served = exists().where(ServiceEvent.unit_id == Unit.id)
    query = (
        select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.path)
        .where(Unit.path > after, served)
        .order_by(Unit.path)
        .limit(PAGE + 1)
    )
    return scope.units(query)
