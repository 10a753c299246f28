"""Results from before this system: the files of a programme, importing another, taking one back."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.definitions.programmes import find_programme, list_programmes
from server.fieldwork.history import files
from server.fieldwork.history.columns import COLUMNS, REQUIRED
from server.fieldwork.history.history_import import import_history
from server.fieldwork.importing import ImportReport, SentFile
from server.http.access import identity, requires
from server.scoring.programmes.definition import Added, Measure, Scores
from server.services import services
from server.web.console.importing import Importer, apply_import, show_import
from server.web.presenting import page

blueprint = Blueprint("history", __name__)

# How each kind of period may be written.
PERIODS = {"year": "2025", "half": "2025H1", "quarter": "2025Q4", "month": "2025-12"}

# Sources whose numbers are scores, as everybody understands them.
SCORED = (Scores, Added)
IMPORT_COLUMNS = tuple((name, name in REQUIRED) for name in COLUMNS)


@blueprint.get("/console/history")
@requires("history.import")
def index() -> Response:
    """The programmes, or the only one's files."""
    titles = _titles()
    wanted = request.args.get("programme", "")
    if wanted in titles or len(titles) == 1:
        key = wanted if wanted in titles else next(iter(titles))
        return redirect(url_for("console.history.show", key=key), 303)
    counts = dict.fromkeys(titles, 0)
    for row in files.list_files(connection(), identity().scope):
        counts[row.key] = counts.get(row.key, 0) + 1
    return page("console/history.html", titles=titles, counts=counts)


@blueprint.get("/console/history/<key>")
@requires("history.import")
def show(key: str) -> Response:
    scope = identity().scope
    version = find_programme(connection(), key, scope)
    return page(
        "console/history_files.html",
        key=key,
        title=version.title,
        several=len(_titles()) > 1,
        rows=files.list_files(connection(), scope, key=key),
        measures=programme_of(connection(), version.id).measures.values(),
        columns=IMPORT_COLUMNS,
        examples=_examples(version.id),
    )


@blueprint.post("/console/history/<key>")
@requires("history.import")
def post_file(key: str) -> Response:
    return show_import(_importer(key))


@blueprint.post("/console/history/<key>/import/<uuid:kept_id>")
@requires("history.import")
def apply(key: str, kept_id: UUID) -> Response:
    return apply_import(_importer(key), kept_id)


@blueprint.get("/console/history/files/<uuid:file_id>")
@requires("history.import")
def file(file_id: UUID) -> Response:
    return _file_page(file_id)


@blueprint.post("/console/history/files/<uuid:file_id>/withdraw")
@requires("history.import")
def withdraw(file_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            reason = request.form.get("reason", "")
            files.withdraw_file(open_connection, file_id, who.scope, reason=reason, by=who.actor, now=now)
    except Refusal as refusal:
        return _file_page(file_id, refusal)
    return redirect(url_for("console.history.file", file_id=file_id), 303)


def _file_page(file_id: UUID, refusal: Refusal | None = None) -> Response:
    if refusal is not None and refusal.code != "invalid_fields":
        raise refusal
    scope = identity().scope
    found = files.find_file(connection(), file_id, scope)
    version = find_programme(connection(), found.key, scope)
    return page(
        "console/history_file.html",
        status=200 if refusal is None else refusal.status,
        file=found,
        title=version.title,
        listed=files.file_rows(connection(), file_id, scope, after=_after(request.args.get("after", ""))),
        names={each.name: each.title for each in programme_of(connection(), version.id).measures.values()},
        reason=request.form.get("reason", ""),
        errors={each.pointer.removeprefix("/"): each for each in (refusal.details if refusal else ())},
    )


def _after(text: str) -> tuple[int, UUID] | None:
    """`?after=row,id`; nonsense begins at the beginning."""
    number, _, row_id = text.partition(",")
    try:
        return int(number), UUID(row_id)
    except ValueError:
        return None


def _examples(version_id: UUID) -> list[tuple[Measure, str]]:
    """Measures that a row may be about, each with a period of its own kind."""
    measures = programme_of(connection(), version_id).measures.values()
    scored = [each for each in measures if each.per in PERIODS and isinstance(each.source, SCORED)]
    return [(each, PERIODS[each.per]) for each in scored[:2]]


def _titles() -> Mapping[str, object]:
    """Programmes that have a published version, by key, with the newest one's title."""
    rows: Sequence[AnyRow] = list_programmes(connection(), identity().scope)
    published = [row for row in rows if row.status == "published"]
    return {row.key: row.title for row in reversed(published)}


def _importer(key: str) -> Importer:
    return Importer(
        "history",
        "history",
        "console.history.show",
        "console.history.apply",
        partial(_run, key),
        {"key": key},
    )


def _run(key: str, open_connection: Connection, sent: SentFile, dry_run: bool) -> ImportReport:
    return import_history(open_connection, sent, key, now=services().clock.now(), dry_run=dry_run)
