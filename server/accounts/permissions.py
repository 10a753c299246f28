"""What can be permitted, and which roles permit it. Keys are English and stable; people see translations."""

from typing import Final

PERMISSIONS: Final[dict[str, str]] = {
    "console.enter": "sign in and see the console",
    "units.read": "see the organisation",
    "units.import": "import units and contacts",
    "waves.read": "see waves and their progress",
    "waves.plan": "plan waves and draw samples",
    "waves.launch": "launch a wave, which sends messages",
    "forms.read": "see forms with all their versions, and try them out",
    "forms.edit": "save and delete drafts of forms",
    "forms.publish": "publish and retire versions of forms",
    "results.read": "see results of the units in scope",
    "sheets.read": "see single submissions and their score sheets",
    "inbox.read": "see the SMS inbox of the embedded gateway, with its personal links",
    "submissions.write": "send submissions through the API",
}

_READER: Final = frozenset({"console.enter", "units.read", "waves.read", "results.read"})
# Whoever reads single answers reads the questions; branches are not shown what a visit looks at.
_SHEET_READER: Final = _READER | {"sheets.read", "forms.read"}
_COORDINATOR: Final = _SHEET_READER | {
    "units.import",
    "waves.plan",
    "waves.launch",
    "inbox.read",
    "forms.edit",
    "forms.publish",
}

# Roles of design.md. A role without permissions yet acts by personal link, or gets its own in its issue.
ROLES: Final[dict[str, frozenset[str]]] = {
    "administrator": frozenset(PERMISSIONS) - {"submissions.write"},
    "operator": frozenset({"console.enter"}),
    "coordinator": _COORDINATOR,
    "owner": _SHEET_READER,
    "analyst": _SHEET_READER,
    "auditor": _SHEET_READER,
    "reviewer": _SHEET_READER,
    "supervisor": _READER,
    "branch_manager": _READER,
    "evaluated_body": _READER,
    "call_back_agent": frozenset({"console.enter"}),
    "firm": frozenset({"submissions.write", "forms.read"}),
    "shopper": frozenset(),
    "employee": frozenset(),
}


def permitted(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """Everything that any of the roles permits; an unknown role permits nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
