"""The form of a wave's plan: for a new wave, and for changing one that is still planned."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.organisation.units import list_units
from server.fieldwork.outreach.channels import WRITTEN_TO, channels_of
from server.fieldwork.outreach.reminders import ReminderRules
from server.fieldwork.waves import changing, planning, plans, reading
from server.fieldwork.waves.audience import Audience, known_titles
from server.fieldwork.waves.audience import Kind as AudienceKind
from server.fieldwork.waves.choices import Coverage, Sampling
from server.fieldwork.waves.instruments import ASKED, instruments
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.web.console.fields import ZONE, Fields, first_day, last_day, percent
from server.web.presenting import page

blueprint = Blueprint("planning", __name__)

BETWEEN_TITLES = re.compile(r"[、，,;；\n]+")
DEFAULT_LENGTH = timedelta(days=14)
DEFAULT_SAMPLE = {"ratio": "30", "minimum": "5"}
CHANNEL_BOXES = {f"channel_{each}": each for each in WRITTEN_TO}
# Texts that a plan may leave out, by language.
MORE_TEXTS = ("letter", "fallback")
DEFAULT_MESSAGES = {
    "zh": "您最近在{unit}办理过业务，诚邀您用一分钟评价我们的服务：{link}",
    "en": "You recently visited {unit}. One minute of your time helps us serve you better: {link}",
}


@blueprint.get("/console/waves/new")
@requires("waves.plan")
def new() -> Response:
    return _form({**_defaults(), **request.args.to_dict()}, ())


@blueprint.post("/console/waves/new")
@requires("waves.plan")
def create() -> Response:
    programme, _, instrument = request.form.get("instrument", "").partition(":")
    try:
        wanted, unread = _wanted(request.form, programme, instrument)
        with transaction() as open_connection, _all_at_once(unread):
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
    wave = reading.find_wave_to_run(connection(), wave_id, identity().scope)
    if wave.state != "planned":
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    return _form(_values_of(wave), (), wave=wave)


@blueprint.post("/console/waves/<uuid:wave_id>/edit")
@requires("waves.plan")
def save(wave_id: UUID) -> Response:
    scope, now = identity().scope, services().clock.now()
    wave = reading.find_wave_to_run(connection(), wave_id, scope)
    # A box that was not ticked is not sent, and means no.
    unticked = dict.fromkeys(("reply", *CHANNEL_BOXES), "")
    values = {**_values_of(wave), **unticked, **request.form.to_dict()}
    try:
        wanted, unread = _wanted(values, wave.programme, "", stored=plans.plan_of(wave))
        with transaction() as open_connection, _all_at_once(unread):
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
        "approvals": "0",
        "link": "unique",
        "reminders": "0",
        "reminder_days": "3",
        "audience": "customers",
        "channel_sms": "" if request.form else "yes",
        **DEFAULT_SAMPLE,
        **{f"message_{language}": text for language, text in DEFAULT_MESSAGES.items()},
    }


def _values_of(wave: AnyRow) -> dict[str, str]:
    """A stored plan as the form shows it."""
    settings: Mapping[str, Any] = wave.settings
    sampling, reminders = Sampling.from_json(settings), ReminderRules.of(settings)
    audience, channels = Audience.of(settings), channels_of(settings)
    return {
        "code": wave.code,
        "title": wave.title,
        "title_en": wave.title_en or "",
        "unit": wave.unit_code or "",
        "opens_on": first_day(wave.opens_at),
        "closes_on": last_day(wave.closes_at),
        "approvals": str(settings.get("approvals", 0)),
        "ratio": percent(sampling.ratio),
        "minimum": str(sampling.minimum),
        "link": settings.get("link", "unique"),
        "reply": "yes" if settings.get("reply") else "",
        "reminders": str(reminders.times),
        "reminder_days": str(reminders.after_days),
        "spend_cap": settings.get("spend_cap") or "",
        "audience": audience.kind,
        "titles": "、".join(audience.titles),
        **{box: "yes" for box, each in CHANNEL_BOXES.items() if each in channels},
        **{
            f"{name}_{language}": settings.get(name, {}).get(language, "")
            for name in MORE_TEXTS
            for language in DEFAULT_MESSAGES
        },
        **{f"message_{language}": settings["message"].get(language, "") for language in DEFAULT_MESSAGES},
        **{
            f"approved_{language}": settings.get("approved", {}).get(language, {}).get("text", "")
            for language in DEFAULT_MESSAGES
        },
    }


def _form(
    values: Mapping[str, str], details: Sequence[Detail], *, wave: AnyRow | None = None, status: int = 200
) -> Response:
    return page(
        "console/wave_new.html",
        status=status,
        wave=wave,
        values=values,
        errors={each.pointer.removeprefix("/"): each for each in details},
        instruments=[] if wave else instruments(connection()),
        units=[
            unit
            for unit in list_units(connection(), identity().scope)
            if unit.level != "outlet" or unit.code == values.get("unit")
        ],
        organisation=plans.organisation_names(connection())[locale()],
        channels=WRITTEN_TO,
        titles=known_titles(connection()),
    )


def _wanted(
    form: Mapping[str, str], programme: str, instrument: str, *, stored: plans.NewWave | None = None
) -> tuple[plans.NewWave, Sequence[Detail]]:
    """The posted form as a plan, and what of it does not read as a date or a number.

    Args:
        stored: the plan that is edited; what the form does not ask stays as it is.
    """
    fields = Fields(form)
    opens_at, closes_at = fields.window("opens_on", "closes_on")
    if fields.problems:
        # Days that do not read lie at the beginning of time; a timetable from there takes minutes to plan.
        opens_at = services().clock.now()
        closes_at = opens_at + DEFAULT_LENGTH
    kinds = {(each.programme, each.name): each.kind for each in instruments(connection())}
    base = stored or plans.NewWave(
        programme=programme,
        instrument=instrument,
        code="",
        title="",
        opens_at=opens_at,
        closes_at=closes_at,
        coverage=None if kinds.get((programme, instrument), "survey") in ASKED else Coverage(),
    )
    base = _with_survey(base, fields, form)
    approvals = fields.needed_whole("approvals") if "approvals" in form else base.approvals
    wanted = replace(
        base,
        code=fields.text("code"),
        title=fields.text("title"),
        title_en=fields.text("title_en") or None,
        unit_code=fields.text("unit") or None,
        opens_at=opens_at,
        closes_at=closes_at,
        approvals=approvals,
    )
    return wanted, fields.problems


@contextmanager
def _all_at_once(unread: Sequence[Detail]) -> Iterator[None]:
    """Tell what does not read together with what does not fit: nobody corrects a form twice.

    Raises:
        Refusal: invalid_fields, also when the plan alone would have been taken.
    """
    told = {each.pointer for each in unread}
    if told & {"/opens_on", "/closes_on"}:
        told |= {"/opens_at", "/closes_at"}
    try:
        yield
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        fresh = [each for each in refusal.details if each.pointer not in told]
        raise Refusal("invalid_fields", details=[*unread, *fresh]) from None
    if unread:
        raise Refusal("invalid_fields", details=unread)


def _with_survey(base: plans.NewWave, fields: Fields, form: Mapping[str, str]) -> plans.NewWave:
    """What only a survey is asked: how many customers, and with which words."""
    if base.coverage is not None:
        return base
    if "ratio" in form and base.sampling.method == "stratified":
        ratio, minimum = fields.needed_number("ratio") / 100, fields.needed_whole("minimum")
        base = replace(base, sampling=replace(base.sampling, ratio=ratio, minimum=minimum))
    if not any(f"message_{each}" in form for each in DEFAULT_MESSAGES):
        return base
    kept = base.approved
    approved = {
        each: {**kept.get(each, {}), "text": text} for each, text in _texts(fields, "approved").items()
    }
    return replace(
        base,
        audience=_audience(fields, form, base),
        channels=_channels(form, base),
        letter=_texts(fields, "letter"),
        fallback=_texts(fields, "fallback"),
        message=_texts(fields, "message"),
        link=fields.text("link") or "unique",
        reply=form.get("reply") == "yes",
        approved=approved,
        reminders=_reminders(fields, form, base),
        spend_cap=fields.number("spend_cap"),
    )


def _texts(fields: Fields, name: str) -> dict[str, str]:
    texts = {each: fields.text(f"{name}_{each}") for each in DEFAULT_MESSAGES}
    return {each: text for each, text in texts.items() if text}


def _audience(fields: Fields, form: Mapping[str, str], base: plans.NewWave) -> Audience:
    if "audience" not in form:
        return base.audience
    titles = (title.strip() for title in BETWEEN_TITLES.split(fields.text("titles")))
    named = tuple(dict.fromkeys(title for title in titles if title))
    kind = cast(AudienceKind, fields.text("audience"))
    return Audience(kind, named if kind == "people" else ())


def _channels(form: Mapping[str, str], base: plans.NewWave) -> tuple[str, ...]:
    """What was ticked, in the order that the wave had; nothing ticked is nothing, not what was before."""
    if "channels" not in form:
        return tuple(base.channels)
    ticked = [each for box, each in CHANNEL_BOXES.items() if form.get(box) == "yes"]
    kept = [each for each in base.channels if each in ticked]
    return (*kept, *(each for each in ticked if each not in kept))


def _reminders(fields: Fields, form: Mapping[str, str], base: plans.NewWave) -> ReminderRules:
    if "reminders" not in form:
        return base.reminders
    return ReminderRules(fields.needed_whole("reminders"), fields.needed_whole("reminder_days"))
