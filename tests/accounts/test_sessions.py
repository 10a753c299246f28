"""Signing in: who gets in, for how long, and how often one may try."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, update

from server.accounts import sessions
from server.accounts.register import NewAccount, add_account
from server.accounts.sessions import SignedIn
from server.db import new_id
from server.errors import Refusal
from server.models.accounts import Account, Person, SignInAttempt, StaffSession
from tests.conftest import START

LOGIN, PASSWORD = "wang.fang", "correct horse battery"
MINUTE = timedelta(minutes=1)


def sign_in(
    connection: Connection, login: str = LOGIN, password: str = PASSWORD, at: timedelta = 0 * MINUTE
) -> SignedIn:
    return sessions.sign_in(connection, login, password, address="192.0.2.1", now=START + at)


def refusal_of(connection: Connection, *args: str, at: timedelta = 0 * MINUTE) -> str:
    with pytest.raises(Refusal) as caught:
        sign_in(connection, *args, at=at)
    return caught.value.code


@pytest.fixture
def account(engine: Engine) -> UUID:
    new = NewAccount(LOGIN, "王芳", PASSWORD, "coordinator")
    with engine.begin() as connection:
        return add_account(connection, new, by="system", now=START)


@pytest.mark.parametrize("login", [LOGIN, LOGIN.upper(), f"  {LOGIN} "])
def test_the_right_password_opens_a_session(account: UUID, connection: Connection, login: str) -> None:
    signed_in = sign_in(connection, login)
    assert signed_in.identity.account_id == account
    found = sessions.find_session(connection, signed_in.secret, now=START)
    assert found is not None
    assert (found.actor, found.session_id) == (f"account:{account}", signed_in.identity.session_id)
    assert found.may("waves.launch")
    assert found.scope.whole


@pytest.mark.parametrize("case", ["wrong", "unknown", "disabled", "left"])
def test_everybody_else_hears_the_same(account: UUID, connection: Connection, case: str) -> None:
    if case == "disabled":
        connection.execute(update(Account).values(disabled_at=START))
    if case == "left":
        connection.execute(update(Person).values(left_at=START))
    login = "nobody" if case == "unknown" else LOGIN
    password = "wrong horse battery" if case == "wrong" else PASSWORD
    assert refusal_of(connection, login, password) == "sign_in_failed"
    assert connection.scalars(select(SignInAttempt.login)).all() == [login]
    assert connection.scalar(select(func.count()).select_from(StaffSession)) == 0


@pytest.mark.parametrize("change", ["disabled", "left"])
def test_a_session_ends_with_its_account(account: UUID, connection: Connection, change: str) -> None:
    secret = sign_in(connection).secret
    column = {
        "disabled": update(Account).values(disabled_at=START),
        "left": update(Person).values(left_at=START),
    }
    connection.execute(column[change])
    assert sessions.find_session(connection, secret, now=START) is None


def test_a_session_lasts_its_length_and_no_longer(account: UUID, connection: Connection) -> None:
    secret = sign_in(connection).secret
    last_moment = START + sessions.SESSION_LENGTH - timedelta(microseconds=1)
    assert sessions.find_session(connection, secret, now=last_moment) is not None
    assert sessions.find_session(connection, secret, now=START + sessions.SESSION_LENGTH) is None


def test_each_sign_in_is_a_session_of_its_own_and_signing_out_ends_one(
    account: UUID, connection: Connection
) -> None:
    one, other = sign_in(connection), sign_in(connection)
    assert one.secret != other.secret
    assert one.identity.session_id is not None
    assert one.identity.session_id != other.identity.session_id
    sessions.sign_out(connection, one.identity.session_id)
    assert sessions.find_session(connection, one.secret, now=START) is None
    assert sessions.find_session(connection, other.secret, now=START) is not None


def test_the_table_of_sessions_is_worth_nothing_to_a_thief(account: UUID, connection: Connection) -> None:
    secret = sign_in(connection).secret
    [row] = connection.execute(select(*StaffSession.__table__.columns)).all()
    assert secret not in str(tuple(row))
    assert sessions.find_session(connection, row.secret_hash.hex(), now=START) is None


def test_a_login_has_ten_attempts_in_five_minutes(engine: Engine, account: UUID) -> None:
    """The attempts are written, not made one by one: argon2 is slow, and what is tested is the counting."""
    with engine.begin() as connection:
        fail(connection, LOGIN, 9, at=START)
    with engine.connect() as connection:
        assert refusal_of(connection, LOGIN, "wrong horse battery") == "sign_in_failed"
        assert refusal_of(connection, LOGIN, PASSWORD) == "too_many_attempts"
        assert refusal_of(connection, f" {LOGIN.upper()}", PASSWORD) == "too_many_attempts"
        assert sign_in(connection, at=5 * MINUTE).identity.account_id == account


def test_the_limit_of_one_login_is_nobody_elses(account: UUID, connection: Connection) -> None:
    fail(connection, "li.na", 10, at=START)
    assert refusal_of(connection, "li.na", PASSWORD) == "too_many_attempts"
    assert sign_in(connection).identity.account_id == account


def test_all_logins_together_have_a_limit(account: UUID, connection: Connection) -> None:
    for number in range(100):
        fail(connection, f"guess-{number}", 10, at=START)
    assert refusal_of(connection, LOGIN, PASSWORD) == "too_many_attempts"


def test_a_login_too_long_to_be_kept_is_counted_all_the_same(connection: Connection) -> None:
    login = "x" * 500
    for _ in range(2):
        assert refusal_of(connection, login, PASSWORD) == "sign_in_failed"
    fail(connection, "x" * 200, 8, at=START)
    assert refusal_of(connection, login + "y", PASSWORD) == "too_many_attempts"


def test_the_limit_is_exact_for_many_at_once(engine: Engine, account: UUID) -> None:
    def attempt(_: int) -> str:
        with engine.connect() as connection:
            code = refusal_of(connection, LOGIN, "wrong horse battery")
            connection.commit()
            return code

    with ThreadPoolExecutor(25) as pool:
        outcomes = Counter(pool.map(attempt, range(50)))
    assert outcomes == {"sign_in_failed": 10, "too_many_attempts": 40}
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(SignInAttempt)) == 10


def test_csrf_tokens_belong_to_one_session_and_one_key() -> None:
    one, other = UUID(int=1), UUID(int=2)
    tokens = {
        sessions.csrf_token("key", one), sessions.csrf_token("key", other), sessions.csrf_token("other", one),
    }  # fmt: skip
    assert len(tokens) == 3


def fail(connection: Connection, login: str, times: int, *, at: datetime) -> None:
    rows = [{"id": new_id(), "login": login, "address": "192.0.2.1", "at": at} for _ in range(times)]
    connection.execute(insert(SignInAttempt), rows)
