"""What rows of earlier results are judged by: the programme's measures and instruments, subjects, items."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.db import AnyRow
from server.fieldwork.judging import judged
from server.models.definitions import Form, FormVersion
from server.models.organisation import Subject
from server.scope import Scope
from server.scoring.form_items import form_items
from server.scoring.programmes.compiling import compile_programme
from server.scoring.programmes.definition import Indicator, Measure, Programme

LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ground:
    """A programme as people name its parts in a table.

    Attributes:
        subjects: by code, those that the sender sees.
        kinds: of all subjects that the programme judges, by code.
        measures: by every name they go by, in lower case.
        instruments: the same.
        items: instrument -> every name of an item -> what makes it the same fault; nothing for an instrument
            without a form here.
        today: in the programme's zone.
    """

    programme: Programme
    subjects: Mapping[str, UUID]
    kinds: Mapping[str, str]
    measures: Mapping[str, Sequence[Measure]]
    instruments: Mapping[str, str]
    items: Mapping[str, Mapping[str, str]]
    today: date


def ground_of(connection: Connection, version: AnyRow, scope: Scope, *, now: datetime) -> Ground:
    """What a version of a programme (with its `content`) and the sender's scope say."""
    programme = compile_programme(version.content)
    who = judged(connection, programme, version.programme_id, LONG_AGO)
    subjects = connection.execute(scope.subjects(select(Subject.code, Subject.id)))
    return Ground(
        programme=programme,
        subjects=dict(subjects.all()),
        kinds={row["id"]: row["kind"] for row in who.rows},
        measures=_measures(programme),
        instruments=dict(_instruments(version.content)),
        items=_items(connection, version.content),
        today=now.astimezone(programme.zone).date(),
    )


def _measures(programme: Programme) -> Mapping[str, Sequence[Measure]]:
    found: defaultdict[str, list[Measure]] = defaultdict(list)
    for measure in programme.measures.values():
        names = {measure.name, *measure.title.values()}
        if isinstance(measure.source, Indicator):
            names.add(measure.source.name)
        for name in {each.casefold() for each in names}:
            found[name].append(measure)
    return found


def _instruments(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in content.get("instruments", ()):
        for name in (each["name"], *texts(each.get("title"))):
            yield name.casefold(), each["name"]


def texts(value: object) -> tuple[str, ...]:
    """All languages of a localised text."""
    if isinstance(value, str):
        return (value,)
    return tuple(filter(_is_text, value.values())) if isinstance(value, Mapping) else ()


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _items(connection: Connection, content: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    asked = {
        each["name"]: (each["form"], each["version"])
        for each in content.get("instruments", ())
        if "form" in each and "version" in each
    }
    rows = connection.execute(
        select(Form.key, FormVersion.version, FormVersion.content)
        .join(FormVersion, FormVersion.form_id == Form.id)
        .where(Form.key.in_({key for key, _ in asked.values()}))
    )
    forms = {(row.key, row.version): row.content for row in rows}
    return {name: dict(_names(forms[form])) for name, form in asked.items() if form in forms}


def _names(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Titles first: where a title is another item's code, the code is meant."""
    items = [each for each in form_items(form) if isinstance(each.scoring, dict)]
    identities = {each.name: _identity(each.name, each.scoring) for each in items}
    for name, title in _titles(form):
        if name in identities:
            yield title.casefold(), identities[name]
    for name, identity in identities.items():
        yield name.casefold(), identity
        yield identity.casefold(), identity


def _identity(name: str, scoring: object) -> str:
    code = scoring.get("code") if isinstance(scoring, dict) else None
    return code if isinstance(code, str) and code else name


def _titles(node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        name = node.get("name")
        if isinstance(name, str):
            yield from ((name, title) for title in texts(node.get("title")))
        for below in ("pages", "elements"):
            yield from _titles(node.get(below))
    elif isinstance(node, list):
        for each in node:
            yield from _titles(each)
