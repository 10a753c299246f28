"""Every error as an RFC 9457 problem, or as a page where a person reads it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Flask, Response, g, redirect, request
from sqlalchemy.exc import DataError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Response as BaseResponse

from server import catalogue, wire
from server.db import db
from server.errors import STATUSES, Detail, Refusal
from server.http.locale import locale
from server.storage.protocol import StoreUnavailable

# What Werkzeug raises by itself, under our stable codes.
HTTP_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "wrong_content_type",
}
RETRY_AFTER_SECONDS = "5"
SIGN_IN = "/sign-in"

log = structlog.get_logger()
ErrorPage = Callable[[Refusal], str]


def install(app: Flask, page: ErrorPage) -> None:
    """Args: page: renders a refusal for people, wherever the answer is not JSON."""

    def handler(translate: Callable[[Any], Refusal]) -> Callable[[Exception], BaseResponse]:
        def handle(error: Exception) -> BaseResponse:
            refusal = translate(error)
            db.session.rollback()
            if refusal.code == "not_signed_in" and _is_page_load():
                return redirect(f"{SIGN_IN}?{urlencode({'next': request.full_path.rstrip('?')})}")
            response = problem(refusal) if wants_json() else _page(page, refusal)
            if response.status_code == STATUSES["database_unavailable"]:
                response.headers["Retry-After"] = RETRY_AFTER_SECONDS
            if isinstance(error, MethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
            return response

        return handle

    for kind, translate in REFUSALS.items():
        app.register_error_handler(kind, handler(translate))


def _unreadable(error: wire.Unreadable) -> Refusal:
    return Refusal("unreadable_body", details=[Detail(error.code, error.pointer, error.params)])


def _http(error: HTTPException) -> Refusal:
    status = error.code or 500
    return Refusal(HTTP_CODES.get(status, "internal" if status >= 500 else "bad_request"))


def _unstorable(error: DataError) -> Refusal:
    """Text or a number that PostgreSQL cannot hold, such as NUL in an address or a field."""
    log.warning("data_refused", error=type(error.orig).__name__)
    return Refusal("bad_request")


def _database(error: Exception) -> Refusal:
    log.error("database_unavailable", error=type(error).__name__)
    return Refusal("database_unavailable")


def _store(error: StoreUnavailable) -> Refusal:
    log.error("store_unavailable", error=str(error))
    return Refusal("store_unavailable")


def _unexpected(error: Exception) -> Refusal:
    log.exception("unexpected", error=type(error).__name__)
    return Refusal("internal")


# What is raised -> what is answered; the nearest class counts.
REFUSALS: dict[type[Exception], Callable[[Any], Refusal]] = {
    Refusal: lambda refusal: refusal,
    wire.Unreadable: _unreadable,
    HTTPException: _http,
    DataError: _unstorable,
    OperationalError: _database,
    InterfaceError: _database,
    NoConnectionLeft: _database,
    StoreUnavailable: _store,
    Exception: _unexpected,
}


def _page(page: ErrorPage, refusal: Refusal) -> Response:
    try:
        html = page(refusal)
    except SQLAlchemyError:
        # A page says who is signed in, and the database may be away while a mere 404 is answered.
        refusal = Refusal("database_unavailable")
        html = page(refusal)
    return Response(html, status=refusal.status, mimetype="text/html")


def _is_page_load() -> bool:
    """Whether a browser asks for a page to show; a script's request wants to hear that it was refused."""
    navigates = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    wants_page = any(media_type == "text/html" for media_type, _ in request.accept_mimetypes)
    return request.method in {"GET", "HEAD"} and navigates and wants_page


def wants_json() -> bool:
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", "application/problem+json"])
    return best in {"application/json", "application/problem+json"}


def problem(refusal: Refusal) -> Response:
    """The refusal as `application/problem+json`."""
    return json_response(problem_body(refusal), refusal.status, "application/problem+json")


def problem_body(refusal: Refusal) -> dict[str, Any]:
    """`type`, `title`, `status`, `code`, the request's id, and `errors` with a pointer each."""
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": catalogue.sentence(refusal.code, locale(), **refusal.params),
        "status": refusal.status,
        "code": refusal.code,
        "request_id": g.get("request_id"),
    }
    if refusal.details:
        body["errors"] = [detail_body(detail) for detail in refusal.details]
    return body


def detail_body(detail: Detail) -> dict[str, Any]:
    """One error of a body, with a sentence in the reader's language."""
    body: dict[str, Any] = {
        "pointer": detail.pointer,
        "code": detail.code,
        "detail": catalogue.sentence(detail.code, locale(), **detail.params),
    }
    if detail.question is not None:
        body["question"] = detail.question
    if detail.row is not None:
        body["row"] = detail.row
    return body


def json_response(body: Any, status: int = 200, mimetype: str = "application/json") -> Response:
    return Response(wire.canonical(body) + b"\n", status=status, mimetype=mimetype)
