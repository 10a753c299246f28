"""Lines of the audit trail as sentences in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from flask import url_for
from sqlalchemy import Connection

from server import catalogue
from server.db import AnyRow
from server.http.locale import locale
from server.reports.trail.naming import Names, names_of
from server.scope import Scope

PAGES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "wave": lambda each: url_for("console.waves.show", wave_id=each),
        "unit": lambda each: url_for("console.organisation.show", unit_id=each),
        "person": lambda each: url_for("console.people.show", person_id=each),
    }
)
AREA = "audit"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line.

    Attributes:
        account: the actor, where it is an account whose lines can be asked for.
        address: the page of what it is about, "" where there is none.
        detail: what was written beside it; without personal data.
    """

    id: int
    at: datetime
    who: str
    account: str
    sentence: str
    reason: str
    subject: str
    address: str
    detail: dict[str, Any]
    action: str
    request_id: str


def shown_lines(connection: Connection, rows: Sequence[AnyRow], people: Scope) -> list[ShownLine]:
    """Args: people: whose names the reader may read."""
    names = names_of(connection, rows, people)
    return [_shown(row, names) for row in rows]


def known_actions() -> list[str]:
    """Actions that have a sentence, as a filter offers them."""
    said = catalogue.texts(locale(), AREA)
    return sorted(key for key, text in said.items() if "_" in key and key not in NO_ACTIONS and text)


# Texts of the page itself that look like an action's name.
NO_ACTIONS = frozenset(
    {
        "empty_text", "empty_title", "filter_action", "filter_actor", "filter_day", "filter_subject",
        "nav_done", "only_actor",
    }
)  # fmt: skip


def subject_words(subject: str, names: Names) -> str:
    """What a line is about: its name in quotation marks, or what kind of thing it is."""
    kind, _, rest = subject.partition(":")
    name = names.get(subject)
    if name is not None:
        return _text("quoted", name=name.in_locale(locale()))
    if rest == "*":
        return _text("about.several")
    if f"about.{kind}" in catalogue.texts(locale(), AREA):
        return _text(f"about.{kind}")
    # A definition or a calendar is called by its own name.
    return _text("about.other", name=rest or kind)


def actor_words(actor: str, names: Names) -> str:
    """Who it was; for a deputy also whose work it was."""
    own, _, other = actor.partition(" for ")
    who = _one(own, names)
    if not other:
        return who
    others = "、".join(_one(each, names) for each in other.split(","))
    return _text("for", who=who, other=others)


def _one(actor: str, names: Names) -> str:
    kind = actor.partition(":")[0]
    if actor in names:
        return names[actor].in_locale(locale())
    if f"actor.{kind}" in catalogue.texts(locale(), AREA) and kind != "system":
        return _text(f"actor.{kind}")
    return _text("actor.system") if kind == "system" else _text("actor.other", name=actor)


def _shown(row: AnyRow, names: Names) -> ShownLine:
    subject = subject_words(row.subject, names)
    detail = row.detail
    params = {**detail, "subject": subject, "action": row.action}
    known = row.action in catalogue.texts(locale(), AREA)
    account = row.actor.partition(" for ")[0]
    return ShownLine(
        id=row.id,
        at=row.at,
        who=actor_words(row.actor, names),
        account=account if account.startswith("account:") else "",
        sentence=_text(row.action if known else "other", **params),
        reason=str(detail.get("reason") or ""),
        subject=subject,
        address=_address(row.subject, names),
        detail=detail,
        action=row.action,
        request_id=row.request_id or "",
    )


def _address(subject: str, names: Names) -> str:
    kind, _, identifier = subject.partition(":")
    return PAGES[kind](identifier) if subject in names and kind in PAGES else ""


def _text(name: str, /, **params: object) -> str:
    return catalogue.text(f"{AREA}.{name}", locale(), **params)
