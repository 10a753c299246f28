"""A firm's dispatcher: the visits that the firm was given, and which of its people goes."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.visits import dispatching
from server.http.access import identity, requires
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("dispatch", __name__)

PREFIX = "person-"


@blueprint.get("/console/dispatch")
@requires("visits.dispatch")
def index() -> Response:
    return page("console/dispatch.html", rows=dispatching.firm_waves(connection(), identity().scope))


@blueprint.get("/console/dispatch/<uuid:wave_id>/<uuid:firm_id>")
@requires("visits.dispatch")
def share(wave_id: UUID, firm_id: UUID) -> Response:
    return _share_page(wave_id, firm_id, {})


@blueprint.post("/console/dispatch/<uuid:wave_id>/<uuid:firm_id>")
@requires("visits.dispatch")
def send(wave_id: UUID, firm_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    chosen = _chosen()
    try:
        with transaction() as open_connection:
            sending = dispatching.Sending(wave_id, firm_id, chosen, who.actor, now)
            dispatching.send(open_connection, sending, who.scope, services().keys)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _share_page(wave_id, firm_id, chosen, refusal)
    return redirect(url_for("console.dispatch.share", wave_id=wave_id, firm_id=firm_id), 303)


def _share_page(
    wave_id: UUID, firm_id: UUID, chosen: dict[UUID, UUID], refused: Refusal | None = None
) -> Response:
    found = dispatching.firm_share(
        connection(), wave_id, firm_id, identity().scope, services().keys, chosen=chosen
    )
    return page(
        "console/dispatch_share.html",
        status=refused.status if refused else 200,
        share=found,
        chosen={each: str(person_id) for each, person_id in chosen.items()},
        errors={each.pointer.removeprefix("/"): each for each in refused.details} if refused else {},
    )


def _chosen() -> dict[UUID, UUID]:
    """Assignment -> person, of the fields where somebody was chosen."""
    try:
        return {
            UUID(name.removeprefix(PREFIX)): UUID(value)
            for name, value in request.form.items()
            if name.startswith(PREFIX) and value
        }
    except ValueError:
        raise Refusal("bad_request") from None
