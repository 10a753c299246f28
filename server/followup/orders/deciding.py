"""Decisions about orders that look nothing up: what a settlement asks for, who may do what, what is due."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from server.accounts.actors import names_one
from server.errors import Detail
from server.models.orders import AT_DESK, CLOSED, FIXED, KINDS, ON_SITE, OPEN, WITHDRAWN
from server.scoring.programmes.definition import Programme, Text
from server.scoring.settling.facts import OF_ORDERS

LONGEST: Final = 1000
# What an act leads from, and to.
MOVES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "fix": ((OPEN,), FIXED),
    "close": ((OPEN, FIXED), CLOSED),
    "return": ((FIXED,), OPEN),
    "extend": ((OPEN,), OPEN),
    "withdraw": ((OPEN, FIXED), WITHDRAWN),
}
# How somebody makes sure; who was on site may close what nobody reported as done.
WAYS: Final = (AT_DESK, ON_SITE)
WITH_A_NOTE: Final = ("fix", "return", "extend", "withdraw")
# Days after the deadline, and who hears of it then: higher each time.
ESCALATION: Final = ((0, "branch_manager"), (3, "president"), (7, "coordinator"))
# The deadline's own day is the last on which something can be done.
AHEAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that a settlement asks somebody to put right.

    Attributes:
        key: the same for the same demand each time the year is settled.
        recipient: the code of the subject that is asked.
        event: the finding, the report or the period that it is about.
        due: as the rule says; None leaves it to the programme's usual days.
    """

    key: str
    kind: str
    recipient: str
    event: str
    title: Text
    due: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item stands before an act. `signed`: somebody signed for its order."""

    state: str
    fixed_by: str | None
    signed: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do about an item.

    Attributes:
        selves: everybody whom they are or act for.
        way: how they made sure, to close it.
        due_at: the deadline from then on, for `return` and `extend`.
    """

    act: str
    selves: Collection[str]
    note: str = ""
    way: str = ""
    due_at: datetime | None = None


def demands_of(programme: Programme, actions: Iterable[Mapping[str, Any]]) -> Iterator[Demand]:
    """Args: actions: as a settlement lists them. Those that are no orders are passed over."""
    rules = {rule.name: rule for rule in programme.rules}
    for row in actions:
        # An order about an order would never end.
        rule, event = rules.get(row["rule"]), row["period"]
        if rule is None or row["do"] not in KINDS or event.startswith(f"{OF_ORDERS}/"):
            continue
        to = row["to"]
        # A person in a role is reached where the subject is; a unit above it is asked itself.
        recipient = to["id"] if to is not None and to["kind"] in programme.kinds else row["subject"]
        action = next(each for each in rule.actions if each.do == row["do"])
        due = date.fromisoformat(row["due"]) if row["due"] else None
        key = "|".join((row["rule"], row["subject"], event, row["do"], recipient))
        yield Demand(key, row["do"], recipient, event, action.title or rule.title, due)


def week_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def problems_of(standing: Standing, wish: Wish, now: datetime) -> Iterator[Detail]:
    """What keeps somebody from an act."""
    known, _ = MOVES.get(wish.act, ((), ""))
    if standing.state not in known:
        yield Detail("order_act", "/act")
        return
    if wish.act == "fix" and not standing.signed:
        yield Detail("order_unsigned")
    judges = wish.act in ("close", "return")
    if judges and standing.fixed_by is not None and names_one(standing.fixed_by, wish.selves):
        yield Detail("order_own")
    if wish.act == "close" and wish.way not in WAYS:
        yield Detail("order_way", "/way")
    elif wish.act == "close" and standing.state == OPEN and wish.way != ON_SITE:
        # Nobody said that it is done: only who was there and saw it can know.
        yield Detail("order_unseen", "/way")
    if wish.act in WITH_A_NOTE and not wish.note.strip():
        yield Detail("field_required", "/note")
    if len(wish.note) > LONGEST:
        yield Detail("text_too_long", "/note", {"limit": LONGEST})
    yield from _problems_of_deadline(wish, now)


def _problems_of_deadline(wish: Wish, now: datetime) -> Iterator[Detail]:
    if wish.act == "extend" and wish.due_at is None:
        yield Detail("field_required", "/due")
    if wish.due_at is not None and wish.due_at <= now:
        yield Detail("order_due_past", "/due")


def reached(due_at: datetime, now: datetime) -> Iterator[tuple[int, str, datetime]]:
    """The steps of escalation that an open item has reached: days after it was due, who hears, since when."""
    for days, role in ESCALATION:
        since = due_at - AHEAD if days == 0 else due_at + timedelta(days=days) - AHEAD
        if since <= now:
            yield days, role, since
