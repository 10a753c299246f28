"""Signing in and out: argon2id, sessions in PostgreSQL, limits that hold over any number of processes."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from server import audit
from server.accounts.identity import Identity, of_account
from server.db import new_id
from server.errors import Detail, Refusal
from server.keys import token_hash
from server.models.accounts import Account, SignInAttempt, StaffSession

SESSION_LENGTH = timedelta(hours=12)
ATTEMPT_WINDOW = timedelta(minutes=5)
ATTEMPTS_PER_LOGIN = 10
ATTEMPTS_IN_ALL = 1_000
SHORTEST_PASSWORD = 12
LONGEST_LOGIN = 200
# What stands for a password until one is set: no password hashes to it.
NO_PASSWORD = "!"  # noqa: S105 - the opposite of a password

_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`secret` goes into the cookie; only its hash is stored."""

    secret: str
    identity: Identity
    expires_at: datetime


def hash_password(password: str) -> str:
    return _hasher.hash(password)


@cache
def _decoy() -> str:
    """Verified when the login is unknown, so that time does not tell which logins exist."""
    return _hasher.hash(secrets.token_urlsafe(16))


def sign_in(connection: Connection, login: str, password: str, *, address: str, now: datetime) -> SignedIn:
    """Check a password and open a session.

    The failed attempt is written on the same connection: the caller commits in both cases.

    Raises:
        Refusal: sign_in_failed, or too_many_attempts (10 in 5 minutes a login, 1,000 in all).
    """
    # Cut before it is looked up, counted and kept: a login that is counted under another name has no limit.
    login = login.strip().lower()[:LONGEST_LOGIN]
    refuse_too_many(connection, login, now)
    account = connection.execute(
        select(Account.id, Account.password_hash).where(Account.login == login, Account.disabled_at.is_(None))
    ).first()
    identity = None
    known = account is not None and account.password_hash != NO_PASSWORD
    if _matches(account.password_hash if account and known else _decoy(), password) and account:
        identity = of_account(connection, account.id, now=now)
    if account is None or identity is None:
        count_failure(connection, login, address=address, now=now)
        raise Refusal("sign_in_failed")
    _rehash(connection, account.id, account.password_hash, password)
    return _open_session(connection, identity, account.id, now)


def count_failure(connection: Connection, login: str, *, address: str, now: datetime) -> None:
    """Note a failed attempt; `refuse_too_many` counts them."""
    connection.execute(insert(SignInAttempt).values(id=new_id(), login=login, address=address, at=now))


def refuse_too_many(connection: Connection, login: str, now: datetime) -> None:
    """Raises: Refusal: too_many_attempts, after 10 failures in 5 minutes a login, or 1,000 in all."""
    recent = SignInAttempt.at > now - ATTEMPT_WINDOW
    # The lock serialises attempts on one login, so that fifty at once are still counted one by one.
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("sign-in:" + login))))
    for condition, limit in (
        ((recent, SignInAttempt.login == login), ATTEMPTS_PER_LOGIN),
        ((recent,), ATTEMPTS_IN_ALL),
    ):
        attempts = connection.scalar(select(func.count()).select_from(SignInAttempt).where(*condition))
        if attempts is not None and attempts >= limit:
            raise Refusal("too_many_attempts", minutes=int(ATTEMPT_WINDOW.total_seconds() // 60))


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _rehash(connection: Connection, account_id: UUID, stored: str, password: str) -> None:
    if _hasher.check_needs_rehash(stored):
        connection.execute(
            update(Account).where(Account.id == account_id).values(password_hash=hash_password(password))
        )


def _open_session(connection: Connection, identity: Identity, account_id: UUID, now: datetime) -> SignedIn:
    secret, session_id, expires_at = secrets.token_urlsafe(32), new_id(), now + SESSION_LENGTH
    connection.execute(delete(StaffSession).where(StaffSession.expires_at < now))
    connection.execute(delete(SignInAttempt).where(SignInAttempt.at < now - ATTEMPT_WINDOW))
    connection.execute(
        insert(StaffSession).values(
            id=session_id,
            secret_hash=token_hash(secret),
            account_id=account_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    audit.record(connection, [audit.Entry(identity.actor, "signed_in", identity.actor, {})], at=now)
    return SignedIn(secret, replace(identity, session_id=session_id), expires_at)


def find_session(connection: Connection, secret: str, *, now: datetime) -> Identity | None:
    """Who is behind a cookie, or None when the session is unknown, over, or its account disabled."""
    row = connection.execute(
        select(StaffSession.id, StaffSession.account_id).where(
            StaffSession.secret_hash == token_hash(secret), StaffSession.expires_at > now
        )
    ).first()
    return of_account(connection, row.account_id, now=now, session_id=row.id) if row else None


def sign_out(connection: Connection, session_id: UUID) -> None:
    connection.execute(delete(StaffSession).where(StaffSession.id == session_id))


def end_sessions(connection: Connection, account_id: UUID, *, but: UUID | None = None) -> int:
    """Sign an account out everywhere, except in the session `but`; returns how many sessions ended."""
    ended = delete(StaffSession).where(StaffSession.account_id == account_id)
    if but is not None:
        ended = ended.where(StaffSession.id != but)
    return connection.execute(ended).rowcount


def set_password(connection: Connection, account_id: UUID, password: str) -> None:
    """Raises: Refusal: invalid_fields with password_short."""
    if len(password) < SHORTEST_PASSWORD:
        short = Detail("password_short", "/password", {"limit": SHORTEST_PASSWORD})
        raise Refusal("invalid_fields", details=[short])
    hashed = hash_password(password)
    connection.execute(update(Account).where(Account.id == account_id).values(password_hash=hashed))


def is_password(connection: Connection, account_id: UUID, password: str) -> bool:
    """Whether this is the account's password."""
    stored = connection.scalar(select(Account.password_hash).where(Account.id == account_id))
    return stored is not None and _matches(stored, password)


def csrf_token(secret_key: str, session_id: UUID) -> str:
    """The token that forms of this session carry: a MAC, so nothing more needs to be stored."""
    return hmac.digest(secret_key.encode(), b"csrf:" + session_id.bytes, "sha256").hex()
