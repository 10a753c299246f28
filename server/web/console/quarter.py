"""Planning a whole quarter: what the programme asks for, wave by wave, to be kept, changed or left."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import list_programmes
from server.fieldwork.waves.periods import called
from server.fieldwork.waves.planning_period import plan_waves
from server.fieldwork.waves.plans import NewWave
from server.fieldwork.waves.proposals import Proposal, proposed_waves
from server.http.access import identity, requires
from server.scoring.calendar import Period
from server.services import services
from server.web.console.fields import ZONE, Fields, first_day, last_day, percent
from server.web.console.planning import DEFAULT_MESSAGES
from server.web.presenting import page

blueprint = Blueprint("quarter", __name__)

KINDS = ("month", "quarter", "half", "year")


@blueprint.get("/console/plan")
@requires("waves.plan")
def show() -> Response:
    return _page(request.args, ())


@blueprint.post("/console/plan")
@requires("waves.plan")
def plan() -> Response:
    """Plan the waves that are ticked, all or none."""
    who, now = identity(), services().clock.now()
    _, proposals = _proposals(request.form)
    chosen = [place for place in range(len(proposals)) if f"keep-{place}" in request.form]
    try:
        wanted = [_wanted(proposals[place], place, request.form) for place in chosen]
        with transaction() as open_connection:
            plan_waves(open_connection, wanted, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _page(request.form, _placed(refusal.details, chosen), status=422)
    return redirect(url_for("console.home.show"), 303)


def _placed(details: Sequence[Detail], chosen: Sequence[int]) -> list[Detail]:
    """Problems with the place of their wave on the page instead of among those chosen."""
    placed = []
    for each in details:
        place, _, rest = each.pointer.removeprefix("/").partition("/")
        pointer = f"/{chosen[int(place)]}-{rest}" if place.isdigit() and rest else each.pointer
        placed.append(replace(each, pointer=pointer))
    return placed


def _page(form: Mapping[str, str], details: Sequence[Detail], *, status: int = 200) -> Response:
    programmes = _programmes()
    period, proposals = _proposals(form) if programmes else (None, [])
    return page(
        "console/quarter.html",
        status=status,
        programmes=programmes,
        kinds=KINDS,
        kind=form.get("kind", "quarter"),
        programme=form.get("programme") or (programmes[0].key if programmes else ""),
        day=form.get("day") or _today().isoformat(),
        period=called(period) if period else None,
        rows=[(each, _values(each, place, form)) for place, each in enumerate(proposals)],
        errors={each.pointer.removeprefix("/"): each for each in details},
    )


def _programmes() -> list[AnyRow]:
    """The newest published version of each programme that plans waves."""
    found: dict[str, AnyRow] = {}
    for row in list_programmes(connection(), identity().scope):
        if row.status == "published":
            found.setdefault(row.key, row)
    return list(found.values())


def _today() -> date:
    return services().clock.now().astimezone(ZONE).date()


def _proposals(form: Mapping[str, str]) -> tuple[Period | None, list[Proposal]]:
    programmes = _programmes()
    key = form.get("programme") or (programmes[0].key if programmes else "")
    try:
        day = date.fromisoformat(form.get("day", ""))
    except ValueError:
        day = _today()
    try:
        return proposed_waves(connection(), key, form.get("kind", "quarter"), day, identity().scope)
    except Refusal:
        return None, []


def _values(proposal: Proposal, place: int, form: Mapping[str, str]) -> dict[str, str]:
    """What stands in the row: what was typed, else what the programme asks for."""
    new, now = proposal.new, services().clock.now()
    late = new.opens_at < now < new.closes_at
    proposed = {
        "title": new.title,
        "code": new.code,
        "opens_on": first_day(max(new.opens_at, now) if late else new.opens_at),
        "closes_on": last_day(new.closes_at),
        "share": percent(new.coverage.share if new.coverage else new.sampling.ratio),
        "budget": "" if new.coverage is None or new.coverage.budget is None else str(new.coverage.budget),
    }
    typed = f"title-{place}" in form
    kept = f"keep-{place}" in form if typed else proposal.planned is None and new.closes_at > now
    values = {name: form.get(f"{name}-{place}", value) for name, value in proposed.items()}
    return {**values, "keep": "yes" if kept else ""}


def _wanted(proposal: Proposal, place: int, form: Mapping[str, str]) -> NewWave:
    names = ("title", "code", "opens_on", "closes_on", "share", "budget")
    fields = Fields({name: form.get(f"{name}-{place}", "") for name in names})
    opens_at, closes_at = fields.window("opens_on", "closes_on")
    share, budget = fields.share("share"), fields.whole("budget")
    if fields.problems:
        raise Refusal(
            "invalid_fields",
            details=[replace(each, pointer=f"/{place}{each.pointer}") for each in fields.problems],
        )
    new = replace(
        proposal.new,
        title=fields.text("title"),
        code=fields.text("code"),
        opens_at=opens_at,
        closes_at=closes_at,
        message=DEFAULT_MESSAGES if proposal.new.coverage is None else {},
    )
    if new.coverage is not None:
        return replace(new, coverage=replace(new.coverage, share=share or Decimal(0), budget=budget))
    if share is None or new.sampling.method == "all":
        return new
    return replace(new, sampling=replace(new.sampling, ratio=share))
