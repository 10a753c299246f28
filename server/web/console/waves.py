"""A planned wave: drawing its sample, launching it, calling it off."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.contacts.rolling.reading import rolling_panel
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.outreach import check_words, pricing
from server.fieldwork.visits import covering
from server.fieldwork.waves import (
    approvals,
    audience,
    changing,
    drawing,
    launching,
    periods,
    plans,
    previews,
    reading,
    shown_draws,
    states,
)
from server.fieldwork.waves.instruments import ASSIGNED
from server.http.access import identity, requires
from server.reports.progress import wave_progress
from server.sampling.verification import Difference
from server.services import services
from server.web.console.samples import message_samples
from server.web.console.showing import find_shown_wave, is_secret
from server.web.presenting import page

blueprint = Blueprint("waves", __name__)

# A draw from a million takes minutes.
REFRESH_SECONDS = "5"


@blueprint.get("/console/waves/<uuid:wave_id>")
@requires("waves.read")
def show(wave_id: UUID) -> Response:
    return wave_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/draw")
@requires("waves.plan")
def draw(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            drawing.start_draw(open_connection, wave_id, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        return wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/verify")
@requires("waves.read")
def verify(wave_id: UUID) -> Response:
    scope = identity().scope
    wave = reading.find_wave(connection(), wave_id, scope)
    check = covering.verify_visits if wave.kind in ASSIGNED else drawing.verify_draw
    return wave_page(wave_id, differences=check(connection(), wave_id, scope))


@blueprint.post("/console/waves/<uuid:wave_id>/launch")
@requires("waves.launch")
def launch(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        if request.form.get("confirmed") != "yes":
            raise Refusal("invalid_fields", details=[Detail("confirmation_needed", "/confirmed")])
        wave = reading.find_wave(connection(), wave_id, who.scope)
        pricing.refuse_long(connection(), wave, services().settings.public_url)
        with transaction() as open_connection:
            launching.launch_wave(
                open_connection, wave_id, who.scope, by=who.actor, now=now, launcher=who.account_id
            )
    except Refusal as refusal:
        return wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.results.show", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/cancel")
@requires("waves.plan")
def cancel(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    reason = request.form.get("reason", "")
    try:
        with transaction() as open_connection:
            changing.cancel_wave(open_connection, wave_id, reason, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        return wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


def wave_page(
    wave_id: UUID, *, differences: list[Difference] | None = None, refused: Refusal | None = None
) -> Response:
    """The wave as it stands, with what was wrong with the request where something was.

    Raises:
        Refusal: not_found and forbidden, which are no matter of this page.
    """
    if refused is not None and refused.code not in {"invalid_fields", "wrong_state"}:
        raise refused
    who, now = identity(), services().clock.now()
    scope = who.scope
    wave = find_shown_wave(wave_id)
    draw = shown_draws.shown_draw(connection(), wave_id, scope, now=now)
    asked = audience.Audience.of(wave.settings)
    drawing_now = states.is_being_drawn(wave, now)
    if draw and draw.preview and draw.preview.wanted and who.may("waves.plan"):
        with transaction() as open_connection:
            previews.ask_preview(open_connection, wave_id, wave.settings, now=now)
    response = page(
        "console/wave.html",
        status=refused.status if refused else 200,
        wave=wave,
        assigned=wave.kind in ASSIGNED,
        visits=drawing.stored_draw(connection(), wave_id) if wave.kind in ASSIGNED else None,
        rolling=rolling_panel(connection(), wave, scope) if wave.settings.get("rolling") else None,
        over=wave.closes_at <= now,
        runs=reading.may_run(connection(), wave, scope),
        draw=draw,
        drawing_now=drawing_now,
        now=now,
        names=unit_names(connection(), scope),
        samples=message_samples(wave, scope),
        outlay=_outlay(wave),
        cap=plans.spend_cap(wave.settings),
        audience=asked,
        to_ask=audience.count_people(connection(), wave) if asked.kind == "people" else None,
        check_words=check_words.check_words(wave.prn_key) if check_words.tells_word(wave.settings) else {},
        differences=differences,
        notices=_notices(refused),
        reason=request.form.get("reason", ""),
        approvals=approvals.approvals_of(connection(), wave_id, scope),
        periods=periods.period_names(connection(), wave_id, scope),
        progress=wave_progress(connection(), wave_id, wave.instrument, scope),
        secret=is_secret(wave),
    )
    # A refused request was posted: reloading its address would find no page.
    waits = drawing_now or (draw and draw.preview and draw.preview.waiting)
    if waits and request.method == "GET":
        response.headers["Refresh"] = REFRESH_SECONDS
    return response


def _outlay(wave: AnyRow) -> pricing.Outlay | None:
    """What the messages will cost, while that can still be changed."""
    before = "drawn" if audience.is_drawn(wave.settings) else "planned"
    if wave.state != before or wave.kind in ASSIGNED:
        return None
    return pricing.outlay(connection(), wave, services().settings.public_url)


def _notices(refused: Refusal | None) -> Sequence[Refusal | Detail]:
    if refused is None:
        return ()
    return refused.details or (refused,)
