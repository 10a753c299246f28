"""The respondent's path: a link from an SMS, a few pages, thanks. Shoppers' visits take it too.

`/r/<token>` is a customer's link, `/v/<token>` a visit's. GET shows the first page and writes nothing; the
first POST redeems and goes on at `/a/<ref>/…`, an address without the token, kept by a cookie of that path.
Everything works without JavaScript.
"""

from dataclasses import replace

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork import drafts, responding, returning
from server.fieldwork.outreach import guessing
from server.fieldwork.responding import Kind, Task
from server.forms import check, closing_text
from server.http import headers
from server.http.access import open_to_all
from server.http.locale import locale
from server.http.visitor import visitor_address
from server.intake import uploads
from server.services import services
from server.web import filling, page_photos
from server.web.filling import Filling
from server.web.presenting import render_respondent
from server.web.sessions import (
    THE_SESSION,
    closed,
    closed_page,
    page_address,
    settle_language,
    task_of_session,
    while_open,
    with_cookie,
    with_language,
)
from server.web.visit.before import in_front_of

THE_LINK = "the link itself is the key"
KINDS: dict[str, Kind] = {"r": "invitation", "v": "assignment"}

blueprint = Blueprint("respond", __name__)


@blueprint.get("/<any(r, v):door>/<token>")
@open_to_all(THE_LINK)
def open_link(door: str, token: str) -> AnyResponse:
    """The first page of a fresh link, or Continue for one that was started. Writes nothing."""
    task = _task_of_link(door, token)
    if isinstance(task, Response):
        return task
    if returning.has_declined(connection(), task):
        return _declined_page(task, way_back=request.path)
    if task.started_at is not None:
        return render_respondent("respond/continue.html", task, action=request.path)
    form, index = filling.load(connection(), task, locale())
    return _show(form, index, action=with_language(request.path), with_errors=False)


@blueprint.post("/<any(r, v):door>/<token>")
@open_to_all(THE_LINK)
def redeem_link(door: str, token: str) -> AnyResponse:
    """Redeem the link with the first page's answers in hand, and leave the token behind."""
    task = _task_of_link(door, token)
    if isinstance(task, Response):
        return task
    page_photos.expect()
    with transaction() as open_connection:
        session = responding.redeem(open_connection, task, locale=locale(), now=services().clock.now())
        form, index = filling.load(open_connection, task, locale())
        # "Continue" on another device posts no page; only a fresh link's first page carries answers.
        if "page" in request.form:
            target = _take(open_connection, session.ref, form, index)
        else:
            target = page_address(session.ref, index)
    return with_cookie(redirect(target, 303), session)


@blueprint.get("/a/<ref>/<int:number>")
@open_to_all(THE_SESSION)
@while_open
def show_page(ref: str, task: Task, number: int) -> AnyResponse:
    if returning.has_declined(connection(), task):
        return _declined_page(task, way_back=url_for("respond.resume", ref=ref))
    form, _ = filling.load(connection(), task, locale())
    if number - 1 not in form.pages():
        raise Refusal("not_found")
    return _show(form, number - 1, action=request.path, with_errors="check" in request.args)


@blueprint.post("/a/<ref>/<int:number>")
@open_to_all(THE_SESSION)
@while_open
def take_page(ref: str, task: Task, number: int) -> AnyResponse:
    """Save this page, then go where the button says; the last page hands in."""
    page_photos.expect()
    try:
        with transaction() as open_connection:
            form, _ = filling.load(open_connection, task, locale())
            index = number - 1
            if index not in form.pages() and not filling.is_outdated(form, request.form):
                raise Refusal("not_found")
            target = _take(open_connection, ref, form, index)
    except drafts.HandedIn:
        # The same button pressed twice: the browser shows the later answer, which must be the receipt too.
        target = url_for("respond.done", ref=ref)
    return redirect(target, 303)


@blueprint.post("/a/<ref>/<int:number>/draft")
@open_to_all(THE_SESSION)
def autosave(ref: str, number: int) -> Response:
    """Save a page without moving: what the page's script does while people think."""
    task = task_of_session(ref)
    if task.standing(services().clock.now()) != "started":
        raise Refusal("link_finished")
    with transaction() as open_connection:
        form, _ = filling.load(open_connection, task, locale())
        if number - 1 not in form.pages() and not filling.is_outdated(form, request.form):
            raise Refusal("not_found")
        filling.take_page(open_connection, form, number - 1, request.form, {})
    return Response(status=204)


@blueprint.get("/a/<ref>/done")
@open_to_all(THE_SESSION)
def done(ref: str) -> AnyResponse:
    task = task_of_session(ref)
    received_at = responding.received_at(connection(), task)
    if received_at is None:
        return redirect(url_for("respond.show_page", ref=ref, number=1), 303)
    form, _ = filling.load(connection(), responding.as_answered(connection(), task), locale())
    named = uploads.named_photos(connection(), task.wave_id, task.submission_id)
    return render_respondent(
        "respond/thanks.html" if task.kind == "invitation" else "visit/receipt.html",
        task,
        received_at=received_at,
        completed_text=_completed_text(replace(form, answers=responding.handed_in(connection(), task))),
        photos=filling.titled(form, named),
    )


@blueprint.route("/a/<ref>/decline", methods=["GET", "POST"])
@open_to_all(THE_SESSION)
def decline_session(ref: str) -> AnyResponse:
    return _decline(task_of_session(ref), way_back=url_for("respond.resume", ref=ref))


@blueprint.post("/a/<ref>/resume")
@open_to_all(THE_SESSION)
@while_open
def resume(_ref: str, task: Task) -> AnyResponse:
    """Somebody who declined wants to answer after all, which is redeeming the link once more."""
    with transaction() as open_connection:
        return enter(open_connection, task)


@blueprint.route("/r/<token>/decline", methods=["GET", "POST"])
@open_to_all(THE_LINK)
def decline_link(token: str) -> AnyResponse:
    """GET asks, POST stops: a preview robot must not unsubscribe anybody."""
    task = _task_of_link("r", token)
    if isinstance(task, Response):
        return task
    return _decline(task, way_back=url_for("respond.redeem_link", door="r", token=token))


def _decline(task: Task, *, way_back: str) -> AnyResponse:
    if task.kind != "invitation":
        raise Refusal("not_found")
    if request.method == "GET" and not returning.has_declined(connection(), task):
        return render_respondent("respond/declined.html", task, declined=False, action=request.path)
    if request.method == "POST":
        with transaction() as open_connection:
            returning.decline(open_connection, task, now=services().clock.now())
    return _declined_page(task, way_back=way_back if closed(task) is None else "")


def _declined_page(task: Task, *, way_back: str) -> Response:
    """Args: way_back: where "I want to answer after all" posts to; empty when it is too late."""
    return render_respondent("respond/declined.html", task, declined=True, action=way_back)


def enter(open_connection: Connection, task: Task) -> AnyResponse:
    """Open a session for whoever holds a key, and go on where the answers were left."""
    session = responding.redeem(open_connection, task, locale=locale(), now=services().clock.now())
    _, index = filling.load(open_connection, task, locale())
    return with_cookie(redirect(page_address(session.ref, index), 303), session)


def _task_of_link(door: str, token: str) -> Task | Response:
    task = responding.find_by_token(connection(), token, KINDS[door], now=services().clock.now())
    if task is None:
        return unknown_link()
    settle_language(task)
    return in_front_of(task, token) or closed(task) or task


def unknown_link() -> Response:
    """The same answer for a link that never was, is over, or belongs elsewhere; counted as a guess."""
    given = services()
    try:
        with transaction() as open_connection:
            guessing.count_guess(
                open_connection, guessing.LINKS, visitor_address(), given.keys, given.clock.now()
            )
    except guessing.TooManyGuesses as many:
        response = closed_page("busy", None)
        response.headers["Retry-After"] = str(many.retry_after)
        return response
    return closed_page("unknown", None)


def _show(form: Filling, index: int, *, action: str, with_errors: bool) -> Response:
    """Args: action: where the page posts to."""
    survey = form.task.kind == "invitation"
    if not survey:
        headers.allow_store()
    refused = page_photos.refusals(form, index, request.args.getlist("refused"))
    errors = (*refused, *(form.page_errors(index) if with_errors else ()))
    return render_respondent(
        "respond/page.html" if survey else "visit/page.html",
        form.task,
        status=422 if errors else 200,
        **form.drawn(index, errors),
        action=action,
    )


def _take(open_connection: Connection, ref: str, form: Filling, index: int) -> str:
    """Save the posted page, and hand in or have it signed where that is due; where to send the browser to."""
    arrived = page_photos.take(open_connection, form, index)
    saved = filling.take_page(open_connection, form, index, request.form, arrived.references)
    if filling.is_outdated(form, request.form):
        _, resumed = filling.load(open_connection, form.task, form.locale)
        return page_address(ref, resumed, check=True)
    back = request.form.get("go") == "back"
    if arrived.refused:
        return page_address(ref, index, check=not back, refused=arrived.refused)
    step = filling.step(form, saved, index, request.form)
    if step.index is None:
        return _hand_in(open_connection, ref, form)
    return page_address(ref, step.index, check=step.check, anchor=step.anchor)


def _hand_in(open_connection: Connection, ref: str, form: Filling) -> str:
    """Where to send the browser after handing in, or after what still keeps it from that."""
    if form.task.kind == "assignment":
        # Whoever made a visit signs for it; what is wrong with it is said before.
        return url_for("visit_signing.ask", ref=ref)
    filled, _ = filling.load(open_connection, form.task, form.locale)
    outcome = filling.hand_in(open_connection, filled)
    if isinstance(outcome, tuple):
        return page_address(ref, filling.page_of(filled, outcome), check=True)
    # Also after a conflict: somebody with the same link was faster, and theirs is the answer that counts.
    return url_for("respond.done", ref=ref)


def _completed_text(form: Filling) -> str:
    ask = form.ask
    # Whoever handed in has left blank what is blank: nothing is given in advance any more.
    checked = check(form.shelved.form, form.answers, variables=ask.variables, today=ask.today)
    closing = closing_text(form.shelved.form, checked, today=ask.today)
    return closing.in_locale(locale()) if closing else ""
