"""Set-up links: somebody's first password, or a new one, by a link in an SMS.

A link works once and for some days, and a newer one voids it. Looking at it changes nothing, since phones and
scanners open links before people do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from server import audit
from server.accounts.identity import Identity
from server.accounts.sessions import (
    SHORTEST_PASSWORD,
    count_failure,
    end_sessions,
    refuse_too_many,
    set_password,
)
from server.db import AnyRow, new_id
from server.errors import Detail, Refusal
from server.fieldwork.links import new_token, set_up_link
from server.fieldwork.people.managing import Managed
from server.fieldwork.waves.plans import organisation_names
from server.keys import KeyLost, KeyRing, token_hash
from server.models.accounts import Account, AccountSetUp, Person, PersonPrivate
from server.models.messages import Message
from server.notify.outbox.queueing import NewMessage, enqueue
from server.notify.texts import compose_set_up

VALID_FOR: Final = timedelta(days=3)
MAX_TOKEN_LENGTH: Final = 64
KIND: Final = "set_up"


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending takes besides the person: the ring, and what links begin with."""

    keys: KeyRing
    public_url: str
    now: datetime


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that can still be used."""

    id: UUID
    account_id: UUID
    person_id: UUID
    login: str
    name: str
    locale: str


def send_link(connection: Connection, managed: Managed, who: Identity, sending: Sending) -> UUID:
    """Send a link to somebody that `managing` found, and void what was sent before; returns its id.

    Raises:
        Refusal: invalid_fields with account_absent, phone_absent, or person_gone.
    """
    account_id, number = _reached(connection, managed, sending.keys)
    void_links(connection, [account_id], now=sending.now)
    token, link_id, now = new_token(), new_id(), sending.now
    expires_at = now + VALID_FOR
    connection.execute(
        insert(AccountSetUp).values(
            id=link_id, account_id=account_id, token_hash=token.hash, created_at=now,
            created_by=who.actor, expires_at=expires_at,
        )
    )  # fmt: skip
    text = compose_set_up(
        organisation=organisation_names(connection)[managed.locale],
        login=managed.login or "",
        days=VALID_FOR.days,
        link=set_up_link(sending.public_url, token.text),
        locale=managed.locale,
    )
    message = NewMessage(f"{KIND}:{link_id}", KIND, number, text, now, expires_at)
    enqueue(connection, [message], sending.keys, now)
    entry = audit.Entry(who.actor, "set_up_sent", f"person:{managed.id}", {"until": expires_at.isoformat()})
    audit.record(connection, [entry], at=now)
    return link_id


def void_links(connection: Connection, accounts: Sequence[UUID], *, now: datetime) -> int:
    """End the open links of accounts, and hold back what was not sent yet; returns how many."""
    voided = connection.scalars(
        update(AccountSetUp)
        .where(AccountSetUp.account_id.in_(accounts), AccountSetUp.used_at.is_(None))
        .where(AccountSetUp.voided_at.is_(None))
        .values(voided_at=now)
        .returning(AccountSetUp.id)
    ).all()
    connection.execute(
        update(Message)
        .where(Message.dedupe_key.in_([f"{KIND}:{each}" for each in voided]), Message.state == "queued")
        .values(state="cancelled", reason="set_up_voided")
    )
    return len(voided)


def void(connection: Connection, managed: Managed, who: Identity, *, now: datetime) -> None:
    """Void somebody's open links by hand."""
    if managed.account_id is not None and void_links(connection, [managed.account_id], now=now):
        audit.record(
            connection, [audit.Entry(who.actor, "set_up_voided", f"person:{managed.id}", {})], at=now
        )


def find_link(connection: Connection, token: str, *, now: datetime) -> OpenLink | None:
    """The link of a token while it can be used. Writes nothing."""
    if len(token) > MAX_TOKEN_LENGTH:
        return None
    row = connection.execute(
        select(
            AccountSetUp.id, AccountSetUp.account_id, Account.person_id, Account.login, Person.name,
            Account.locale,
        )
        .join(Account, Account.id == AccountSetUp.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(AccountSetUp.token_hash == token_hash(token), AccountSetUp.expires_at > now)
        .where(AccountSetUp.used_at.is_(None), AccountSetUp.voided_at.is_(None))
        .where(Account.disabled_at.is_(None), Person.left_at.is_(None))
    ).first()  # fmt: skip
    return OpenLink(*row) if row else None


def use_link(
    connection: Connection, token: str, passwords: tuple[str, str], *, address: str, now: datetime
) -> None:
    """Set the password by a link, once. Whoever was signed in is signed out.

    The failed attempt is written on the same connection: the caller commits in both cases.

    Args:
        passwords: as it was typed, and typed again.

    Raises:
        Refusal: too_many_attempts, link_expired, or invalid_fields with everything wrong about the password.
    """
    attempt = f"{KIND}:{token_hash(token).hex()[:32]}"
    refuse_too_many(connection, attempt, now)
    link = find_link(connection, token, now=now)
    if link is None:
        count_failure(connection, attempt, address=address, now=now)
        raise Refusal("link_expired")
    check_passwords(*passwords)
    used = connection.execute(
        update(AccountSetUp)
        .where(AccountSetUp.id == link.id, AccountSetUp.used_at.is_(None), AccountSetUp.voided_at.is_(None))
        .values(used_at=now)
    ).rowcount
    if not used:  # the same button pressed twice
        raise Refusal("link_expired")
    set_password(connection, link.account_id, passwords[0])
    end_sessions(connection, link.account_id)
    entry = audit.Entry(f"account:{link.account_id}", "password_set", f"person:{link.person_id}", {})
    audit.record(connection, [entry], at=now)


def check_passwords(password: str, again: str) -> None:
    """Raises: Refusal: invalid_fields with everything wrong about them."""
    checks = (
        (
            len(password) < SHORTEST_PASSWORD,
            Detail("password_short", "/password", {"limit": SHORTEST_PASSWORD}),
        ),
        (password != again, Detail("passwords_differ", "/again")),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)


def newest_link(connection: Connection, account_id: UUID) -> AnyRow | None:
    """The link that was sent last: `created_at`, `expires_at`, `used_at`, `voided_at`."""
    row: AnyRow | None = connection.execute(
        select(
            AccountSetUp.id, AccountSetUp.created_at, AccountSetUp.expires_at, AccountSetUp.used_at,
            AccountSetUp.voided_at,
        )
        .where(AccountSetUp.account_id == account_id)
        .order_by(AccountSetUp.created_at.desc(), AccountSetUp.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    return row


def _reached(connection: Connection, managed: Managed, keys: KeyRing) -> tuple[UUID, str]:
    """The account that is set up, and where to send the link.

    Raises:
        Refusal: invalid_fields.
    """
    number = number_of(connection, managed.id, keys)
    checks = (
        (managed.left_at is not None, Detail("person_gone", "/person")),
        (managed.account_id is None, Detail("account_absent", "/person")),
        (number is None, Detail("phone_absent", "/phone")),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems or managed.account_id is None or number is None:
        raise Refusal("invalid_fields", details=problems)
    return managed.account_id, number


def number_of(connection: Connection, person_id: UUID, keys: KeyRing) -> str | None:
    """Where somebody can be written to; None without a number, or when its key is lost."""
    stored = connection.scalar(select(PersonPrivate.phone).where(PersonPrivate.person_id == person_id))
    try:
        return keys.decrypt(stored) if stored is not None else None
    except KeyLost:
        return None
