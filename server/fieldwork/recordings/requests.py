"""Asking units for recordings, what they say about them, and who may see what of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from server import audit
from server.db import AnyRow, AnySelect, new_id
from server.errors import Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.recordings.deciding import (
    Settled,
    Window,
    is_overdue,
    post_problems,
    settling_problems,
    uncovered,
    window_problems,
)
from server.models.organisation import Subject, Unit
from server.models.recordings import RecordingRequest
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.scope import Scope

RECENT = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A request. Nothing of who checks, nor of what was found.

    Attributes:
        title: the post's, by language.
        overdue: nobody has said anything in time.
    """

    id: UUID
    unit_name: str
    unit_name_en: str
    timezone: str
    post: str
    title: Mapping[str, str]
    from_at: datetime
    until_at: datetime
    due_at: datetime
    state: str
    overdue: bool
    kept_where: str
    note: str
    settled_at: datetime | None


def ask_for(
    connection: Connection,
    assignment_id: UUID,
    window: Window,
    posts: Sequence[str] = (),
    *,
    by: str,
    now: datetime,
) -> list[str]:
    """Ask for the recordings of a video check; returns the posts that are newly asked for.

    A post that was asked for already stays as it was.

    Args:
        posts: names of the programme's posts; none for all of them.

    Raises:
        Refusal: not_found, also for a subject that is no unit; invalid_fields: `recording_no_posts`,
            `recording_post_unknown`, `recording_window`, `recording_due`.
    """
    check = _check(connection, assignment_id)
    if check is None or check.unit_id is None:
        raise Refusal("not_found")
    known = _posts(connection, check)
    problems = [*post_problems(posts, known), *window_problems(window, now=now)]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    rows = [
        {
            "id": new_id(),
            "assignment_id": assignment_id,
            "unit_id": check.unit_id,
            "post": post,
            "from_at": window.from_at,
            "until_at": window.until_at,
            "due_at": window.due_at,
            "asked_by": by,
            "asked_at": now,
        }
        for post in posts or known
    ]
    statement = insert_or_skip(RecordingRequest).on_conflict_do_nothing(
        index_elements=["assignment_id", "post"]
    )
    made = connection.execute(statement.returning(RecordingRequest.id, RecordingRequest.post), rows).all()
    entries = [audit.Entry(by, "recording_asked", f"recording:{row.id}", {"post": row.post}) for row in made]
    audit.record(connection, entries, at=now)
    return [row.post for row in made]


def posts_missing(connection: Connection, assignment_id: UUID) -> Mapping[str, Mapping[str, str]]:
    """Posts of the programme that no request of a video check names, with their titles.

    A warning for the report's page, never a reason to refuse it: a unit may have fewer posts.
    """
    check = _check(connection, assignment_id)
    if check is None:
        return {}
    asked = select(RecordingRequest.post).where(RecordingRequest.assignment_id == assignment_id)
    known = _posts(connection, check)
    return {post: known[post] for post in uncovered(known, set(connection.scalars(asked)))}


def recordings_of(connection: Connection, assignment_id: UUID, *, now: datetime) -> list[Shown]:
    """The requests of a video check, for the phone of who checks."""
    query = _requests().where(RecordingRequest.assignment_id == assignment_id)
    return _shown(connection, query.order_by(RecordingRequest.post), now)


def requests_of(connection: Connection, scope: Scope, *, now: datetime) -> list[Shown]:
    """What is asked of the units of a scope: what waits, the next deadline first; then what was settled."""
    waiting = _requests().where(RecordingRequest.state == "asked").order_by(RecordingRequest.due_at)
    settled = (
        _requests()
        .where(RecordingRequest.state != "asked")
        .order_by(RecordingRequest.settled_at.desc())
        .limit(RECENT)
    )
    return [
        *_shown(connection, scope.units(waiting), now),
        *_shown(connection, scope.units(settled), now),
    ]


def overdue_requests(connection: Connection, scope: Scope, *, now: datetime) -> list[Shown]:
    """Requests of a scope about which nobody has said anything in time."""
    query = _requests().where(RecordingRequest.state == "asked", RecordingRequest.due_at <= now)
    return _shown(connection, scope.units(query.order_by(RecordingRequest.due_at)), now)


def count_open(connection: Connection, scope: Scope, *, now: datetime) -> tuple[int, int, datetime | None]:
    """How many requests wait, how many of them are overdue, and the next deadline."""
    late = func.count().filter(RecordingRequest.due_at <= now)
    due = func.min(RecordingRequest.due_at)
    query = (
        select(func.count(), late, due)
        .select_from(RecordingRequest)
        .join(Unit, Unit.id == RecordingRequest.unit_id)
        .where(RecordingRequest.state == "asked")
    )
    waiting, overdue, next_due = connection.execute(scope.units(query)).one()
    return waiting, overdue, next_due


def settle(
    connection: Connection, request_id: UUID, said: Settled, scope: Scope, *, by: str, now: datetime
) -> None:
    """Note that a recording was delivered and where it is kept, or why there is none.

    What was said can be said anew: a recording may turn up, or move.

    Raises:
        Refusal: not_found outside the scope; invalid_fields as `settling_problems` names them.
    """
    said = Settled(said.state, said.kept_where.strip(), said.note.strip())
    query = select(RecordingRequest.id).join(Unit, Unit.id == RecordingRequest.unit_id)
    found = scope.units(query.where(RecordingRequest.id == request_id))
    if connection.scalar(found.with_for_update(of=RecordingRequest)) is None:
        raise Refusal("not_found")
    problems = list(settling_problems(said))
    if problems:
        raise Refusal("invalid_fields", details=problems)
    values = {
        "state": said.state,
        "kept_where": said.kept_where or None,
        "note": said.note or None,
        "settled_by": by,
        "settled_at": now,
    }
    connection.execute(update(RecordingRequest).where(RecordingRequest.id == request_id).values(**values))
    entry = audit.Entry(by, f"recording_{said.state}", f"recording:{request_id}", {})
    audit.record(connection, [entry], at=now)


def _check(connection: Connection, assignment_id: UUID) -> AnyRow | None:
    return connection.execute(
        select(Subject.unit_id, Wave.programme_version_id, Wave.instrument_name)
        .select_from(Assignment)
        .join(Wave, Wave.id == Assignment.wave_id)
        .join(Subject, Subject.id == Assignment.subject_id)
        .where(Assignment.id == assignment_id, Assignment.cancelled_at.is_(None))
    ).first()


def _posts(connection: Connection, row: AnyRow) -> Mapping[str, Mapping[str, str]]:
    return programme_of(connection, row.programme_version_id).visits_of(row.instrument_name).posts


def _requests() -> AnySelect:
    return (
        select(
            *RecordingRequest.__table__.columns, Unit.name, Unit.name_en, Unit.timezone,
            Wave.programme_version_id, Wave.instrument_name,
        )
        .join(Unit, Unit.id == RecordingRequest.unit_id)
        .join(Assignment, Assignment.id == RecordingRequest.assignment_id)
        .join(Wave, Wave.id == Assignment.wave_id)
    )  # fmt: skip


def _shown(connection: Connection, query: Any, now: datetime) -> list[Shown]:
    return [
        Shown(
            id=row.id,
            unit_name=row.name,
            unit_name_en=row.name_en or row.name,
            timezone=row.timezone,
            post=row.post,
            title=_posts(connection, row).get(row.post, {"default": row.post}),
            from_at=row.from_at,
            until_at=row.until_at,
            due_at=row.due_at,
            state=row.state,
            overdue=is_overdue(row.state, row.due_at, now=now),
            kept_where=row.kept_where or "",
            note=row.note or "",
            settled_at=row.settled_at,
        )
        for row in connection.execute(query).all()
    ]
