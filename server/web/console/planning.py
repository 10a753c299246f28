"""The form of a wave's plan: for a new wave, and for changing one that is still planned."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import list_units
from server.fieldwork.waves import changing, planning
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("planning", __name__)

ZONE = ZoneInfo("Asia/Shanghai")
DEFAULT_LENGTH = timedelta(days=14)
NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,6}", re.ASCII)
DEFAULT_SAMPLE = {"ratio": "30", "minimum": "5"}
DEFAULT_MESSAGES = {
    "zh": "您最近在{unit}办理过业务，诚邀您用一分钟评价我们的服务：{link}",
    "en": "You recently visited {unit}. One minute of your time helps us serve you better: {link}",
}


@blueprint.get("/console/waves/new")
@requires("waves.plan")
def new() -> Response:
    return _form(_defaults(), ())


@blueprint.post("/console/waves/new")
@requires("waves.plan")
def create() -> Response:
    programme, _, instrument = request.form.get("instrument", "").partition(":")
    try:
        wanted = _plan(programme=programme, instrument=instrument)
        with transaction() as open_connection:
            wave_id = planning.plan_wave(
                open_connection,
                wanted,
                by=identity().actor,
                now=services().clock.now(),
                scope=identity().scope,
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _form({**_defaults(), **request.form.to_dict()}, refusal.details, status=422)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


@blueprint.get("/console/waves/<uuid:wave_id>/edit")
@requires("waves.plan")
def edit(wave_id: UUID) -> Response:
    wave = planning.find_wave_to_run(connection(), wave_id, identity().scope)
    if wave.state != "planned":
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    return _form(_values_of(wave), (), wave=wave)


@blueprint.post("/console/waves/<uuid:wave_id>/edit")
@requires("waves.plan")
def save(wave_id: UUID) -> Response:
    scope, now = identity().scope, services().clock.now()
    wave = planning.find_wave_to_run(connection(), wave_id, scope)
    values = {**_values_of(wave), **request.form.to_dict()}
    try:
        wanted = _plan(programme=wave.programme, instrument="", values=values, firm_id=wave.firm_id)
        with transaction() as open_connection:
            changing.edit_wave(open_connection, wave_id, wanted, scope, by=identity().actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _form(values, refusal.details, wave=wave, status=422)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


def _defaults() -> dict[str, str]:
    today = services().clock.now().astimezone(ZONE).date()
    return {
        "opens_on": today.isoformat(),
        "closes_on": (today + DEFAULT_LENGTH).isoformat(),
        **DEFAULT_SAMPLE,
        **{f"message_{language}": text for language, text in DEFAULT_MESSAGES.items()},
    }


def _values_of(wave: AnyRow) -> dict[str, str]:
    """A stored plan as the form shows it."""
    settings: Mapping[str, Any] = wave.settings
    return {
        "code": wave.code,
        "title": wave.title,
        "title_en": wave.title_en or "",
        "unit": wave.unit_code or "",
        "opens_on": wave.opens_at.astimezone(ZONE).date().isoformat(),
        # The last moment belongs to the day before: a wave until the 6th closes at midnight of the 7th.
        "closes_on": (wave.closes_at - wave.closes_at.resolution).astimezone(ZONE).date().isoformat(),
        "ratio": f"{(Decimal(settings['ratio']) * 100).normalize():f}",
        "minimum": str(settings["minimum"]),
        **{f"message_{language}": text for language, text in settings["message"].items()},
    }


def _form(
    values: Mapping[str, str], details: Sequence[Detail], *, wave: AnyRow | None = None, status: int = 200
) -> Response:
    surveys = [each for each in planning.instruments(connection()) if each.kind == "survey"]
    return page(
        "console/wave_new.html",
        status=status,
        wave=wave,
        values=values,
        errors={each.pointer.removeprefix("/"): each for each in details},
        instruments=surveys,
        units=[
            unit
            for unit in list_units(connection(), identity().scope)
            if unit.level != "outlet" or unit.code == values.get("unit")
        ],
        organisation=planning.organisation_names(connection())[locale()],
    )


def _plan(
    *, programme: str, instrument: str, values: Mapping[str, str] | None = None, firm_id: UUID | None = None
) -> planning.NewWave:
    """The posted form as a plan.

    Args:
        values: what is posted, completed by what an edited wave has and the form does not ask.

    Raises:
        Refusal: invalid_fields for what does not read as a date or a number.
    """
    form = request.form if values is None else values
    opens, closes = _day(form, "opens_on"), _day(form, "closes_on")
    ratio, minimum = _number(form, "ratio", NUMBER), _number(form, "minimum", WHOLE)
    if opens is None or closes is None or ratio is None or minimum is None:
        readings = (
            ("opens_on", opens, "field_date"),
            ("closes_on", closes, "field_date"),
            ("ratio", ratio, "field_number"),
            ("minimum", minimum, "field_whole_number"),
        )
        raise Refusal(
            "invalid_fields",
            details=[Detail(code, f"/{name}") for name, value, code in readings if value is None],
        )
    messages = {each: form[f"message_{each}"] for each in DEFAULT_MESSAGES if f"message_{each}" in form}
    return planning.NewWave(
        programme=programme,
        instrument=instrument,
        code=form.get("code", ""),
        title=form.get("title", ""),
        title_en=form.get("title_en", "").strip() or None,
        unit_code=form.get("unit") or None,
        firm_id=firm_id,
        opens_at=datetime.combine(opens, time.min, ZONE),
        # 前含本日 (reading A33): the last day counts whole.
        closes_at=datetime.combine(closes + timedelta(days=1), time.min, ZONE),
        ratio=ratio / 100,
        minimum=int(minimum),
        message=messages,
    )


def _day(form: Mapping[str, str], name: str) -> date | None:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        return None


def _number(form: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> Decimal | None:
    """A number as people type it; not a Decimal's "NaN" or "1e9"."""
    text = form.get(name, "").strip().removesuffix("%")
    return Decimal(text) if pattern.fullmatch(text) else None
