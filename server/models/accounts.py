"""People who work with the system: persons, sign-ins, what they may do where, firms and their keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId


class Person(HasId, Base):
    """Somebody known by name: staff, shopper, employee. Personal data stand in `person_private`."""

    __tablename__ = "person"

    name: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))
    left_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class PersonPrivate(Base):
    """Encrypted with the key ring, found by keyed hash, erased on its own schedule."""

    __tablename__ = "person_private"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    phone: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None] = mapped_column(index=True)


class Account(HasId, Base):
    """A sign-in. The password is an argon2id hash."""

    __tablename__ = "account"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="zh")
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("login = lower(login)", name="login_lower"),)


class RoleGrant(HasId, Base):
    """A role, held within a scope: below a unit, in a programme, for a firm; NULL everywhere = everything."""

    __tablename__ = "role_grant"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    programme_id: Mapped[UUID | None] = mapped_column(ForeignKey("programme.id"))
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"))


class StaffSession(HasId, Base):
    """A signed-in browser: only the hash of its secret is kept, so the table is worth nothing to a thief."""

    __tablename__ = "staff_session"

    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInAttempt(HasId, Base):
    """Failed sign-ins, counted in PostgreSQL so that the limit holds over any number of processes."""

    __tablename__ = "sign_in_attempt"

    login: Mapped[str]
    address: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("sign_in_attempt_login_at_idx", "login", "at"),
        Index("sign_in_attempt_at_idx", "at"),
    )


class Firm(HasId, Base):
    """A third-party survey company."""

    __tablename__ = "firm"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class ApiKey(HasId, Base):
    """A firm's key to the API. Shown once; stored as a hash; `prefix` lets people tell keys apart."""

    __tablename__ = "api_key"

    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firm.id"), index=True)
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    permissions: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
