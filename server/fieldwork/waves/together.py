"""Several waves at once: what an act would do to each, and doing it to each by itself.

Each wave is decided about alone and written in a transaction of its own: one that cannot be drawn must not
hold up the others, and nobody should have to find out which it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.visits.covering import draw_visits, preview_visits
from server.fieldwork.waves import previews
from server.fieldwork.waves.approvals import READY, Agreed, approvals_of, approve
from server.fieldwork.waves.changing import CANCELLABLE, cancel_wave
from server.fieldwork.waves.drawing import start_draw
from server.fieldwork.waves.instruments import ASKED, ASSIGNED
from server.fieldwork.waves.reading import find_wave, may_run
from server.fieldwork.waves.states import refuse_over, refuse_while_drawn
from server.scope import Scope

# Each preview reads the wave's whole frame.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Order:
    """Who does it, when, and why, where a reason is asked for."""

    by: str
    account_id: UUID
    now: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act would do to one wave, or why it cannot.

    Attributes:
        kind: its sentence is `bulk.effect.<kind>`, with `params`.
        read: the fingerprint of the plan that an approval agrees to.
    """

    wave: AnyRow
    kind: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    read: str = ""
    refused: Refusal | None = None


def preview(
    connection: Connection, wave_ids: Sequence[UUID], act: str, scope: Scope, order: Order
) -> list[Effect]:
    """What the act (`draw`, `approve`, `cancel`) would do to each; nothing is written.

    Raises:
        Refusal: not_found for a wave outside the scope, bad_request for none or too many.
    """
    if not 0 < len(set(wave_ids)) <= MOST:
        raise Refusal("invalid_fields", details=[Detail("waves_chosen", "/chosen", {"limit": MOST})])
    waves = [find_wave(connection, each, scope) for each in dict.fromkeys(wave_ids)]
    return [_effect(connection, wave, act, scope, order) for wave in waves]


def carry_out(
    connection: Connection, wave_id: UUID, act: str, scope: Scope, order: Order, *, read: str = ""
) -> None:
    """Do it to one wave.

    Raises:
        Refusal: whatever the act itself refuses.
    """
    if act == "cancel":
        cancel_wave(connection, wave_id, order.reason, scope, by=order.by, now=order.now)
    elif act == "approve":
        approve(connection, wave_id, Agreed(read, order.account_id, order.by), scope, now=order.now)
    else:
        wave = find_wave(connection, wave_id, scope)
        draw = draw_visits if wave.kind in ASSIGNED else start_draw
        draw(connection, wave_id, scope, by=order.by, now=order.now)


def _effect(connection: Connection, wave: AnyRow, act: str, scope: Scope, order: Order) -> Effect:
    try:
        if not may_run(connection, wave, scope):
            raise Refusal("forbidden")
        return EFFECTS[act](connection, wave, scope, order)
    except Refusal as refusal:
        return Effect(wave, refused=refusal)


def _drawn(connection: Connection, wave: AnyRow, scope: Scope, order: Order) -> Effect:
    if wave.state != "planned" or wave.kind not in ASKED | ASSIGNED:
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    refuse_over(wave, order.now)
    if wave.kind in ASSIGNED:
        plan = preview_visits(connection, wave.id, scope).plan
        if not plan.feasibility.feasible:
            raise Refusal("invalid_fields", details=[Detail("coverage_infeasible", "/coverage")])
        return Effect(wave, "visits", {"visits": len(plan.chosen)})
    refuse_while_drawn(wave, order.now)
    ahead = previews.preview(connection, wave, now=order.now)
    if ahead.problems:
        raise Refusal("invalid_fields", details=ahead.problems)
    if ahead.summary is None:
        return Effect(wave, "draw_unseen")
    counts = {name: ahead.summary[name] for name in ("population", "selected")}
    return Effect(wave, "draw", counts)


def _approved(connection: Connection, wave: AnyRow, scope: Scope, order: Order) -> Effect:
    if wave.state not in READY:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    standing = approvals_of(connection, wave.id, scope)
    agreed = {each.account_id for each in standing.given if each.current} | {order.account_id}
    return Effect(wave, "approve", {"missing": max(0, standing.needed - len(agreed))}, read=standing.hash)


def _cancelled(connection: Connection, wave: AnyRow, scope: Scope, order: Order) -> Effect:
    if wave.state not in CANCELLABLE:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    return Effect(wave, "cancel")


EFFECTS: Final[Mapping[str, Callable[[Connection, AnyRow, Scope, Order], Effect]]] = MappingProxyType(
    {"draw": _drawn, "approve": _approved, "cancel": _cancelled}
)
