"""Creating people, accounts, firms and API keys, those of firms and those of systems of our own."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from server import audit
from server.accounts.authority import GIVEN_ROLES
from server.accounts.identity import Identity
from server.accounts.permissions import ROLES
from server.accounts.sessions import SHORTEST_PASSWORD, hash_password
from server.db import new_id
from server.errors import Detail, Refusal
from server.keys import KeyRing, token_hash
from server.models.accounts import Account, ApiKey, Firm, Person, PersonPrivate, RoleGrant
from server.models.organisation import Subject, Unit
from server.scope import Scope

KEY_PREFIX_LENGTH = 12

# What systems of the deployment itself may be permitted: to say what there is, not what was found.
SYSTEM_PERMISSIONS = frozenset({"units.import", "contacts.import", "people.manage"})
# Beside its permissions a key lists the roles that it may give.
GIVES = "gives:"
SYSTEM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")

# Built once: it runs with every request of a firm, and putting it together costs more than running it.
_API_KEY = (
    select(
        ApiKey.firm_id,
        ApiKey.permissions,
        ApiKey.expires_at,
        ApiKey.system,
        ApiKey.unit_id,
        Firm.name,
        Unit.path,
    )
    .join(Firm, Firm.id == ApiKey.firm_id, isouter=True)
    .join(Unit, Unit.id == ApiKey.unit_id, isouter=True)
    .where(ApiKey.secret_hash == bindparam("secret_hash"), ApiKey.revoked_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A sign-in to be created; `unit_code` limits the role to that unit's subtree."""

    login: str
    name: str
    password: str
    role: str
    unit_code: str | None = None
    locale: str = "zh"


def add_account(connection: Connection, new: NewAccount, *, by: str, now: datetime) -> UUID:
    """Create person, account and role in one go.

    Raises:
        Refusal: invalid_fields with every problem (login_taken, password_short, unknown_role, unknown_unit).
    """
    login = new.login.strip().lower()
    unit_id = _unit_id(connection, new.unit_code)
    problems = _problems(connection, new, login, unit_id)
    if problems:
        raise Refusal("invalid_fields", details=problems)
    person_id = add_person(connection, new.name, unit_id=unit_id, now=now)
    account_id = new_id()
    connection.execute(
        insert(Account).values(
            id=account_id,
            person_id=person_id,
            login=login,
            password_hash=hash_password(new.password),
            locale=new.locale,
            created_at=now,
        )
    )
    connection.execute(
        insert(RoleGrant).values(id=new_id(), account_id=account_id, role=new.role, unit_id=unit_id)
    )
    detail = {"role": new.role, "unit": new.unit_code}
    audit.record(connection, [audit.Entry(by, "account_added", f"account:{account_id}", detail)], at=now)
    return account_id


def _unit_id(connection: Connection, code: str | None) -> UUID | None:
    return connection.scalar(select(Unit.id).where(Unit.code == code)) if code else None


def _problems(connection: Connection, new: NewAccount, login: str, unit_id: UUID | None) -> list[Detail]:
    taken = connection.scalar(select(Account.id).where(Account.login == login))
    checks = (
        (not login or taken is not None, Detail("login_taken", "/login", {"login": login})),
        (
            len(new.password) < SHORTEST_PASSWORD,
            Detail("password_short", "/password", {"limit": SHORTEST_PASSWORD}),
        ),
        (new.role not in ROLES, Detail("unknown_role", "/role", {"role": new.role})),
        (
            new.unit_code is not None and unit_id is None,
            Detail("unknown_unit", "/unit", {"unit": new.unit_code}),
        ),
    )
    return [detail for wrong, detail in checks if wrong]


def add_person(
    connection: Connection,
    name: str,
    *,
    now: datetime,
    unit_id: UUID | None = None,
    phone: tuple[str, KeyRing] | None = None,
) -> UUID:
    """A person, with the phone number (E.164 and the ring to encrypt it) where there is one."""
    person_id = new_id()
    connection.execute(insert(Person).values(id=person_id, name=name, unit_id=unit_id, created_at=now))
    if phone:
        number, ring = phone
        connection.execute(
            insert(PersonPrivate).values(
                person_id=person_id, phone=ring.encrypt(number), phone_hash=ring.lookup_hash(number)
            )
        )
    return person_id


def add_firm(connection: Connection, code: str, name: str, *, now: datetime) -> UUID:
    firm_id = new_id()
    connection.execute(insert(Firm).values(id=firm_id, code=code, name=name, created_at=now))
    connection.execute(
        insert(Subject).values(id=new_id(), code=f"firm:{code}", kind="firm", firm_id=firm_id, name=name)
    )
    return firm_id


def add_api_key(
    connection: Connection, firm_id: UUID, *, by: str, now: datetime, expires_at: datetime | None = None
) -> str:
    """A new key for a firm. The return value is the only time it is seen."""
    holder = {"firm_id": firm_id, "permissions": sorted(ROLES["firm"])}
    secret = _add_key(connection, holder, now=now, expires_at=expires_at)
    audit.record(connection, [audit.Entry(by, "api_key_added", f"firm:{firm_id}", {})], at=now)
    return secret


@dataclass(frozen=True, slots=True)
class NewSystemKey:
    """A key for a system of our own; `unit_code` holds it to that unit's subtree.

    `gives` are the roles that it may give to people.
    """

    system: str
    permissions: frozenset[str]
    unit_code: str | None = None
    expires_at: datetime | None = None
    gives: frozenset[str] = frozenset()


def add_system_key(connection: Connection, new: NewSystemKey, *, by: str, now: datetime) -> str:
    """A new key for a system of our own. The return value is the only time it is seen.

    Raises:
        Refusal: invalid_fields (system_name, unknown_permission, unknown_unit).
    """
    unit_id = _unit_id(connection, new.unit_code)
    unknown = sorted((new.permissions - SYSTEM_PERMISSIONS) | (new.gives - set(GIVEN_ROLES)))
    checks = (
        (SYSTEM_NAME.fullmatch(new.system) is None, Detail("system_name", "/system", {"name": new.system})),
        (
            bool(unknown) or not new.permissions,
            Detail("unknown_permission", "/permissions", {"names": unknown}),
        ),
        (
            new.unit_code is not None and unit_id is None,
            Detail("unknown_unit", "/unit", {"unit": new.unit_code}),
        ),
    )
    problems = [detail for wrong, detail in checks if wrong]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    listed = sorted({*new.permissions, *(f"{GIVES}{role}" for role in new.gives)})
    holder = {"system": new.system, "unit_id": unit_id, "permissions": listed}
    secret = _add_key(connection, holder, now=now, expires_at=new.expires_at)
    detail = {"permissions": holder["permissions"], "unit": new.unit_code}
    audit.record(connection, [audit.Entry(by, "api_key_added", f"system:{new.system}", detail)], at=now)
    return secret


def revoke_system_keys(connection: Connection, system: str, *, by: str, now: datetime) -> int:
    """Take all keys of a system out of use; returns how many there were."""
    revoked = connection.execute(
        update(ApiKey).where(ApiKey.system == system, ApiKey.revoked_at.is_(None)).values(revoked_at=now)
    ).rowcount
    if revoked:
        entry = audit.Entry(by, "api_keys_revoked", f"system:{system}", {"keys": revoked})
        audit.record(connection, [entry], at=now)
    return revoked


def _add_key(
    connection: Connection, holder: Mapping[str, object], *, now: datetime, expires_at: datetime | None
) -> str:
    secret = f"ak_{secrets.token_urlsafe(32)}"
    connection.execute(
        insert(ApiKey).values(
            id=new_id(),
            prefix=secret[:KEY_PREFIX_LENGTH],
            secret_hash=token_hash(secret),
            created_at=now,
            expires_at=expires_at,
            **holder,
        )
    )
    return secret


def find_api_key(connection: Connection, secret: str, *, now: datetime) -> Identity | None:
    """The firm or the system behind a key, or None when the key is unknown, expired or revoked."""
    row = connection.execute(_API_KEY, {"secret_hash": token_hash(secret)}).first()
    if row is None or (row.expires_at and row.expires_at <= now):
        return None
    if row.firm_id is None:
        return Identity(
            actor=f"system:{row.system}",
            name=row.system,
            permissions=frozenset(row.permissions) & SYSTEM_PERMISSIONS,
            scope=Scope(unit_paths=None if row.unit_id is None else (row.path,)),
            gives=frozenset(each.removeprefix(GIVES) for each in row.permissions if each.startswith(GIVES)),
        )
    return Identity(
        actor=f"firm:{row.firm_id}",
        name=row.name,
        permissions=frozenset(row.permissions),
        scope=Scope(firm_ids=(row.firm_id,)),
        firm_id=row.firm_id,
    )
