"""A wave's results, live; its submissions, and each one's sheet line by line."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import wire
from server.db import AnyRow, connection
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.returning.asking import assignment_of
from server.followup.returning.reading import Returned, returns_of
from server.http import headers
from server.http.access import identity, requires
from server.http.problems import json_response
from server.reports import sheets
from server.reports.progress import Progress, wave_progress
from server.reports.results import FULL_SCORE, WaveResult, wave_result
from server.scoring.programmes.vocabulary import OF_PEOPLE
from server.services import services
from server.web.console.showing import find_shown_wave, waits_for_publication
from server.web.console.submission_parts import answers_of, files_of, remarks_of, sections_of, titles_of
from server.web.presenting import page

blueprint = Blueprint("results", __name__)

# Questions that can be asked at once about a report that goes back.
RETURN_ROWS = range(5)


@blueprint.get("/console/waves/<uuid:wave_id>/results")
@requires("results.read")
def show(wave_id: UUID) -> Response:
    if waits_for_publication(find_shown_wave(wave_id)):
        return redirect(url_for("console.publications.published", wave_id=wave_id))
    wave, progress, result = _results(wave_id)
    return page(
        "console/results.html",
        wave=wave,
        progress=progress,
        result=result,
        shape=_shape(progress, result),
        findings=sheets.list_findings(connection(), wave_id, identity().scope),
        titles=titles_of(wave),
        now=services().clock.now(),
    )


@blueprint.get("/console/waves/<uuid:wave_id>/findings")
@requires("results.read")
def list_findings(wave_id: UUID) -> Response:
    scope = identity().scope
    wave = find_shown_wave(wave_id)
    if waits_for_publication(wave):
        raise Refusal("not_found")
    findings = sheets.list_findings(connection(), wave_id, scope, after=_edge("after"))
    return page("console/findings.html", wave=wave, findings=findings, titles=titles_of(wave))


@blueprint.get("/console/waves/<uuid:wave_id>/results.json")
@requires("results.read")
def live(wave_id: UUID) -> Response:
    """What the results page asks for every few seconds."""
    if waits_for_publication(find_shown_wave(wave_id)):
        raise Refusal("not_found")
    _, progress, result = _results(wave_id)
    return json_response(
        {
            "progress": asdict(progress),
            "mean": _text(result.mean),
            "n": result.n,
            "units": _units(result),
            "shape": _shape(progress, result),
        }
    )


@blueprint.get("/console/waves/<uuid:wave_id>/submissions")
@requires("sheets.read")
def list_submissions(wave_id: UUID) -> Response:
    wave = find_shown_wave(wave_id)
    shown = sheets.list_submissions(
        connection(), wave_id, identity().scope, after=_edge("after"), before=_edge("before")
    )
    return page("console/submissions.html", wave=wave, shown=shown)


@blueprint.get("/console/submissions/<uuid:pk>")
@requires("sheets.read")
def show_submission(pk: UUID) -> Response:
    return submission_page(pk)


def submission_page(pk: UUID, notices: tuple[Detail, ...] = (), *, status: int = 200) -> Response:
    """A submission with its sheet. `notices` are what was wrong with sending it back."""
    submission = sheets.find_submission(connection(), pk, identity().scope)
    wave = find_wave(connection(), submission.wave_id, identity().scope)
    headers.allow_store()
    answers = answers_of(submission)
    return page(
        "console/submission.html",
        status=status,
        notices=notices,
        returns=returns_shown(pk),
        return_rows=RETURN_ROWS,
        values=request.form,
        wave=wave,
        submission=submission,
        answers=answers,
        remarks=remarks_of(submission),
        sections=sections_of(submission),
        shares=sheets.shares_of_score(submission.sheet) if submission.sheet else (),
        photos=files_of(submission, answers),
    )


def returns_shown(pk: UUID) -> Sequence[Returned] | None:
    """How often a visit's report was sent back; None where there is nobody to send it to."""
    who = identity()
    if not who.may("visits.return"):
        return None
    assignment_id = assignment_of(connection(), pk, who.within("visits.return"))
    now = services().clock.now()
    return None if assignment_id is None else returns_of(connection(), assignment_id, now=now)


def _edge(name: str) -> UUID | None:
    try:
        return UUID(request.args[name]) if name in request.args else None
    except ValueError:
        raise Refusal("not_found") from None


def _units(result: WaveResult) -> list[dict[str, Any]]:
    return [
        {"code": unit.code, "n": unit.n, "mean": _text(unit.mean), "rank": unit.rank} for unit in result.units
    ]


def _shape(progress: Progress, result: WaveResult) -> str:
    """A fingerprint of what the page words and draws from the numbers; when it changes, so must the page."""
    worded = [progress.asked > 0, progress.expired, result.unscored, result.n, _text(result.mean)]
    return wire.fingerprint([*worded, *_units(result)])[:16]


def _results(wave_id: UUID) -> tuple[AnyRow, Progress, WaveResult]:
    who = identity()
    wave = find_shown_wave(wave_id)
    progress = wave_progress(connection(), wave_id, wave.instrument, who.scope)
    # Readers of single sheets see single answers anyway; a unit's own people must not single out customers.
    suppress = wave.instrument in OF_PEOPLE and not who.may("sheets.read")
    rules = services().forms.get(connection(), wave.form_version_id).rules
    result = wave_result(
        connection(),
        wave_id,
        who.scope,
        suppress_small=suppress,
        scale=rules.scale if rules else FULL_SCORE,
    )
    return wave, progress, result


def _text(value: object) -> str | None:
    return None if value is None else str(value)
