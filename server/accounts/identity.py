"""Who is acting, with which permissions and within which scope."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, select

from server.accounts.permissions import permitted
from server.models.accounts import Account, Person, RoleGrant
from server.models.organisation import Unit
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at the console or a firm's system at the API.

    Attributes:
        actor: `account:<id>` or `firm:<id>`, as audit lines name it.
        session_id: the staff session, when there is one; CSRF tokens are bound to it.
    """

    actor: str
    name: str
    permissions: frozenset[str]
    scope: Scope
    locale: str | None = None
    account_id: UUID | None = None
    firm_id: UUID | None = None
    session_id: UUID | None = None
    roles: tuple[str, ...] = field(default=())

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def of_account(
    connection: Connection, account_id: UUID, *, session_id: UUID | None = None
) -> Identity | None:
    """The identity of an account, or None when it does not exist or is disabled."""
    account = connection.execute(
        select(Account.id, Account.locale, Person.name)
        .join(Person, Person.id == Account.person_id)
        .where(Account.id == account_id, Account.disabled_at.is_(None), Person.left_at.is_(None))
    ).first()
    if account is None:
        return None
    grants = connection.execute(
        select(RoleGrant.role, Unit.path, RoleGrant.firm_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(RoleGrant.account_id == account_id)
    ).all()
    roles = {grant.role for grant in grants}
    return Identity(
        actor=f"account:{account.id}",
        name=account.name,
        permissions=permitted(roles),
        scope=_scope([grant.path for grant in grants], [grant.firm_id for grant in grants]),
        locale=account.locale,
        account_id=account.id,
        session_id=session_id,
        roles=tuple(sorted(roles)),
    )


def _scope(paths: Sequence[str | None], firms: Sequence[UUID | None]) -> Scope:
    """One grant without a limit lifts that limit; an account without grants sees nothing."""
    return Scope(
        unit_paths=None if None in paths else tuple(path for path in paths if path),
        firm_ids=None if not firms or None in firms else tuple(firm for firm in firms if firm),
    )
