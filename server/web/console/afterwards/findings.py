"""The log of findings: what was written down, what waits to be confirmed, a unit's history by item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import find_programme, published_programmes
from server.fieldwork.waves.reading import find_wave
from server.followup.finding_log import reading, recording
from server.followup.finding_log.deciding import NewFinding, words_of
from server.followup.finding_log.reading import Past
from server.http import headers
from server.http.access import identity, requires
from server.reports.trail.naming import subject_names
from server.scope import EVERYTHING
from server.services import services
from server.storage.photos import PhotoRefused
from server.web.console.fields import Fields, photos_sent
from server.web.console.pictures import picture_of
from server.web.console.submission_parts import titles_of
from server.web.console.trail_lines import actor_words
from server.web.presenting import page

blueprint = Blueprint("findings", __name__)

WORDS: Final = ("subject", "said", "kind", "section", "item", "person", "source")


@dataclass(frozen=True, slots=True)
class ShownPast:
    """An item of a unit's history by its title; a title that no form has is the item's own name."""

    title: str
    past: Past


@blueprint.get("/console/findings")
@requires("findings.read")
def index() -> Response:
    who, asked = identity(), request.args.get("view", "")
    view = asked if asked in reading.VIEWS else reading.VIEWS[0]
    return page(
        "console/findings.html",
        view=view,
        views=reading.VIEWS,
        pending=reading.count_pending(connection(), who.scope),
        findings=reading.list_findings(connection(), who.scope, view),
        programmes=published_programmes(connection(), who.scope),
    )


@blueprint.get("/console/findings/new/<key>")
@requires("findings.record")
def new(key: str) -> Response:
    return _new_page(key)


@blueprint.post("/console/findings/new/<key>")
@requires("findings.record")
def record(key: str) -> Response:
    who, given = identity(), services()
    version = find_programme(connection(), key, who.scope)
    now, pictures = given.clock.now(), photos_sent()
    try:
        typed = _typed()
        with transaction() as open_connection:
            finding_id = recording.record(open_connection, version, typed, who.scope, by=who.actor, now=now)
            for data in pictures:
                recording.add_proof(
                    open_connection, given.store, finding_id, data, rules=given.settings.photos, now=now
                )
    except PhotoRefused as refused:
        return _new_page(key, [Detail(refused.code)])
    except Refusal as refusal:
        if refusal.code == "not_found":
            unknown = Detail("unknown_unit", "/subject", {"unit": request.form.get("subject", "")})
            return _new_page(key, [unknown])
        if refusal.code != "invalid_fields":
            raise
        return _new_page(key, refusal.details)
    return redirect(url_for("console.findings.show", finding_id=finding_id), 303)


@blueprint.get("/console/findings/<uuid:finding_id>")
@requires("findings.read")
def show(finding_id: UUID) -> Response:
    return _finding_page(finding_id)


@blueprint.post("/console/findings/<uuid:finding_id>")
@requires("findings.confirm")
def decide(finding_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    verdict = (request.form.get("verdict", ""), request.form.get("reason", ""))
    try:
        with transaction() as open_connection:
            recording.decide(open_connection, finding_id, verdict, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _finding_page(finding_id, refusal.details)
    return redirect(url_for("console.findings.show", finding_id=finding_id), 303)


@blueprint.get("/console/findings/history/<code>")
@requires("results.read")
def history(code: str) -> Response:
    """What a unit was found to do wrong, item by item: by waves, never by the days of covert visits."""
    who, now = identity(), services().clock.now()
    found = reading.history_of(connection(), code, who.scope, now=now)
    titles: dict[UUID, Mapping[str, str]] = {}
    for past in found:
        for wave_id in [row["wave_id"] for row in past.times if "wave_id" in row][:1]:
            if wave_id not in titles:
                titles[wave_id] = titles_of(find_wave(connection(), wave_id, who.scope))
    return page(
        "console/finding_history.html",
        code=code,
        pasts=[ShownPast(_title(past, titles), past) for past in found],
    )


def _title(past: Past, titles: Mapping[UUID, Mapping[str, str]]) -> str:
    known = next((titles[row["wave_id"]] for row in past.times if "wave_id" in row), {})
    return known.get(past.item, past.item)


def _typed() -> NewFinding:
    fields = Fields(request.form)
    day, due = fields.day("day"), fields.optional_day("due")
    points, amount = fields.number("points"), fields.number("amount")
    fields.refuse()
    words = {name: fields.text(name) for name in WORDS}
    return NewFinding(day=day, due=due, points=points, amount=amount, **words)


def _new_page(key: str, errors: Sequence[Detail] = ()) -> Response:
    version = find_programme(connection(), key, identity().scope)
    values: Any = request.form or request.args
    return page(
        "console/finding_new.html",
        status=422 if errors else 200,
        key=key,
        title=version.title,
        words=words_of(version.content),
        values=values,
        errors=errors,
    )


def _finding_page(finding_id: UUID, errors: Sequence[Detail] = ()) -> Response:
    entry = reading.find_entry(connection(), finding_id, identity().scope)
    actors = [each for each in (entry.row.recorded_by, entry.row.decided_by) if each]
    headers.allow_store()
    return page(
        "console/finding.html",
        status=422 if errors else 200,
        finding=entry.row,
        words=words_of(entry.row.content),
        photos=[picture_of(services().store, each) for each in entry.photos],
        names=_names(actors),
        values=request.form,
        errors=errors,
    )


def _names(actors: Sequence[str]) -> Mapping[str, str]:
    """Who wrote it down and who decided, in words."""
    alone = [each for actor in actors for each in actor.replace(" for ", ",").split(",")]
    names = subject_names(connection(), alone, EVERYTHING)
    return {actor: actor_words(actor, names) for actor in actors}
