"""The ledger as people read it: rates with n, subject by duty or period, a unit's week, one's own list.

Long lists go on after a key, never by counting rows from the start.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select

from server.db import AnyRow
from server.fieldwork.duties.owed import Doer, owed, rows_of, state_of, visible
from server.models.duties import DutyOccurrence
from server.models.organisation import Subject, Unit
from server.scope import Scope
from server.scoring.duties import standing
from server.scoring.duties.standing import Completion, Week, of_counts

PAGE: Final = 50
MINE: Final = 200
SOON: Final = timedelta(days=7)
# Days back for which one's own done duties are shown, so that a slip of the thumb can be taken back.
LATELY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a ledger: a programme, days on which something was due, one duty, and from where on."""

    programme_id: UUID
    first: date
    last: date
    duty: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A subject with what it owed: by duty, or by period where one duty was asked for."""

    subject: str
    name: str
    cells: Mapping[str, Completion]
    total: Completion


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Subjects by code. `columns` are duties or periods; `after` leads on, "" at the end."""

    columns: tuple[str, ...]
    rows: tuple[LedgerRow, ...]
    after: str


@dataclass(frozen=True, slots=True)
class UnitWeek:
    """A unit's week: what is due in it, and what was missed in the week before."""

    unit: AnyRow
    due: tuple[AnyRow, ...]
    missed: tuple[AnyRow, ...]


def ledger_total(connection: Connection, wanted: Wanted, scope: Scope, *, now: datetime) -> Completion:
    """The completion of a whole ledger within the scope."""
    query = select(_state(now).label("state"), func.count().label("n")).join(
        Unit, Unit.id == DutyOccurrence.unit_id, isouter=True
    )
    rows = connection.execute(visible(_within(query, wanted), scope).group_by("state"))
    return of_counts({row.state: row.n for row in rows})


def ledger_page(connection: Connection, wanted: Wanted, scope: Scope, *, now: datetime) -> LedgerPage:
    """A page of subjects with how each stands."""
    subjects = _subjects(connection, wanted, scope)
    shown, more = subjects[:PAGE], len(subjects) > PAGE
    column = DutyOccurrence.period if wanted.duty else DutyOccurrence.duty
    table = DutyOccurrence
    counted = (_state(now).label("state"), func.count().label("n"), func.min(table.due_on).label("due_on"))
    query = _within(select(table.subject_id, column.label("column"), *counted), wanted)
    query = query.where(table.subject_id.in_([row.id for row in shown]))
    cells: defaultdict[UUID, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    columns: dict[str, date] = {}
    for row in connection.execute(query.group_by(DutyOccurrence.subject_id, column, "state")):
        cells[row.subject_id][row.column][row.state] = row.n
        columns[row.column] = min(row.due_on, columns.get(row.column, row.due_on))
    return LedgerPage(
        columns=tuple(
            sorted(columns, key=lambda name: (columns[name], name) if wanted.duty else (date.min, name))
        ),
        rows=tuple(_row(row, cells[row.id]) for row in shown),
        after=shown[-1].code if more else "",
    )


def subject_rows(connection: Connection, wanted: Wanted, subject: str, scope: Scope) -> Sequence[AnyRow]:
    """Everything that one subject owed in these days, by the day it was due."""
    query = _within(owed(), wanted).where(Subject.code == subject)
    return rows_of(
        connection,
        visible(query, scope)
        .order_by(DutyOccurrence.due_on, DutyOccurrence.duty, DutyOccurrence.number, DutyOccurrence.id)
        .limit(1_000),
    )


def my_duties(connection: Connection, doer: Doer, *, now: datetime) -> Sequence[AnyRow]:
    """What somebody can do now, what opens within a week, and what was done lately; most urgent first."""
    recent = and_(DutyOccurrence.done_at >= now - LATELY, DutyOccurrence.closes_at > now)
    waiting = and_(
        DutyOccurrence.done_at.is_(None),
        DutyOccurrence.excused_at.is_(None),
        DutyOccurrence.closes_at > now,
        DutyOccurrence.opens_at <= now + SOON,
    )
    near = DutyOccurrence.due_on.between((now - 2 * SOON).date(), (now + 400 * LATELY).date())
    query = owed().where(doer.owes(), near, or_(recent, waiting))
    return rows_of(
        connection,
        query.order_by(DutyOccurrence.due_at, DutyOccurrence.duty, Subject.code, DutyOccurrence.id).limit(
            MINE
        ),
    )


def week_list(
    connection: Connection, week: Week, scope: Scope, *, now: datetime, after: str = ""
) -> tuple[tuple[UnitWeek, ...], str]:
    """Units by path with their week, and from which path the list goes on."""
    some = exists().where(
        DutyOccurrence.unit_id == Unit.id, DutyOccurrence.due_on.between(week.before.monday, week.sunday)
    )
    query = select(Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.path).where(some, Unit.path > after)
    units = connection.execute(visible(query, scope).order_by(Unit.path).limit(PAGE + 1)).all()
    shown = units[:PAGE]
    rows = rows_of(
        connection,
        visible(owed(), scope)
        .where(DutyOccurrence.unit_id.in_([unit.id for unit in shown]), DutyOccurrence.excused_at.is_(None))
        .where(DutyOccurrence.due_on.between(week.before.monday, week.sunday))
        .order_by(DutyOccurrence.due_on, DutyOccurrence.duty, DutyOccurrence.id),
    )
    by_unit: defaultdict[UUID, list[AnyRow]] = defaultdict(list)
    for row in rows:
        by_unit[row.unit_id].append(row)
    weeks = tuple(
        UnitWeek(
            unit=unit,
            due=tuple(row for row in by_unit[unit.id] if row.due_on >= week.monday),
            missed=tuple(
                row
                for row in by_unit[unit.id]
                if row.due_on < week.monday and state_of(row, now) == standing.MISSED
            ),
        )
        for unit in shown
    )
    return weeks, shown[-1].path if len(units) > PAGE else ""


def _subjects(connection: Connection, wanted: Wanted, scope: Scope) -> Sequence[AnyRow]:
    """A page of subjects, and one more, that owed anything."""
    some = _within(
        select(DutyOccurrence.id).join(Unit, Unit.id == DutyOccurrence.unit_id, isouter=True), wanted
    )
    some = visible(some, scope).where(DutyOccurrence.subject_id == Subject.id).correlate(Subject)
    query = select(Subject.id, Subject.code, Subject.name).where(Subject.code > wanted.after, some.exists())
    return connection.execute(query.order_by(Subject.code).limit(PAGE + 1)).all()


def _within(query: Any, wanted: Wanted) -> Any:
    limited = query.where(
        DutyOccurrence.programme_id == wanted.programme_id,
        DutyOccurrence.due_on.between(wanted.first, wanted.last),
    )
    return limited.where(DutyOccurrence.duty == wanted.duty) if wanted.duty else limited


def _state(now: datetime) -> ColumnElement[str]:
    """`standing.state` in SQL; a test compares the two."""
    return case(
        (DutyOccurrence.excused_at.is_not(None), standing.EXCUSED),
        (
            and_(DutyOccurrence.done_at.is_not(None), DutyOccurrence.done_at < DutyOccurrence.due_at),
            standing.DONE,
        ),
        (DutyOccurrence.done_at.is_not(None), standing.DONE_LATE),
        (DutyOccurrence.closes_at <= now, standing.MISSED),
        (DutyOccurrence.opens_at <= now, standing.OPEN),
        else_=standing.UPCOMING,
    )


def _row(subject: AnyRow, cells: Mapping[str, Mapping[str, int]]) -> LedgerRow:
    total: defaultdict[str, int] = defaultdict(int)
    for states in cells.values():
        for state, n in states.items():
            total[state] += n
    found = {column: of_counts(states) for column, states in cells.items()}
    return LedgerRow(subject.code, subject.name, found, of_counts(total))
