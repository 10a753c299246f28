"""The respondent's path: a link from an SMS, a few pages, thanks. Shoppers' visits take it too.

`/r/<token>` is a customer's link, `/v/<token>` a visit's. GET shows the first page and writes nothing; the
first POST redeems and goes on at `/a/<ref>/…`, an address without the token, kept by a cookie of that path.
Everything works without JavaScript.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork import responding
from server.fieldwork.responding import Kind, Session, Task
from server.http import headers
from server.http.access import open_to_all
from server.http.locale import locale, use_locale
from server.intake import uploads
from server.services import services
from server.web import filling
from server.web.filling import Filling
from server.web.presenting import render_respondent

THE_LINK = "the link itself is the key"
THE_SESSION = "the cookie that redeeming the link set is the key"
COOKIE = "answer"
COOKIE_LIFETIME = timedelta(days=30)
KINDS: dict[str, Kind] = {"r": "invitation", "v": "assignment"}
STATUS = {"finished": 410, "expired": 410, "closed": 410, "early": 403, "unknown": 404}

blueprint = Blueprint("respond", __name__)


@blueprint.get("/<any(r, v):door>/<token>")
@open_to_all(THE_LINK)
def open_link(door: str, token: str) -> AnyResponse:
    """The first page of a fresh link, or Continue for one that was started. Writes nothing."""
    task = _task_of_link(door, token)
    if isinstance(task, Response):
        return task
    if task.started_at is not None:
        return render_respondent("respond/continue.html", task, action=request.path)
    form, index = filling.load(connection(), task, locale())
    return _show(form, index, action=request.path, with_errors=False)


@blueprint.post("/<any(r, v):door>/<token>")
@open_to_all(THE_LINK)
def redeem_link(door: str, token: str) -> AnyResponse:
    """Redeem the link with the first page's answers in hand, and leave the token behind."""
    task = _task_of_link(door, token)
    if isinstance(task, Response):
        return task
    with transaction() as open_connection:
        session = responding.redeem(open_connection, task, locale=locale(), now=services().clock.now())
        form, index = filling.load(open_connection, task, locale())
        # "Continue" on another device posts no page; only a fresh link's first page carries answers.
        step = _step(open_connection, form, index) if "page" in request.form else index
        target = _settle(open_connection, session.ref, form, index, step)
    return _with_cookie(redirect(target, 303), session)


@blueprint.get("/a/<ref>/<int:number>")
@open_to_all(THE_SESSION)
def show_page(ref: str, number: int) -> AnyResponse:
    task = _task_of_session(ref)
    closed = _over(ref, task)
    if closed is not None:
        return closed
    form, _ = filling.load(connection(), task, locale())
    if number - 1 not in form.pages():
        raise Refusal("not_found")
    return _show(form, number - 1, action=request.path, with_errors="check" in request.args)


@blueprint.post("/a/<ref>/<int:number>")
@open_to_all(THE_SESSION)
def take_page(ref: str, number: int) -> AnyResponse:
    """Save this page, then go where the button says; the last page hands in."""
    task = _task_of_session(ref)
    closed = _over(ref, task)
    if closed is not None:
        return closed
    try:
        with transaction() as open_connection:
            form, _ = filling.load(open_connection, task, locale())
            index = number - 1
            if index not in form.pages():
                raise Refusal("not_found")
            step = _step(open_connection, form, index)
            target = _settle(open_connection, ref, form, index, step)
    except responding.HandedIn:
        # The same button pressed twice: the browser shows the later answer, which must be the receipt too.
        target = url_for("respond.done", ref=ref)
    return redirect(target, 303)


@blueprint.post("/a/<ref>/<int:number>/draft")
@open_to_all(THE_SESSION)
def autosave(ref: str, number: int) -> Response:
    """Save a page without moving: what the page's script does while people think."""
    task = _task_of_session(ref)
    if task.standing(services().clock.now()) != "started":
        raise Refusal("link_finished")
    with transaction() as open_connection:
        form, _ = filling.load(open_connection, task, locale())
        if number - 1 not in form.pages():
            raise Refusal("not_found")
        filling.take_page(open_connection, form, number - 1, request.form, {})
    return Response(status=204)


@blueprint.get("/a/<ref>/done")
@open_to_all(THE_SESSION)
def done(ref: str) -> AnyResponse:
    task = _task_of_session(ref)
    received_at = responding.received_at(connection(), task)
    if received_at is None:
        return redirect(url_for("respond.show_page", ref=ref, number=1), 303)
    form, _ = filling.load(connection(), task, locale())
    named = uploads.named_photos(connection(), task.wave_id, task.submission_id)
    return render_respondent(
        "respond/thanks.html" if task.kind == "invitation" else "visit/receipt.html",
        task,
        received_at=received_at,
        completed_text=_completed_text(form),
        photos=filling.titled(form, named),
    )


@blueprint.route("/a/<ref>/decline", methods=["GET", "POST"])
@open_to_all(THE_SESSION)
def decline_session(ref: str) -> AnyResponse:
    return _decline(_task_of_session(ref))


@blueprint.route("/r/<token>/decline", methods=["GET", "POST"])
@open_to_all(THE_LINK)
def decline_link(token: str) -> AnyResponse:
    """GET asks, POST stops: a preview robot must not unsubscribe anybody."""
    task = _task_of_link("r", token)
    return task if isinstance(task, Response) else _decline(task)


def _decline(task: Task) -> AnyResponse:
    if task.kind != "invitation":
        raise Refusal("not_found")
    if request.method == "GET":
        return render_respondent("respond/declined.html", task, declined=False, action=request.path)
    with transaction() as open_connection:
        responding.decline(open_connection, task, now=services().clock.now())
    return render_respondent("respond/declined.html", task, declined=True, action="")


def task_of_session(ref: str) -> Task:
    """The task behind the address and its cookie, for routes that hang below it.

    Raises:
        Refusal: not_found.
    """
    secret = request.cookies.get(COOKIE, "")
    found = responding.find_by_session(connection(), ref, secret, now=services().clock.now())
    if found is None:
        raise Refusal("not_found")
    task, session_locale = found
    if "lang" not in request.args:
        use_locale(session_locale)
    elif request.method == "POST":
        responding.change_language(connection(), ref, locale())
    return task


_task_of_session = task_of_session


def _task_of_link(door: str, token: str) -> Task | Response:
    task = responding.find_by_token(connection(), token, KINDS[door])
    if task is None:
        return _closed_page("unknown", None)
    if "lang" not in request.args and not request.cookies.get("lang"):
        use_locale(task.locale)
    return _closed(task) or task


def _closed(task: Task) -> Response | None:
    standing = task.standing(services().clock.now())
    return None if standing in {"open", "started"} else _closed_page(standing, task)


def _over(ref: str, task: Task) -> AnyResponse | None:
    """Whoever handed in by this session sees the receipt; everybody else why nothing can be answered."""
    finished = task.standing(services().clock.now()) == "finished"
    return redirect(url_for("respond.done", ref=ref), 303) if finished else _closed(task)


def _closed_page(reason: str, task: Task | None) -> Response:
    return render_respondent("respond/closed.html", task, status=STATUS[reason], reason=reason)


def _show(form: Filling, index: int, *, action: str, with_errors: bool) -> Response:
    """Args: action: where the page posts to; `?lang=` travels along until a POST stores it."""
    survey = form.task.kind == "invitation"
    if not survey:
        headers.allow_store()
    language = f"?lang={locale()}" if "lang" in request.args else ""
    return render_respondent(
        "respond/page.html" if survey else "visit/page.html",
        form.task,
        status=422 if with_errors and form.page_errors(index) else 200,
        view=form.page_view(index, with_errors=with_errors),
        pages=form.pages(),
        action=action + language,
    )


def _step(open_connection: Any, form: Filling, index: int) -> int | None:
    """Save the posted page; the page to go to next, or None when everything is to be handed in."""
    saved = filling.take_page(
        open_connection, form, index, request.form, _plain_uploads(open_connection, form)
    )
    pages = saved.pages()
    if request.form.get("go") == "back":
        return max((page for page in pages if page < index), default=index)
    if saved.page_errors(index) or filling.shows_more(form, saved, index):
        return index
    return min((page for page in pages if page > index), default=None)


def _settle(open_connection: Any, ref: str, form: Filling, index: int, step: int | None) -> str:
    """Where to send the browser, after handing in where that is due."""
    if step is not None:
        stayed = step == index and "page" in request.form
        return url_for("respond.show_page", ref=ref, number=step + 1, check=1 if stayed else None)
    filled, _ = filling.load(open_connection, form.task, form.locale)
    outcome = filling.hand_in(open_connection, filled)
    if isinstance(outcome, tuple):
        page = filling.page_of(filled, outcome)
        return url_for("respond.show_page", ref=ref, number=page + 1, check=1)
    # Also after a conflict: somebody with the same link was faster, and theirs is the answer that counts.
    return url_for("respond.done", ref=ref)


def _plain_uploads(open_connection: Any, form: Filling) -> Mapping[str, list[Any]]:
    """Photos that came inside the form, from a browser without JavaScript."""
    if form.task.kind != "assignment":
        return {}
    found: dict[str, list[Any]] = {}
    for field, file in request.files.items(multi=True):
        question = field.removesuffix("-file")
        data = file.read(uploads.LARGEST_PHOTO + 1)
        if not data or question not in form.shelved.form.questions:
            continue
        place = uploads.Place(form.task.submission_id, form.task.wave_id, question)
        reference = uploads.accept(
            open_connection, services().store, place, data, file.mimetype, now=services().clock.now()
        )
        found.setdefault(question, []).append(reference)
    return found


def _completed_text(form: Filling) -> str:
    completed = form.shelved.form.completed
    return completed.in_locale(locale()) if completed else ""


def _with_cookie(response: AnyResponse, session: Session) -> AnyResponse:
    response.set_cookie(
        COOKIE,
        session.secret,
        path=f"/a/{session.ref}",
        max_age=int(COOKIE_LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=services().settings.secure,
    )
    return response
