"""A planned wave: drawing its sample, launching it, calling it off."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.links import invitation_link
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.waves import changing, drawing, launching, planning
from server.http.access import identity, requires
from server.http.locale import LOCALES
from server.notify.segments import Length, measure
from server.notify.texts import compose
from server.reports.progress import wave_progress
from server.sampling.verification import Difference
from server.scope import Scope
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("waves", __name__)

# As long as a real one, so that the length counted is the length sent.
SAMPLE_TOKEN = "X" * 22


@blueprint.get("/console/waves/<uuid:wave_id>")
@requires("waves.read")
def show(wave_id: UUID) -> Response:
    return _wave_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/draw")
@requires("waves.plan")
def draw(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            drawing.draw_wave(open_connection, wave_id, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        return _wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/verify")
@requires("waves.read")
def verify(wave_id: UUID) -> Response:
    return _wave_page(wave_id, differences=drawing.verify_draw(connection(), wave_id, identity().scope))


@blueprint.post("/console/waves/<uuid:wave_id>/launch")
@requires("waves.launch")
def launch(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        if request.form.get("confirmed") != "yes":
            raise Refusal("invalid_fields", details=[Detail("confirmation_needed", "/confirmed")])
        with transaction() as open_connection:
            launching.launch_wave(open_connection, wave_id, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        return _wave_page(wave_id, refused=refusal)
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
        return _wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


def _wave_page(
    wave_id: UUID, *, differences: list[Difference] | None = None, refused: Refusal | None = None
) -> Response:
    """The wave as it stands, with what was wrong with the request where something was.

    Raises:
        Refusal: not_found and forbidden, which are no matter of this page.
    """
    if refused is not None and refused.code not in {"invalid_fields", "wrong_state"}:
        raise refused
    scope = identity().scope
    wave = planning.find_wave(connection(), wave_id, scope)
    return page(
        "console/wave.html",
        status=refused.status if refused else 200,
        wave=wave,
        over=wave.closes_at <= services().clock.now(),
        runs=planning.may_run(connection(), wave, scope),
        draw=drawing.shown_draw(connection(), wave_id, scope),
        names=unit_names(connection(), scope),
        samples=_samples(wave, scope),
        differences=differences,
        notices=_notices(refused),
        reason=request.form.get("reason", ""),
        progress=wave_progress(connection(), wave_id, wave.instrument, scope),
    )


def _notices(refused: Refusal | None) -> Sequence[Refusal | Detail]:
    if refused is None:
        return ()
    return refused.details or (refused,)


def _samples(wave: AnyRow, scope: Scope) -> dict[str, tuple[str, Length]]:
    """Each language's message as it will be sent to the outlet with the longest name, and its length."""
    outlets = unit_names(connection(), scope)
    found = {}
    for language, template in wave.settings["message"].items():
        place = LOCALES.index(language)
        sent = compose(
            template,
            locale=language,
            organisation=wave.settings["organisation"][language],
            unit=max((names[place] for names in outlets.values()), key=len, default=""),
            link=invitation_link(services().settings.public_url, SAMPLE_TOKEN),
        )
        found[language] = (sent, measure(sent))
    return found
