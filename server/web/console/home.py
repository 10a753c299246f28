"""The first page after signing in: every wave within the scope and how it stands."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from server.db import connection
from server.fieldwork.waves.planning import list_waves
from server.http.access import identity, open_to_all, requires
from server.reports.progress import wave_progress
from server.web.presenting import page

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@open_to_all("sends people on to the console or the sign-in page")
def root() -> Response:
    return redirect(url_for("console.home.show"))


@blueprint.get("/console")
@requires("console.enter")
def show() -> Response:
    scope = identity().scope
    waves = list_waves(connection(), scope) if identity().may("waves.read") else []
    rows = [(wave, wave_progress(connection(), wave.id, wave.instrument, scope)) for wave in waves]
    return page("console/home.html", rows=rows)
