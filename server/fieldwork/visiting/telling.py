"""What a phone tells about a visit besides its answers: moments, notes, positions, how it ended.

Everything may come twice, late, and out of order: events are kept by the ids that the phone made, and the
rest says how things stand, so that the newest telling counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_merge

from server import audit, queue
from server.coordinates import WGS84
from server.errors import Detail, Refusal
from server.evidence.positions import with_distance
from server.evidence.visit import Place
from server.fieldwork import responding
from server.fieldwork.responding import Task
from server.models.organisation import Subject, Unit
from server.models.submissions import Attachment
from server.models.visits import OUTCOMES, VisitEvent, VisitRecord

# The moments of a visit in their order; then what the phone notes by itself.
MOMENTS: Final = ("entered", "ticket", "called", "served", "left")
EVENT_KINDS: Final = (*MOMENTS, "photo", "page", "letter")
FAILED: Final = tuple(each for each in OUTCOMES if each != "done")
MOST_EVENTS: Final = 2_000
LONGEST_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Fix:
    """A position as satellites say it, and how far off it may be, in metres."""

    longitude: float
    latitude: float
    accuracy: int


@dataclass(frozen=True, slots=True)
class Event:
    """One moment; `at` by the phone's clock."""

    id: UUID
    kind: str
    at: datetime
    fix: Fix | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """How things stand, by the phone.

    Attributes:
        sent_at: when it told so, by its own clock.
        notes: `{"id", "text", "at"}` each.
        tray: ids of photos that back up no item.
        consented_at: since when positions may be kept; None keeps none.
        identified_at: when the letter of authority was shown first.
    """

    sent_at: datetime
    events: Sequence[Event] = ()
    notes: Sequence[Mapping[str, str]] = ()
    tray: Sequence[UUID] = ()
    consented_at: datetime | None = None
    identified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Who signs that the report is true and was made on the spot, and when by the phone's clock."""

    name: str
    at: datetime


def tell(connection: Connection, task: Task, told: Told, *, now: datetime) -> None:
    """Keep what a phone tells.

    Raises:
        Refusal: invalid_fields for more than `MOST_EVENTS` events.
    """
    _keep_record(
        connection,
        task,
        now,
        notes=[dict(note) for note in told.notes],
        tray=[str(each) for each in told.tray],
        consented_at=told.consented_at,
        identified_at=told.identified_at,
    )
    if told.events:
        _keep_events(connection, task, told, now)
        if any(event.kind in MOMENTS for event in told.events):
            responding.start(connection, task, now=now)


def declare(connection: Connection, task: Task, declaration: Declaration, *, now: datetime) -> None:
    """Keep the declaration with which a report is handed in.

    Raises:
        Refusal: invalid_fields without a name.
    """
    if not declaration.name.strip():
        raise Refusal("invalid_fields", details=[Detail("declaration_unsigned", "/declaration/name")])
    name = declaration.name.strip()
    _keep_record(connection, task, now, outcome="done", declared_name=name, declared_at=declaration.at)


def report_attempt(
    connection: Connection, task: Task, outcome: str, note: str, declaration: Declaration, *, now: datetime
) -> None:
    """The visit could not be made. Its photos in the tray are the proof, or the note says why there are none.

    Saying so twice is saying it once.

    Raises:
        Refusal: wrong_state when answers were handed in, or invalid_fields.
    """
    reported = connection.scalar(
        select(VisitRecord.attempted_at).where(VisitRecord.submission_id == task.submission_id)
    )
    if reported is not None:
        return
    if task.completed_at is not None:
        raise Refusal("wrong_state", state="finished", needed="started")
    checks = (
        (outcome not in FAILED, Detail("outcome_unknown", "/outcome")),
        (not note.strip(), Detail("outcome_without_note", "/note")),
        (not declaration.name.strip(), Detail("declaration_unsigned", "/declaration/name")),
    )
    if problems := [detail for wrong, detail in checks if wrong]:
        raise Refusal("invalid_fields", details=problems)
    responding.start(connection, task, now=now)
    _keep_record(
        connection,
        task,
        now,
        outcome=outcome,
        outcome_note=note.strip(),
        attempted_at=now,
        declared_name=declaration.name.strip(),
        declared_at=declaration.at,
    )
    # Proof is waited for like the photos of an answer.
    tray = select(func.jsonb_array_elements_text(VisitRecord.tray)).where(
        VisitRecord.submission_id == task.submission_id
    )
    connection.execute(
        update(Attachment)
        .where(Attachment.submission_id == task.submission_id)
        .where(func.text(Attachment.attachment_id).in_(tray))
        .values(named=True)
    )
    queue.defer(connection, "propose_pay", assignments=[str(task.id)])
    entry = audit.Entry(task.actor, "visit_attempted", task.actor, {"outcome": outcome})
    audit.record(connection, [entry], at=now)


def _keep_record(connection: Connection, task: Task, now: datetime, **said: object) -> None:
    values = {"submission_id": task.submission_id, "assignment_id": task.id, "updated_at": now, **said}
    kept = insert_or_merge(VisitRecord).values(values)
    # The letter was shown once and for all, whatever a second phone knows of it.
    newest = {name: value for name, value in said.items() if name != "identified_at" or value is not None}
    connection.execute(
        kept.on_conflict_do_update(index_elements=["submission_id"], set_={**newest, "updated_at": now})
    )


def _keep_events(connection: Connection, task: Task, told: Told, now: datetime) -> None:
    known = connection.scalar(
        select(func.count()).select_from(VisitEvent).where(VisitEvent.submission_id == task.submission_id)
    )
    if (known or 0) + len(told.events) > MOST_EVENTS:
        many = Detail("too_many_events", "/events", {"limit": MOST_EVENTS})
        raise Refusal("invalid_fields", details=[many])
    place = _place(connection, task)
    rows = [
        {
            "id": event.id,
            "submission_id": task.submission_id,
            "kind": event.kind,
            "at": event.at,
            "asked_at": told.sent_at,
            "received_at": now,
            "detail": dict(event.detail),
            **_position(event.fix, place, consented=told.consented_at is not None),
        }
        for event in told.events
    ]
    connection.execute(insert_or_merge(VisitEvent).on_conflict_do_nothing(index_elements=["id"]), rows)


def _position(fix: Fix | None, place: Place | None, *, consented: bool) -> dict[str, object]:
    here = Place(fix.longitude, fix.latitude, WGS84) if fix else None
    kept, distance = with_distance(place, here, consented=consented)
    return {
        "longitude": kept and kept.longitude,
        "latitude": kept and kept.latitude,
        "datum": kept and kept.datum,
        "accuracy": fix.accuracy if fix and kept else None,
        "distance": distance,
    }


def _place(connection: Connection, task: Task) -> Place | None:
    row = connection.execute(
        select(Unit.longitude, Unit.latitude, Unit.datum)
        .join(Subject, Subject.unit_id == Unit.id)
        .where(Subject.id == task.subject_id)
    ).first()
    if row is None or row.longitude is None:
        return None
    return Place(float(row.longitude), float(row.latitude), row.datum)


def moments_of(connection: Connection, submission_ids: Iterable[UUID]) -> dict[UUID, dict[str, datetime]]:
    """The moments of visits by their kinds; where one was noted twice, the later noting counts."""
    found: dict[UUID, dict[str, datetime]] = {}
    rows = connection.execute(
        select(VisitEvent.submission_id, VisitEvent.kind, VisitEvent.at)
        .where(VisitEvent.submission_id.in_(list(submission_ids)), VisitEvent.kind.in_(MOMENTS))
        .order_by(VisitEvent.received_at, VisitEvent.at)
    )
    for row in rows:
        found.setdefault(row.submission_id, {})[row.kind] = row.at
    return found
