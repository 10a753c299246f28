"""Customers who may be asked, what they came for, and importing more of both.

A short file is shown and applied within the request; a long one is left to the worker, and its page tells
how far it is.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from io import SEEK_END
from typing import IO, Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import AnyRow, connection, transaction
from server.fieldwork.contacts import reading
from server.fieldwork.contacts.contact_import import import_contacts, import_events
from server.fieldwork.contacts.imports import contact_rows, event_rows, runs
from server.fieldwork.importing import ImportReport, SentFile
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.web.console.importing import Importer, apply_import, show_import
from server.web.presenting import page

# A request passes over so many bytes within two seconds.
SHORT = 512 * 1024
# A million contacts are some 60 MB.
LARGEST_LIST = 256 * 1024 * 1024
UPLOADS = frozenset({"console.contacts.post_contacts", "console.contacts.post_events"})
DAYS_SHOWN = 7
RUNNING = frozenset({"waiting", "running"})
REFRESH_SECONDS = "3"
# Whose columns are called what.
AREAS = {"contacts": "contacts", "events": "service_events"}

blueprint = Blueprint("contacts", __name__)


@blueprint.url_value_preprocessor
def _allow_long_lists(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything looks into the form: the token of the form stands behind the file's door, too."""
    if endpoint in UPLOADS:
        request.max_content_length = LARGEST_LIST


@blueprint.get("/console/contacts")
@requires("units.read")
def index() -> AnyResponse:
    """All units; one unit's contacts with `?unit=`; `?q=` leads to the contact of that id."""
    scope, wanted = identity().scope, request.args.get("q", "").strip()
    if wanted:
        return redirect(url_for("console.contacts.person", id=wanted), 303)
    unit, mark = request.args.get("unit", ""), request.args.get("mark", "")
    after, listed = request.args.get("after", ""), None
    counts: Sequence[AnyRow] = ()
    if unit:
        listed = reading.list_contacts(connection(), scope, unit, mark=mark, after=after)
        following = listed.following
    else:
        counts, following = reading.unit_counts(connection(), scope, after=after)
    return page(
        "console/contacts.html",
        unit=unit,
        mark=mark,
        marks=tuple(reading.MARKS),
        listed=listed,
        counts=counts,
        following=following,
        whole=not after and following is None,
        marked={} if unit else reading.mark_counts(connection(), scope),
        most_counted=reading.MOST_COUNTED,
        columns=[(name, name in contact_rows.REQUIRED) for name in contact_rows.COLUMNS],
    )


@blueprint.get("/console/contacts/person")
@requires("units.read")
def person() -> Response:
    found = reading.find_contact(connection(), request.args.get("id", ""), identity().scope)
    return page("console/contact.html", history=found, contact=found.contact)


@blueprint.get("/console/contacts/events")
@requires("units.read")
def events() -> Response:
    """A week of service events, unit by unit; `?to=` is its last day."""
    last = _day(request.args.get("to", ""))
    days = [last - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    rows, following = reading.events_by_day(
        connection(), identity().scope, days[0], last, after=request.args.get("after", "")
    )
    return page(
        "console/contact_events.html",
        days=days,
        rows=rows,
        following=following,
        before=days[0] - timedelta(days=1),
        behind=last + timedelta(days=DAYS_SHOWN),
        columns=[(name, name in event_rows.REQUIRED) for name in event_rows.COLUMNS],
    )


def _day(written: str) -> date:
    """The day asked for, or yesterday."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return (services().clock.now() - timedelta(days=1)).date()


@blueprint.post("/console/contacts")
@requires("contacts.import")
def post_contacts() -> AnyResponse:
    return _import(CONTACTS, "contacts")


@blueprint.post("/console/contacts/events")
@requires("contacts.import")
def post_events() -> AnyResponse:
    return _import(EVENTS, "events")


@blueprint.post("/console/contacts/import/<uuid:kept_id>")
@requires("contacts.import")
def apply(kept_id: UUID) -> Response:
    return apply_import(CONTACTS, kept_id)


@blueprint.post("/console/contacts/events/import/<uuid:kept_id>")
@requires("contacts.import")
def apply_events(kept_id: UUID) -> Response:
    return apply_import(EVENTS, kept_id)


@blueprint.get("/console/contacts/imports")
@requires("contacts.import")
def imports() -> Response:
    rows = runs.list_runs(connection(), identity().scope, by=identity().actor)
    return page("console/contact_imports.html", rows=rows)


@blueprint.get("/console/contacts/imports/<uuid:run_id>")
@requires("contacts.import")
def show_run(run_id: UUID) -> Response:
    """How far an import is; the page asks again by itself until it is through."""
    by = identity().actor
    run = runs.find_run(connection(), run_id, identity().scope, by=by)
    response = page(
        "console/contact_import.html",
        run=run,
        running=run.state in RUNNING,
        problems=runs.problems_of(run),
        changes=runs.changes_of(run),
        can_apply=runs.can_apply(connection(), run, by=by),
        column_name=partial(_column_name, run),
    )
    if run.state in RUNNING:
        response.headers["Refresh"] = REFRESH_SECONDS
    return response


@blueprint.post("/console/contacts/imports/<uuid:run_id>/apply")
@requires("contacts.import")
def post_apply_run(run_id: UUID) -> AnyResponse:
    with transaction() as open_connection:
        applied = runs.apply_run(open_connection, run_id, identity().actor, now=services().clock.now())
    return redirect(url_for("console.contacts.show_run", run_id=applied), 303)


def _import(importer: Importer, kind: runs.Kind) -> AnyResponse:
    file = request.files.get("file")
    if file is None or not file.filename or _size(file.stream) <= SHORT:
        return show_import(importer)
    sent = runs.LongFile(kind, file.filename, identity().actor, identity().scope, dry_run=True)
    with file.stream, transaction() as open_connection:
        run_id = runs.start_run(
            open_connection, sent, file.stream, services().keys, now=services().clock.now()
        )
    return redirect(url_for("console.contacts.show_run", run_id=run_id), 303)


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def _column_name(run: AnyRow, column: str) -> str:
    """As the file itself calls it, so that it can be found there."""
    texts = catalogue.texts(locale(), AREAS[run.kind])
    return run.report.get("headers", {}).get(column) or texts.get(f"column.{column}") or column


def _run_contacts(open_connection: Connection, sent: SentFile, dry_run: bool) -> ImportReport:
    now = services().clock.now()
    return import_contacts(open_connection, services().keys, sent, now=now, dry_run=dry_run)


def _run_events(open_connection: Connection, sent: SentFile, dry_run: bool) -> ImportReport:
    return import_events(open_connection, sent, now=services().clock.now(), dry_run=dry_run)


CONTACTS = Importer("contacts", "contacts", "console.contacts.index", "console.contacts.apply", _run_contacts)
EVENTS = Importer(
    "events", "service_events", "console.contacts.events", "console.contacts.apply_events", _run_events
)
