"""The library of remarks that reviewers choose from."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import connection, transaction
from server.errors import Refusal
from server.followup.reviewing import remarks
from server.http.access import identity, requires
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("remarks", __name__)


@blueprint.get("/console/reviews/remarks")
@requires("reviews.read")
def index() -> Response:
    return _remarks_page()


@blueprint.post("/console/reviews/remarks")
@requires("reviews.decide")
def add() -> Response:
    sentence, code = request.form.get("sentence", ""), request.form.get("item_code", "")
    try:
        with transaction() as open_connection:
            remarks.add_remark(
                open_connection, sentence, code, by=identity().actor, now=services().clock.now()
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _remarks_page(refusal)
    return redirect(url_for("console.remarks.index"), 303)


@blueprint.post("/console/reviews/remarks/<uuid:remark_id>")
@requires("reviews.decide")
def remove(remark_id: UUID) -> Response:
    with transaction() as open_connection:
        remarks.remove_remark(open_connection, remark_id, by=identity().actor, now=services().clock.now())
    return redirect(url_for("console.remarks.index"), 303)


def _remarks_page(refused: Refusal | None = None) -> Response:
    return page(
        "console/review_remarks.html",
        status=refused.status if refused else 200,
        remarks=remarks.list_remarks(connection()),
        error=refused.details[0] if refused else None,
        values=request.form,
        longest=remarks.LONGEST,
    )
