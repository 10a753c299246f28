"""Several waves at once: a preview of what happens to each, then each by itself with its own result."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.accounts.identity import Identity
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.waves import together
from server.fieldwork.waves.reading import find_wave
from server.fieldwork.waves.running import checked_reason
from server.http.access import identity, requires
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("bulk", __name__)


@blueprint.post("/console/waves/several/draw")
@requires("waves.plan")
def draw() -> Response:
    return _posted("draw")


@blueprint.post("/console/waves/several/approve")
@requires("waves.approve")
def approve() -> Response:
    return _posted("approve")


@blueprint.post("/console/waves/several/cancel")
@requires("waves.plan")
def cancel() -> Response:
    return _posted("cancel")


def _posted(act: str) -> Response:
    who, chosen = identity(), _chosen()
    if not chosen:
        return redirect(url_for("console.home.show"), 303)
    order = _order(who)
    if request.form.get("confirmed") == "yes":
        problems = _reason_problems(act, order)
        if not problems:
            return _done(act, chosen, who, order)
        return _preview(act, chosen, who, order, problems)
    return _preview(act, chosen, who, order, ())


def _preview(
    act: str, chosen: Sequence[UUID], who: Identity, order: together.Order, problems: Sequence[Detail]
) -> Response:
    effects = together.preview(connection(), chosen, act, who.scope, order)
    return page(
        "console/waves_together.html",
        status=422 if problems else 200,
        act=act,
        effects=effects,
        possible=[each for each in effects if each.refused is None],
        reason=order.reason,
        problems=problems,
        results=None,
    )


def _done(act: str, chosen: Sequence[UUID], who: Identity, order: together.Order) -> Response:
    results = []
    for wave_id in chosen[: together.MOST]:
        refused = None
        read = request.form.get(f"read-{wave_id}", "")
        try:
            with transaction() as open_connection:
                together.carry_out(open_connection, wave_id, act, who.scope, order, read=read)
        except Refusal as refusal:
            if refusal.code == "not_found":
                raise
            refused = refusal
        results.append((find_wave(connection(), wave_id, who.scope), refused))
    return page(
        "console/waves_together.html",
        act=act,
        results=results,
        effects=(),
        possible=(),
        reason="",
        problems=(),
    )


def _order(who: Identity) -> together.Order:
    if who.account_id is None:
        raise Refusal("forbidden")
    return together.Order(who.actor, who.account_id, services().clock.now(), request.form.get("reason", ""))


def _reason_problems(act: str, order: together.Order) -> Sequence[Detail]:
    """Asked for once, before anything is done: every wave keeps the same one."""
    if act != "cancel":
        return ()
    try:
        checked_reason(order.reason)
    except Refusal as refusal:
        return refusal.details
    return ()


def _chosen() -> list[UUID]:
    try:
        return list(dict.fromkeys(UUID(each) for each in request.form.getlist("chosen")))
    except ValueError:
        raise Refusal("bad_request") from None
