"""Every route names a permission or says why it needs none; nothing else gets through.

Staff come with a session cookie and, for anything that changes something, a CSRF token. Systems come with
`Authorization: Bearer` and only to `/api/`. A route without a mark is refused, and a test finds it.
"""

import hmac
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, current_app, g, request

from server.accounts.identity import Identity
from server.accounts.permissions import PERMISSIONS
from server.accounts.register import find_api_key
from server.accounts.sessions import csrf_token, find_session
from server.db import connection
from server.errors import Refusal
from server.services import services

View = TypeVar("View", bound=Callable[..., Any])

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/"


def requires(permission: str) -> Callable[[View], View]:
    """Mark a view as needing a permission."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined] # functions take attributes, mypy's do not
        return view

    return mark


def open_to_all(reason: str) -> Callable[[View], View]:
    """Mark a view as reachable by anybody, and say why that is right."""

    def mark(view: View) -> View:
        view.open_because = reason  # type: ignore[attr-defined] # as above
        return view

    return mark


def install(app: Flask) -> None:
    # The redirect to an address with single slashes is built on the Host header, which anybody may choose.
    app.url_map.merge_slashes = False
    app.before_request(_check)


def identity() -> Identity:
    """Who is signed in.

    Raises:
        Refusal: not_signed_in.
    """
    found = identity_or_none()
    if found is None:
        raise Refusal("bad_api_key" if request.path.startswith(API) else "not_signed_in")
    return found


def identity_or_none() -> Identity | None:
    if "identity" not in g:
        g.identity = _identify()
    return cast("Identity | None", g.identity)


def cookie_name(name: str) -> str:
    """Over https the `__Host-` prefix keeps a sister domain from planting a cookie."""
    return f"__Host-{name}" if services().settings.secure else name


def form_token() -> str:
    """The CSRF token for forms of the current session; empty when nobody is signed in."""
    who = identity_or_none()
    if who is None or who.session_id is None:
        return ""
    return csrf_token(services().settings.secret_key.reveal(), who.session_id)


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static" or hasattr(view, "open_because"):
        return
    permission = getattr(view, "permission", None)
    who = identity()
    if permission is None or not who.may(permission):
        raise Refusal("forbidden")
    g.identity = who = who.for_permission(permission)
    if request.method not in SAFE_METHODS and who.session_id is not None:
        _check_csrf()


def _check_csrf() -> None:
    sent = request.form.get("csrf") or request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(sent.encode(), form_token().encode()):
        raise Refusal("csrf_failed")


def _identify() -> Identity | None:
    now = services().clock.now()
    if request.path.startswith(API):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        return find_api_key(connection(), secret.strip(), now=now) if scheme.lower() == "bearer" else None
    secret = request.cookies.get(cookie_name("staff"), "")
    return find_session(connection(), secret, now=now) if secret else None
