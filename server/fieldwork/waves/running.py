"""A wave that runs: paused, resumed, given more time, closed before its day."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.timetable.planning import plan_timetable
from server.fieldwork.waves.periods import write_periods
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.states import tell_of_close
from server.models.messages import Message, SendingStop
from server.models.tasks import Assignment, Invitation, InvitationKey
from server.models.waves import Wave
from server.notify.respect.rules import cap_problems
from server.notify.respect.spending import lock_purses, wave_purse
from server.notify.respect.stops import lift
from server.scope import Scope

LONGEST_REASON = 200
EXTENDABLE = ("launched", "paused", "closed")
CAPPED = ("drawn", "launched", "paused")


@dataclass(frozen=True, slots=True)
class MoreTime:
    """Until when, and why."""

    closes_at: datetime
    reason: str


def pause_wave(
    connection: Connection, wave_id: UUID, reason: str, scope: Scope, *, by: str, now: datetime
) -> None:
    """Hold the wave: nothing is sent and nobody can hand in; drafts, links and deadlines stay.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it does not
            run, or invalid_fields without a reason.
    """
    _move(connection, wave_id, ("launched",), "paused", scope)
    _witness(connection, "wave_paused", wave_id, {"reason": checked_reason(reason)}, by, now)


def resume_wave(connection: Connection, wave_id: UUID, scope: Scope, *, by: str, now: datetime) -> None:
    """Let a paused wave run again.

    Raises:
        Refusal: as `pause_wave`.
    """
    _move(connection, wave_id, ("paused",), "launched", scope)
    _witness(connection, "wave_resumed", wave_id, {}, by, now)


def close_wave(
    connection: Connection, wave_id: UUID, reason: str, scope: Scope, *, by: str, now: datetime
) -> None:
    """Close a wave before its last day. Messages that still wait are cancelled; `extend_wave` reopens it.

    Raises:
        Refusal: as `pause_wave`.
    """
    _move(connection, wave_id, ("launched", "paused"), "closed", scope)
    tell_of_close(connection, [wave_id])
    cancelled = connection.execute(
        update(Message)
        .where(Message.wave_id == wave_id, Message.state == "queued")
        .values(state="cancelled", reason="wave_closed")
    ).rowcount
    detail = {"reason": checked_reason(reason), "messages_cancelled": cancelled}
    _witness(connection, "wave_closed", wave_id, detail, by, now)


def change_cap(
    connection: Connection, wave_id: UUID, cap: Decimal | None, scope: Scope, *, by: str, now: datetime
) -> None:
    """Let a wave's messages cost more, or less, than was planned; a stop at the old cap ends with it.

    Args:
        cap: in yuan; None for no cap of its own.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it is over, or
            invalid_fields for a cap that is no amount, or lies below what was spent.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.state not in CAPPED:
        raise Refusal("wrong_state", state=wave.state, needed="launched")
    purse = wave_purse(wave_id)
    spent = lock_purses(connection, {purse: None})[purse].spent
    if wrong := cap_problems(cap):
        raise Refusal("invalid_fields", details=wrong)
    if cap is not None and cap < spent:
        raise Refusal(
            "invalid_fields", details=[Detail("cap_below_spent", "/spend_cap", {"spent": str(spent)})]
        )
    settings = {name: value for name, value in wave.settings.items() if name != "spend_cap"}
    if cap is not None:
        settings["spend_cap"] = str(cap)
    connection.execute(update(Wave).where(Wave.id == wave_id).values(settings=settings))
    at_cap = (SendingStop.wave_id == wave_id, SendingStop.reason == "cap_reached")
    if connection.scalar(select(SendingStop.id).where(*at_cap, SendingStop.lifted_at.is_(None))):
        lift(connection, wave_id, by, now)
    detail = {"from": wave.settings.get("spend_cap"), "to": settings.get("spend_cap")}
    _witness(connection, "spend_cap_changed", wave_id, detail, by, now)


def extend_wave(
    connection: Connection,
    wave_id: UUID,
    more: MoreTime,
    scope: Scope,
    *,
    by: str,
    now: datetime,
) -> None:
    """Give a wave, its links and its open assignments more time; a closed wave runs again.

    Who was given another deadline than the wave's keeps it.

    Raises:
        Refusal: as `pause_wave`, or invalid_fields for a day that is not later, or has passed.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    given, closes_at = checked_reason(more.reason), more.closes_at
    if wave.state not in EXTENDABLE:
        raise Refusal("wrong_state", state=wave.state, needed="launched")
    if closes_at <= wave.closes_at or closes_at <= now:
        raise Refusal("invalid_fields", details=[Detail("extension_not_later", "/closes_on")])
    state = "launched" if wave.state == "closed" else wave.state
    moved = connection.execute(
        update(Wave)
        .where(Wave.id == wave_id, Wave.state == wave.state, Wave.closes_at == wave.closes_at)
        .values(closes_at=closes_at, state=state)
    )
    if moved.rowcount != 1:  # somebody was faster
        raise Refusal("wrong_state", state=wave.state, needed=wave.state)
    for table in (Invitation, Assignment):
        values: dict[str, Any] = {"expires_at": closes_at}
        if table is Assignment:
            values["extended_from"] = wave.closes_at
        connection.execute(
            update(table)
            .where(table.wave_id == wave_id, table.expires_at == wave.closes_at, table.completed_at.is_(None))
            .values(**values)
        )
    asked = select(Invitation.id).where(Invitation.wave_id == wave_id, Invitation.completed_at.is_(None))
    connection.execute(
        update(InvitationKey)
        .where(InvitationKey.invitation_id.in_(asked), InvitationKey.expires_at == wave.closes_at)
        .values(expires_at=closes_at)
    )
    connection.execute(
        update(Message)
        .where(Message.wave_id == wave_id, Message.state == "queued", Message.expires_at == wave.closes_at)
        .values(expires_at=closes_at)
    )
    write_periods(connection, wave_id)
    plan_timetable(connection, wave_id, now=now, by=by)
    detail = {"from": wave.closes_at.isoformat(), "to": closes_at.isoformat(), "reason": given}
    _witness(connection, "wave_extended", wave_id, detail, by, now)


def checked_reason(reason: str, pointer: str = "/reason") -> str:
    """The reason as it is kept.

    Raises:
        Refusal: invalid_fields without one, or for a too long one.
    """
    given = reason.strip()
    if not given:
        raise Refusal("invalid_fields", details=[Detail("field_required", pointer)])
    if len(given) > LONGEST_REASON:
        raise Refusal("invalid_fields", details=[Detail("text_too_long", pointer, {"limit": LONGEST_REASON})])
    return given


def _move(connection: Connection, wave_id: UUID, before: tuple[str, ...], after: str, scope: Scope) -> AnyRow:
    wave = find_wave_to_run(connection, wave_id, scope)
    moved = connection.execute(
        update(Wave).where(Wave.id == wave_id, Wave.state.in_(before)).values(state=after)
    )
    if moved.rowcount != 1:
        raise Refusal("wrong_state", state=wave.state, needed=before[0])
    return wave


def _witness(
    connection: Connection, action: str, wave_id: UUID, detail: dict[str, Any], by: str, now: datetime
) -> None:
    audit.record(connection, [audit.Entry(by, action, f"wave:{wave_id}", detail)], at=now)
