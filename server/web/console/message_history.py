"""What one number was sent: for somebody who complains, and for whoever has to answer."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, request
from werkzeug.wrappers import Response

from server.catalogue import ZONE
from server.db import transaction
from server.errors import Refusal
from server.http.access import identity, requires
from server.reports.outreach import history
from server.services import services
from server.tables.writing import BOM, csv_rows
from server.web.presenting import page

blueprint = Blueprint("message_history", __name__)


@blueprint.get("/console/outreach/history")
@requires("messages.trace")
def trace() -> Response:
    return page("console/message_history.html", found=None, number="", errors={})


@blueprint.post("/console/outreach/history")
@requires("messages.trace")
def find_trace() -> Response:
    """By POST, so that no number stands in an address, a log or a browser's history."""
    given, number = services(), request.form.get("number", "")
    try:
        with transaction() as open_connection:
            who, now = identity(), given.clock.now()
            found = history.history_of(open_connection, number, given.keys, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        errors = {each.pointer.removeprefix("/"): each for each in refusal.details}
        return page(
            "console/message_history.html", status=refusal.status, found=None, number=number, errors=errors
        )
    if "export" in request.form:
        return _exported(found)
    return page("console/message_history.html", found=found, number=number, errors={})


def _exported(found: history.History) -> Response:
    rows = [(_local(line.at), line.what, line.kind, line.state, line.code, line.text) for line in found.lines]
    text = BOM + csv_rows([("time", "what", "kind", "state", "code", "text"), *rows])
    answer = Response(text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=messages.csv"
    return answer


def _local(at: datetime) -> str:
    return at.astimezone(ZoneInfo(ZONE)).isoformat(timespec="seconds")
