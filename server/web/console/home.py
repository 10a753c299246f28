"""The list of waves: every one within the scope, and how it stands."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from server.db import connection
from server.fieldwork.waves.reading import list_waves
from server.fieldwork.waves.states import BEGUN
from server.http.access import identity, open_to_all, requires
from server.reports.progress import standings
from server.web.console.showing import is_secret
from server.web.presenting import page

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@open_to_all("sends people on to the console or the sign-in page")
def root() -> Response:
    return redirect(url_for("console.today.show"))


@blueprint.get("/console/waves")
@requires("waves.read")
def show() -> Response:
    who = identity()
    scope = who.scope
    follows = who.may("waves.follow")
    waves = [each for each in list_waves(connection(), scope) if follows or each.state in BEGUN]
    instruments = {wave.id: wave.instrument for wave in waves}
    stands = standings(connection(), instruments, scope)
    rows = [(wave, None if is_secret(wave) else stands[wave.id]) for wave in waves]
    return page("console/home.html", rows=rows)
