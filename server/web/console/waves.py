"""Planning a wave, drawing its sample, launching it."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork import drawing, launching
from server.fieldwork import waves as planning
from server.fieldwork.links import invitation_link
from server.fieldwork.organisation import list_units, unit_names
from server.http.access import identity, requires
from server.http.locale import LOCALES, locale
from server.notify.segments import Length, measure
from server.notify.texts import compose
from server.reports.progress import wave_progress
from server.sampling.verification import Difference
from server.scope import Scope
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("waves", __name__)

ZONE = ZoneInfo("Asia/Shanghai")
# As long as a real one, so that the length counted is the length sent.
SAMPLE_TOKEN = "X" * 22
DEFAULT_LENGTH = timedelta(days=14)
NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?", re.ASCII)
DEFAULT_MESSAGES = {
    "zh": "您最近在{unit}办理过业务，诚邀您用一分钟评价我们的服务：{link}",
    "en": "You recently visited {unit}. One minute of your time helps us serve you better: {link}",
}


@blueprint.get("/console/waves/new")
@requires("waves.plan")
def new() -> Response:
    return _form({}, ())


@blueprint.post("/console/waves/new")
@requires("waves.plan")
def create() -> Response:
    try:
        wanted = _new_wave()
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
        return _form(request.form.to_dict(), refusal.details, status=422)
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


@blueprint.get("/console/waves/<uuid:wave_id>")
@requires("waves.read")
def show(wave_id: UUID) -> Response:
    return _wave_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/draw")
@requires("waves.plan")
def draw(wave_id: UUID) -> Response:
    with transaction() as open_connection:
        drawing.draw_wave(
            open_connection, wave_id, identity().scope, by=identity().actor, now=services().clock.now()
        )
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/verify")
@requires("waves.read")
def verify(wave_id: UUID) -> Response:
    return _wave_page(wave_id, differences=drawing.verify_draw(connection(), wave_id, identity().scope))


@blueprint.post("/console/waves/<uuid:wave_id>/launch")
@requires("waves.launch")
def launch(wave_id: UUID) -> Response:
    if request.form.get("confirmed") != "yes":
        raise Refusal("invalid_fields", details=[Detail("confirmation_needed", "/confirmed")])
    with transaction() as open_connection:
        launching.launch_wave(
            open_connection, wave_id, identity().scope, by=identity().actor, now=services().clock.now()
        )
    return redirect(url_for("console.results.show", wave_id=wave_id), 303)


def _wave_page(wave_id: UUID, differences: list[Difference] | None = None) -> Response:
    scope = identity().scope
    wave = planning.find_wave(connection(), wave_id, scope)
    preview = None
    if wave.state == "planned" and wave.instrument == "survey":
        preview = drawing.preview_draw(connection(), wave_id, scope)
    return page(
        "console/wave.html",
        wave=wave,
        preview=preview,
        draw=drawing.stored_draw(connection(), wave_id),
        names=unit_names(connection(), scope),
        samples=_samples(wave, scope),
        differences=differences,
        progress=wave_progress(connection(), wave_id, wave.instrument, scope),
    )


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


def _form(values: dict[str, str], details: Sequence[Detail], status: int = 200) -> Response:
    today = services().clock.now().astimezone(ZONE).date()
    defaults = {
        "opens_on": today.isoformat(),
        "closes_on": (today + DEFAULT_LENGTH).isoformat(),
        "ratio": "30",
        "minimum": "5",
        "message_zh": DEFAULT_MESSAGES["zh"],
        "message_en": DEFAULT_MESSAGES["en"],
    }
    surveys = [each for each in planning.instruments(connection()) if each.kind == "survey"]
    return page(
        "console/wave_new.html",
        status=status,
        values={**defaults, **values},
        errors={each.pointer.removeprefix("/"): each for each in details},
        instruments=surveys,
        units=[unit for unit in list_units(connection(), identity().scope) if unit.level != "outlet"],
        organisation=planning.organisation_names(connection())[locale()],
    )


def _new_wave() -> planning.NewWave:
    """The posted form as a plan.

    Raises:
        Refusal: invalid_fields for what does not read as a date or a number.
    """
    form, problems = request.form, []
    opens, closes = _day("opens_on"), _day("closes_on")
    ratio, minimum = _number("ratio"), _number("minimum")
    for name, value in (("opens_on", opens), ("closes_on", closes)):
        if value is None:
            problems.append(Detail("field_date", f"/{name}"))
    for name, number in (("ratio", ratio), ("minimum", minimum)):
        if number is None:
            problems.append(Detail("field_number", f"/{name}"))
    if opens is None or closes is None or ratio is None or minimum is None:
        raise Refusal("invalid_fields", details=problems)
    programme, _, instrument = form.get("instrument", "").partition(":")
    return planning.NewWave(
        programme=programme,
        instrument=instrument,
        code=form.get("code", ""),
        title=form.get("title", ""),
        title_en=form.get("title_en") or None,
        unit_code=form.get("unit") or None,
        opens_at=datetime.combine(opens, time.min, ZONE),
        # 前含本日 (reading A33): the last day counts whole.
        closes_at=datetime.combine(closes + timedelta(days=1), time.min, ZONE),
        ratio=ratio / 100,
        minimum=int(minimum),
        message={"zh": form.get("message_zh", ""), "en": form.get("message_en", "")},
    )


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _number(name: str) -> Decimal | None:
    """A number as people type it; not a Decimal's "NaN" or "1e9"."""
    text = request.form.get(name, "").strip().removesuffix("%")
    return Decimal(text) if NUMBER.fullmatch(text) else None
