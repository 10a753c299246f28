"""People who work with the system: persons, sign-ins, what they may do where, firms and their keys."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, HasId

# Own staff, people of a pool who visit unnoticed, and the field workers of a firm.
PERSON_KINDS = ("staff", "shopper", "field_worker")


class Person(HasId, Base):
    """Somebody known by name: staff, shopper, employee. Personal data stand in `person_private`.

    Attributes:
        code: the staff number, by which imports know a person.
        languages: what somebody speaks on a visit, as people write it.
        weekdays: on which somebody can go, of `mon` … `sun`; empty is every day.
        per_day, total: the most visits on one day, and in one wave.
        rating: of the work, out of 10; None is not rated yet.
        left_on: the day on which everything ends; it may lie ahead.
        left_at: when it ended.
    """

    __tablename__ = "person"

    code: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="staff")
    title: Mapped[str | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"), index=True)
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"), index=True)
    languages: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    weekdays: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    per_day: Mapped[int | None]
    total: Mapped[int | None]
    rating: Mapped[Decimal | None] = mapped_column(Numeric(4, 2))
    left_on: Mapped[date | None]
    left_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"kind IN ({','.join(map(repr, PERSON_KINDS))})", name="kind"),
        CheckConstraint("kind <> 'field_worker' OR firm_id IS NOT NULL", name="firm"),
        # The chore that closes leavers looks every few minutes.
        Index(
            "person_leaving_idx",
            "left_on",
            postgresql_where=text("left_at IS NULL AND left_on IS NOT NULL"),
        ),
    )


class PersonPrivate(Base):
    """Encrypted with the key ring, found by keyed hash, erased on its own schedule.

    `home` is "longitude,latitude,datum" to about a hundred metres: distances need no more. `email` is where
    somebody wants to be told of things.
    """

    __tablename__ = "person_private"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    phone: Mapped[bytes | None]
    phone_hash: Mapped[bytes | None] = mapped_column(index=True)
    home: Mapped[bytes | None]
    email: Mapped[bytes | None]
    email_hash: Mapped[bytes | None] = mapped_column(index=True)


class Account(HasId, Base):
    """A sign-in. The password is an argon2id hash, or what no password fits (`sessions.NO_PASSWORD`).

    `alerts_chosen_at` is when somebody last chose what to be told of by message; until then defaults hold.
    """

    __tablename__ = "account"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    login: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="zh")
    disabled_at: Mapped[datetime | None]
    alerts_chosen_at: Mapped[datetime | None]
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


class RoleDeputy(HasId, Base):
    """Somebody does another's work for some days, with the other's roles where they reach.

    Attributes:
        account_id: whose roles are meant, whatever they are on the day.
        deputy_id: the account that has them meanwhile.
        starts_at, ends_at: the first moment, and the first one after.
        ended_at: taken back before its time.
    """

    __tablename__ = "role_deputy"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    deputy_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="days"),
        CheckConstraint("account_id <> deputy_id", name="another"),
    )


class AccountSetUp(HasId, Base):
    """A link by which somebody sets a password, once; only the hash of its token is kept."""

    __tablename__ = "account_set_up"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


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
    """A key to the API: a firm's, or of a system of our own, which has a name and may be held to a subtree.

    Shown once; stored as a hash; `prefix` lets people tell keys apart.
    """

    __tablename__ = "api_key"

    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firm.id"), index=True)
    system: Mapped[str | None]
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    permissions: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("(firm_id IS NULL) = (system IS NOT NULL)", name="holder"),)
