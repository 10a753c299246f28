"""Lines of the audit trail, newest first, page by page.

Submissions and the opening of links come by the million. They are shown only to who asks for that action; all
else stands in indexes that leave them out, so that the trail of a year is read as fast as that of a day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, String, cast, func, literal, or_, select, text, union_all

from server.catalogue import ZONE
from server.db import AnyRow, AnySelect
from server.fieldwork.organisation.units import reaches_all
from server.models.accounts import Person
from server.models.audit import BULK, DESK, AuditLine
from server.models.callbacks import CallBackCase
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.models.tasks import Assignment
from server.models.waves import Wave
from server.scope import Scope

PAGE: Final = 50
# Lines in one export; whoever needs more asks for a shorter time.
MOST_EXPORTED: Final = 50_000
EXPORT_BATCH: Final = 1_000
DONE_SHOWN: Final = 20
# `at` is the clock of the process that wrote the line, `id` the order of the database: they differ by little.
SKEW: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: each field limits, "" and None do not.

    Attributes:
        actor: `account:<id>`, with what was done as somebody's deputy; `system`; `firm:<id>`.
        subject: `wave:<id>`, `unit:<id>`, `person:<id>` …
        day: in the zone of the office.
        before: lines with a smaller id; 0 begins with the newest.
    """

    action: str = ""
    actor: str = ""
    subject: str = ""
    day: date | None = None
    before: int = 0


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Rows with `id`, `at`, `actor`, `action`, `subject`, `detail`, `request_id`; `before` leads on, or 0."""

    rows: Sequence[AnyRow]
    before: int


def trail_page(connection: Connection, wanted: Wanted, scope: Scope, *, limit: int = PAGE) -> TrailPage:
    """A page of the trail.

    Who sees the whole organisation sees every line; others see what happened to waves, units, visits, duties
    and people that lie wholly within their units. A firm sees nothing of it.
    """
    query = _limited(_within(connection, _query(), scope), wanted)
    if wanted.day is not None:
        start = datetime.combine(wanted.day, time.min, ZoneInfo(ZONE))
        query = _between(connection, query, start, start + DAY)
    rows = connection.execute(query.order_by(AuditLine.id.desc()).limit(limit + 1)).all()
    return TrailPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else 0)


def exported(connection: Connection, wanted: Wanted, scope: Scope) -> Iterator[Sequence[AnyRow]]:
    """The same lines in batches, `MOST_EXPORTED` at most: no export holds more than a batch in memory."""
    sent = 0
    while sent < MOST_EXPORTED:
        page = trail_page(connection, wanted, scope, limit=min(EXPORT_BATCH, MOST_EXPORTED - sent))
        yield page.rows
        if not page.before:
            return
        sent += len(page.rows)
        wanted = replace(wanted, before=page.before)


def done_since(connection: Connection, actor: str, scope: Scope, *, start: datetime) -> Sequence[AnyRow]:
    """What somebody did from a moment on, newest first; one's own deeds need no scope but `scope`'s owner."""
    query = _query().where(text(DESK), _by(actor), AuditLine.action.not_in(("signed_in", "password_set")))
    query = query.where(AuditLine.id >= _first_id(connection, start - SKEW), AuditLine.at >= start)
    return connection.execute(query.order_by(AuditLine.id.desc()).limit(DONE_SHOWN)).all()


def _query() -> AnySelect:
    names = ("id", "at", "actor", "action", "subject", "detail", "request_id")
    return select(*(AuditLine.__table__.columns[name] for name in names))


def _limited(query: AnySelect, wanted: Wanted) -> AnySelect:
    if wanted.action not in BULK:
        query = query.where(text(DESK))
    if wanted.action:
        query = query.where(AuditLine.action == wanted.action)
    if wanted.actor:
        query = query.where(_by(wanted.actor))
    if wanted.subject:
        query = query.where(AuditLine.subject == wanted.subject)
    if wanted.before:
        query = query.where(AuditLine.id < wanted.before)
    return query


def _by(actor: str) -> ColumnElement[bool]:
    return or_(AuditLine.actor == actor, AuditLine.actor.startswith(f"{actor} for ", autoescape=True))


def _between(connection: Connection, query: AnySelect, start: datetime, end: datetime) -> AnySelect:
    low, high = _first_id(connection, start - SKEW), _first_id(connection, end + SKEW)
    return query.where(AuditLine.id >= low, AuditLine.id < high, AuditLine.at >= start, AuditLine.at < end)


def _first_id(connection: Connection, moment: datetime) -> int:
    """About the first line from a moment on, by halving: an index on `at` would cost every submission."""
    low, high = 1, (connection.scalar(select(func.max(AuditLine.id))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.scalar(
            select(AuditLine.at).where(AuditLine.id >= middle).order_by(AuditLine.id).limit(1)
        )
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def _within(connection: Connection, query: AnySelect, scope: Scope) -> AnySelect:
    if reaches_all(connection, scope):
        return query
    if scope.firm_ids is not None:
        return query.where(text("false"))
    return query.where(AuditLine.subject.in_(_subjects(scope)))


def _subjects(scope: Scope) -> Any:
    """What a part of the organisation may read about, as lines name it: one list, to be hashed."""
    assignments = scope.subjects(
        select(_named("assignment", Assignment.id)).join(Subject, Subject.id == Assignment.subject_id)
    )
    duties = select(_named("duty", DutyOccurrence.id)).join(Unit, Unit.id == DutyOccurrence.unit_id)
    calls = select(_named("call_back", CallBackCase.id)).join(Unit, Unit.id == CallBackCase.unit_id)
    waves = select(_named("wave", Wave.id)).join(Unit, Unit.id == Wave.unit_id)
    return union_all(
        scope.units(select(_named("unit", Unit.id))),
        scope.units(waves),
        assignments,
        scope.units(duties),
        scope.units(calls),
        scope.people(select(_named("person", Person.id))),
    )


def _named(kind: str, column: Any) -> ColumnElement[str]:
    return literal(f"{kind}:").concat(cast(column, String)).label("name")
