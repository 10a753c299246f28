"""Importing a table by page, the same for every kind: shown first, then applied exactly as shown.

The file waits on the server between the two steps. When applying it would do anything else than what was
shown, because somebody has changed something since, nothing is written and it is shown again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Response, request, url_for
from sqlalchemy import Connection

from server import catalogue
from server.db import transaction
from server.errors import Detail, Refusal
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.kept_imports import Shelf
from server.http.access import identity
from server.http.locale import locale
from server.services import services
from server.web.presenting import page

MOST_PROBLEMS_SHOWN = 500
MOST_CHANGES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of import.

    Attributes:
        kind: names it in the menu (`console.nav.<kind>`) and its waiting files.
        area: of the texts that name its columns, as `<area>.column.<name>`, and the values it shows, as
            `<area>.value.<column>.<value>`; what is not there is looked for in `console`.
        page: the endpoint that shows what was imported, and takes a file by POST.
        apply: the endpoint that applies a waiting file, named by `kept_id`.
        run: imports, or with True only says what would change.
        place: parts of both addresses, such as the programme that a file is about.
    """

    kind: str
    area: str
    page: str
    apply: str
    run: Callable[[Connection, SentFile, bool], ImportReport]
    place: Mapping[str, Any] = field(default_factory=dict)


class _Overtaken(Exception):
    """Applying would do something else than what was shown."""


def show_import(importer: Importer) -> Response:
    """The dry run of the file that was sent.

    Raises:
        Refusal: invalid_fields, when there is no file.
    """
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal("invalid_fields", details=[Detail("file_absent", "/file")])
    return _shown(importer, file.read(), file.filename)


def apply_import(importer: Importer, kept_id: UUID) -> Response:
    """Apply what was shown, or show again what it would do by now.

    Raises:
        Refusal: import_gone.
    """
    now = services().clock.now()
    with transaction() as connection:
        kept = _shelf(importer).take(connection, kept_id, now=now)
    try:
        with transaction() as connection:
            report = importer.run(connection, _sent(kept.data, kept.filename), False)
            if report.fingerprint != kept.fingerprint:
                raise _Overtaken
    except _Overtaken:
        return _shown(importer, kept.data, kept.filename, overtaken=True)
    return _result(importer, kept.filename, report)


def _shown(importer: Importer, data: bytes, filename: str, *, overtaken: bool = False) -> Response:
    sent = _sent(data, filename)
    kept_id = None
    with transaction() as connection:
        report = importer.run(connection, sent, True)
        if report.created + report.updated:
            now = services().clock.now()
            kept_id = _shelf(importer).keep(connection, sent, report.fingerprint, now=now)
    return _result(importer, filename, report, kept_id=kept_id, overtaken=overtaken)


def _result(
    importer: Importer,
    filename: str,
    report: ImportReport,
    *,
    kept_id: UUID | None = None,
    overtaken: bool = False,
) -> Response:
    nothing_kept = report.problems and not report.created + report.updated + report.unchanged
    return page(
        "console/import_result.html",
        status=422 if nothing_kept else 200,
        kind=importer.kind,
        back=url_for(importer.page, **importer.place),
        apply=url_for(importer.apply, kept_id=kept_id, **importer.place) if kept_id else "",
        overtaken=overtaken,
        filename=filename,
        report=report,
        shown=report.problems[:MOST_PROBLEMS_SHOWN],
        changes=report.changes[:MOST_CHANGES_SHOWN],
        **text_finder(importer.area, report.headers),
    )


def text_finder(area: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """What the list of changes in a template names columns and values with."""
    return {
        "column_name": lambda column: headers.get(column) or _text(area, f"column.{column}"),
        "value_name": lambda column, value: _value(area, column, value),
    }


def _value(area: str, column: str, value: str) -> str:
    """A value in words, or its first word: a role stands before the unit below which it is held."""
    whole = _text(area, f"value.{column}.{value}", "")
    if whole:
        return whole
    first, space, rest = value.partition(" ")
    said = _text(area, f"value.{column}.{first}", "") or _text(area, f"{column}.{first}", first)
    return said + space + rest


def _text(area: str, name: str, otherwise: str | None = None) -> str:
    """A text of the area, else of the console, else the bare name: a file's words have no end."""
    for each in (area, "console"):
        found = catalogue.texts(locale(), each).get(name)
        if found is not None:
            return found
    return name.rpartition(".")[2] if otherwise is None else otherwise


def _shelf(importer: Importer) -> Shelf:
    account_id = identity().account_id
    if account_id is None:
        raise Refusal("forbidden")
    return Shelf(importer.kind, account_id, services().keys)


def _sent(data: bytes, filename: str) -> SentFile:
    return SentFile(data, filename, identity().actor, identity().scope)
