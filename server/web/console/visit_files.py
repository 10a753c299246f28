"""One visit: how it stands, what its phone told, and the talk with whoever goes."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Refusal
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.visiting import answering
from server.fieldwork.visiting.threads import LONGEST
from server.fieldwork.visits.moving import OPEN_WAVES
from server.fieldwork.waves import reading
from server.http.access import identity, requires
from server.reports.visit_file import visit_file
from server.services import services
from server.web.console import spot_reading
from server.web.console.visits import ACTS
from server.web.presenting import page

blueprint = Blueprint("visit_files", __name__)


@blueprint.get("/console/waves/<uuid:wave_id>/visits/<uuid:assignment_id>")
@requires("waves.follow")
def show(wave_id: UUID, assignment_id: UUID) -> Response:
    """Opening it reads what came from the phone, for whoever may answer: others only look."""
    shown = visit_page(wave_id, assignment_id)
    who, now = identity(), services().clock.now()
    if answers_for(reading.find_wave(connection(), wave_id, who.scope)):
        with transaction() as open_connection:
            answering.read(open_connection, wave_id, assignment_id, who.within("waves.plan"), now=now)
    return shown


@blueprint.post("/console/waves/<uuid:wave_id>/visits/<uuid:assignment_id>")
@requires("waves.plan")
def say(wave_id: UUID, assignment_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    reply = answering.Reply(wave_id, assignment_id, request.form.get("said", ""), who.actor, now)
    given = services()
    sender = Sender(given.keys, given.settings.public_url)
    try:
        with transaction() as open_connection:
            answering.answer(open_connection, reply, who.scope, sender)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return visit_page(wave_id, assignment_id, refusal)
    return redirect(
        url_for("console.visit_files.show", wave_id=wave_id, assignment_id=assignment_id, _anchor="talk"), 303
    )


def answers_for(wave: AnyRow) -> bool:
    """Whether the reader speaks for the desk."""
    who = identity()
    return who.may("waves.plan") and reading.may_run(connection(), wave, who.within("waves.plan"))


def visit_page(
    wave_id: UUID, assignment_id: UUID, refused: Refusal | None = None, *, told: str = "talk"
) -> Response:
    """The page of a visit. `told` is the part of it, "talk" or "spot", where a refusal is told."""
    scope, now = identity().scope, services().clock.now()
    wave = reading.find_wave(connection(), wave_id, scope)
    found = visit_file(connection(), wave_id, assignment_id, scope, now=now)
    answers = answers_for(wave)
    over = found.row.completed_at is not None or found.row.cancelled_at is not None
    moves = answers and not over and wave.state in OPEN_WAVES
    return page(
        "console/wave_visit.html",
        status=refused.status if refused else 200,
        wave=wave,
        file=found,
        visit=found.row,
        answers=answers,
        is_read=answering.is_read(found.row),
        # More time helps nobody who no longer goes.
        acts=[act for act in ACTS if act != "extend" or not found.row.given_up] if moves else (),
        longest=LONGEST,
        said=request.form.get("said", "") if refused else "",
        error=refused.details[0] if refused and told == "talk" else None,
        spot=spot_reading.spot_of(wave, found.row),
        recordings=spot_reading.recordings_of(wave, found.row),
        notices=refused.details if refused and told == "spot" else (),
        values=request.form,
    )
