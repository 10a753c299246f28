"""How sending goes: campaigns in numbers, what is stopped and why, and messages gone astray."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server import audit
from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.waves import plans, reading, running
from server.fieldwork.waves.reading import find_wave_to_run
from server.http.access import identity, requires
from server.notify.outbox.unknown import give_up_unknown
from server.notify.respect.rules import read_rules
from server.notify.respect.spending import lock_purses, month_purse, wave_purse
from server.notify.respect.stops import lift, stop
from server.reports.outreach import campaigns
from server.services import services
from server.web.console.fields import Fields
from server.web.console.sending_rules import kept_rules
from server.web.console.showing import find_shown_wave
from server.web.presenting import page

blueprint = Blueprint("outreach", __name__)


@blueprint.get("/console/outreach")
@requires("messages.read")
def index() -> Response:
    scope, now = identity().scope, services().clock.now()
    return page(
        "console/outreach.html",
        campaigns=campaigns.campaigns(connection(), scope, now=now),
        stops=campaigns.stops(connection(), scope),
        unknown=campaigns.unknown(connection(), scope),
        spent=campaigns.spent(connection(), scope, now),
        heard_at=campaigns.last_receipt(connection(), scope),
        rules=kept_rules(),
        whole=reaches_all(connection(), scope),
    )


@blueprint.get("/console/waves/<uuid:wave_id>/sending")
@requires("messages.read")
def of_wave(wave_id: UUID) -> Response:
    return _wave_page(wave_id)


def _wave_page(wave_id: UUID, refused: Refusal | None = None) -> Response:
    wave = find_shown_wave(wave_id)
    return page(
        "console/wave_sending.html",
        status=refused.status if refused else 200,
        errors={each.pointer.removeprefix("/"): each for each in refused.details} if refused else {},
        cap=request.form.get("spend_cap", wave.settings.get("spend_cap") or ""),
        wave=wave,
        campaign=campaigns.campaign(connection(), wave_id, identity().scope),
        funnel=campaigns.funnel(connection(), wave_id),
        hours=campaigns.hours(connection(), wave_id),
        codes=campaigns.codes(connection(), wave_id),
        stopped=[each for each in campaigns.stops(connection(), identity().scope) if each.wave_id == wave_id],
    )


@blueprint.post("/console/outreach/stop")
@requires("messages.manage")
def hold() -> Response:
    """Stop or let go on: one wave's sending, or all of it."""
    wave_id, now, who = _wave_id(), services().clock.now(), identity()
    lifting = "lift" in request.form
    with transaction() as open_connection:
        if wave_id is not None:
            find_wave_to_run(open_connection, wave_id, who.scope)
        elif not reaches_all(open_connection, who.scope):
            raise Refusal("forbidden")
        if lifting:
            _refuse_empty_purse(open_connection, wave_id, now)
            changed = lift(open_connection, wave_id, who.actor, now)
        else:
            changed = stop(open_connection, wave_id, "by_hand", now)
        if changed:
            action = "sending_resumed" if lifting else "sending_stopped"
            subject = f"wave:{wave_id}" if wave_id else "sending"
            audit.record(open_connection, [audit.Entry(who.actor, action, subject, {})], at=now)
    back = url_for("console.outreach.index")
    if "back" in request.form and wave_id is not None:
        back = url_for("console.outreach.of_wave", wave_id=wave_id)
    return redirect(back, 303)


@blueprint.post("/console/outreach/unknown/<uuid:message_id>")
@requires("messages.manage")
def give_up(message_id: UUID) -> Response:
    with transaction() as open_connection:
        seen = {row.id for row in campaigns.unknown(open_connection, identity().scope)}
        if message_id not in seen:
            raise Refusal("not_found")
        give_up_unknown(open_connection, message_id, by=identity().actor, now=services().clock.now())
    return redirect(url_for("console.outreach.index"), 303)


def _refuse_empty_purse(open_connection: Connection, wave_id: UUID | None, now: datetime) -> None:
    """Sending would stop again with the next message.

    Raises:
        Refusal: cap_still_reached.
    """
    rules = read_rules(open_connection)
    purse, cap = month_purse(now), rules.monthly_cap
    if wave_id is not None:
        purse = wave_purse(wave_id)
        cap = plans.spend_cap(reading.find_wave(open_connection, wave_id, identity().scope).settings)
    if not lock_purses(open_connection, {purse: cap})[purse].affords(rules.price):
        raise Refusal("cap_still_reached", cap=str(cap))


@blueprint.post("/console/waves/<uuid:wave_id>/sending/cap")
@requires("messages.manage")
def cap(wave_id: UUID) -> Response:
    """Another cap for one wave."""
    fields, now, who = Fields(request.form), services().clock.now(), identity()
    try:
        wanted = fields.number("spend_cap")
        fields.refuse()
        with transaction() as open_connection:
            running.change_cap(open_connection, wave_id, wanted, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _wave_page(wave_id, refusal)
    return redirect(url_for("console.outreach.of_wave", wave_id=wave_id), 303)


def _wave_id() -> UUID | None:
    text = request.form.get("wave", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Refusal("bad_request") from None
