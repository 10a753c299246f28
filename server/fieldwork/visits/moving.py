"""Visits that change hands: given to somebody else, put off, called off, or moved to another outlet.

Nothing is overwritten. Who takes over gets an assignment of their own that names the one it replaces, and the
former link stops working in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from server import audit, queue
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.visits.assigning import NewAssignment, create_assignments
from server.fieldwork.visits.given_up import given_up
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.running import checked_reason
from server.models.accounts import Firm, Person
from server.models.messages import Message
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.scope import Scope

OPEN_WAVES = ("drawn", "launched", "paused")
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Taker:
    """Who takes a visit over: a person, or a firm that says later whom it sends."""

    person_id: UUID | None = None
    firm_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What is done with some visits of a wave, and why."""

    wave_id: UUID
    assignment_ids: Sequence[UUID]
    reason: str
    by: str
    now: datetime


def reassign(connection: Connection, act: Act, taker: Taker, scope: Scope) -> list[UUID]:
    """Give visits to somebody else; returns the new assignments. Started drafts stay with the old link.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it is over, or
            invalid_fields for an unknown or missing taker, a visit that is done, or no reason.
    """
    wave, rows = _chosen(connection, act, scope)
    reason = checked_reason(act.reason)
    _refuse_unknown(connection, taker)
    call_back(connection, [row.id for row in rows], reason, now=act.now)
    new = [
        NewAssignment(
            unit_code=row.unit_code,
            person_id=taker.person_id,
            firm_id=taker.firm_id,
            planned_on=row.planned_on,
            slot=row.slot,
            expires_at=row.expires_at,
            replaces_id=row.id,
            variables={name: row.variables[name] for name in ("scenario",) if name in row.variables},
        )
        for row in rows
    ]
    made = create_assignments(connection, wave, new, now=act.now)
    tell_later(connection, wave)
    detail = {"to": str(taker.person_id or taker.firm_id), "reason": reason}
    _witness(connection, "visit_reassigned", act, rows, detail)
    return made


def extend(connection: Connection, act: Act, until: datetime, scope: Scope) -> None:
    """Give single visits another deadline; the wave's own stays.

    What was given back, or could not be made, needs somebody else or another outlet: more time would only
    hide that whoever had it is no longer going.

    Raises:
        Refusal: as `reassign`, or invalid_fields for a day that has passed, or visits that were given up.
    """
    _, rows = _chosen(connection, act, scope)
    reason = checked_reason(act.reason)
    _refuse_units("visit_given_up", [row.unit_code for row in rows if row.given_up])
    if until <= act.now:
        raise Refusal("invalid_fields", details=[Detail("extension_not_later", "/until")])
    for row in rows:
        connection.execute(
            update(Assignment)
            .where(Assignment.id == row.id)
            .values(expires_at=until, extended_from=row.extended_from or row.expires_at)
        )
    _witness(connection, "visit_extended", act, rows, {"until": until.isoformat(), "reason": reason})


def call_off(connection: Connection, act: Act, scope: Scope) -> None:
    """Call visits off without anybody taking over.

    Raises:
        Refusal: as `reassign`.
    """
    _, rows = _chosen(connection, act, scope)
    reason = checked_reason(act.reason)
    call_back(connection, [row.id for row in rows], reason, now=act.now)
    _witness(connection, "visit_called_off", act, rows, {"reason": reason})


def call_back(connection: Connection, assignment_ids: Sequence[UUID], reason: str, *, now: datetime) -> None:
    """End assignments that nobody has handed in; their links stop and their messages are not sent."""
    connection.execute(
        update(Assignment)
        .where(
            Assignment.id.in_(assignment_ids),
            Assignment.completed_at.is_(None),
            Assignment.cancelled_at.is_(None),
        )
        .values(cancelled_at=now, cancel_reason=reason)
    )
    connection.execute(
        update(Message)
        .where(Message.assignment_id.in_(assignment_ids), Message.state == "queued")
        .values(state="cancelled", reason="visit_called_off")
    )


def tell_later(connection: Connection, wave: AnyRow) -> None:
    """Let the worker send links for new assignments of a wave that runs."""
    if wave.state == "launched":
        queue.defer(connection, "launch_invitations", wave_id=str(wave.id))


def _chosen(connection: Connection, act: Act, scope: Scope) -> tuple[AnyRow, Sequence[AnyRow]]:
    """The wave and the visits, locked."""
    wave = find_wave_to_run(connection, act.wave_id, scope)
    if wave.state not in OPEN_WAVES:
        raise Refusal("wrong_state", state=wave.state, needed="launched")
    rows = connection.execute(
        select(*Assignment.__table__.columns, Unit.code.label("unit_code"), given_up().label("given_up"))
        .join(Subject, Subject.id == Assignment.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Assignment.wave_id == act.wave_id, Assignment.id.in_(act.assignment_ids))
        .order_by(Assignment.id)
        .with_for_update(of=Assignment, key_share=True)
    ).all()
    if not rows or len(rows) != len(set(act.assignment_ids)):
        raise Refusal("invalid_fields", details=[Detail("nothing_chosen", "/chosen")])
    _refuse_units("visit_is_over", [row.unit_code for row in rows if row.completed_at or row.cancelled_at])
    return wave, rows


def _refuse_units(code: str, units: Sequence[str]) -> None:
    if units:
        detail = Detail(code, "/chosen", {"units": ", ".join(units[:MOST_NAMED])})
        raise Refusal("invalid_fields", details=[detail])


def _refuse_unknown(connection: Connection, taker: Taker) -> None:
    person = taker.person_id and connection.scalar(
        select(Person.id).where(Person.id == taker.person_id, Person.left_at.is_(None))
    )
    firm = taker.firm_id and connection.scalar(select(Firm.id).where(Firm.id == taker.firm_id))
    if not person and not firm:
        raise Refusal("invalid_fields", details=[Detail("taker_unknown", "/taker")])


def _witness(
    connection: Connection, action: str, act: Act, rows: Sequence[AnyRow], detail: Mapping[str, Any]
) -> None:
    entries = [
        audit.Entry(act.by, action, f"assignment:{row.id}", {"unit": row.unit_code, **detail}) for row in rows
    ]
    audit.record(connection, entries, at=act.now)
