"""Who is asked: the choices of a draw with everything they would give, before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.contacts.rolling.rules import RollingRules, rolling_problems
from server.fieldwork.organisation.units import unit_names
from server.fieldwork.waves import changing, plans, previews, reading
from server.fieldwork.waves.choices import FATIGUE_SCOPES, STRATA, Fatigue, Sampling
from server.http.access import identity, requires
from server.sampling.plans import METHODS
from server.sampling.sizes import Expectation, Messages, Size, margin_of_strata, message_cost, sample_size
from server.services import services
from server.web.console.fields import Fields, percent
from server.web.console.samples import message_samples
from server.web.presenting import page

blueprint = Blueprint("sampling", __name__)

REFRESH_SECONDS = "5"
MARGINS = (Decimal("0.02"), Decimal("0.03"), Decimal("0.05"), Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Preview:
    """What the choices would give.

    Attributes:
        draw: as `DrawResult.summary`.
        made_at: when the worker found it; None for what was worked out now.
        cost: of the invitations, with the longest text.
        margin: half the width of the interval of a share over all strata; None where nothing can be said.
        sizes: (margin wanted, size needed for it).
    """

    draw: Mapping[str, Any]
    made_at: datetime | None
    cost: Messages
    margin: float | None
    sizes: tuple[tuple[Decimal, Size], ...]


@blueprint.get("/console/waves/<uuid:wave_id>/sample")
@requires("waves.plan")
def show(wave_id: UUID) -> Response:
    """The choices as stored, or as the address has them: a preview can be reloaded and sent around."""
    wave = _planned(wave_id)
    values = {**_values(wave), **request.args.to_dict()}
    if request.args:
        # A box that is not ticked is not in an address.
        for name in ("consent", "rolling"):
            values[name] = request.args.get(name, "")
    return _form(wave, values)


@blueprint.post("/console/waves/<uuid:wave_id>/sample")
@requires("waves.plan")
def save(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    wave = _planned(wave_id)
    try:
        wanted = _wanted(plans.plan_of(wave), request.form)
        with transaction() as open_connection:
            changing.edit_wave(open_connection, wave_id, wanted, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _form(
            wave,
            {**_values(wave), "consent": "", "rolling": "", **request.form.to_dict()},
            refusal.details,
            status=422,
        )
    return redirect(url_for("console.waves.show", wave_id=wave_id), 303)


def _planned(wave_id: UUID) -> AnyRow:
    """Raises: Refusal: wrong_state once the sample was drawn, or where nobody is drawn."""
    wave = reading.find_wave_to_run(connection(), wave_id, identity().scope)
    if wave.state != "planned" or wave.kind != "survey":
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    return wave


def _form(
    wave: AnyRow, values: Mapping[str, str], details: Sequence[Detail] = (), *, status: int = 200
) -> Response:
    preview, waiting = None, False
    try:
        wanted = _wanted(plans.plan_of(wave), values)
        # A rolling wave draws from what has not happened yet.
        if not wanted.rolling:
            preview, waiting = _preview(wave, wanted)
    except Refusal as refusal:
        details = details or refusal.details
    response = page(
        "console/wave_sample.html",
        status=status,
        wave=wave,
        values=values,
        errors={each.pointer.removeprefix("/"): each for each in details},
        preview=preview,
        waiting=waiting,
        methods=METHODS,
        strata=STRATA,
        fatigue_scopes=FATIGUE_SCOPES,
        names=unit_names(connection(), identity().scope),
    )
    if waiting and request.method == "GET":
        response.headers["Refresh"] = REFRESH_SECONDS
    return response


def _preview(wave: AnyRow, wanted: plans.NewWave) -> tuple[Preview | None, bool]:
    """The preview, and whether the worker is still at it.

    Raises:
        Refusal: invalid_fields for choices that do not fit the frame.
    """
    settings, now = {**wave.settings, **wanted.settings()}, services().clock.now()
    found = previews.preview(connection(), wave, now=now, settings=settings)
    if found.wanted:
        with transaction() as open_connection:
            previews.ask_preview(open_connection, wave.id, settings, now=now)
    if found.problems:
        raise Refusal("invalid_fields", details=found.problems)
    if found.summary is None:
        return None, True
    return _judged(wave, wanted, found.summary, found.made_at), False


def _judged(
    wave: AnyRow, wanted: plans.NewWave, draw: Mapping[str, Any], made_at: datetime | None
) -> Preview:
    samples = message_samples(wave, identity().scope)
    segments = max((length.segments for _, length in samples.values()), default=1)
    eligible = draw["eligible"]
    expected = Expectation(response=wanted.response or Decimal("0.0001"))
    drawn = [(each["eligible"], each["selected"]) for each in draw["strata"] if each["eligible"]]
    return Preview(
        draw=draw,
        made_at=made_at,
        cost=message_cost(draw["selected"], [segments], wanted.price),
        margin=margin_of_strata(drawn, expected=expected) if drawn else None,
        sizes=tuple((each, sample_size(each, eligible, expected=expected)) for each in MARGINS)
        if eligible
        else (),
    )


def _values(wave: AnyRow) -> dict[str, str]:
    """A stored choice as the form shows it."""
    plan = plans.plan_of(wave)
    sampling, fatigue = plan.sampling, plan.fatigue
    return {
        "method": sampling.method,
        "by": sampling.by,
        "ratio": percent(sampling.ratio),
        "size": _shown(sampling.size),
        "minimum": str(sampling.minimum),
        "cap": _shown(sampling.cap),
        "reserves": percent(sampling.reserves),
        "spreads": "\n".join(f"{name} {each}" for name, each in sampling.spreads.items()),
        "fatigue_times": str(fatigue.times) if fatigue else "",
        "fatigue_days": str(fatigue.days) if fatigue else "",
        "fatigue_gap": str(fatigue.gap_days) if fatigue else "",
        "fatigue_scope": fatigue.scope if fatigue else FATIGUE_SCOPES[0],
        "consent": "yes" if plan.consent else "",
        "rolling": "yes" if plan.rolling else "",
        "rolling_rate": percent(Decimal(plan.rolling["rate"])) if plan.rolling else "",
        "rolling_quota": _shown((plan.rolling or {}).get("quota")),
        "price": str(plan.price),
        "response": percent(plan.response),
    }


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


def _wanted(stored: plans.NewWave, form: Mapping[str, str]) -> plans.NewWave:
    """Raises: Refusal: invalid_fields for what does not read, and for choices that contradict each other."""
    fields = Fields(form)
    sampling = Sampling(
        method=fields.text("method"),
        ratio=fields.share("ratio"),
        size=fields.whole("size"),
        minimum=fields.whole("minimum") or 0,
        cap=fields.whole("cap"),
        by=fields.text("by"),
        spreads=_spreads(fields),
        reserves=fields.share("reserves"),
    )
    wanted = replace(
        stored,
        sampling=sampling,
        fatigue=_fatigue(fields),
        consent=fields.ticked("consent"),
        rolling=_rolling(fields, stored),
        price=fields.number("price") or Decimal(0),
        response=fields.share("response") or Decimal(0),
    )
    fields.refuse()
    problems = [
        *(() if wanted.rolling else sampling.problems()),
        *(wanted.fatigue.problems() if wanted.fatigue else ()),
        *(rolling_problems(wanted.rolling) if wanted.rolling else ()),
    ]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    return wanted


def _rolling(fields: Fields, stored: plans.NewWave) -> Mapping[str, Any] | None:
    """Hours and weekdays that are set elsewhere stay as they are."""
    if not fields.ticked("rolling"):
        return None
    rate, quota = fields.share("rolling_rate"), fields.whole("rolling_quota")
    kept = stored.rolling or RollingRules(Decimal(1)).to_json()
    return {**kept, "rate": str(rate or 0), "quota": quota}


def _fatigue(fields: Fields) -> Fatigue | None:
    times, days, gap = (fields.whole(f"fatigue_{name}") for name in ("times", "days", "gap"))
    if times is None and not gap:
        return None
    return Fatigue(times or 1, days or 0, gap or 0, fields.text("fatigue_scope") or FATIGUE_SCOPES[0])


def _spreads(fields: Fields) -> dict[str, Decimal]:
    """A stratum and a number in each line, as pasted from a sheet."""
    found = {}
    for line in fields.text("spreads").splitlines():
        name, _, number = line.strip().rpartition(" ")
        spread = Fields({"spreads": number.strip()})
        value = spread.number("spreads")
        if not name.strip() or value is None:
            fields.problems.append(Detail("field_spreads", "/spreads", {"line": line.strip()}))
        else:
            found[name.strip()] = value
    return found
