"""Pay at the desk: lines that wait, decided about many at once; what the desk itself proposes."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.followup.pay import approving, proposing, reading
from server.followup.pay.approving import Chosen, Verdict
from server.followup.pay.proposing import ADDED, NewLine
from server.http.access import identity, requires
from server.intake.uploads import SMALL
from server.services import services
from server.web.console.fields import Fields
from server.web.presenting import page

blueprint = Blueprint("pay", __name__)

RECEIPT_LINK_LIFETIME = timedelta(minutes=10)
DECISIONS = ("approve", "refuse")


@blueprint.get("/console/pay")
@requires("pay.read")
def index() -> Response:
    return _page()


@blueprint.post("/console/pay")
@requires("pay.approve")
def decide() -> Response:
    """Decide about the lines that are ticked; without `confirmed` the page shows their sum first."""
    who, fields = identity(), Fields(request.form)
    decision, ids = fields.text("decision"), _chosen()
    if decision not in DECISIONS:
        raise Refusal("bad_request")
    try:
        if not fields.ticked("confirmed"):
            shown = approving.preview(connection(), ids, who.scope, by=who.actor)
            return _page(decision=decision, chosen=ids, shown=shown)
        with transaction() as open_connection:
            verdict = Verdict(ids, decision == "approve", fields.text("reason"), who.actor)
            approving.decide(open_connection, verdict, who.scope, now=services().clock.now())
    except Refusal as refusal:
        return _refused(refusal, decision=decision if ids else "", chosen=ids)
    return redirect(url_for("console.pay.index"), 303)


@blueprint.post("/console/pay/propose")
@requires("pay.approve")
def propose() -> Response:
    who, fields = identity(), Fields(request.form)
    try:
        amount = fields.needed_number("amount")
        fields.refuse()
        new = NewLine(_id(fields.text("person")), fields.text("kind"), amount, fields.text("note"))
        with transaction() as open_connection:
            proposing.propose(open_connection, new, who.scope, by=who.actor, now=services().clock.now())
    except Refusal as refusal:
        return _refused(refusal)
    return redirect(url_for("console.pay.index"), 303)


@blueprint.post("/console/pay/<uuid:line_id>/reverse")
@requires("pay.approve")
def reverse(line_id: UUID) -> Response:
    who = identity()
    note = request.form.get("note", "")
    try:
        with transaction() as open_connection:
            proposing.reverse(
                open_connection, line_id, note, who.scope, by=who.actor, now=services().clock.now()
            )
    except Refusal as refusal:
        return _refused(refusal)
    return redirect(url_for("console.pay.index"), 303)


def _chosen() -> list[UUID]:
    try:
        return [UUID(each) for each in request.form.getlist("chosen")]
    except ValueError:
        raise Refusal("bad_request") from None


def _id(text: str) -> UUID:
    """The id that a list of people offers; what it does not offer is nobody's."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _refused(refusal: Refusal, *, decision: str = "", chosen: Sequence[UUID] = ()) -> Response:
    if refusal.code != "invalid_fields":
        raise refusal
    who = identity()
    shown = approving.preview(connection(), chosen, who.scope, by=who.actor) if chosen else None
    return _page(
        decision=decision, chosen=chosen, shown=shown, notices=refusal.details, status=refusal.status
    )


def _page(
    *,
    decision: str = "",
    chosen: Sequence[UUID] = (),
    shown: Chosen | None = None,
    notices: tuple[Detail, ...] = (),
    status: int = 200,
) -> Response:
    scope = identity().scope
    after = request.args.get("after", "")
    rows, more = reading.waiting_lines(connection(), scope, after=_id(after) if after else None)
    if chosen:
        rows, more = reading.lines_of(connection(), chosen, scope), False
    return page(
        "console/pay.html",
        status=status,
        rows=rows,
        more=rows[-1].id if more else None,
        receipts=_receipts(rows),
        approved=[] if chosen else reading.approved_lines(connection(), scope),
        people=reading.people_paid(connection(), scope),
        kinds=ADDED,
        decision=decision,
        chosen={str(each) for each in chosen},
        shown=shown,
        notices=notices,
        values=request.form,
    )


def _receipts(rows: Sequence[AnyRow]) -> dict[UUID, str]:
    """Line -> an address of its receipt that lasts minutes."""
    store = services().store
    return {
        row.id: store.link(row.object_key + SMALL, RECEIPT_LINK_LIFETIME)
        for row in rows
        if row.receipt_state == "verified"
    }
