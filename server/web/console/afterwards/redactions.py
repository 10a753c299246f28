"""Covering parts of a photo: faces of customers, a screen with an account, whatever nobody should see."""

from collections.abc import Iterator
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Refusal
from server.followup.reviewing.photos import find_photo
from server.http import headers
from server.http.access import identity, requires
from server.intake.photos.redacting import covered, redact_photo, uncover_photo
from server.services import services
from server.storage.photos import Box
from server.web.console.pictures import picture_of
from server.web.presenting import page

blueprint = Blueprint("redactions", __name__)

# Boxes that are drawn before they are sent, and in what part of the picture they are written.
ROWS = range(6)
WHOLE = 100
EDGES = ("left", "top", "right", "bottom")
TOLD = ("box_outside", "original_gone")


@blueprint.get("/console/photos/<uuid:photo_id>")
@requires("reviews.decide")
def show(photo_id: UUID) -> Response:
    return _photo_page(photo_id)


@blueprint.post("/console/photos/<uuid:photo_id>")
@requires("reviews.decide")
def cover(photo_id: UUID) -> Response:
    given, who = services(), identity()
    find_photo(connection(), photo_id, who.scope)
    now = given.clock.now()
    try:
        with transaction() as open_connection:
            if request.form.get("go") == "uncover":
                uncover_photo(open_connection, given.store, photo_id, by=who.actor, now=now)
            else:
                redact_photo(open_connection, given.store, photo_id, list(_boxes()), by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code not in TOLD:
            raise
        return _photo_page(photo_id, refusal.code)
    return redirect(url_for("console.redactions.show", photo_id=photo_id), 303)


def _boxes() -> Iterator[Box]:
    """The rows that were filled in, in percent of the picture's width and height.

    Raises:
        Refusal: box_outside.
    """
    for row in ROWS:
        written = [request.form.get(f"{edge}-{row}", "").strip() for edge in EDGES]
        if not any(written):
            continue
        try:
            left, top, right, bottom = (float(each) / WHOLE for each in written)
        except ValueError:
            raise Refusal("box_outside") from None
        yield Box(left, top, right, bottom)


def _photo_page(photo_id: UUID, error: str = "") -> Response:
    photo = find_photo(connection(), photo_id, identity().scope)
    headers.allow_store()
    return page(
        "console/photo.html",
        status=422 if error else 200,
        photo=photo,
        picture=picture_of(services().store, photo),
        covered=covered(connection(), photo_id),
        rows=ROWS,
        edges=EDGES,
        error=error,
        values=request.form,
    )
