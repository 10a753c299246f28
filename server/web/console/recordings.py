"""Recordings that a unit is asked for. The page tells neither who checks nor what was found."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.recordings import requests
from server.fieldwork.recordings.deciding import SETTLED, Settled
from server.http.access import identity, requires
from server.services import services
from server.web.console.fields import Fields
from server.web.presenting import page

blueprint = Blueprint("recordings", __name__)


@blueprint.get("/console/recordings")
@requires("recordings.deliver")
def index() -> Response:
    return _page()


@blueprint.get("/console/recordings/overdue")
@requires("waves.follow")
def overdue() -> Response:
    """For whoever runs video checks: what units have not answered in time."""
    rows = requests.overdue_requests(connection(), identity().scope, now=services().clock.now())
    return page("console/recordings.html", rows=rows, states=(), about=None, notices=(), values={}, desk=True)


@blueprint.post("/console/recordings/<uuid:request_id>")
@requires("recordings.deliver")
def settle(request_id: UUID) -> Response:
    who, fields = identity(), Fields(request.form)
    said = Settled(fields.text("state"), fields.text("kept_where"), fields.text("note"))
    try:
        with transaction() as open_connection:
            requests.settle(
                open_connection, request_id, said, who.scope, by=who.actor, now=services().clock.now()
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _page(request_id, refusal.details, status=refusal.status)
    return redirect(url_for("console.recordings.index"), 303)


def _page(about: UUID | None = None, notices: tuple[Detail, ...] = (), *, status: int = 200) -> Response:
    rows = requests.requests_of(connection(), identity().scope, now=services().clock.now())
    return page(
        "console/recordings.html",
        status=status,
        rows=rows,
        states=SETTLED,
        about=about,
        notices=notices,
        values=request.form,
        desk=False,
    )
