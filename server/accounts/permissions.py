"""What can be permitted, and which roles permit it. Keys are English and stable; people see translations."""

from typing import Final

PERMISSIONS: Final[dict[str, str]] = {
    "console.enter": "sign in and see the console",
    "units.read": "see the organisation",
    "units.import": "import units",
    "contacts.import": "import contacts and service events",
    "history.import": "import results from before this system, and withdraw them",
    "people.read": "see who works with the system, with their roles; never a number",
    "people.manage": "import and change people and roles, send set-up links, close leavers",
    "people.administer": "bring back people who have left, and appoint administrators",
    "waves.read": "see waves and their progress",
    "waves.follow": "see waves before they begin, which outlets they visit, when, and who goes",
    "waves.plan": "plan waves and draw samples",
    "waves.approve": "agree to a wave before it is launched",
    "waves.launch": "launch a wave, which sends messages",
    "visits.dispatch": "say which of a firm's people goes to which of its visits",
    "timetable.plan": "change the timetables of waves, and add own entries",
    "forms.read": "see forms with all their versions, and try them out",
    "forms.edit": "save and delete drafts of forms",
    "forms.publish": "publish and retire versions of forms",
    "results.read": "see results of the units in scope",
    "sheets.read": "see single submissions and their score sheets",
    "duties.read": "see the ledger of duties of the units in scope",
    "duties.do": "do one's own duties, and sign them",
    "duties.manage": "start and stop ledgers, do duties for others, excuse and correct them",
    "recordings.deliver": "see which recordings are asked of the unit, and say where they are",
    "visits.return": "send reports of visits back with questions",
    "pay.read": "see what visits are paid, and the statements of a month",
    "pay.approve": "decide about pay that others proposed, propose some, and close months",
    "callbacks.read": "see the call-back desk of the units in scope; never a number",
    "callbacks.work": "take cases, see their numbers, ring customers, and say who or what it was",
    "callbacks.confirm": "confirm or change who or what it was, decide disputes, and see patterns",
    "callbacks.dispute": "see what was confirmed about the unit's employees, and dispute it",
    "callbacks.close": "tell respondents what has changed, and correct bulletins",
    "reviews.read": "see the review queue, with who looked at which report and what they said",
    "reviews.decide": "approve reports, take them out, correct them, and keep the library of remarks",
    "scores.publish": "publish waves, open their windows for facts, and see every version",
    "ledger.read": "see rewards and penalties of the units in scope, with their states",
    "ledger.decide": "choose a programme's numbers, settle, approve lines and close months",
    "appeals.file": "object to facts about the unit, and appeal against what was published of it",
    "appeals.read": "see objections and appeals with their answers",
    "appeals.decide": "decide objections and appeals",
    "orders.read": "see orders to put things right, with what was done about them",
    "orders.issue": "issue orders by hand, move their deadlines and take them back",
    "orders.answer": "sign for orders, and say with photos that things were put right",
    "orders.verify": "close orders that others have put right, or give them back",
    "findings.read": "see the log of findings of the units in scope",
    "findings.record": "write findings down: breaches, praise, what was seen on the spot",
    "findings.confirm": "confirm or reject findings that others wrote down",
    "papers.manage": "change the Word templates that orders are printed by",
    "doubts.read": "see what is doubted about visits, with the grounds and who made them",
    "doubts.decide": "dismiss or uphold what is doubted about visits",
    "audit.read": "see who did what when, within the units in scope",
    "jobs.read": "see background work that failed",
    "messages.read": "see how sending goes: counts, costs, delays, what is stopped and why",
    "messages.manage": "stop sending and let it go on, and change its rules",
    "messages.trace": "see what one number was sent; every look is written down",
    "inbox.read": "see the SMS inbox of the embedded gateway, with its personal links",
    "submissions.write": "send submissions through the API",
}

_READER: Final = frozenset({"console.enter", "units.read", "waves.read", "results.read", "duties.read"})
# Whoever runs something at a branch also has things to do there.
_DOER: Final = _READER | {"duties.do"}
# Whoever answers for a branch speaks for its employees.
_MANAGER: Final = _DOER | {
    "callbacks.dispute",
    "recordings.deliver",
    "appeals.file",
    "orders.read",
    "orders.answer",
    "findings.read",
    "findings.record",
}
# Whoever reads single answers reads the questions; branches are not shown what a visit looks at, nor whether
# one is coming, when, and by whom.
_SHEET_READER: Final = _READER | {"sheets.read", "forms.read", "waves.follow"}
_COORDINATOR: Final = _SHEET_READER | {
    "units.import",
    "contacts.import",
    "history.import",
    "people.read",
    "people.manage",
    "waves.plan",
    "waves.approve",
    "waves.launch",
    "messages.read",
    "messages.manage",
    "messages.trace",
    "timetable.plan",
    "inbox.read",
    "forms.edit",
    "forms.publish",
    "duties.do",
    "duties.manage",
    "visits.return",
    "recordings.deliver",
    "pay.read",
    "pay.approve",
    "callbacks.read",
    "callbacks.confirm",
    "callbacks.dispute",
    "callbacks.close",
    "reviews.read",
    "reviews.decide",
    "scores.publish",
    "ledger.read",
    "ledger.decide",
    "appeals.file",
    "appeals.read",
    "appeals.decide",
    "orders.read",
    "orders.issue",
    "orders.answer",
    "orders.verify",
    "papers.manage",
    "findings.read",
    "findings.record",
    "findings.confirm",
    "doubts.read",
    "doubts.decide",
}

# Roles of design.md. A role without permissions yet acts by personal link, or gets its own in its issue.
ROLES: Final[dict[str, frozenset[str]]] = {
    "administrator": frozenset(PERMISSIONS) - {"submissions.write"},
    "operator": frozenset({"console.enter", "jobs.read", "messages.read"}),
    "coordinator": _COORDINATOR,
    "owner": _SHEET_READER
    | {"waves.approve", "audit.read", "messages.read"}
    | {"scores.publish", "appeals.read", "appeals.decide", "ledger.read", "ledger.decide", "orders.read"}
    | {"findings.read", "findings.record", "findings.confirm"},
    "analyst": _SHEET_READER | {"messages.read"},
    "auditor": _SHEET_READER
    | {"people.read", "pay.read", "audit.read", "messages.read", "messages.trace", "doubts.read"}
    | {"reviews.read", "appeals.read", "ledger.read", "orders.read", "findings.read"},
    "reviewer": _SHEET_READER
    | {"visits.return", "callbacks.read", "callbacks.confirm", "doubts.read", "doubts.decide"}
    | {"reviews.read", "reviews.decide", "orders.read", "orders.verify", "findings.read", "findings.confirm"},
    "supervisor": _DOER
    | {"recordings.deliver", "orders.read", "orders.issue", "orders.verify"}
    | {"findings.read", "findings.record"},
    "branch_manager": _MANAGER,
    "president": _DOER | {"orders.read", "findings.read", "findings.record"},
    "deputy_president": _DOER | {"orders.read", "findings.read", "findings.record"},
    "lobby_manager": frozenset({"console.enter", "duties.do"}),
    "evaluated_body": _READER | {"appeals.file", "orders.read", "orders.answer", "findings.read"},
    "call_back_agent": frozenset({"console.enter", "callbacks.read", "callbacks.work"}),
    "firm": frozenset({"submissions.write", "forms.read"}),
    "dispatcher": frozenset({"console.enter", "waves.read", "visits.dispatch"}),
    "shopper": frozenset(),
    "employee": frozenset(),
}


def permitted(roles: frozenset[str] | set[str]) -> frozenset[str]:
    """Everything that any of the roles permits; an unknown role permits nothing."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))
