"""Customers and other people who may be asked. What identifies them lies apart from what is sampled."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Contact(HasId, Base):
    """Somebody who dealt with a unit, as the sampling sees them: no name, no number."""

    __tablename__ = "contact"

    external_id: Mapped[str] = mapped_column(unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("unit.id"), index=True)
    locale: Mapped[str] = mapped_column(default="zh")
    large_type: Mapped[bool] = mapped_column(default=False)
    consent_source: Mapped[str | None]
    served_on: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class ContactPrivate(Base):
    """Name and number, encrypted with the key ring; the number is found by keyed hash."""

    __tablename__ = "contact_private"

    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"), primary_key=True)
    name: Mapped[bytes | None]
    phone: Mapped[bytes]
    phone_hash: Mapped[bytes] = mapped_column(index=True)


class OptOut(Base):
    """A number that said stop. Kept by keyed hash, so it holds even when the contact is erased."""

    __tablename__ = "opt_out"

    phone_hash: Mapped[bytes] = mapped_column(primary_key=True)
    source: Mapped[str]
    at: Mapped[datetime]
