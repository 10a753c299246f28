"""Sending a report back with questions, from its own page; and the reports that wait for an answer."""

from datetime import datetime, time
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.outreach.keys import Sender
from server.followup.returning import asking, reading
from server.followup.returning.asking import NewReturn
from server.followup.returning.deciding import Question, standing
from server.http.access import identity, requires
from server.services import services
from server.web.console.fields import DAY, ZONE, Fields
from server.web.console.results import RETURN_ROWS, submission_page
from server.web.presenting import page

blueprint = Blueprint("returns", __name__)


@blueprint.get("/console/returns")
@requires("visits.return")
def index() -> Response:
    now = services().clock.now()
    rows = reading.waiting_returns(connection(), identity().scope)
    standings = {row.id: standing(None, row.due_at, now=now) for row in rows}
    return page("console/returns.html", rows=rows, standings=standings)


@blueprint.post("/console/submissions/<uuid:pk>/return")
@requires("visits.return")
def send_back(pk: UUID) -> Response:
    given, who = services(), identity()
    assignment_id = asking.assignment_of(connection(), pk, who.scope)
    if assignment_id is None:
        raise Refusal("not_found")
    try:
        new = _asked(assignment_id, who.actor)
        tools = (given.forms, Sender(given.keys, given.settings.public_url))
        with transaction() as open_connection:
            asking.return_visit(open_connection, new, who.scope, tools, now=given.clock.now())
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return submission_page(pk, refusal.details, status=refusal.status)
    return redirect(url_for("console.results.show_submission", pk=pk), 303)


def _asked(assignment_id: UUID, by: str) -> NewReturn:
    """The form; a row without words asks nothing. The last day counts whole."""
    fields = Fields(request.form)
    due_on = fields.day("due_on")
    fields.refuse()
    asked = [
        Question(fields.text(f"question-{row}"), fields.text(f"ask-{row}"))
        for row in RETURN_ROWS
        if fields.text(f"ask-{row}")
    ]
    due_at = datetime.combine(due_on + DAY, time.min, ZONE)
    return NewReturn(assignment_id, asked, fields.text("text"), due_at, by)
