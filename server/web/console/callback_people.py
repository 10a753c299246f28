"""Who or what it was: confirming what an agent proposes, disputing what was confirmed, deciding disputes."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.followup.callbacks import attributing, reading
from server.followup.callbacks.about_people import attributed
from server.followup.callbacks.attributing import Said
from server.http.access import identity, requires
from server.services import services
from server.web.console.callbacks import agent, by_field, refused_page, said, take_step
from server.web.presenting import page

blueprint = Blueprint("callback_people", __name__)


@blueprint.get("/console/callbacks/waiting")
@requires("callbacks.confirm")
def waiting() -> Response:
    scope = identity().scope
    return page(
        "console/callback_waiting.html",
        confirm=reading.awaiting(connection(), scope, "confirm"),
        decide=reading.awaiting(connection(), scope, "decide"),
        own=agent().account_id,
        now=services().clock.now(),
    )


@blueprint.post("/console/callbacks/<uuid:case_id>/confirm")
@requires("callbacks.confirm")
def confirm(case_id: UUID) -> Response:
    return take_step(case_id, Said("confirmed"), _back)


@blueprint.post("/console/callbacks/<uuid:case_id>/change")
@requires("callbacks.confirm")
def change(case_id: UUID) -> Response:
    return take_step(case_id, said("changed"), _back)


@blueprint.post("/console/callbacks/<uuid:case_id>/decide")
@requires("callbacks.confirm")
def decide(case_id: UUID) -> Response:
    verdict = request.form.get("verdict", "")
    if verdict not in ("upheld", "dismissed"):
        missing = Refusal("invalid_fields", details=[Detail("outcome_missing", "/verdict")])
        return refused_page(case_id, missing)
    return take_step(case_id, said(verdict), _back)


@blueprint.get("/console/callbacks/people")
@requires("callbacks.dispute")
def people() -> Response:
    return _people_page()


@blueprint.post("/console/callbacks/<uuid:case_id>/dispute")
@requires("callbacks.dispute")
def dispute(case_id: UUID) -> Response:
    now = services().clock.now()
    try:
        with transaction() as open_connection:
            attributing.take_step(
                open_connection, case_id, said("disputed"), agent(), identity().scope, now=now
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _people_page(refusal.details, disputed=case_id, status=refusal.status)
    return redirect(url_for("console.callback_people.people"), 303)


def _people_page(
    notices: tuple[Detail, ...] = (), *, disputed: UUID | None = None, status: int = 200
) -> Response:
    """`disputed` is the case whose dispute was refused."""
    now = services().clock.now()
    return page(
        "console/callback_people.html",
        status=status,
        rows=attributed(connection(), identity().scope, now),
        notices=notices,
        errors=by_field(notices),
        disputed=disputed,
        typed=request.form,
        now=now,
    )


def _back(_case_id: UUID) -> Response:
    return redirect(url_for("console.callback_people.waiting"), 303)
