"""What can be permitted, and which roles permit it. Keys are English and stable; people see translations."""

from typing import Final

PERMISSIONS: Final[dict[str, str]] = {
    "console.enter": "sign in and see the console",
    "units.read": "see the organisation",
    "units.import": "import units and contacts",
    "waves.read": "see waves and their progress",
    "waves.plan": "plan waves and draw samples",
    "waves.launch": "launch a wave, which sends messages",
    "results.read": "see results of the units in scope",
    "sheets.read": "see single submissions and their score sheets",
    "inbox.read": "see the SMS inbox of the embedded gateway, with its personal links",
    "submissions.write": "send submissions through the API",
}

_READER: Final = frozenset({"console.enter", "units.read", "waves.read", "results.read"})
_COORDINATOR: Final = _READER | {"units.import", "waves.plan", "waves.launch", "sheets.read", "inbox.read"}

# Roles of design.md. A role without permissions yet acts by personal link, or gets its own in its issue.
ROLES: Final[dict[str, frozenset[str]]] = {
    "administrator": frozenset(PERMISSIONS) - {"submissions.write"},
    "operator": frozenset({"console.enter"}),
    "coordinator": _COORDINATOR,
    "owner": _READER | {"sheets.read"},
    "analyst": _READER | {"sheets.read"},
    "auditor": _READER | {"sheets.read"},
    "reviewer": _READER | {"sheets.read"},
    "supervisor": _READER,
    "branch_manager": _READER,
    "evaluated_body": _READER,
    "call_back_agent": frozenset({"console.enter"}),
    "firm": frozenset({"submissions.write"}),
    "shopper": frozenset(),
    "employee": frozenset(),
}


def permitted(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """Everything that any of the roles permits; an unknown role permits nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
