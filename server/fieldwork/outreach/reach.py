"""Where whoever is invited can be reached: a customer's number and address, or a colleague's."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, ScalarSelect, func, select, union_all

from server.db import AnySelect
from server.models.accounts import PersonPrivate
from server.models.contacts import ContactPrivate
from server.models.tasks import Invitation

# For queries that went through `with_reach`. None for whoever scanned a poster: nobody knows who that was.
PHONE: Final[ColumnElement[Any]] = func.coalesce(ContactPrivate.phone, PersonPrivate.phone)
# By which a wish to stop is known: the number, or the address of a colleague who has no number.
KNOWN_BY: Final[ColumnElement[Any]] = func.coalesce(
    ContactPrivate.phone_hash, PersonPrivate.phone_hash, PersonPrivate.email_hash
)
EMAIL: Final[ColumnElement[Any]] = func.coalesce(ContactPrivate.email, PersonPrivate.email)

# What tells the messages to one holder of invitations from those to another.
ASKED_ABOUT: Final[ColumnElement[Any]] = func.coalesce(
    Invitation.event_id, Invitation.contact_id, Invitation.person_id
).label("asked_about")


def with_reach(query: AnySelect) -> AnySelect:
    """A query of invitations, joined with where each can be reached."""
    return query.join(ContactPrivate, ContactPrivate.contact_id == Invitation.contact_id, isouter=True).join(
        PersonPrivate, PersonPrivate.person_id == Invitation.person_id, isouter=True
    )


def known_by(invitation_id: UUID) -> ScalarSelect[bytes]:
    """The hash by which a wish to stop of who is invited is known, inside another query."""
    asked = select(KNOWN_BY).select_from(Invitation).where(Invitation.id == invitation_id)
    return with_reach(asked).scalar_subquery()


def invited_at(phone_hashes: Sequence[bytes]) -> CompoundSelect[UUID]:
    """The ids of all invitations whose holder has this number. Two halves, so that each finds its index."""
    return union_all(
        select(Invitation.id)
        .join(ContactPrivate, ContactPrivate.contact_id == Invitation.contact_id)
        .where(ContactPrivate.phone_hash.in_(phone_hashes)),
        select(Invitation.id)
        .join(PersonPrivate, PersonPrivate.person_id == Invitation.person_id)
        .where(PersonPrivate.phone_hash.in_(phone_hashes)),
    )
