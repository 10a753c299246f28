"""Who is acting, with which permissions and within which scope.

Each role is held somewhere: below a unit, for a firm, or everywhere. Who holds several may do with each only
what that role permits, and only where it is held: a request is answered within the scope of the permission
that its route names (`for_permission`), not of everything somebody holds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Connection, Uuid, any_, literal, or_, select

from server.accounts.permissions import ROLES, permitted
from server.catalogue import ZONE
from server.db import AnySelect
from server.models.accounts import Account, Person, RoleDeputy, RoleGrant
from server.models.organisation import Unit
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Holding:
    """A role and where it is held.

    Attributes:
        path: of the unit whose subtree it reaches; None is no limit.
        standing_in: the account whose role this is, for a deputy.
    """

    role: str
    path: str | None = None
    firm_id: UUID | None = None
    standing_in: UUID | None = None

    def permits(self, permission: str) -> bool:
        return permission in ROLES.get(self.role, frozenset())


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at the console, or a system at the API.

    Attributes:
        actor: `account:<id>`, `firm:<id>` or `system:<name>`, as audit lines name it. Where a deputy can do
            something by the other's role alone, both: `account:<deputy> for account:<other>`.
        session_id: the staff session, when there is one; CSRF tokens are bound to it.
        holdings: what a person holds; systems have permissions and a scope alone.
        gives: the roles that a system may give to people within its scope; it holds none itself.
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
    holdings: tuple[Holding, ...] = field(default=())
    gives: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def within(self, permission: str) -> Scope:
        """Where something is permitted; nowhere at all when it is not."""
        if not self.may(permission):
            return NOWHERE
        return scope_of(self._permitting(permission)) if self.holdings else self.scope

    def for_permission(self, permission: str) -> "Identity":
        """The same identity, seeing only what the roles with this permission let it see."""
        if not self.holdings or not self.may(permission):
            return self
        permitting = self._permitting(permission)
        own = scope_of(each for each in permitting if each.standing_in is None)
        others = [each for each in permitting if each.standing_in is not None and not _covers(own, each)]
        names = sorted({f"account:{each.standing_in}" for each in others})
        actor = f"{self.actor} for {','.join(names)}" if names else self.actor
        return replace(self, scope=scope_of(permitting), actor=actor)

    def _permitting(self, permission: str) -> list[Holding]:
        return [each for each in self.holdings if each.permits(permission)]


NOWHERE = Scope(unit_paths=(), firm_ids=())


def of_account(
    connection: Connection, account_id: UUID, *, now: datetime, session_id: UUID | None = None
) -> Identity | None:
    """The identity of an account, or None when it does not exist, is disabled, or its person has left."""
    account = connection.execute(
        _present(now).add_columns(Account.locale, Person.name).where(Account.id == account_id)
    ).first()
    if account is None:
        return None
    holdings = (
        *_held(connection, account_id, standing_in=False),
        *(
            each
            for other in _stood_in_for(connection, account_id, now)
            for each in _held(connection, other, standing_in=True)
        ),
    )
    roles = {each.role for each in holdings}
    return Identity(
        actor=f"account:{account.id}",
        name=account.name,
        permissions=permitted(roles),
        scope=scope_of(holdings),
        locale=account.locale,
        account_id=account.id,
        session_id=session_id,
        roles=tuple(sorted(roles)),
        holdings=holdings,
    )


def scope_of(holdings: Iterable[Holding]) -> Scope:
    """Everything that any of them reaches; nobody who holds nothing sees anything.

    A scope cannot say "these units, or that firm". Where that would be meant it is the narrower "these units
    of that firm": two limits side by side must not lift each other.
    """
    listed = list(holdings)
    paths = tuple(each.path for each in listed if each.path is not None)
    firms = tuple(each.firm_id for each in listed if each.firm_id is not None)
    limited = all(each.path is not None or each.firm_id is not None for each in listed)
    only_paths, only_firms = len(paths) == len(listed), len(firms) == len(listed)
    mixed = limited and not only_paths and not only_firms
    return Scope(
        unit_paths=paths if only_paths or mixed else None,
        firm_ids=firms if (listed and only_firms) or mixed else None,
    )


def _present(now: datetime) -> AnySelect:
    """Accounts that may be signed in to. Whoever leaves today is out from the day's first moment on."""
    today = now.astimezone(ZoneInfo(ZONE)).date()
    return (
        select(Account.id)
        .join(Person, Person.id == Account.person_id)
        .where(Account.disabled_at.is_(None), Person.left_at.is_(None))
        .where(or_(Person.left_on.is_(None), Person.left_on > today))
    )


def _held(connection: Connection, account_id: UUID, *, standing_in: bool) -> Sequence[Holding]:
    grants = connection.execute(
        select(RoleGrant.role, Unit.path, RoleGrant.firm_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(RoleGrant.account_id == account_id)
        .order_by(RoleGrant.role, Unit.path)
    )
    other = account_id if standing_in else None
    return [Holding(row.role, row.path, row.firm_id, other) for row in grants]


def _stood_in_for(connection: Connection, account_id: UUID, now: datetime) -> Sequence[UUID]:
    """The accounts whose deputy this is now. A deputy's own deputy does not inherit them."""
    query = (
        select(RoleDeputy.account_id)
        .where(RoleDeputy.deputy_id == account_id, RoleDeputy.ended_at.is_(None))
        .where(RoleDeputy.starts_at <= now, RoleDeputy.ends_at > now)
        .where(RoleDeputy.account_id.in_(_present(now)))
        .order_by(RoleDeputy.account_id)
        .distinct()
    )
    return connection.scalars(query).all()


def held_by(
    connection: Connection, accounts: Collection[UUID], *, now: datetime
) -> Mapping[UUID, tuple[Holding, ...]]:
    """What accounts hold, and what they hold or will hold as deputies: who takes one over takes all of it."""
    own = select(RoleGrant.account_id, RoleGrant.role, Unit.path, RoleGrant.firm_id)
    others = (
        select(RoleDeputy.deputy_id, RoleGrant.role, Unit.path, RoleGrant.firm_id)
        .join(RoleGrant, RoleGrant.account_id == RoleDeputy.account_id)
        .where(RoleDeputy.ended_at.is_(None), RoleDeputy.ends_at > now)
    )
    found: defaultdict[UUID, list[Holding]] = defaultdict(list)
    among = any_(literal(list(accounts), ARRAY(Uuid)))
    for query, account in ((own, RoleGrant.account_id), (others, RoleDeputy.deputy_id)):
        with_units = query.join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        for account_id, role, path, firm_id in connection.execute(with_units.where(account == among)):
            found[account_id].append(Holding(role, path, firm_id))
    return {account_id: tuple(holdings) for account_id, holdings in found.items()}


def _covers(scope: Scope, holding: Holding) -> bool:
    """Whether everything that a holding reaches lies within a scope."""
    firms = scope.firm_ids is None or holding.firm_id in scope.firm_ids
    return firms and (scope.unit_paths is None or (holding.path is not None and scope.reaches(holding.path)))
