"""What people change of themselves: language and password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from server import audit
from server.accounts.sessions import count_failure, end_sessions, is_password, refuse_too_many, set_password
from server.errors import Detail, Refusal
from server.fieldwork.people.managing import Managed
from server.fieldwork.people.set_up import check_passwords
from server.models.accounts import Account


def choose_language(connection: Connection, account_id: UUID, locale: str) -> None:
    """The language of messages to somebody."""
    connection.execute(update(Account).where(Account.id == account_id).values(locale=locale))


def change_password(
    connection: Connection,
    of: Managed,
    passwords: tuple[str, str, str],
    *,
    session_id: UUID | None,
    now: datetime,
) -> None:
    """Set another password, and sign out everywhere else.

    The failed attempt is written on the same connection: the caller commits in both cases.

    Args:
        passwords: the present one, the new one, and the new one again.

    Raises:
        Refusal: too_many_attempts, or invalid_fields with password_wrong, password_short, passwords_differ.
    """
    current, password, again = passwords
    if of.account_id is None or of.login is None:
        raise Refusal("forbidden")
    refuse_too_many(connection, of.login, now)
    if not is_password(connection, of.account_id, current):
        count_failure(connection, of.login, address="", now=now)
        raise Refusal("invalid_fields", details=[Detail("password_wrong", "/current")])
    check_passwords(password, again)
    set_password(connection, of.account_id, password)
    end_sessions(connection, of.account_id, but=session_id)
    entry = audit.Entry(f"account:{of.account_id}", "password_changed", f"person:{of.id}", {})
    audit.record(connection, [entry], at=now)
