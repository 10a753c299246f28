"""A branch's own scores: what was published, item by item, what to put right first, tomorrow's card.

Nothing here tells who visited, or when: photos come through us, without the store's dates, and reports have
names that say nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.appealing.filing import NewAppeal, add_evidence, file_appeal, take_back, windows_of
from server.followup.appealing.reading import appeals_of_report
from server.followup.publishing import reading
from server.followup.publishing.reading import Report
from server.http.access import identity, requires
from server.http.locale import locale
from server.intake import uploads
from server.intake.uploads import LARGE, LARGEST_PHOTO, SMALL
from server.reports import sheets
from server.services import services
from server.storage.photos import PhotoRefused
from server.web.console.fields import photos_sent
from server.web.console.submission_parts import answers_of, form_of, item_of, remarks_of, sections_of
from server.web.presenting import page

blueprint = Blueprint("scorecards", __name__)

SIZES: Final = {"small": SMALL, "large": LARGE}
PLAIN: Final = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Line:
    """An item of a scorecard.

    Attributes:
        worth: points that it lost, on the published scale.
        standard: what is asked for, as the form describes it; empty where it says nothing.
        photos: their places in the report's list.
    """

    name: str
    title: str
    answer: str
    line: Mapping[str, Any]
    worth: Fraction
    remarks: Sequence[tuple[str, str]]
    standard: str
    photos: Sequence[int]


@blueprint.get("/console/scores")
@requires("results.read")
def index() -> Response:
    who, now = identity(), services().clock.now()
    return page(
        "console/scores.html",
        scores=reading.own_scores(connection(), who.scope, now=now),
        checks=reading.open_checks(connection(), who.scope, now=now),
        now=now,
    )


@blueprint.get("/console/scores/<ref>")
@requires("results.read")
def show(ref: str) -> Response:
    return _scorecard_page(ref)


@blueprint.get("/console/scores/<ref>/card")
@requires("results.read")
def card(ref: str) -> Response:
    """Tomorrow's card for the morning meeting: one item, what is asked for, a drill of half a minute."""
    report, submission = _found(ref)
    lost = _first(list(_lines(submission)))
    return page(
        "console/score_card.html", submission=submission, report=report, line=lost[0] if lost else None
    )


@blueprint.get("/console/scores/<ref>/photos/<place>-<size>.jpg")
@requires("results.read")
def photo(ref: str, place: str, size: str) -> Response:
    _, submission = _found(ref)
    found = _photos(submission)
    known = {str(number): row.object_key for number, row in enumerate(found)}
    if size not in SIZES or place not in known:
        raise Refusal("not_found")
    data = services().store.get(known[place] + SIZES[size], LARGEST_PHOTO)
    answer = Response(data, mimetype=PLAIN)
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


@blueprint.post("/console/scores/<ref>")
@requires("appeals.file")
def dispute(ref: str) -> Response:
    """File an objection or an appeal about an item, or about the whole report."""
    who, given = identity(), services()
    report, _ = _found(ref)
    now = given.clock.now()
    new = NewAppeal(
        said=request.form.get("said", ""), by=who.actor, ref=ref, item=request.form.get("item") or None
    )
    pictures = photos_sent()
    try:
        with transaction() as open_connection:
            appeal_id = file_appeal(open_connection, new, who.scope, now=now)
            for data in pictures:
                add_evidence(
                    open_connection, given.store, appeal_id, data, rules=given.settings.photos, now=now
                )
    except PhotoRefused as refused:
        return _scorecard_page(ref, [Detail(refused.code)])
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _scorecard_page(ref, refusal.details)
    return redirect(url_for("console.scorecards.show", ref=report.ref, _anchor="appeals"), 303)


@blueprint.post("/console/scores/<ref>/appeals/<uuid:appeal_id>")
@requires("appeals.file")
def withdraw(ref: str, appeal_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        take_back(open_connection, appeal_id, who.scope, by=who.actor, now=now)
    return redirect(url_for("console.scorecards.show", ref=ref, _anchor="appeals"), 303)


def _scorecard_page(ref: str, errors: Sequence[Detail] = ()) -> Response:
    who, now = identity(), services().clock.now()
    report, submission = _found(ref)
    lines = list(_lines(submission))
    windows = windows_of(connection(), report.wave_id)
    return page(
        "console/scorecard.html",
        status=422 if errors else 200,
        report=report,
        submission=submission,
        wave=find_wave(connection(), report.wave_id, who.scope),
        lines=lines,
        first=_first(lines),
        sections=sections_of(submission),
        shares=sheets.shares_of_score(submission.sheet) if submission.sheet else (),
        stage=windows.stage(now),
        windows=windows,
        appeals=appeals_of_report(connection(), report.submission_pk, who.scope),
        actor=who.actor,
        errors=errors,
        values=request.form,
    )


def _found(ref: str) -> tuple[Report, AnyRow]:
    who, now = identity(), services().clock.now()
    report = reading.find_report(connection(), ref, who.scope, now=now)
    return report, sheets.find_revision(connection(), report.revision_id, who.scope)


def _lines(submission: AnyRow) -> Iterator[Line]:
    """The scored items, in the order of the sheet."""
    if not submission.sheet:
        return
    sheet, form = submission.sheet, form_of(submission)
    answers, remarks = answers_of(submission), remarks_of(submission)
    possible = Fraction(sheet["possible"])
    worth = Fraction(sheet["scale"]) / possible if possible else Fraction(0)
    photos = [item_of(photo.question)[0] for photo in _photos(submission)]
    for line in sheet["lines"]:
        name = line["item"]
        question = form.questions.get(name)
        title, answer = answers.get(name, (name, ""))
        standard = question.description if question is not None else None
        yield Line(
            name=name,
            title=title,
            answer=answer,
            line=line,
            worth=Fraction(line["lost"]) * worth,
            remarks=remarks.get(name, ()) if line["lost"] != "0" else (),
            standard=standard.render(locale(), lambda _name: "…") if standard is not None else "",
            photos=[place for place, item in enumerate(photos) if item == name],
        )


def _first(lines: Sequence[Line]) -> Sequence[Line]:
    """What lost points: key items before others, then whatever is worth most."""
    lost = [line for line in lines if line.worth > 0]
    return sorted(lost, key=lambda line: (not line.line["key"], -line.worth))


def places_of(ref: str, item: str) -> Sequence[int]:
    """Where an item's photos are on the scorecard of a report; nowhere while its reader may not read it."""
    try:
        _, submission = _found(ref)
    except Refusal:
        return ()
    return [place for place, each in enumerate(_photos(submission)) if item_of(each.question)[0] == item]


def _photos(submission: AnyRow) -> Sequence[AnyRow]:
    """The report's photos in an order that says nothing of the visit's."""
    found = uploads.named_photos(connection(), submission.wave_id, submission.submission_id)
    shown = [each for each in found if each.state == "verified" and each.media_type.startswith("image/")]
    return sorted(shown, key=lambda each: (each.question, each.object_key))
