"""What an entry of a timetable does when its time comes: notices for the right people, with today's numbers.

Opening and closing waves are chores of the clock and need no entry; an entry says that it is time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from server.db import AnyRow
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.timetable.notices import NewNotice, raise_notices
from server.models.organisation import Subject, Unit
from server.models.submissions import Finding, Submission
from server.models.tasks import Assignment, Invitation
from server.models.timetable import TimetableEntry
from server.models.waves import Wave
from server.scoring.timetabling.planned import UNTIL_CLOSED
from server.scoring.timetabling.recurrence import last_day

# Each branch hears of its own share, and settles it for itself.
BY_OUTLET = ("facts_check",)
# What asks for answers that are missing.
CHASING = frozenset({"reminder", "field_deadline", "submission_deadline"})


@dataclass(frozen=True, slots=True)
class _Firing:
    """An entry at one of its times. `wave` is None for entries of a programme, or of a unit."""

    entry: AnyRow
    wave: AnyRow | None
    occurs_at: datetime
    now: datetime


def fire_entry(connection: Connection, entry_id: UUID, occurs_at: datetime, *, now: datetime) -> int:
    """Raise the notices of one occurrence; returns how many. May run twice.

    Nothing is raised for what was cancelled meanwhile, nor to remind of a wave that has closed early.
    """
    entry = connection.execute(
        select(*TimetableEntry.__table__.columns).where(TimetableEntry.id == entry_id)
    ).first()
    if entry is None or entry.cancelled_at is not None:
        return 0
    wave = connection.execute(select(*Wave.__table__.columns).where(Wave.id == entry.wave_id)).first()
    if wave is not None and (_pointless(entry, wave, now) or _opened_by_hand(connection, entry, wave)):
        return 0
    firing = _Firing(entry, wave, occurs_at, now)
    return raise_notices(connection, list(_notices(connection, firing)), now=now)


def _pointless(entry: AnyRow, wave: AnyRow, now: datetime) -> bool:
    if wave.state == "cancelled":
        return True
    closed = wave.state == "closed" and wave.closes_at > now
    return closed and entry.kind in UNTIL_CLOSED


def _opened_by_hand(connection: Connection, entry: AnyRow, wave: AnyRow) -> bool:
    """Where reports are reviewed first, branches hear of their facts when somebody shows them, not before."""
    review = programme_of(connection, wave.programme_version_id).review
    return (
        entry.kind in BY_OUTLET and review.required and review.covers(wave.instrument, wave.instrument_name)
    )


def _notices(connection: Connection, firing: _Firing) -> Iterator[NewNotice]:
    if firing.wave is not None and firing.entry.kind in BY_OUTLET:
        yield from _by_outlet(connection, firing, firing.wave)
        return
    params = {**firing.entry.arguments, **_numbers(connection, firing), **_days_left(firing)}
    if firing.entry.kind in CHASING and params.get("asked") and not params["outstanding"]:
        return  # everything is in: there is nobody to chase
    for role in firing.entry.roles:
        firm_id = firing.wave.firm_id if firing.wave is not None and role == "firm" else None
        yield _notice(firing, role, params, unit_id=firing.entry.unit_id, firm_id=firm_id)


def _by_outlet(connection: Connection, firing: _Firing, wave: AnyRow) -> Iterator[NewNotice]:
    findings = (
        select(func.count())
        .select_from(Finding)
        .where(
            Finding.wave_id == wave.id,
            Finding.subject_id == Submission.subject_id,
            Finding.state != "overturned",
            Finding.withdrawn_at.is_(None),
        )
        .correlate(Submission)
        .scalar_subquery()
    )
    query = (
        select(Unit.id, func.count().label("submissions"), findings.label("findings"))
        .select_from(Submission)
        .join(Subject, Subject.id == Submission.subject_id)
        .join(Unit, Unit.id == Subject.unit_id)
        .where(Submission.wave_id == wave.id)
        .group_by(Unit.id, Submission.subject_id)
        .order_by(Unit.id)
    )
    for row in connection.execute(query).all():
        params = {"submissions": row.submissions, "findings": row.findings, **_days_left(firing)}
        for role in firing.entry.roles:
            yield _notice(firing, role, params, unit_id=row.id)


def _notice(
    firing: _Firing,
    role: str,
    params: Mapping[str, Any],
    *,
    unit_id: UUID | None = None,
    firm_id: UUID | None = None,
) -> NewNotice:
    entry = firing.entry
    place = f":{unit_id}" if entry.kind in BY_OUTLET else ""
    return NewNotice(
        key=f"{entry.id}:{firing.occurs_at.isoformat()}:{role}{place}",
        kind=entry.kind or "own",
        role=role,
        at=firing.occurs_at,
        unit_id=unit_id,
        firm_id=firm_id,
        wave_id=entry.wave_id,
        programme_version_id=entry.programme_version_id,
        entry_id=entry.id,
        title=entry.title,
        params=params,
        due_at=entry.due_at,
    )


def _days_left(firing: _Firing) -> dict[str, int]:
    """Days from today to the last day: a clock that comes back late says how many are left then."""
    if firing.entry.due_at is None:
        return {}
    zone = ZoneInfo(firing.entry.timezone)
    left = (last_day(firing.entry.due_at, zone) - firing.now.astimezone(zone).date()).days
    return {"days": max(left, 0)}


def _numbers(connection: Connection, firing: _Firing) -> dict[str, int]:
    if firing.wave is None:
        return {}
    wave, count = firing.wave, _COUNTS.get(firing.entry.kind or "", _standing)
    return count(connection, wave)


def _standing(connection: Connection, wave: AnyRow) -> dict[str, int]:
    """How many were asked and have answered; of a firm that collects only what arrived is known."""
    if wave.firm_id is not None:
        return {"asked": 0, "completed": _submissions(connection, wave.id), "outstanding": 0}
    if wave.instrument == "survey":
        table: Any = Invitation
        query = select(func.count(), func.count(Invitation.completed_at)).where(Invitation.wave_id == wave.id)
    else:
        table = Assignment
        query = select(func.count(), func.count(Assignment.completed_at)).where(
            Assignment.wave_id == wave.id, Assignment.cancelled_at.is_(None)
        )
    asked, completed = connection.execute(query.select_from(table)).one()
    return {"asked": asked, "completed": completed, "outstanding": asked - completed}


def _to_review(connection: Connection, wave: AnyRow) -> dict[str, int]:
    pending = select(func.count()).select_from(Finding)
    waiting = pending.where(
        Finding.wave_id == wave.id, Finding.state == "pending", Finding.withdrawn_at.is_(None)
    )
    return {
        "submissions": _submissions(connection, wave.id),
        "findings": connection.scalar(waiting) or 0,
    }


def _submissions(connection: Connection, wave_id: UUID) -> int:
    query = select(func.count()).select_from(Submission).where(Submission.wave_id == wave_id)
    return connection.scalar(query) or 0


_COUNTS: Mapping[str, Callable[[Connection, AnyRow], dict[str, int]]] = {
    "review": _to_review,
    "publication": _to_review,
    "feedback": _to_review,
}
