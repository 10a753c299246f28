"""Searching the console: one word, every kind of thing, within what the reader may see of each.

What there is little of is found by any part of its name. What comes by the million, submissions and
customers, is found by its whole id: an index answers that, and nobody goes through customers by guessing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from server.accounts.identity import Identity
from server.db import AnyRow
from server.fieldwork.definitions.programmes import list_programmes
from server.fieldwork.definitions.versions import list_versions
from server.fieldwork.waves.states import BEGUN
from server.models.accounts import Person
from server.models.contacts import Contact
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.waves import STATES, Wave
from server.scope import Scope

SHOWN: Final = 8
LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Found:
    """What one section found: rows as its finder gives them, and whether there are more."""

    rows: Sequence[Any]
    more: bool


def search(connection: Connection, who: Identity, wanted: str) -> dict[str, Found]:
    """Sections that found something, in the order of `SECTIONS`."""
    text = wanted.strip()[:LONGEST].replace("\0", "")
    found: dict[str, Found] = {}
    for name, ways in SECTIONS.items():
        permitted = next(((permission, find) for permission, find in ways if who.may(permission)), None)
        if text and permitted is not None:
            permission, find = permitted
            rows = find(connection, who.within(permission), text)
            if rows:
                found[name] = Found(rows[:SHOWN], len(rows) > SHOWN)
    return found


def _waves(
    connection: Connection, scope: Scope, text: str, states: Sequence[str] = STATES
) -> Sequence[AnyRow]:
    query = select(Wave.id, Wave.code, Wave.title, Wave.title_en, Wave.state, Wave.opens_at, Wave.closes_at)
    query = query.where(_like(text, Wave.code, Wave.title, Wave.title_en), Wave.instrument != "log")
    order = (_exact_first(Wave.code, text), Wave.opens_at.desc(), Wave.id)
    query = query.where(Wave.state.in_(states)).order_by(*order)
    return connection.execute(scope.waves(query).limit(SHOWN + 1)).all()


def _begun_waves(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    """A branch learns of no wave before it begins."""
    return _waves(connection, scope, text, BEGUN)


def _units(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    query = select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.level, Unit.closed_at)
    query = query.where(_like(text, Unit.code, Unit.name, Unit.name_en))
    order = (_exact_first(Unit.code, text), Unit.closed_at.is_not(None), Unit.path)
    return connection.execute(scope.units(query).order_by(*order).limit(SHOWN + 1)).all()


def _people(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    query = select(Person.id, Person.code, Person.name, Person.title, Person.left_at)
    query = query.where(_like(text, Person.code, Person.name))
    order = (_exact_first(Person.code, text), Person.left_at.is_not(None), Person.name, Person.id)
    return connection.execute(scope.people(query).order_by(*order).limit(SHOWN + 1)).all()


def _submissions(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    """By the id that the client made, by ours, or by the firm's own number."""
    identifier = _uuid(text)
    wanted: list[ColumnElement[bool]] = [Submission.external_id == text]
    if identifier is not None:
        waves = select(Wave.id)
        wanted += [
            Submission.id == identifier,
            # The unique index begins with the wave; there are few of them.
            (Submission.wave_id.in_(waves)) & (Submission.submission_id == identifier),
        ]
    rows: list[AnyRow] = []
    for condition in wanted:
        query = (
            select(
                Submission.id, Submission.submission_id, Submission.external_id, Submission.received_at,
                Wave.title, Wave.title_en, Unit.name, Unit.name_en, Unit.timezone,
            )
            .join(Wave, Wave.id == Submission.wave_id)
            .join(Subject, Subject.id == Submission.subject_id)
            .join(Unit, Unit.id == Subject.unit_id, isouter=True)
            .where(condition)
        )  # fmt: skip
        rows += connection.execute(scope.submissions(query).limit(SHOWN + 1)).all()
    return list({row.id: row for row in rows}.values())


def _contacts(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    query = select(Contact.external_id, Unit.code, Unit.name, Unit.name_en)
    query = query.join(Unit, Unit.id == Contact.unit_id).where(Contact.external_id == text)
    return connection.execute(scope.units(query)).all()


def _programmes(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    return _newest(list_programmes(connection, scope), text)


def _forms(connection: Connection, scope: Scope, text: str) -> Sequence[AnyRow]:
    return _newest(list_versions(connection, scope), text)


def _newest(rows: Sequence[AnyRow], text: str) -> list[AnyRow]:
    """The newest version of each definition whose key or title has the text in it."""
    newest: dict[str, AnyRow] = {}
    for row in rows:
        if row.key not in newest or row.version > newest[row.key].version:
            newest[row.key] = row
    return [row for row in newest.values() if text.lower() in f"{row.key}\n{_titles(row)}".lower()]


def _titles(row: AnyRow) -> str:
    title = row.title
    return "\n".join(map(str, title.values())) if isinstance(title, Mapping) else str(title or "")


def _like(text: str, *columns: Any) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _exact_first(column: Any, text: str) -> ColumnElement[int]:
    """Whoever types a whole code means that one; then what begins so."""
    lowered = func.lower(column)
    return case((lowered == text.lower(), 0), (lowered.startswith(text.lower(), autoescape=True), 1), else_=2)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


Way = tuple[str, Callable[[Connection, Scope, str], Sequence[Any]]]

# Section -> the ways to find it, each with its permission: the first that the reader holds.
SECTIONS: Final[Mapping[str, tuple[Way, ...]]] = MappingProxyType(
    {
        "waves": (("waves.follow", _waves), ("waves.read", _begun_waves)),
        "units": (("units.read", _units),),
        "people": (("people.read", _people),),
        "submissions": (("sheets.read", _submissions),),
        "contacts": (("units.read", _contacts),),
        "programmes": (("waves.read", _programmes),),
        "forms": (("forms.read", _forms),),
    }
)
