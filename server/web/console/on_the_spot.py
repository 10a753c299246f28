"""What the desk does about one visit on the spot: fines, the manager's signature, recordings."""

from collections.abc import Callable
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.outreach.keys import Sender
from server.fieldwork.recordings import requests
from server.fieldwork.recordings.deciding import Window
from server.fieldwork.waves import reading
from server.followup.spot.fines import NewFine, fine_on_the_spot, withdraw_fine
from server.followup.spot.signing import NewSignature, ask_signature
from server.http.access import identity, requires
from server.reports.visit_file import find_visit
from server.services import services
from server.web.console.fields import Fields
from server.web.console.visit_files import answers_for, visit_page

blueprint = Blueprint("on_the_spot", __name__)

AT = "/console/waves/<uuid:wave_id>/visits/<uuid:assignment_id>"


@blueprint.post(f"{AT}/fines")
@requires("waves.plan")
def fine(wave_id: UUID, assignment_id: UUID) -> Response:
    """A fine that was written down on paper, or told by telephone."""
    fields = Fields(request.form)

    def act(open_connection: Connection, _visit: AnyRow) -> None:
        amount = fields.needed_number("amount")
        fields.refuse()
        new = NewFine(
            id=uuid4(),
            assignment_id=assignment_id,
            item=fields.text("item"),
            person=fields.text("person"),
            amount=amount,
            note=fields.text("note"),
            by=identity().actor,
        )
        fine_on_the_spot(open_connection, services().forms, new, now=services().clock.now())

    return _acted(wave_id, assignment_id, act)


@blueprint.post(f"{AT}/fines/<uuid:fine_id>/withdraw")
@requires("waves.plan")
def withdraw(wave_id: UUID, assignment_id: UUID, fine_id: UUID) -> Response:
    reason = request.form.get("reason", "")

    def act(open_connection: Connection, visit: AnyRow) -> None:
        now = services().clock.now()
        withdraw_fine(open_connection, fine_id, reason, of=visit.id, by=identity().actor, now=now)

    return _acted(wave_id, assignment_id, act)


@blueprint.post(f"{AT}/signature")
@requires("waves.plan")
def signature(wave_id: UUID, assignment_id: UUID) -> Response:
    """Ask whoever has this number to sign the report."""
    given = services()

    def act(open_connection: Connection, visit: AnyRow) -> None:
        if visit.submission_pk is None:
            raise Refusal("not_found")
        new = NewSignature(visit.submission_pk, identity().actor, phone=request.form.get("phone", ""))
        sender = Sender(given.keys, given.settings.public_url)
        ask_signature(open_connection, new, sender, now=given.clock.now())

    return _acted(wave_id, assignment_id, act)


@blueprint.post(f"{AT}/recordings")
@requires("waves.plan")
def recordings(wave_id: UUID, assignment_id: UUID) -> Response:
    """Ask the outlet for recordings; times are those of the outlet's clocks."""
    fields = Fields(request.form)

    def act(open_connection: Connection, visit: AnyRow) -> None:
        zone = ZoneInfo(visit.timezone)
        moments = [fields.moment(name, zone) for name in ("from_at", "until_at", "due_at")]
        fields.refuse()
        posts, now = request.form.getlist("posts"), services().clock.now()
        if not posts:
            # None would mean all of them.
            raise Refusal("invalid_fields", details=[Detail("field_required", "/posts")])
        window = Window(*moments)
        requests.ask_for(open_connection, assignment_id, window, posts, by=identity().actor, now=now)

    return _acted(wave_id, assignment_id, act)


def _acted(wave_id: UUID, assignment_id: UUID, act: Callable[[Connection, AnyRow], None]) -> Response:
    """Act for the desk on a visit within its scope; what is wrong is told on the visit's page.

    Raises:
        Refusal: not_found, also where the reader may only follow the wave.
    """
    who, now = identity(), services().clock.now()
    wave = reading.find_wave(connection(), wave_id, who.scope)
    if not answers_for(wave):
        raise Refusal("not_found")
    visit = find_visit(connection(), wave_id, assignment_id, who.within("waves.plan"), now=now)
    try:
        with transaction() as open_connection:
            act(open_connection, visit)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return visit_page(wave_id, assignment_id, refusal, told="spot")
    shown = url_for("console.visit_files.show", wave_id=wave_id, assignment_id=assignment_id, _anchor="spot")
    return redirect(shown, 303)
