"""Signing in and out, and choosing the language."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.accounts import sessions
from server.db import connection, db, transaction
from server.errors import Refusal
from server.http.access import cookie_name, identity, identity_or_none, open_to_all, requires
from server.http.locale import LOCALES
from server.http.visitor import visitor_address
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("sign_in", __name__)

LANGUAGE_SECONDS = 365 * 24 * 3600


@blueprint.get("/sign-in")
@open_to_all("everybody may try to sign in")
def form() -> Response:
    if identity_or_none() is not None:
        return redirect(url_for("console.today.show"))
    return page("console/sign_in.html", login="", error=None, next=_next())


@blueprint.post("/sign-in")
@open_to_all("everybody may try to sign in; limits count the attempts")
def submit() -> Response:
    login, now = request.form.get("login", ""), services().clock.now()
    try:
        signed_in = sessions.sign_in(
            connection(),
            login,
            request.form.get("password", ""),
            address=visitor_address(),
            now=now,
        )
    except Refusal as refusal:
        db.session.commit()  # the failed attempt counts
        return page("console/sign_in.html", status=refusal.status, login=login, error=refusal, next=_next())
    db.session.commit()
    response = redirect(_next(), 303)
    response.set_cookie(
        cookie_name("staff"),
        signed_in.secret,
        max_age=int(sessions.SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=services().settings.secure,
    )
    return response


@blueprint.post("/sign-out")
@requires("console.enter")
def sign_out() -> Response:
    who = identity()
    if who.session_id is not None:
        with transaction() as open_connection:
            sessions.sign_out(open_connection, who.session_id)
    response = redirect(url_for("console.sign_in.form"), 303)
    response.delete_cookie(cookie_name("staff"), secure=services().settings.secure, httponly=True)
    return response


@blueprint.get("/language/<chosen>")
@open_to_all("a reader's choice of language, kept in the reader's own browser")
def language(chosen: str) -> Response:
    if chosen not in LOCALES:
        raise Refusal("not_found")
    response = redirect(_next())
    response.set_cookie("lang", chosen, max_age=LANGUAGE_SECONDS, samesite="Lax")
    return response


def _next() -> str:
    """Where to go on: an address of ours only, or the link becomes somebody's redirect service."""
    asked = request.values.get("next", "")
    # Browsers drop tabs and line ends from an address: "/\t/evil.example" would leave this site.
    own = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if own else url_for("console.today.show")
