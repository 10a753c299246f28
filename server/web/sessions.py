"""Who answers at `/a/<ref>/…`, in which language; what is shown where nothing can be answered any more."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import Final

from flask import Response, after_this_request, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork import responding, returning
from server.fieldwork.responding import Session, Task
from server.http.locale import LOCALES, locale, use_locale
from server.services import services
from server.web.presenting import render_respondent

THE_SESSION: Final = "the cookie that redeeming the link set is the key"
COOKIE: Final = "answer"
LANGUAGE: Final = "lang"
COOKIE_LIFETIME: Final = timedelta(days=30)
STATUS: Final = {"finished": 410, "expired": 410, "closed": 410, "early": 403, "unknown": 404, "busy": 429}


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
    if not _asks_for_language():
        use_locale(session_locale)
    elif session_locale != locale():
        with transaction() as open_connection:
            responding.change_language(open_connection, ref, locale())
    return task


def settle_language(task: Task) -> None:
    """What the address asks for is kept: by the browser while the link is fresh, since looking at one writes
    nothing, and with the draft afterwards, for whatever device comes back.
    """
    chosen = returning.chosen_language(connection(), task) if task.started_at else None
    if not _asks_for_language():
        if chosen or LANGUAGE not in request.cookies:
            use_locale(chosen or task.locale)
    elif chosen is None:
        after_this_request(_with_language_cookie)
    elif chosen != locale():
        with transaction() as open_connection:
            returning.choose_language(open_connection, task, locale())


def _asks_for_language() -> bool:
    return request.args.get(LANGUAGE) in LOCALES


def with_language(address: str) -> str:
    """For a browser that keeps no cookies the choice travels along until a POST stores it."""
    return f"{address}?{LANGUAGE}={locale()}" if _asks_for_language() else address


def closed(task: Task) -> Response | None:
    """Why nothing can be answered, as a page."""
    standing = task.standing(services().clock.now())
    return None if standing in {"open", "started"} else closed_page(standing, task)


def _over(ref: str, task: Task) -> AnyResponse | None:
    """Whoever handed in by this session sees the receipt; everybody else why nothing can be answered."""
    finished = task.standing(services().clock.now()) == "finished"
    return redirect(url_for("respond.done", ref=ref), 303) if finished else closed(task)


def while_open(view: Callable[..., AnyResponse]) -> Callable[..., AnyResponse]:
    """A view of a task that can be answered, which it is given beside `ref`; else what there is instead."""

    @wraps(view)
    def answered(ref: str, **named: object) -> AnyResponse:
        task = task_of_session(ref)
        return _over(ref, task) or view(ref, task, **named)

    return answered


def closed_page(reason: str, task: Task | None) -> Response:
    return render_respondent("respond/closed.html", task, status=STATUS[reason], reason=reason)


def page_address(
    ref: str, index: int, *, check: bool = False, refused: Sequence[str] = (), anchor: str = ""
) -> str:
    """Args: check: whether the page shows what is wrong with it; refused: see `page_photos`."""
    asked, place = "1" if check else None, anchor or None
    return url_for(
        "respond.show_page", ref=ref, number=index + 1, check=asked, refused=list(refused), _anchor=place
    )


def with_cookie(response: AnyResponse, session: Session) -> AnyResponse:
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


def _with_language_cookie(response: AnyResponse) -> AnyResponse:
    """The language of one link, for as long as it can be open; no other address is told."""
    response.set_cookie(
        LANGUAGE,
        locale(),
        path=request.path.removesuffix("/decline"),
        max_age=int(COOKIE_LIFETIME.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=services().settings.secure,
    )
    return response
