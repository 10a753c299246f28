"""Letters of a wave: how many wait, printing them together, the files for the printer."""

from uuid import UUID

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import audit
from server.db import AnyRow, connection, transaction
from server.errors import Refusal
from server.fieldwork.outreach import letters
from server.fieldwork.outreach.channels import channels_of
from server.fieldwork.waves.reading import find_wave_to_run
from server.http.access import identity, requires
from server.services import services
from server.typesetting.letters import letters as letters_pdf
from server.web.presenting import page

blueprint = Blueprint("letters", __name__)


@blueprint.get("/console/waves/<uuid:wave_id>/letters")
@requires("messages.manage")
def index(wave_id: UUID) -> AnyResponse:
    return _page(_wave(wave_id))


@blueprint.post("/console/waves/<uuid:wave_id>/letters")
@requires("messages.manage")
def print_them(wave_id: UUID) -> AnyResponse:
    wave, now = _wave(wave_id), services().clock.now()
    try:
        with transaction() as open_connection:
            letters.print_letters(open_connection, wave_id, by=identity().actor, now=now)
    except Refusal as refusal:
        return _page(wave, refusal)
    return redirect(url_for("console.letters.index", wave_id=wave_id), 303)


@blueprint.get("/console/waves/<uuid:wave_id>/letters/<uuid:run_id>.pdf")
@requires("messages.manage")
def download(wave_id: UUID, run_id: UUID) -> AnyResponse:
    """Names and addresses leave the system with it, so that is recorded."""
    wave, given = _wave(wave_id), services()
    sheets = letters.sheets_of(connection(), given.keys, wave_id, run_id)
    pdf = letters_pdf(wave.settings["organisation"], sheets)
    with transaction() as open_connection:
        detail = {"run": str(run_id), "letters": len(sheets)}
        entry = audit.Entry(identity().actor, "letters_downloaded", f"wave:{wave_id}", detail)
        audit.record(open_connection, [entry], at=given.clock.now())
    answer = Response(pdf, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f"attachment; filename=letters-{wave.code}.pdf"
    return answer


def _wave(wave_id: UUID) -> AnyRow:
    """Raises: Refusal: not_found, also for a wave that writes no letters; forbidden beyond the scope."""
    wave = find_wave_to_run(connection(), wave_id, identity().scope)
    if "letter" not in channels_of(wave.settings):
        raise Refusal("not_found")
    return wave


def _page(wave: AnyRow, refused: Refusal | None = None) -> Response:
    return page(
        "console/letters.html",
        status=refused.status if refused else 200,
        wave=wave,
        waiting=letters.count_waiting(connection(), wave.id, now=services().clock.now()),
        runs=letters.list_runs(connection(), wave.id),
        most=letters.MOST_TOGETHER,
        refused=refused,
    )
