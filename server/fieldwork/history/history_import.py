"""Importing earlier results: a dry run first, then exactly what it showed.

A file that changes anything is kept with all its good rows, also those that were known: when another file
is withdrawn, what both said still counts. A file that changes nothing leaves no trace but its audit line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server import audit
from server.db import AnyRow, new_id
from server.fieldwork.definitions.programmes import find_programme
from server.fieldwork.history.columns import COLUMN_OF, COLUMNS, REQUIRED, plain
from server.fieldwork.history.ground import Ground, ground_of
from server.fieldwork.history.standing import standing
from server.fieldwork.history.understanding import Result, understand
from server.fieldwork.importing import (
    Change,
    ChangeLog,
    FieldChange,
    ImportReport,
    SentFile,
    chunks,
    in_file_order,
    report_of,
)
from server.models.definitions import Programme
from server.models.opening_history import HistoryFile, HistoryResult
from server.tables import Row, Table, TableProblem, read_table

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class _Line:
    """A good row: what it says, and which of that was otherwise before (None for what is new)."""

    number: int
    results: Sequence[Result]
    before: Mapping[Result, Result | None]


def import_history(
    connection: Connection, sent: SentFile, key: str, *, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Take in earlier results of a programme, those of subjects within the sender's scope.

    What a file does not mention stays; what it says otherwise supersedes what was there.

    Raises:
        Refusal: not_found, when no version of the programme is published.
    """
    version = find_programme(connection, key, sent.scope)
    if not dry_run:
        # Two imports at once would both call the same results new; a settlement reads before or after.
        connection.execute(
            select(Programme.id).where(Programme.id == version.programme_id).with_for_update(key_share=True)
        )
    ground = ground_of(connection, version, sent.scope, now=now)
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    lines, problems = _judged(table, ground, _known(connection, version.programme_id))
    log = ChangeLog()
    for line in lines:
        if line.before:
            log.add(_change(line))
    if not dry_run:
        if log.kinds:
            _write(connection, sent, version.programme_id, lines, ground.subjects, now)
        _witness(connection, sent, key, log, problems, now)
    return report_of(log, table, problems, unchanged=len(lines) - log.kinds.total(), dry_run=dry_run)


def _judged(
    table: Table, ground: Ground, known: Mapping[tuple[Any, ...], Result]
) -> tuple[list[_Line], tuple[TableProblem, ...]]:
    """The good rows, and everything that is wrong with the others."""
    problems: list[TableProblem] = []
    good = []
    for row in table.rows:
        results, wrong = understand(row, ground)
        problems.extend(wrong)
        if results:
            good.append((row, results))
    lines = list(_lines(good, known, problems))
    return lines, in_file_order([*table.problems, *problems])


def _known(connection: Connection, programme_id: UUID) -> Mapping[tuple[Any, ...], Result]:
    results = map(_of, connection.execute(standing(programme_id)))
    return {result.key: result for result in results}


def _of(row: AnyRow) -> Result:
    days = (row.period, row.starts_on, row.ends_on)
    return Result(row.code, row.kind, row.name, row.instrument, *days, row.value, row.word, row.note)


def _lines(
    rows: Iterable[tuple[Row, Sequence[Result]]],
    known: Mapping[tuple[Any, ...], Result],
    problems: list[TableProblem],
) -> Iterable[_Line]:
    """Rows that say nothing which a row before them has said."""
    first: dict[tuple[Any, ...], int] = {}
    for row, results in rows:
        twice = next((each for each in results if each.key in first), None)
        if twice is not None:
            params: dict[str, str | int] = {"value": twice.subject, "first_row": first[twice.key]}
            problems.append(TableProblem(row.number, COLUMN_OF[twice.kind], "import_duplicate", params))
            continue
        first |= dict.fromkeys((each.key for each in results), row.number)
        before = {each: known.get(each.key) for each in results}
        differing = {each: was for each, was in before.items() if was is None or was.said != each.said}
        yield _Line(row.number, results, differing)


def _change(line: _Line) -> Change:
    one = line.results[0]
    names = " ".join(dict.fromkeys(each.name for each in line.results if each.kind != "failed_item"))
    about = " ".join(filter(None, (one.subject, one.period or one.ends_on.isoformat(), names)))
    fields = tuple(field for result, was in line.before.items() for field in _fields(result, was))
    kind = "created" if all(was is None for was in line.before.values()) else "changed"
    return Change(line.number, about, kind, fields)


def _fields(result: Result, was: Result | None) -> Iterable[FieldChange]:
    column = COLUMN_OF[result.kind]
    before, after = (None if was is None else _shown(was)), _shown(result)
    if before != after:
        yield column, before, after
    elif was is not None:
        yield "note", was.note, result.note


def _shown(result: Result) -> str:
    """A failed item with its name, since a row may have many."""
    said = plain(result.value) if result.value is not None else result.word or ""
    return f"{result.name} {said}".strip() if result.kind == "failed_item" else said


def _write(
    connection: Connection,
    sent: SentFile,
    programme_id: UUID,
    lines: Sequence[_Line],
    subjects: Mapping[str, UUID],
    now: datetime,
) -> None:
    file_id = new_id()
    rows = [
        {
            "id": new_id(),
            "file_id": file_id,
            "programme_id": programme_id,
            "subject_id": subjects[result.subject],
            "row_number": line.number,
            "kind": result.kind,
            "name": result.name,
            "instrument": result.instrument,
            "period": result.period,
            "starts_on": result.starts_on,
            "ends_on": result.ends_on,
            "value": result.value,
            "word": result.word,
            "note": result.note,
        }
        for line in lines
        for result in line.results
    ]
    connection.execute(
        insert(HistoryFile).values(
            id=file_id,
            programme_id=programme_id,
            name=sent.filename,
            sha256=sent.sha256,
            row_count=len(lines),
            imported_at=now,
            imported_by=sent.by,
        )
    )
    for chunk in chunks(rows, ROWS_AT_ONCE):
        connection.execute(insert(HistoryResult), list(chunk))


def _witness(
    connection: Connection,
    sent: SentFile,
    key: str,
    log: ChangeLog,
    problems: Sequence[TableProblem],
    now: datetime,
) -> None:
    counts = {"created": log.created, "updated": log.updated, "rejected": len({p.row for p in problems})}
    detail = {"file": sent.filename, "sha256": sent.sha256, "programme": key, **counts}
    audit.record(connection, [audit.Entry(sent.by, "history_imported", "history:*", detail)], at=now)
