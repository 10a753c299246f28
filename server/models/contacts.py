"""Customers and other people who may be asked. What identifies them lies apart from what is sampled."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

# How somebody would like to be asked, and where a service was given.
CHANNELS = ("sms", "phone", "wechat", "app", "email", "letter")
SERVICE_CHANNELS = ("counter", "self_service", "phone", "app")


class Contact(HasId, Base):
    """Somebody who dealt with a unit, as the sampling sees them: no name, no number.

    Attributes:
        staff: works for the organisation and is not asked about it.
        open_case_since: a complaint or a dispute is being dealt with; who is in it is not asked meanwhile.
        attributes: what strata are made of (`{"segment": "gold"}`); plain texts by name.
    """

    __tablename__ = "contact"

    external_id: Mapped[str] = mapped_column(unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    locale: Mapped[str] = mapped_column(default="zh")
    large_type: Mapped[bool] = mapped_column(default=False)
    preferred_channel: Mapped[str | None]
    consent_source: Mapped[str | None]
    staff: Mapped[bool] = mapped_column(server_default=false())
    open_case_since: Mapped[date | None]
    served_on: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "preferred_channel IN ('sms','phone','wechat','app','email','letter')",
            name="preferred_channel",
        ),
        # A unit's list page by page, and all counts by unit from the index alone.
        Index("contact_unit_external_idx", "unit_id", "external_id", postgresql_include=["served_on"]),
        Index("contact_staff_idx", "unit_id", postgresql_where="staff"),
        Index("contact_open_case_idx", "unit_id", postgresql_where="open_case_since IS NOT NULL"),
    )


class ContactPrivate(Base):
    """Name, number and addresses, encrypted with the key ring; number and e-mail are found by keyed hash.

    `address` is where letters go, in lines as an envelope has them.
    """

    __tablename__ = "contact_private"

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    name: Mapped[bytes | None]
    phone: Mapped[bytes]
    phone_hash: Mapped[bytes] = mapped_column(index=True)
    email: Mapped[bytes | None]
    email_hash: Mapped[bytes | None] = mapped_column(index=True)
    address: Mapped[bytes | None]


class OptOut(Base):
    """A number that said stop. Kept by keyed hash, so it holds even when the contact is erased."""

    __tablename__ = "opt_out"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    source: Mapped[str]
    at: Mapped[datetime]


class ProgrammeOptOut(Base):
    """A number that wants no more of one programme; others may still write to it."""

    __tablename__ = "programme_opt_out"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), primary_key=True)
    source: Mapped[str]
    at: Mapped[datetime]


class BadNumber(Base):
    """A number that no message can reach, as the provider said: `code` is its own.

    It belongs to the number and not to the contact: whoever gets another number can be asked again.
    """

    __tablename__ = "bad_number"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    code: Mapped[str]
    at: Mapped[datetime]


class ServiceEvent(HasId, Base):
    """One time that somebody was served: what a rolling wave asks about."""

    __tablename__ = "service_event"

    external_id: Mapped[str] = mapped_column(unique=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"))
    happened_at: Mapped[datetime]
    business: Mapped[str | None]
    channel: Mapped[str]
    teller_code: Mapped[str | None]
    waited_minutes: Mapped[int | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("channel IN ('counter','self_service','phone','app')", name="channel"),
        CheckConstraint("waited_minutes >= 0", name="waited_minutes"),
        Index("service_event_unit_happened_idx", "unit_id", "happened_at"),
        Index("service_event_contact_idx", "contact_id", "happened_at"),
    )
