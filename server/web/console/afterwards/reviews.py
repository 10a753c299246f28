"""The review queue, one report with its evidence item by item, and what reviewers decide about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import catalogue
from server.accounts.identity import Identity
from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.waves.reading import find_wave
from server.followup.doubts.reading import doubts_of, moments_of
from server.followup.doubts.whereabouts import whereabouts
from server.followup.reviewing import acting, claiming, reading, remarks
from server.followup.reviewing.acting import Judgement
from server.followup.reviewing.claiming import Reviewer, reviewer_of
from server.followup.reviewing.deciding import ENDS, Wish, outcome_of
from server.http import headers
from server.http.access import identity, requires
from server.reports import sheets
from server.services import services
from server.web.console.afterwards.review_items import ShownItems, correction_of, items_of
from server.web.console.doubts import sentence, titles_asked
from server.web.console.moments import around, marks_of
from server.web.console.results import RETURN_ROWS, returns_shown
from server.web.console.submission_parts import form_of
from server.web.presenting import page

blueprint = Blueprint("reviews", __name__)

# Acts that a form may ask for; a correction has a form of its own.
ACTS = (*ENDS, "hold", "release", "reopen")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What was refused, and where it is told: in the decision, or at the item that was corrected."""

    details: Sequence[Detail]
    item: str = ""
    status: int = 422


@blueprint.get("/console/reviews")
@requires("reviews.read")
def index() -> Response:
    who, now = identity(), services().clock.now()
    asked = request.args.get("view", "")
    view = asked if asked in reading.VIEWS else reading.VIEWS[0]
    reviewer = _reviewer(who)
    return page(
        "console/reviews.html",
        view=view,
        views=reading.VIEWS,
        counts=reading.count_reviews(connection(), who.scope),
        found=reading.list_reviews(connection(), who.scope, reviewer, view, after=_edge()),
        agreement=reading.agreement(connection(), who.scope, now=now),
        nothing="nothing" in request.args,
        now=now,
    )


@blueprint.post("/console/reviews/next")
@requires("reviews.decide")
def claim_next() -> Response:
    return _on_to_the_next(None)


@blueprint.get("/console/reviews/<uuid:pk>")
@requires("reviews.read")
def show(pk: UUID) -> Response:
    return _review_page(pk)


@blueprint.post("/console/reviews/<uuid:pk>/claim")
@requires("reviews.decide")
def claim(pk: UUID) -> Response:
    """Take a report that somebody else has open, or let go of one."""
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        if request.form.get("go") == "release":
            claiming.let_go(open_connection, pk, _reviewer(who))
            return redirect(url_for("console.reviews.index"), 303)
        claiming.claim(open_connection, pk, _reviewer(who), who.scope, now=now)
    return redirect(url_for("console.reviews.show", pk=pk), 303)


@blueprint.post("/console/reviews/<uuid:pk>")
@requires("reviews.decide")
def decide(pk: UUID) -> Response:
    who, now, act = identity(), services().clock.now(), request.form.get("act", "")
    try:
        judgement = _judgement(pk, act if act in ACTS else "")
        with transaction() as open_connection:
            acting.judge(open_connection, judgement, _reviewer(who), who.scope, now=now)
    except Refusal as refusal:
        return _refused(pk, refusal)
    if act in ("hold", "release", "reopen") or "next" not in request.form:
        return redirect(url_for("console.reviews.show", pk=pk), 303)
    return _on_to_the_next(pk)


@blueprint.post("/console/reviews/<uuid:pk>/items/<name>")
@requires("reviews.decide")
def correct(pk: UUID, name: str) -> Response:
    who, given = identity(), services()
    report = sheets.find_submission(connection(), pk, who.scope)
    changes = correction_of(form_of(report), name, request.form.getlist("answer"))
    try:
        if not changes:
            raise Refusal("not_found")
        doing = (_reviewer(who), who.scope, given.clock.now())
        with transaction() as open_connection:
            acting.correct(open_connection, given.forms, _judgement(pk, "correct"), changes, doing)
    except Refusal as refusal:
        return _refused(pk, refusal, name)
    return redirect(url_for("console.reviews.show", pk=pk, _anchor=f"item-{name}"), 303)


def _judgement(pk: UUID, act: str) -> Judgement:
    try:
        read = UUID(request.form.get("read", ""))
    except ValueError:
        raise Refusal("conflict") from None
    note, alone = request.form.get("note", ""), request.form.get("alone", "")
    return Judgement(pk, act, read, identity().actor, note, alone)


def _refused(pk: UUID, refusal: Refusal, item: str = "") -> Response:
    if refusal.code == "conflict":
        return _review_page(pk, Wrong([Detail("review_changed")], status=refusal.status))
    if refusal.code != "invalid_fields":
        raise refusal
    return _review_page(pk, Wrong(refusal.details, item, refusal.status))


def _on_to_the_next(passed: UUID | None) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        chosen = claiming.claim_next(open_connection, _reviewer(who), who.scope, now=now, after=passed)
    if chosen is None:
        return redirect(url_for("console.reviews.index", nothing=1), 303)
    return redirect(url_for("console.reviews.show", pk=chosen), 303)


def _review_page(pk: UUID, wrong: Wrong | None = None) -> Response:
    who, now = identity(), services().clock.now()
    reviewer = _reviewer(who)
    file = reading.find_review(connection(), pk, who.scope, reviewer)
    report = sheets.find_submission(connection(), pk, who.scope)
    earlier = reading.report_before(connection(), file.row, who.scope)
    before = sheets.find_submission(connection(), earlier, who.scope) if earlier else None
    opened = {request.args.get("item", ""), wrong.item if wrong else ""}
    items = items_of(report, before, opened)
    moments = moments_of(connection(), pk, who.scope)
    headers.allow_store()
    return page(
        "console/review.html",
        status=wrong.status if wrong else 200,
        wave=find_wave(connection(), report.wave_id, who.scope),
        review=file.row,
        steps=file.steps,
        rules=file.rules,
        report=report,
        before=before,
        items=items,
        titles_by_item={item.name: (item.title, item.answer) for item in (*items.looked_at, *items.others)},
        doubts=_doubts(who, report),
        marks=marks_of(moments, ZoneInfo(report.timezone or catalogue.ZONE)),
        around=around(whereabouts(connection(), pk)),
        remarks=remarks.list_remarks(connection(), _codes(items)),
        acts=_acts(file, reviewer) if who.may("reviews.decide") else (),
        claimed=_claimed(file.row, reviewer, now),
        mine=file.row.claimed_by == reviewer.account_id and file.row.claimed_until > now,
        wrong=wrong,
        values=request.form,
        returns=returns_shown(pk),
        return_rows=RETURN_ROWS,
    )


def _acts(file: reading.ReviewFile, who: Reviewer) -> Sequence[str]:
    """What may be pressed: what would be refused whatever is written beside it is not offered."""
    row = file.row
    if row.own:
        return ()
    standing = acting.standing_of(row)
    found = []
    for act in ACTS:
        wish = Wish(act, who.account_id, note="…", alone="…" if file.rules.alone else "")
        if not isinstance(outcome_of(standing, wish, file.rules), Sequence):
            found.append(act)
    return [act for act in found if not (row.sent_back and act == "approve")]


def _claimed(row: AnyRow, who: Reviewer, now: datetime) -> bool:
    """Whether somebody else has it open."""
    return row.claimed_by not in (None, who.account_id) and row.claimed_until > now


def _doubts(who: Identity, report: AnyRow) -> Sequence[tuple[AnyRow, str]]:
    """What is doubted, in words; where the reader may read it."""
    if not who.may("doubts.read"):
        return ()
    told, titles = [], titles_asked(report)
    for row in doubts_of(connection(), report.id, who.within("doubts.read")):
        question = titles.get(row.about.get("question", ""), "…")
        params = {**row.params, **row.about, "question": question}
        told.append((row, sentence(row.code, params)))
    return told


def _codes(items: ShownItems) -> Sequence[str]:
    return [
        str(item.line["code"]) for item in items.looked_at if item.line is not None and item.line.get("code")
    ]


def _reviewer(who: Identity) -> Reviewer:
    if who.account_id is None:
        raise Refusal("forbidden")
    return reviewer_of(connection(), who.account_id)


def _edge() -> UUID | None:
    try:
        return UUID(request.args["after"]) if "after" in request.args else None
    except ValueError:
        raise Refusal("not_found") from None
