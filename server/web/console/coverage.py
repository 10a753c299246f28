"""Which outlets a wave visits: what is promised, whether it can be kept, and how the year will end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.visits import covering
from server.fieldwork.waves import changing, plans, reading
from server.fieldwork.waves.choices import Coverage
from server.http.access import identity, requires
from server.services import services
from server.web.console.fields import Fields, percent
from server.web.presenting import page

blueprint = Blueprint("coverage", __name__)


@blueprint.get("/console/waves/<uuid:wave_id>/coverage")
@requires("waves.follow")
def show(wave_id: UUID) -> Response:
    """The plan by the wave's promises, or by those in the address: nothing is stored by looking."""
    wave = reading.find_wave(connection(), wave_id, identity().scope)
    stored = Coverage.from_json(wave.settings.get("coverage")) or Coverage()
    values = {**_values(stored), **request.args.to_dict()}
    if request.args:
        values["exclusive"] = request.args.get("exclusive", "")
    return _form(wave, values)


@blueprint.post("/console/waves/<uuid:wave_id>/coverage")
@requires("waves.plan")
def save(wave_id: UUID) -> Response:
    """Store the promises of a planned wave."""
    who, now = identity(), services().clock.now()
    wave = reading.find_wave_to_run(connection(), wave_id, who.scope)
    try:
        wanted = replace(plans.plan_of(wave), coverage=_wanted(request.form))
        with transaction() as open_connection:
            changing.edit_wave(open_connection, wave_id, wanted, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        values = {**_values(Coverage()), "exclusive": "", **request.form.to_dict()}
        return _form(wave, values, refusal.details, status=422)
    return redirect(url_for("console.coverage.show", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/coverage/draw")
@requires("waves.plan")
def draw(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            covering.draw_visits(open_connection, wave_id, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        wave = reading.find_wave_to_run(connection(), wave_id, who.scope)
        stored = Coverage.from_json(wave.settings.get("coverage")) or Coverage()
        return _form(wave, _values(stored), refusal.details, status=422)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


def _form(
    wave: AnyRow, values: Mapping[str, str], details: Sequence[Detail] = (), *, status: int = 200
) -> Response:
    shown = None
    try:
        shown = covering.preview_visits(connection(), wave.id, identity().scope, _wanted(values))
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        details = details or refusal.details
    names = unit_names(connection(), identity().scope)
    return page(
        "console/wave_coverage.html",
        status=status,
        wave=wave,
        runs=reading.may_run(connection(), wave, identity().scope),
        values=values,
        errors={each.pointer.removeprefix("/"): each for each in details},
        shown=shown,
        names=names,
        changed=dict(values) != _values(Coverage.from_json(wave.settings.get("coverage")) or Coverage()),
    )


def _values(coverage: Coverage) -> dict[str, str]:
    return {
        "share": percent(coverage.share),
        "per_parent": str(coverage.per_parent),
        "recheck_at_most": _shown(coverage.recheck_at_most),
        "exclusive": "yes" if coverage.exclusive else "",
        "yearly": percent(coverage.yearly),
        "video": str(coverage.video),
        "budget": _shown(coverage.budget),
        "fee": _shown(coverage.fee),
    }


def _shown(value: Decimal | int | None) -> str:
    return "" if value is None else str(value)


def _wanted(form: Mapping[str, str]) -> Coverage:
    """Raises: Refusal: invalid_fields for what does not read, and for shares beyond the whole."""
    fields = Fields(form)
    share = fields.share("share")
    coverage = Coverage(
        share=Decimal(0) if share is None else share,
        per_parent=fields.whole("per_parent") or 0,
        recheck_at_most=fields.number("recheck_at_most"),
        exclusive=fields.ticked("exclusive"),
        yearly=fields.share("yearly"),
        video=fields.whole("video") or 0,
        budget=fields.whole("budget"),
        fee=fields.number("fee"),
    )
    fields.refuse()
    problems = list(coverage.problems())
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return coverage
