"""`/q/<token>`: what opens when somebody scans the poster at a counter.

GET shows who asks about what and writes nothing: phones look at squares before their owners do. POST makes
an invitation and goes on at `/a/<ref>/…`, exactly as a link does.
"""

from flask import Blueprint, request
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.fieldwork import responding
from server.fieldwork.outreach import counters, guessing
from server.http.access import open_to_all
from server.http.locale import locale
from server.http.visitor import visitor_address
from server.services import services
from server.web import respond
from server.web.presenting import render_respondent
from server.web.sessions import with_language

THE_POSTER = "whoever stands before the poster may answer; limits count the beginnings"

blueprint = Blueprint("counters", __name__)


@blueprint.get("/q/<token>")
@open_to_all(THE_POSTER)
def show(token: str) -> AnyResponse:
    counter = counters.find_counter(connection(), token, now=services().clock.now())
    return respond.unknown_link() if counter is None else _page(counter)


@blueprint.post("/q/<token>")
@open_to_all(THE_POSTER)
def begin(token: str) -> AnyResponse:
    given, now = services(), services().clock.now()
    counter = counters.find_counter(connection(), token, now=now)
    if counter is None:
        return respond.unknown_link()
    try:
        with transaction() as open_connection:
            guessing.count_guess(open_connection, counters.BEGINNINGS, visitor_address(), given.keys, now)
            begun = counters.begin(open_connection, counter, locale=locale(), now=now)
            return respond.enter(open_connection, responding.find_invitation(open_connection, begun))
    except guessing.TooManyGuesses as many:
        response = _page(counter, problem="busy", status=429)
        response.headers["Retry-After"] = str(many.retry_after)
        return response


def _page(counter: counters.Counter, *, problem: str = "", status: int = 200) -> AnyResponse:
    return render_respondent(
        "respond/counter.html",
        None,
        status=status,
        unit=counter.unit_name_en if locale() == "en" else counter.unit_name,
        problem=problem,
        action=with_language(request.path),
    )
