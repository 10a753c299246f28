"""Who is asking: a phone by its cookie, or a prepared visit by its key."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from flask import Response, redirect, request, url_for
from marshmallow import Schema
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork import responding
from server.fieldwork.responding import Task
from server.fieldwork.visiting.devices import LIFETIME, Holder, find_device
from server.http.access import open_to_all
from server.http.problems import json_response
from server.services import services
from server.web.bodies import loaded

THE_DEVICE: Final = open_to_all(
    "the cookie that signing in set is the key; other pages cannot send JSON here"
)
THE_VISIT: Final = open_to_all("the key that preparing the visit gave out stands in a header")
NOBODY: Final = open_to_all("nothing in it is anybody's")
COOKIE: Final = "phone"
SCHEME: Final = "visit"
# A captive portal answers everything with 200 and a page of its own: what lacks this was never here.
MARK: Final = {"X-Phone": "1"}
LARGEST_BODY: Final = 4 * 1024 * 1024


def holder() -> Holder:
    """Who is signed in on the phone.

    Raises:
        Refusal: not_signed_in.
    """
    secret, now = request.cookies.get(COOKIE, ""), services().clock.now()
    with transaction() as open_connection:
        found = find_device(open_connection, secret, now=now) if secret else None
    if found is None:
        raise Refusal("not_signed_in")
    return found


def or_home(show: Callable[..., Response]) -> Callable[..., AnyResponse]:
    """A page for the holder of the phone, whose id it is given; nobody's phone is sent to the list."""

    @wraps(show)
    def shown(**named: UUID) -> AnyResponse:
        try:
            who = holder()
        except Refusal:
            return redirect(url_for("phone.home"), 303)
        return show(who.person_id, **named)

    return shown


def visit_of_key(ref: str) -> Task:
    """The visit of the address, for whoever has its key.

    Raises:
        Refusal: not_found.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    found = None
    if scheme.lower() == SCHEME:
        found = responding.find_by_session(connection(), ref, secret.strip(), now=services().clock.now())
    if found is None or found[0].kind != "assignment":
        raise Refusal("not_found")
    return found[0]


def told(schema: Schema) -> dict[str, Any]:
    """The JSON body of the request.

    Raises:
        Refusal: wrong_content_type, which is what a foreign page's form has, or invalid_fields.
    """
    request.max_content_length = LARGEST_BODY
    if request.mimetype != "application/json":
        raise Refusal("wrong_content_type")
    return loaded(schema)


def answer(body: Any, status: int = 200) -> Response:
    """JSON for the app."""
    return json_response(body, status)


def done() -> Response:
    """That was all."""
    return answer({}, 200)


def remember(response: Response, secret: str) -> Response:
    """Keep the phone signed in. Nobody else's page sends this cookie, and no script reads it."""
    response.set_cookie(
        COOKIE,
        secret,
        path="/t",
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=services().settings.secure,
    )
    return response


def forget(response: Response) -> Response:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/t", httponly=True, samesite="Strict")
    return response
