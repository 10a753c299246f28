"""What one number was sent: for somebody who complains, and for whoever has to answer."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.catalogue import ZONE, text
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import list_programmes
from server.fieldwork.outreach import refusing
from server.http.access import identity, requires
from server.http.locale import locale
from server.reports.outreach import history
from server.services import services
from server.tables.writing import BOM, Cell, csv_rows
from server.web.presenting import page

blueprint = Blueprint("message_history", __name__)

NO_ERRORS: Mapping[str, Detail] = MappingProxyType({})


@blueprint.get("/console/outreach/history")
@requires("messages.trace")
def trace() -> Response:
    return _page(None, "")


@blueprint.post("/console/outreach/history")
@requires("messages.trace")
def find_trace() -> Response:
    """By POST, so that no number stands in an address, a log or a browser's history."""
    try:
        with transaction() as open_connection:
            found = _found(open_connection)
    except Refusal as refusal:
        return _refused(refusal)
    return _exported(found) if "export" in request.form else _page(found, _typed())


@blueprint.post("/console/outreach/history/stop")
@requires("messages.manage")
def register_stop() -> Response:
    """Somebody has told us that they want no more messages."""
    given, who = services(), identity()
    programme = request.form.get("programme") or None
    try:
        with transaction() as open_connection:
            number = refusing.number_of(open_connection, _typed(), who.scope)
            refusing.register_stop(
                open_connection, number, programme, given.keys, by=who.actor, now=given.clock.now()
            )
            found = _found(open_connection)
    except Refusal as refusal:
        return _refused(refusal)
    return _page(found, _typed())


def _typed() -> str:
    return request.form.get("number", "")


def _found(open_connection: Connection) -> history.History:
    given, who = services(), identity()
    return history.history_of(
        open_connection, _typed(), given.keys, who.scope, by=who.actor, now=given.clock.now()
    )


def _page(
    found: history.History | None, number: str, errors: Mapping[str, Detail] = NO_ERRORS, status: int = 200
) -> Response:
    rows = list_programmes(connection(), identity().scope)
    titles = {row.key: row.title for row in reversed(rows) if row.status == "published"}
    return page(
        "console/message_history.html",
        status=status,
        found=found,
        number=number,
        errors=errors,
        programmes=titles,
    )


def _refused(refusal: Refusal) -> Response:
    if refusal.code != "invalid_fields":
        raise refusal
    errors = {each.pointer.removeprefix("/"): each for each in refusal.details}
    return _page(None, _typed(), errors, refusal.status)


def _exported(found: history.History) -> Response:
    header = [_said(name) for name in ("when", "what", "kind", "state", "why", "code", "text")]
    lines = BOM + csv_rows([header, *(_cells(line) for line in found.lines)])
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=messages.csv"
    return answer


def _cells(line: history.Line) -> list[Cell]:
    """A line in the reader's words; what a provider or a rule is called stays as it is."""
    state = "meaning" if line.what == "received" else "states"
    return [
        _local(line.at),
        _said("line", line.what),
        _said("kind", line.kind),
        _said(state, line.state),
        _said("reason", line.reason),
        line.code,
        line.text,
    ]


def _said(area: str, code: str | None = None) -> str:
    """The text of a code, nothing for none; without one the text of the area itself."""
    if code is None:
        return text(f"outreach.{area}", locale())
    return text(f"outreach.{area}.{code}", locale()) if code else ""


def _local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds")
