"""What is done with a wave that stands: agreeing to it, holding it, giving it more time, copying it."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.waves import approvals, cloning, reading, running
from server.http.access import identity, requires
from server.services import services
from server.web.console.fields import Fields, first_day, last_day
from server.web.console.waves import wave_page
from server.web.presenting import page

blueprint = Blueprint("running", __name__)


@blueprint.post("/console/waves/<uuid:wave_id>/approve")
@requires("waves.approve")
def approve(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    if who.account_id is None:
        raise Refusal("forbidden")
    agreed = approvals.Agreed(request.form.get("read", ""), who.account_id, who.actor)
    return _done(wave_id, lambda each: approvals.approve(each, wave_id, agreed, who.scope, now=now))


@blueprint.post("/console/waves/<uuid:wave_id>/pause")
@requires("waves.launch")
def pause(wave_id: UUID) -> Response:
    who, now, reason = identity(), services().clock.now(), request.form.get("reason", "")
    return _done(
        wave_id,
        lambda each: running.pause_wave(each, wave_id, reason, who.scope, by=who.actor, now=now),
    )


@blueprint.post("/console/waves/<uuid:wave_id>/resume")
@requires("waves.launch")
def resume(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    return _done(wave_id, lambda each: running.resume_wave(each, wave_id, who.scope, by=who.actor, now=now))


@blueprint.post("/console/waves/<uuid:wave_id>/close")
@requires("waves.launch")
def close(wave_id: UUID) -> Response:
    who, now, reason = identity(), services().clock.now(), request.form.get("reason", "")
    return _done(
        wave_id,
        lambda each: running.close_wave(each, wave_id, reason, who.scope, by=who.actor, now=now),
    )


@blueprint.post("/console/waves/<uuid:wave_id>/extend")
@requires("waves.launch")
def extend(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()

    def act(open_connection: Connection) -> None:
        fields = Fields(request.form)
        _, closes_at = fields.window("closes_on", "closes_on")
        fields.refuse()
        more = running.MoreTime(closes_at, fields.text("reason"))
        running.extend_wave(open_connection, wave_id, more, who.scope, by=who.actor, now=now)

    return _done(wave_id, act)


@blueprint.get("/console/waves/<uuid:wave_id>/copy")
@requires("waves.plan")
def copy_form(wave_id: UUID) -> Response:
    wave = reading.find_wave_to_run(connection(), wave_id, identity().scope)
    proposed = cloning.suggestion(connection(), wave, services().clock.now())
    values = {
        "code": proposed.code,
        "title": proposed.title,
        "title_en": proposed.title_en or "",
        "opens_on": first_day(proposed.opens_at),
        "closes_on": last_day(proposed.closes_at),
    }
    return page("console/wave_copy.html", wave=wave, values=values, errors={})


@blueprint.post("/console/waves/<uuid:wave_id>/copy")
@requires("waves.plan")
def copy(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    wave = reading.find_wave_to_run(connection(), wave_id, who.scope)
    fields = Fields(request.form)
    opens_at, closes_at = fields.window("opens_on", "closes_on")
    try:
        fields.refuse()
        renewed = cloning.Renewed(
            fields.text("code"), fields.text("title"), opens_at, closes_at, fields.text("title_en") or None
        )
        with transaction() as open_connection:
            made = cloning.clone_wave(open_connection, wave_id, renewed, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        errors = {each.pointer.removeprefix("/"): each for each in refusal.details}
        values = {name: fields.text(name) for name in ("code", "title", "title_en", "opens_on", "closes_on")}
        return page("console/wave_copy.html", status=422, wave=wave, values=values, errors=errors)
    return redirect(url_for("console.waves.show", wave_id=made), 303)


def _done(wave_id: UUID, act: Callable[[Connection], None]) -> Response:
    """The wave's page after what was asked for, or with the reason why it was not done."""
    try:
        with transaction() as open_connection:
            act(open_connection)
    except Refusal as refusal:
        return wave_page(wave_id, refused=refusal)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)
