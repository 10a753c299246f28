"""Posters for counters: which there are, what came in by each, the file to print, another square."""

from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.outreach import counters
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.waves.audience import Audience
from server.fieldwork.waves.plans import organisation_names
from server.http.access import identity, requires
from server.services import services
from server.typesetting.posters import Poster, posters
from server.web.console.showing import find_shown_wave
from server.web.presenting import page

blueprint = Blueprint("posters", __name__)


@blueprint.get("/console/waves/<uuid:wave_id>/posters")
@requires("waves.read")
def index(wave_id: UUID) -> AnyResponse:
    wave = find_shown_wave(wave_id)
    if Audience.of(wave.settings).kind != "counter":
        raise Refusal("not_found")
    return page(
        "console/posters.html",
        wave=wave,
        counters=counters.list_counters(connection(), wave_id, identity().scope),
        replaced="replaced" in request.args,
    )


@blueprint.get("/console/waves/<uuid:wave_id>/posters.pdf")
@requires("waves.read")
def download(wave_id: UUID) -> AnyResponse:
    """All posters that the reader may print, or the one that `counter` names."""
    wave, given = find_shown_wave(wave_id), services()
    chosen = request.args.get("counter", type=UUID)
    found = counters.poster_links(
        connection(), wave_id, identity().scope, Sender(given.keys, given.settings.public_url), chosen
    )
    if not found:
        raise Refusal("not_found")
    sheets = [Poster(row.name, row.name_en, link) for row, link in found]
    pdf = posters(organisation_names(connection()), sheets)
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename=posters-{wave.code}.pdf"
    return answer


@blueprint.post("/console/waves/<uuid:wave_id>/posters/<uuid:counter_id>/replace")
@requires("messages.manage")
def replace(wave_id: UUID, counter_id: UUID) -> AnyResponse:
    who, given = identity(), services()
    find_shown_wave(wave_id)
    with transaction() as open_connection:
        counter = counters.find_to_replace(open_connection, wave_id, counter_id, who.scope)
        counters.replace_counter(open_connection, counter, given.keys, by=who.actor, now=given.clock.now())
    return redirect(url_for("console.posters.index", wave_id=wave_id, replaced=1), 303)
