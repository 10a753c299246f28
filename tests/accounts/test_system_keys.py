"""Keys of the deployment's own systems."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from server.accounts.authority import may_give
from server.accounts.register import (
    SYSTEM_PERMISSIONS,
    NewSystemKey,
    add_system_key,
    find_api_key,
    revoke_system_keys,
)
from server.errors import Refusal
from server.models.accounts import ApiKey
from server.models.audit import AuditLine
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW, create_firm, create_units

IMPORT = frozenset({"units.import"})


def test_a_key_sees_everything_or_one_subtree(connection: Connection) -> None:
    create_units(connection)
    whole = add_system_key(connection, NewSystemKey("core", IMPORT), by=BY, now=NOW)
    east = add_system_key(connection, NewSystemKey("east", IMPORT, "D1"), by=BY, now=NOW)
    found = find_api_key(connection, whole, now=NOW)
    assert found is not None
    assert (found.actor, found.permissions, found.scope, found.firm_id) == (
        "system:core",
        IMPORT,
        EVERYTHING,
        None,
    )
    below = find_api_key(connection, east, now=NOW)
    assert below is not None
    assert below.scope == Scope(unit_paths=("C01/D1/",))


def test_a_key_gives_the_roles_it_names_within_its_reach(connection: Connection) -> None:
    create_units(connection)
    new = NewSystemKey("hr", frozenset({"people.manage"}), "D1", gives=frozenset({"branch_manager"}))
    found = find_api_key(connection, add_system_key(connection, new, by=BY, now=NOW), now=NOW)
    assert found is not None
    assert found.permissions == {"people.manage"}
    assert may_give(found, "branch_manager", "C01/D1/B101/")
    assert not may_give(found, "branch_manager", "C01/D10/")
    assert not may_give(found, "branch_manager")
    assert not may_give(found, "lobby_manager", "C01/D1/")


def test_the_secret_is_kept_nowhere(connection: Connection) -> None:
    secret = add_system_key(connection, NewSystemKey("core", IMPORT), by=BY, now=NOW)
    row = connection.execute(select(*ApiKey.__table__.columns)).one()
    line = connection.execute(select(AuditLine.subject, AuditLine.detail)).one()
    assert secret not in f"{row} {line}"
    assert line.subject == "system:core"


def test_a_key_ends(connection: Connection) -> None:
    new = NewSystemKey("core", IMPORT, expires_at=NOW + timedelta(days=1))
    secret = add_system_key(connection, new, by=BY, now=NOW)
    assert find_api_key(connection, secret, now=NOW + timedelta(days=1)) is None
    assert revoke_system_keys(connection, "core", by=BY, now=NOW) == 1
    assert find_api_key(connection, secret, now=NOW) is None
    assert revoke_system_keys(connection, "core", by=BY, now=NOW) == 0


def test_keys_of_firms_stay_what_they_are(connection: Connection) -> None:
    firm = create_firm(connection)
    found = find_api_key(connection, firm.key, now=NOW)
    assert found is not None
    assert (found.firm_id, found.scope) == (firm.id, Scope(firm_ids=(firm.id,)))
    assert not found.permissions & SYSTEM_PERMISSIONS


@pytest.mark.parametrize(
    ("new", "pointers"),
    [
        (NewSystemKey("a b", IMPORT), ["/system"]),
        (NewSystemKey("", IMPORT), ["/system"]),
        (NewSystemKey("core", frozenset()), ["/permissions"]),
        (NewSystemKey("core", frozenset({"waves.launch"})), ["/permissions"]),
        (NewSystemKey("core", IMPORT, gives=frozenset({"king"})), ["/permissions"]),
        (NewSystemKey("core/x", frozenset({"people"}), "nowhere"), ["/system", "/permissions", "/unit"]),
    ],
)
def test_what_is_wrong_is_said_at_once(
    connection: Connection, new: NewSystemKey, pointers: list[str]
) -> None:
    with pytest.raises(Refusal) as refused:
        add_system_key(connection, new, by=BY, now=NOW)
    assert [detail.pointer for detail in refused.value.details] == pointers
