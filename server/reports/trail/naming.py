"""What lines are about, in words: ids become names for the lines of one page at a time.

No line holds personal data, and none is put beside it: of people who work with the system their names, where
the reader may read them; of customers nothing at all.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.models.accounts import Account, Firm, Person
from server.models.appeals import Appeal
from server.models.definitions import Programme
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.models.submissions import Submission
from server.models.tasks import Assignment
from server.models.timetable import TimetableEntry
from server.models.waves import Wave
from server.scope import Scope

REFERENCE = re.compile(r"([a-z_]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in Chinese and in English."""

    zh: str
    en: str

    def in_locale(self, locale: str) -> str:
        return self.en if locale == "en" else self.zh


Names = Mapping[str, Name]
Ids = Collection[UUID]


def names_of(connection: Connection, rows: Iterable[AnyRow], people: Scope) -> Names:
    """`kind:id` -> name, for subjects and actors of these lines; what is not there has none.

    Args:
        people: whose names the reader may read; accounts that acted are named in any case, as their pages do.
    """
    return subject_names(connection, [name for row in rows for name in (row.actor, row.subject)], people)


def subject_names(connection: Connection, references: Iterable[str], people: Scope) -> Names:
    """The same for references by themselves."""
    wanted: defaultdict[str, set[UUID]] = defaultdict(set)
    for kind, identifier in REFERENCE.findall(" ".join(references)):
        wanted[kind].add(UUID(identifier))
    found: dict[str, Name] = {}
    for kind, ids in wanted.items():
        if kind == "person":
            found |= _people(connection, ids, people)
        elif kind in FINDERS:
            found |= {f"{kind}:{each}": name for each, name in FINDERS[kind](connection, ids)}
    return found


def _people(connection: Connection, ids: Ids, scope: Scope) -> dict[str, Name]:
    query = scope.people(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {f"person:{row.id}": Name(row.name, row.name) for row in connection.execute(query)}


def _pairs(connection: Connection, query: Any) -> list[tuple[UUID, Name]]:
    """Rows of id, name and English name, which may be missing."""
    return [(row[0], Name(row[1], row[2] or row[1])) for row in connection.execute(query)]


def _waves(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    return _pairs(connection, select(Wave.id, Wave.title, Wave.title_en).where(Wave.id.in_(ids)))


def _units(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    return _pairs(connection, select(Unit.id, Unit.name, Unit.name_en).where(Unit.id.in_(ids)))


def _firms(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    return _pairs(connection, select(Firm.id, Firm.name, Firm.name).where(Firm.id.in_(ids)))


def _accounts(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    query = select(Account.id, Person.name, Person.name).join(Person, Person.id == Account.person_id)
    return _pairs(connection, query.where(Account.id.in_(ids)))


def _assignments(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    query = (
        select(Assignment.id, Unit.name, Unit.name_en)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
    )
    return _pairs(connection, query.where(Assignment.id.in_(ids)))


def _submissions(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    query = (
        select(Submission.id, Subject.name, Unit.name_en)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
    )
    return _pairs(connection, query.where(Submission.id.in_(ids)))


def _appeals(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    query = (
        select(Appeal.id, Subject.name, Unit.name_en)
        .join(Subject, Subject.id == Appeal.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
    )
    return _pairs(connection, query.where(Appeal.id.in_(ids)))


def _duties(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    query = select(DutyOccurrence.id, Subject.name, Subject.name)
    joined = query.join(Subject, Subject.id == DutyOccurrence.subject_id)
    return _pairs(connection, joined.where(DutyOccurrence.id.in_(ids)))


def _programmes(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    return _pairs(connection, select(Programme.id, Programme.key, Programme.key).where(Programme.id.in_(ids)))


def _entries(connection: Connection, ids: Ids) -> list[tuple[UUID, Name]]:
    """A coordinator's own entries by their title; those that follow from dates by their kind."""
    query = select(TimetableEntry.id, TimetableEntry.title, TimetableEntry.key)
    rows = connection.execute(query.where(TimetableEntry.id.in_(ids)))
    titles = ((row.id, (row.title or {}).get("default") or row.key) for row in rows)
    return [(entry_id, Name(title, title)) for entry_id, title in titles]


FINDERS: Final[Mapping[str, Callable[[Connection, Ids], list[tuple[UUID, Name]]]]] = MappingProxyType(
    {
        "wave": _waves,
        "unit": _units,
        "firm": _firms,
        "account": _accounts,
        "assignment": _assignments,
        "submission": _submissions,
        "appeal": _appeals,
        "duty": _duties,
        "programme": _programmes,
        "timetable": _entries,
    }
)
