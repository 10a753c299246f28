"""The menu of the console: one row a page, shown to whoever has its permission."""

from dataclasses import dataclass

from flask import request, url_for

from server.accounts.identity import Identity


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the menu.

    Attributes:
        name: its text is `console.nav.<name>`.
        endpoint: where the link leads.
        permission: who sees it.
        prefixes: addresses that belong to it. The longest prefix of all pages wins.
    """

    name: str
    endpoint: str
    permission: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A page as the menu shows it to one reader."""

    name: str
    address: str
    current: bool


PAGES: tuple[Page, ...] = (
    Page("today", "console.today.show", "console.enter", ("/console",)),
    Page(
        "waves",
        "console.home.show",
        "waves.read",
        ("/console/waves", "/console/submissions", "/console/publications"),
    ),
    Page("plan", "console.quarter.show", "waves.plan", ("/console/plan",)),
    Page("dispatch", "console.dispatch.index", "visits.dispatch", ("/console/dispatch",)),
    Page("units", "console.organisation.units", "units.read", ("/console/units",)),
    Page("people", "console.people.index", "people.read", ("/console/people",)),
    Page("history", "console.history.index", "history.import", ("/console/history",)),
    Page("contacts", "console.contacts.index", "units.read", ("/console/contacts",)),
    Page("outreach", "console.outreach.index", "messages.read", ("/console/outreach",)),
    Page("timetable", "console.timetable.index", "waves.read", ("/console/timetable",)),
    Page("my_duties", "console.duties.mine", "duties.do", ("/console/duties/mine",)),
    Page("duties", "console.duties.index", "duties.read", ("/console/duties",)),
    Page("reviews", "console.reviews.index", "reviews.read", ("/console/reviews", "/console/photos")),
    Page("appeals", "console.appeals.index", "appeals.read", ("/console/appeals",)),
    Page("scores", "console.scorecards.index", "results.read", ("/console/scores",)),
    Page("findings", "console.findings.index", "findings.read", ("/console/findings",)),
    Page("orders", "console.orders.index", "orders.read", ("/console/orders",)),
    Page("doubts", "console.doubts.index", "doubts.read", ("/console/doubts",)),
    Page("recordings", "console.recordings.index", "recordings.deliver", ("/console/recordings",)),
    Page("ledger", "console.ledger.index", "ledger.read", ("/console/ledger",)),
    Page("pay", "console.pay.index", "pay.read", ("/console/pay",)),
    Page("callbacks", "console.callbacks.index", "callbacks.read", ("/console/callbacks",)),
    Page(
        "bulletin",
        "console.callback_weeks.bulletin",
        "results.read",
        ("/console/callbacks/bulletin", "/console/callbacks/people"),
    ),
    Page("forms", "console.forms.index", "forms.read", ("/console/forms",)),
    Page("audit", "console.trail.show", "audit.read", ("/console/audit",)),
    Page("inbox", "inbox.show", "inbox.read", ("/inbox",)),
)


def menu(identity: Identity) -> list[Link]:
    """The pages that the reader may see; the one that the request belongs to is current."""
    current = max(PAGES, key=lambda page: _reach(page, request.path))
    found = bool(_reach(current, request.path))
    return [
        Link(page.name, url_for(page.endpoint), found and page is current)
        for page in PAGES
        if identity.may(page.permission)
    ]


def _reach(page: Page, path: str) -> int:
    return max((len(each) for each in page.prefixes if f"{path}/".startswith(f"{each}/")), default=0)
