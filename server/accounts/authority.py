"""Who may give which role to whom: nobody hands on more than they hold, nor beyond where they hold it.

Whoever may change a person may also send them a link that sets a password, and so could become them. The same
rule therefore guards both: giving a role, and touching somebody who has it.
"""

from collections.abc import Iterable
from uuid import UUID

from server.accounts.identity import Holding, Identity
from server.accounts.permissions import PERMISSIONS, ROLES
from server.scope import EVERYTHING, Scope

# The command line: whoever reaches it reaches the database as well.
SYSTEM = Identity("system", "system", frozenset(PERMISSIONS), EVERYTHING)
# Held for a firm, by the firm's own people; all others are held by people of ours.
FIRM_ROLES = frozenset({"dispatcher"})
# Roles that people hold by an account. The others act by personal link, or are a system's.
GIVEN_ROLES = tuple(sorted(role for role, permits in ROLES.items() if permits and role != "firm"))


def may_give(who: Identity, role: str, path: str | None = None, firm_id: UUID | None = None) -> bool:
    """Whether somebody holds everything that a role permits, where it would be held.

    Args:
        path: of the unit whose subtree the role would reach; None is everything.
    """
    if who.gives:
        return role in who.gives and _reaches(who.scope, path, firm_id)
    return role in GIVEN_ROLES and all(
        who.may(permission) and _reaches(who.within(permission), path, firm_id) for permission in ROLES[role]
    )


def may_manage(who: Identity, held: Iterable[Holding]) -> bool:
    """Whether somebody may change a person who holds these roles."""
    return all(not ROLES.get(each.role) or may_give(who, each.role, each.path, each.firm_id) for each in held)


def _reaches(scope: Scope, path: str | None, firm_id: UUID | None) -> bool:
    if scope.firm_ids is not None and firm_id not in scope.firm_ids:
        return False
    return scope.unit_paths is None or (path is not None and scope.reaches(path))
