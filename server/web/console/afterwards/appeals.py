"""Appeals for whoever decides: the queue, one appeal with what upholding it would change, the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.appealing import reading
from server.followup.appealing.deciding import Verdict, decide, what_bars
from server.followup.appealing.weighing import Effect, Weighed, weigh_effect
from server.http import headers
from server.http.access import identity, requires
from server.reports import sheets
from server.services import services
from server.web.console.afterwards.publications import publisher
from server.web.console.afterwards.review_items import ShownItem, correction_of, items_of
from server.web.console.pictures import Picture, picture_of
from server.web.console.submission_parts import form_of
from server.web.presenting import page

blueprint = Blueprint("appeals", __name__)

VIEWS = ("open", "decided")


@dataclass(frozen=True, slots=True)
class ShownAppeal:
    """An appeal with everything that speaks for and against it.

    Attributes:
        item: of the report, as it stands; None where the whole of it, or money, is disputed.
        weighed: what upholding it as asked for would change; None before anything was asked.
    """

    file: reading.AppealFile
    report: AnyRow | None
    item: ShownItem | None
    evidence: Sequence[Picture]
    weighed: Weighed | None


@blueprint.get("/console/appeals")
@requires("appeals.read")
def index() -> Response:
    asked = request.args.get("view", "")
    view = asked if asked in VIEWS else VIEWS[0]
    found = reading.list_appeals(connection(), identity().scope, decided=view == "decided")
    return page("console/appeals.html", view=view, views=VIEWS, appeals=found, now=services().clock.now())


@blueprint.get("/console/appeals/<uuid:appeal_id>")
@requires("appeals.read")
def show(appeal_id: UUID) -> Response:
    """With `answer` or `excluded` in the address: what upholding it like this would change."""
    return _appeal_page(appeal_id, request.args)


@blueprint.post("/console/appeals/<uuid:appeal_id>")
@requires("appeals.decide")
def answer(appeal_id: UUID) -> Response:
    who, given = publisher(), services()
    file = reading.find_appeal(connection(), appeal_id, who.scope)
    upholds = request.form.get("verdict") == "upheld"
    try:
        effect = _effect(file.row, request.form) if upholds else None
        verdict = Verdict(appeal_id, request.form.get("verdict", ""), request.form.get("reply", ""), effect)
        if upholds and effect is None and file.row.submission_pk is not None:
            raise Refusal("invalid_fields", details=[Detail("appeal_effect", "/answer")])
        with transaction() as open_connection:
            decide(open_connection, given.forms, verdict, who)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _appeal_page(appeal_id, request.form, refusal.details)
    return redirect(url_for("console.appeals.show", appeal_id=appeal_id), 303)


def _effect(row: AnyRow, given: Any) -> Effect | None:
    """What upholding does to the report, as it was chosen; None where nothing was."""
    if row.submission_pk is None:
        return None
    if given.get("excluded"):
        return Effect({}, excluded=True)
    if row.item is None or "answer" not in given:
        return None
    report = sheets.find_submission(connection(), row.submission_pk, identity().scope)
    return Effect(correction_of(form_of(report), row.item, given.getlist("answer")))


def _appeal_page(appeal_id: UUID, given: Any, errors: Sequence[Detail] = ()) -> Response:
    who = publisher()
    file = reading.find_appeal(connection(), appeal_id, who.scope)
    wave = find_wave(connection(), file.row.wave_id, who.scope)
    shown, problems = _shown(file, wave, given)
    barred = what_bars(connection(), file.row, wave, who)
    headers.allow_store()
    return page(
        "console/appeal.html",
        status=422 if errors else 200,
        appeal=file.row,
        shown=shown,
        wave=wave,
        errors=[*errors, *problems],
        barred=barred,
        decides=identity().may("appeals.decide") and not barred and file.row.state == "open",
        values=given,
        now=who.now,
    )


def _shown(file: reading.AppealFile, wave: AnyRow, given: Any) -> tuple[ShownAppeal, Sequence[Detail]]:
    row, store = file.row, services().store
    evidence = [picture_of(store, each) for each in file.evidence if each.state == "verified"]
    if row.submission_pk is None:
        return ShownAppeal(file, None, None, evidence, None), ()
    who = publisher()
    report = sheets.find_submission(connection(), row.submission_pk, who.scope)
    items = items_of(report, None, {row.item or ""})
    item = next((each for each in items.looked_at if each.name == row.item), None)
    weighed, problems = None, list[Detail]()
    effect = _effect(row, given) if row.state == "open" else None
    if effect is not None:
        try:
            weighed = weigh_effect(
                connection(), services().forms, (wave, row.submission_pk), effect, (who.scope, who.now)
            )
        except Refusal as refusal:
            problems = list(refusal.details)
    return ShownAppeal(file, report, item, evidence, weighed), problems
