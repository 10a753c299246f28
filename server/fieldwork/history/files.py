"""The files of earlier results: what of each counts, its rows, and taking one back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, false, func, select, true, tuple_, update

from server import audit
from server.db import AnyRow, AnySelect
from server.errors import Detail, Refusal
from server.fieldwork.history.standing import KEY, place, standing
from server.models.definitions import Programme
from server.models.opening_history import HistoryFile, HistoryResult
from server.models.organisation import Subject, Unit
from server.scope import Scope

PAGE_SIZE = 100
LONGEST_REASON = 500
MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a file's results; `next` is where the following page begins.

    `newer` has, for those that are superseded, what counts instead, with its file's name.
    """

    rows: Sequence[AnyRow]
    next: tuple[int, UUID] | None
    newer: Mapping[UUID, AnyRow] = field(default_factory=dict)


def list_files(connection: Connection, scope: Scope, *, key: str | None = None) -> Sequence[AnyRow]:
    """Files with results within the scope, newest first.

    Of those results: how many there are (`results`), how many count (`counted`), and how many a newer file
    has superseded (`superseded`). `outside` tells whether the file reaches beyond the scope.
    """
    query = _files(scope).order_by(HistoryFile.imported_at.desc(), HistoryFile.id.desc()).limit(MOST_FILES)
    return connection.execute(query if key is None else query.where(Programme.key == key)).all()


def find_file(connection: Connection, file_id: UUID, scope: Scope) -> AnyRow:
    """One file, as `list_files` has it.

    Raises:
        Refusal: not_found when nothing of it is within the scope.
    """
    row = connection.execute(_files(scope).where(HistoryFile.id == file_id)).first()
    if row is None:
        raise Refusal("not_found")
    return row


def file_rows(
    connection: Connection, file_id: UUID, scope: Scope, *, after: tuple[int, UUID] | None = None
) -> Rows:
    """A file's results within the scope in its own order; `state` is counted, superseded or withdrawn."""
    states = _states().subquery()
    query = (
        select(
            *HistoryResult.__table__.columns, Subject.code, Subject.name.label("subject_name"),
            Unit.name_en.label("subject_name_en"),
            func.coalesce(states.c.state, "withdrawn").label("state"),
        )
        .join(Subject, Subject.id == HistoryResult.subject_id)
        .join(Unit, Unit.id == Subject.unit_id, isouter=True)
        .join(states, states.c.id == HistoryResult.id, isouter=True)
        .where(HistoryResult.file_id == file_id, _visible(scope))
    )  # fmt: skip
    if after is not None:
        query = query.where(tuple_(HistoryResult.row_number, HistoryResult.id) > tuple_(*after))
    order = (HistoryResult.row_number, HistoryResult.id)
    rows = connection.execute(query.order_by(*order).limit(PAGE_SIZE + 1)).all()
    shown = rows[:PAGE_SIZE]
    following = (shown[-1].row_number, shown[-1].id) if len(rows) > PAGE_SIZE else None
    return Rows(shown, following, _newer(connection, [row for row in shown if row.state == "superseded"]))


def _newer(connection: Connection, rows: Sequence[AnyRow]) -> Mapping[UUID, AnyRow]:
    """Result -> what counts instead of it; the rows are of one file, so of one programme."""
    if not rows:
        return {}
    about = HistoryResult.subject_id.in_({row.subject_id for row in rows})
    found = connection.execute(standing(rows[0].programme_id).where(about))
    counting = {_key(row): row for row in found}
    return {row.id: counting[_key(row)] for row in rows}


def _key(row: AnyRow) -> tuple[Any, ...]:
    return tuple(getattr(row, column.key) for column in KEY)


def withdraw_file(
    connection: Connection, file_id: UUID, scope: Scope, *, reason: str, by: str, now: datetime
) -> None:
    """Take a file back: its results stop counting, and what they superseded counts again.

    Raises:
        Refusal: not_found, forbidden when the file reaches beyond the scope, conflict when it is withdrawn
            already, or invalid_fields without a reason.
    """
    row = find_file(connection, file_id, scope)
    if row.outside:
        raise Refusal("forbidden")
    said = reason.strip()
    if not said:
        raise Refusal("invalid_fields", details=[Detail("field_required", "/reason")])
    if len(said) > LONGEST_REASON:
        raise Refusal(
            "invalid_fields", details=[Detail("text_too_long", "/reason", {"limit": LONGEST_REASON})]
        )
    table = HistoryFile
    done = connection.execute(
        update(table)
        .where(table.id == file_id, table.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by=by, withdrawn_reason=said)
    )
    if not done.rowcount:
        raise Refusal("conflict")
    detail = {"file": row.name, "sha256": row.sha256, "programme": row.key, "reason": said}
    audit.record(connection, [audit.Entry(by, "history_withdrawn", f"history:{file_id}", detail)], at=now)


def _states() -> AnySelect:
    """Every result of files that count, and whether it counts."""
    places = (
        select(HistoryResult.id, place().label("place"))
        .join(HistoryFile, HistoryFile.id == HistoryResult.file_id)
        .where(HistoryFile.withdrawn_at.is_(None))
        .subquery()
    )
    state = case((places.c.place > 1, "superseded"), else_="counted")
    return select(places.c.id, state.label("state"))


def _files(scope: Scope) -> AnySelect:
    states = _states().subquery()

    def number(*conditions: ColumnElement[bool]) -> Any:
        return func.count().filter(and_(true(), *conditions))

    seen = _visible(scope)
    counts = (
        select(
            HistoryResult.file_id,
            number(seen).label("results"),
            number(seen, states.c.state == "counted").label("counted"),
            number(seen, states.c.state == "superseded").label("superseded"),
            (number(~seen) > 0).label("outside"),
        )
        .join(states, states.c.id == HistoryResult.id, isouter=True)
        .group_by(HistoryResult.file_id)
        .subquery()
    )
    return (
        select(
            *HistoryFile.__table__.columns, Programme.key, counts.c.results, counts.c.counted,
            counts.c.superseded, counts.c.outside,
        )
        .join(Programme, Programme.id == HistoryFile.programme_id)
        .join(counts, counts.c.file_id == HistoryFile.id)
        .where(counts.c.results > 0)
    )  # fmt: skip


def _visible(scope: Scope) -> ColumnElement[bool]:
    """What was found about branches before is none of a firm's business."""
    if scope.firm_ids is not None:
        return false()
    if scope.unit_paths is None:
        return true()
    return HistoryResult.subject_id.in_(scope.subjects(select(Subject.id)))
