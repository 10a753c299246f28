"""Visits of a wave: the roster, the grid of outlets, and visits that change hands."""

from datetime import datetime, time
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.timetable.agenda import Stretch, unknown_years
from server.fieldwork.visits import moving, rostering, substituting
from server.fieldwork.waves import reading
from server.fieldwork.waves.instruments import ASSIGNED
from server.http.access import identity, requires
from server.reports import visits as reports
from server.sampling.coverage.substitution import Cause
from server.services import services
from server.web.console.fields import DAY, ZONE, Fields
from server.web.presenting import page

blueprint = Blueprint("visits", __name__)

ACTS = ("reassign", "extend", "replace", "call_off")


@blueprint.get("/console/waves/<uuid:wave_id>/roster")
@requires("waves.plan")
def roster(wave_id: UUID) -> Response:
    return _roster_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/roster")
@requires("waves.plan")
def apply(wave_id: UUID) -> Response:
    """Give out the roster as it was shown."""
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            order = rostering.Order(wave_id, request.form.get("read", ""), who.actor, now)
            rostering.apply_roster(open_connection, order, who.scope, services().keys)
    except Refusal as refusal:
        return _roster_page(wave_id, refusal)
    wave = reading.find_wave(connection(), wave_id, who.scope)
    # Before the launch the next step stands on the wave's own page.
    onwards = "console.waves.show" if wave.state == "drawn" else "console.visits.grid"
    return redirect(url_for(onwards, wave_id=wave_id), 303)


@blueprint.get("/console/waves/<uuid:wave_id>/visits")
@requires("waves.follow")
def grid(wave_id: UUID) -> Response:
    return _grid_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/visits")
@requires("waves.plan")
def change(wave_id: UUID) -> Response:
    """Do something with the visits that are ticked; without `confirmed` the page first shows what."""
    who, now = identity(), services().clock.now()
    fields = Fields(request.form)
    act_name = fields.text("act")
    if act_name not in ACTS:
        raise Refusal("bad_request")
    try:
        ids = [UUID(each) for each in request.form.getlist("chosen")]
    except ValueError:
        raise Refusal("bad_request") from None
    if not ids:
        nothing = Refusal("invalid_fields", details=[Detail("nothing_chosen", "/chosen")])
        return _grid_page(wave_id, refused=nothing)
    if not fields.ticked("confirmed"):
        return _grid_page(wave_id, asked=act_name, chosen=ids)
    act = moving.Act(wave_id, ids, fields.text("reason"), who.actor, now)
    try:
        with transaction() as open_connection:
            if act_name == "reassign":
                moving.reassign(open_connection, act, _taker(fields.text("taker")), who.scope)
            elif act_name == "extend":
                until = fields.day("until")
                fields.refuse()
                moving.extend(open_connection, act, datetime.combine(until + DAY, time.min, ZONE), who.scope)
            elif act_name == "replace":
                codes = substituting.codes_of(open_connection, ids, who.scope)
                loss = substituting.Loss(codes, fields.text("cause"))
                substituting.replace_outlets(open_connection, act, loss, who.scope)
            else:
                moving.call_off(open_connection, act, who.scope)
    except Refusal as refusal:
        if refusal.code not in {"invalid_fields", "wrong_state"}:
            raise
        return _grid_page(wave_id, asked=act_name, chosen=ids, refused=refusal)
    return redirect(
        url_for("console.visits.grid", wave_id=wave_id, state=request.args.get("state") or None), 303
    )


def _taker(text: str) -> moving.Taker:
    kind, _, identifier = text.partition(":")
    try:
        taker_id = UUID(identifier)
    except ValueError:
        raise Refusal("invalid_fields", details=[Detail("taker_unknown", "/taker")]) from None
    return moving.Taker(firm_id=taker_id) if kind == "firm" else moving.Taker(person_id=taker_id)


def _roster_page(wave_id: UUID, refused: Refusal | None = None) -> Response:
    if refused is not None and refused.code != "invalid_fields":
        raise refused
    scope, now = identity().scope, services().clock.now()
    wave = reading.find_wave_to_run(connection(), wave_id, scope)
    shown = None
    try:
        shown = rostering.preview_roster(connection(), wave_id, scope, services().keys)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        refused = refused or refusal
    return page(
        "console/wave_roster.html",
        status=refused.status if refused else 200,
        wave=wave,
        shown=shown,
        unknown=unknown_years(connection(), wave.timezone, Stretch(wave.opens_at, wave.closes_at, now)),
        notices=(refused.details or (refused,)) if refused else (),
    )


def _grid_page(
    wave_id: UUID, *, asked: str = "", chosen: list[UUID] | None = None, refused: Refusal | None = None
) -> Response:
    scope, now = identity().scope, services().clock.now()
    wave = reading.find_wave(connection(), wave_id, scope)
    if wave.kind not in ASSIGNED:
        raise Refusal("wrong_state", state=wave.state, needed="visit")
    state, after = request.args.get("state", ""), request.args.get("after", "")
    rows = reports.visit_grid(
        connection(),
        wave_id,
        scope,
        now=now,
        state=state if state in reports.FILTERS else "",
        after=after,
    )
    runs = reading.may_run(connection(), wave, scope)
    return page(
        "console/wave_visits.html",
        status=refused.status if refused else 200,
        wave=wave,
        rows=rows,
        more=rows[-1].code if len(rows) == reports.PAGE else "",
        state=state,
        states=reports.FILTERS,
        counts=reports.visit_counts(connection(), wave_id, scope, now=now),
        meters=reports.delivery_meters(connection(), wave_id, scope, now=now),
        runs=runs,
        asked=asked,
        acts=ACTS,
        causes=tuple(Cause),
        chosen={str(each) for each in chosen or ()},
        takers=rostering.takers(connection(), wave, scope) if runs and asked == "reassign" else [],
        notices=(refused.details or (refused,)) if refused else (),
        values=request.form,
    )
