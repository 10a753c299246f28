"""Creating accounts, firms and keys: every problem at once, and keys that end."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, select, update

from server.accounts import identity, register
from server.accounts.permissions import PERMISSIONS, ROLES, permitted
from server.accounts.register import NewAccount
from server.errors import Refusal
from server.keys import KeyRing
from server.models.accounts import Account, ApiKey, PersonPrivate
from server.models.audit import AuditLine
from tests import builders
from tests.conftest import START

SECOND = timedelta(seconds=1)


def problems(connection: Connection, new: NewAccount) -> dict[str, str]:
    with pytest.raises(Refusal) as caught:
        register.add_account(connection, new, by="system", now=START)
    assert caught.value.code == "invalid_fields"
    return {detail.pointer: detail.code for detail in caught.value.details}


def test_every_problem_at_once(connection: Connection) -> None:
    new = NewAccount(" ", "王芳", "short", "king", unit_code="B999")
    assert problems(connection, new) == {
        "/login": "login_taken",
        "/password": "password_short",
        "/role": "unknown_role",
        "/unit": "unknown_unit",
    }
    assert connection.scalars(select(Account.id)).all() == []


@pytest.mark.parametrize("login", ["li.na", "LI.NA", " Li.Na "])
def test_a_login_is_taken_however_it_is_written(connection: Connection, login: str) -> None:
    password = "correct horse battery"
    register.add_account(connection, NewAccount("li.na", "李娜", password, "auditor"), by="system", now=START)
    assert problems(connection, NewAccount(login, "李娜", password, "auditor")) == {"/login": "login_taken"}


def test_an_account_reaches_its_units_subtree_and_leaves_a_line(connection: Connection) -> None:
    builders.create_units(connection)
    new = NewAccount("li.na", "李娜", "correct horse battery", "branch_manager", unit_code="D1")
    account_id = register.add_account(connection, new, by="account:7", now=START)
    who = identity.of_account(connection, account_id, now=START)
    assert who is not None
    assert who.scope.unit_paths == ("C01/D1/",)
    assert who.permissions == ROLES["branch_manager"]
    line = connection.execute(
        select(AuditLine.actor, AuditLine.subject, AuditLine.detail).where(
            AuditLine.action == "account_added"
        )
    ).one()
    assert tuple(line) == ("account:7", f"account:{account_id}", {"role": "branch_manager", "unit": "D1"})


def test_the_password_is_stored_as_argon2id_alone(connection: Connection) -> None:
    new = NewAccount("li.na", "李娜", "correct horse battery", "auditor")
    register.add_account(connection, new, by="system", now=START)
    stored = connection.scalar(select(Account.password_hash))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert "correct horse battery" not in str(connection.execute(select(AuditLine.detail)).all())


def test_a_phone_number_is_stored_encrypted(connection: Connection, keys: KeyRing) -> None:
    register.add_person(connection, "王芳", now=START, phone=("+8613912345678", keys))
    row = connection.execute(select(PersonPrivate.phone, PersonPrivate.phone_hash)).one()
    assert keys.decrypt(row.phone) == "+8613912345678"
    assert b"13912345678" not in row.phone + row.phone_hash


def test_roles_permit_only_what_there_is() -> None:
    assert frozenset().union(*ROLES.values()) == set(PERMISSIONS)
    assert permitted({"analyst", "firm"}) == ROLES["analyst"] | ROLES["firm"]
    assert permitted({"king"}) == permitted(set()) == frozenset()
    assert all("submissions.write" not in ROLES[role] for role in ROLES if role != "firm")


@pytest.fixture
def firm(connection: Connection) -> UUID:
    return register.add_firm(connection, "ZX", "至信调查", now=START)


def test_a_key_names_its_firm_and_nothing_beyond_it(connection: Connection, firm: UUID) -> None:
    secret = register.add_api_key(connection, firm, by="system", now=START)
    who = register.find_api_key(connection, secret, now=START)
    assert who is not None
    assert (who.firm_id, who.actor, who.session_id) == (firm, f"firm:{firm}", None)
    assert who.permissions == {"submissions.write", "forms.read"}
    assert who.scope.firm_ids == (firm,)
    stored = connection.execute(select(*ApiKey.__table__.columns)).one()
    assert secret not in str(tuple(stored))


@pytest.mark.parametrize("secret", ["", "ak_", "ak_unknown", "\x00", "钥匙", "x" * 100_000])
def test_an_unknown_key_is_nobody(connection: Connection, firm: UUID, secret: str) -> None:
    register.add_api_key(connection, firm, by="system", now=START)
    assert register.find_api_key(connection, secret, now=START) is None


def test_a_key_ends_when_it_expires(connection: Connection, firm: UUID) -> None:
    ends = START + timedelta(days=1)
    secret = register.add_api_key(connection, firm, by="system", now=START, expires_at=ends)
    assert register.find_api_key(connection, secret, now=ends - SECOND) is not None
    assert register.find_api_key(connection, secret, now=ends) is None


def test_a_key_ends_when_it_is_revoked_and_the_other_goes_on(connection: Connection, firm: UUID) -> None:
    old, new = (register.add_api_key(connection, firm, by="system", now=START) for _ in range(2))
    first = select(ApiKey.id).order_by(ApiKey.id).limit(1).scalar_subquery()
    connection.execute(update(ApiKey).where(ApiKey.id == first).values(revoked_at=START))
    found = [register.find_api_key(connection, secret, now=START) for secret in (old, new)]
    assert [who is not None for who in found] == [False, True]
