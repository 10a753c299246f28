"""One's own account: language, password, deputies; and the link by which a password is set at first."""

from datetime import datetime
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, db, transaction
from server.errors import Detail, Refusal
from server.fieldwork.outreach import alerts, wishes
from server.fieldwork.people import deputies, own, set_up
from server.fieldwork.people.managing import Managed, own_person
from server.http.access import identity, open_to_all, requires
from server.http.locale import LOCALES, use_locale
from server.http.visitor import visitor_address
from server.services import services
from server.web.console.people_acts import read_deputy
from server.web.console.sign_in import LANGUAGE_SECONDS
from server.web.presenting import page

blueprint = Blueprint("account", __name__)

THE_LINK = "the link from the SMS is the key, works once, and its failures are counted"


@blueprint.get("/console/account")
@requires("console.enter")
def show() -> Response:
    return _page()


@blueprint.post("/console/account/language")
@requires("console.enter")
def language() -> Response:
    chosen = request.form.get("locale", "")
    if chosen not in LOCALES:
        return _page(Refusal("invalid_fields", details=[Detail("field_invalid", "/locale")]))
    with transaction() as open_connection:
        own.choose_language(open_connection, _own_id(), chosen)
    response = _to("language")
    response.set_cookie("lang", chosen, max_age=LANGUAGE_SECONDS, samesite="Lax")
    return response


@blueprint.post("/console/account/password")
@requires("console.enter")
def password() -> Response:
    typed = (*(request.form.get(name, "") for name in ("current", "password", "again")),)
    who, now = identity(), _now()
    try:
        own.change_password(
            connection(), _own(), (typed[0], typed[1], typed[2]), session_id=who.session_id, now=now
        )
    except Refusal as refusal:
        db.session.commit()  # the failed attempt counts
        return _page(refusal)
    db.session.commit()
    return _to("password")


@blueprint.post("/console/account/alerts")
@requires("console.enter")
def choose_alerts() -> Response:
    try:
        with transaction() as open_connection:
            address = request.form.get("email", "").strip()
            wanted = frozenset(request.form.getlist("alert"))
            wishes.choose(
                open_connection,
                wishes.Choice(_own().id, _own_id(), address, wanted),
                services().keys,
                now=_now(),
            )
    except Refusal as refusal:
        return _page(refusal)
    return _to("alerts")


@blueprint.post("/console/account/deputies")
@requires("console.enter")
def add_deputy() -> Response:
    try:
        wanted = read_deputy()
        with transaction() as open_connection:
            deputies.add_deputy(open_connection, _own(), wanted, by=_actor(), now=_now())
    except Refusal as refusal:
        return _page(refusal)
    return _to("deputy")


@blueprint.post("/console/account/deputies/<uuid:deputy_id>/end")
@requires("console.enter")
def end_deputy(deputy_id: UUID) -> Response:
    with transaction() as open_connection:
        deputies.end_deputy(open_connection, _own(), deputy_id, by=_actor(), now=_now())
    return _to("deputy")


@blueprint.get("/console/set-up/<token>")
@open_to_all(THE_LINK)
def set_up_form(token: str) -> Response:
    """Writes nothing: phones look at links before people do."""
    return _set_up_page(token)


@blueprint.post("/console/set-up/<token>")
@open_to_all(THE_LINK)
def set_up_password(token: str) -> Response:
    typed = (request.form.get("password", ""), request.form.get("again", ""))
    try:
        set_up.use_link(connection(), token, typed, address=visitor_address(), now=_now())
    except Refusal as refusal:
        db.session.commit()  # the failed attempt counts
        if refusal.code != "invalid_fields":
            raise
        return _set_up_page(token, refusal)
    db.session.commit()
    return page("console/set_up.html", link=None, is_set=True, action="", errors={})


def _set_up_page(token: str, refusal: Refusal | None = None) -> Response:
    link = set_up.find_link(connection(), token, now=_now())
    if link is not None:
        use_locale(request.args.get("lang") or link.locale)
    return page(
        "console/set_up.html",
        status=410 if link is None else 200 if refusal is None else refusal.status,
        link=link,
        is_set=False,
        action=request.path,
        errors=_errors(refusal),
    )


def _page(refusal: Refusal | None = None) -> Response:
    if refusal is not None and refusal.code not in {"invalid_fields", "too_many_attempts"}:
        raise refusal
    return page(
        "console/account.html",
        status=200 if refusal is None else refusal.status,
        person=_own(),
        deputies=deputies.deputies_around(connection(), _own_id()),
        email=wishes.address_of(connection(), person_id=_own().id, keys=services().keys),
        wishes=wishes.wishes_of(connection(), account_id=_own_id()),
        alert_kinds=tuple(alerts.KINDS),
        alert_channels=wishes.CHANNELS,
        refusal=refusal,
        errors=_errors(refusal),
        values=request.form,
        done=request.args.get("done", ""),
        now=_now(),
    )


def _errors(refusal: Refusal | None) -> dict[str, Detail]:
    return {each.pointer.removeprefix("/"): each for each in (refusal.details if refusal else ())}


def _own() -> Managed:
    return own_person(connection(), _own_id(), now=_now())


def _own_id() -> UUID:
    account_id = identity().account_id
    if account_id is None:
        raise Refusal("forbidden")
    return account_id


def _actor() -> str:
    """Oneself, whatever one may do as somebody's deputy."""
    return f"account:{_own_id()}"


def _to(done: str) -> Response:
    return redirect(url_for("console.account.show", done=done), 303)


def _now() -> datetime:
    return services().clock.now()
