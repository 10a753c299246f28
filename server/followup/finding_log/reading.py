"""What people read of the log of findings, and the history of a unit's items."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.db import AnyRow, AnySelect
from server.errors import Refusal
from server.followup.publishing.reading import own_findings
from server.models.definitions import Programme, ProgrammeVersion
from server.models.finding_log import CONFIRMED, PENDING, LoggedFinding
from server.models.organisation import Subject, Unit
from server.models.submissions import Attachment
from server.scope import Scope

VIEWS: Final = ("pending", "decided")
PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with its photos."""

    row: AnyRow
    photos: Sequence[AnyRow]


@dataclass(frozen=True, slots=True)
class Past:
    """An item of a unit, with every time it was found, the newest first.

    Attributes:
        key: it was a key item the last time.
        times: a wave, or the day of an entry of the log, with the points that were lost.
    """

    item: str
    code: str
    key: bool
    times: Sequence[Mapping[str, Any]]


def list_findings(connection: Connection, scope: Scope, view: str) -> Sequence[AnyRow]:
    """Entries about the scope's subjects, the newest first."""
    state = LoggedFinding.state == PENDING if view == VIEWS[0] else LoggedFinding.state != PENDING
    query = _entries().where(state).order_by(LoggedFinding.day.desc(), LoggedFinding.id.desc())
    return connection.execute(scope.subjects(query).limit(PAGE)).all()


def count_pending(connection: Connection, scope: Scope) -> int:
    query = (
        select(func.count())
        .select_from(LoggedFinding)
        .join(Subject, Subject.id == LoggedFinding.subject_id)
        .where(LoggedFinding.state == PENDING)
    )
    return connection.scalar(scope.subjects(query)) or 0


def find_entry(connection: Connection, finding_id: UUID, scope: Scope) -> Entry:
    """Raises: Refusal: not_found when there is none within the scope."""
    query = _entries().add_columns(_newest().label("content")).where(LoggedFinding.id == finding_id)
    row = connection.execute(scope.subjects(query)).first()
    if row is None:
        raise Refusal("not_found")
    photos = connection.execute(
        select(*Attachment.__table__.columns)
        .where(Attachment.submission_id == finding_id, Attachment.named, Attachment.state == "verified")
        .order_by(Attachment.created_at, Attachment.id)
    ).all()
    return Entry(row, photos)


def history_of(connection: Connection, code: str, scope: Scope, *, now: datetime) -> Sequence[Past]:
    """A unit's items that were found more than never: what was published of its visits, and what the log
    confirmed. What an appeal took away is in neither. Those found most often come first.

    Raises:
        Refusal: not_found for a unit outside the scope.
    """
    if connection.scalar(scope.subjects(select(Subject.id).where(Subject.code == code))) is None:
        raise Refusal("not_found")
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in own_findings(connection, code, now=now):
        found[row["code"] or row["item"]].append(row)
    for entry in connection.execute(
        _entries()
        .where(Subject.code == code, LoggedFinding.state == CONFIRMED, LoggedFinding.item != "")
        .order_by(LoggedFinding.day.desc(), LoggedFinding.id)
    ):
        found[entry.item].append(
            {"item": entry.item, "code": entry.item, "key": False, "points": entry.points, "day": entry.day}
        )
    listed = [Past(rows[0]["item"], rows[0]["code"], rows[0]["key"], rows) for rows in found.values()]
    return sorted(listed, key=lambda past: (-len(past.times), past.code, past.item))


def _newest() -> Any:
    """The definition by which entries are called, also after it was retired."""
    return (
        select(ProgrammeVersion.content)
        .where(ProgrammeVersion.programme_id == LoggedFinding.programme_id)
        .where(ProgrammeVersion.published_at.is_not(None))
        .order_by(ProgrammeVersion.version.desc())
        .limit(1)
        .correlate(LoggedFinding)
        .scalar_subquery()
    )


def _entries() -> AnySelect:
    return (
        select(
            *LoggedFinding.__table__.columns, Subject.code,
            func.coalesce(Unit.name, Subject.name).label("name"), Unit.name_en, Unit.timezone,
            _newest()["title"].label("programme_title"),
        )
        .join(Subject, Subject.id == LoggedFinding.subject_id)
        .join(Programme, Programme.id == LoggedFinding.programme_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
    )  # fmt: skip
