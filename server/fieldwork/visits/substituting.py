"""Outlets that turn out to be closed, moved or shut to us: another takes their place, by the plan's own rule.

What was drawn stays in the record. The lost outlet keeps its line with the cause, the substitute's line names
whom it stands for, and promises that can no longer be kept are told at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.visits.covering import recorded_wave
from server.fieldwork.visits.moving import OPEN_WAVES, Act, call_back
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.running import checked_reason
from server.models.draws import Draw, FrameMember
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.sampling.coverage.substitution import Substitution, substitute
from server.sampling.frame import SamplingError
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class Loss:
    """Outlets that cannot be visited, and why: `closed`, `refused_entry`, `moved` or `unsafe`."""

    codes: Sequence[str]
    cause: str


def replace_outlets(connection: Connection, act: Act, loss: Loss, scope: Scope) -> tuple[Substitution, ...]:
    """Take outlets out of the wave's visits and put others in their place where there are any.

    Their assignments end; the substitutes wait for the next roster.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when nothing was
            drawn or it is over, or invalid_fields for outlets that are not visited, an unknown cause, or no
            reason.
    """
    wave = find_wave_to_run(connection, act.wave_id, scope)
    draw = connection.execute(
        select(Draw.record).where(Draw.wave_id == act.wave_id).with_for_update()
    ).first()
    if draw is None or wave.state not in OPEN_WAVES:
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    reason = checked_reason(act.reason)
    rows = _members(connection, act.wave_id)
    lost_before = {row.member_id: row.release_cause for row in rows if _is_lost(row)}
    visited = {
        row.member_id: row.reason or "random"
        for row in rows
        if row.outcome in ("selected", "released") and not _is_lost(row)
    }
    losses = {**lost_before, **dict.fromkeys(loss.codes, loss.cause)}
    try:
        found = substitute(recorded_wave(draw.record), wave.prn_key, visited, losses)
    except SamplingError as error:
        details = [Detail(each.code, "/chosen", each.params) for each in error.every]
        raise Refusal("invalid_fields", details=details) from error
    for each in found:
        _write(connection, act, each)
    detail = {"reason": reason, "substitutions": [each.to_json() for each in found]}
    entry = audit.Entry(act.by, "outlets_replaced", f"wave:{act.wave_id}", detail)
    audit.record(connection, [entry], at=act.now)
    return found


def codes_of(connection: Connection, assignment_ids: Sequence[UUID], scope: Scope) -> list[str]:
    """The outlets of assignments within the scope."""
    query = (
        select(Unit.code)
        .join(Subject, Subject.unit_id == Unit.id)
        .join(Assignment, Assignment.subject_id == Subject.id)
        .where(Assignment.id.in_(assignment_ids))
        .order_by(Unit.code)
    )
    return list(connection.scalars(scope.units(query)))


def _members(connection: Connection, wave_id: UUID) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            FrameMember.member_id, FrameMember.outcome, FrameMember.reason, FrameMember.release_cause,
            FrameMember.released_at,
        ).where(FrameMember.wave_id == wave_id)
    ).all()  # fmt: skip


def _is_lost(row: AnyRow) -> bool:
    """A substitute has a cause, too: the one of whom it stands for, with the moment of its release."""
    return row.release_cause is not None and row.released_at is None


def _write(connection: Connection, act: Act, each: Substitution) -> None:
    members = update(FrameMember).where(FrameMember.wave_id == act.wave_id)
    connection.execute(
        members.where(FrameMember.member_id == each.lost).values(
            outcome="selected", release_cause=each.cause.value, released_at=None
        )
    )
    if each.substitute is not None:
        connection.execute(
            members.where(FrameMember.member_id == each.substitute).values(
                outcome="released",
                released_at=act.now,
                release_cause=each.cause.value,
                stands_for=each.lost,
                reason=each.reason,
            )
        )
    standing = connection.scalars(
        select(Assignment.id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Assignment.wave_id == act.wave_id, Unit.code == each.lost, Assignment.cancelled_at.is_(None))
    ).all()
    call_back(connection, standing, each.cause.value, now=act.now)
