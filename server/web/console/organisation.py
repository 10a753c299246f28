"""Units and contacts: what there is, and importing more of it."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from sqlalchemy import Connection

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.organisation.units import contact_counts, list_units
from server.http.access import identity, requires
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("organisation", __name__)

MOST_PROBLEMS_SHOWN = 500
Import = Callable[[Connection, SentFile], ImportReport]


@blueprint.get("/console/units")
@requires("units.read")
def units() -> Response:
    return page("console/units.html", units=list_units(connection(), identity().scope))


@blueprint.post("/console/units")
@requires("units.import")
def post_units() -> Response:
    def run(open_connection: Connection, sent: SentFile) -> ImportReport:
        return import_units(open_connection, sent, now=services().clock.now())

    return _import("units", run)


@blueprint.get("/console/contacts")
@requires("units.read")
def contacts() -> Response:
    return page("console/contacts.html", counts=contact_counts(connection(), identity().scope))


@blueprint.post("/console/contacts")
@requires("units.import")
def post_contacts() -> Response:
    def run(open_connection: Connection, sent: SentFile) -> ImportReport:
        return import_contacts(open_connection, services().keys, sent, now=services().clock.now())

    return _import("contacts", run)


def _import(kind: str, run: Import) -> Response:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal("invalid_fields", details=[Detail("file_absent", "/file")])
    with transaction() as open_connection:
        sent = SentFile(file.read(), file.filename, identity().actor, identity().scope)
        report = run(open_connection, sent)
    nothing_kept = report.problems and not report.created + report.updated + report.unchanged
    return page(
        "console/import_result.html",
        status=422 if nothing_kept else 200,
        kind=kind,
        filename=file.filename,
        report=report,
        shown=report.problems[:MOST_PROBLEMS_SHOWN],
    )
