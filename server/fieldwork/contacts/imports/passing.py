"""One pass over rows, batch by batch: what a file would change, or changing it.

A batch is the unit of everything: it is read, compared, written and counted before the next one is read, so
a million rows need the memory of five thousand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection, text

from server.fieldwork.contacts.imports.cells import Line
from server.fieldwork.importing import Change, ChangeLog
from server.tables import Content, Row, Table, TableProblem, read_table

BATCH = 5_000
MAX_ROWS = 2_000_000

FORGET = text("DROP TABLE IF EXISTS pg_temp.import_seen")
BEGIN_SEEN = text("CREATE TEMPORARY TABLE import_seen (key text PRIMARY KEY, row bigint NOT NULL)")
SEE = text(
    "INSERT INTO import_seen SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:rows AS bigint[]))"
    " ON CONFLICT DO NOTHING"
)
SEEN = text("SELECT key, row FROM import_seen WHERE key = ANY(CAST(:keys AS text[]))")


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch; the lines that are in neither were there already as they are."""

    changes: Sequence[Change]
    problems: Sequence[TableProblem] = ()


class RowKind(Protocol):
    """Rows of one kind: what their columns are called, and what is done with them."""

    @property
    def aliases(self) -> Mapping[str, tuple[str, ...]]:
        """What files call each column."""
        ...

    @property
    def required(self) -> tuple[str, ...]: ...

    @property
    def families(self) -> Mapping[str, tuple[str, ...]]:
        """Prefixes of columns that people name themselves."""
        ...

    def line(self, row: int, cells: Mapping[str, str], problems: list[TableProblem]) -> Line | None:
        """The row's values; None where something is wrong with it, which is added to the problems."""
        ...

    def write(self, connection: Connection, lines: Sequence[Line], *, dry_run: bool) -> Written:
        """Compare lines of different keys with what is there, and write what differs unless `dry_run`."""
        ...


@dataclass(slots=True)
class Tally:
    """Counts of a pass. Of problems and changes the first ones are kept, all are counted."""

    most_problems: int | None = None
    log: ChangeLog = field(default_factory=ChangeLog)
    unchanged: int = 0
    rejected: int = 0
    problems: list[TableProblem] = field(default_factory=list)

    def take(self, lines: int, written: Written) -> None:
        for change in written.changes:
            self.log.add(change)
        self.unchanged += lines - len(written.changes) - len(written.problems)
        self.reject(written.problems)

    def reject(self, problems: Sequence[TableProblem]) -> None:
        """Take in all that is wrong with some rows."""
        self.rejected += len({each.row for each in problems if each.row is not None})
        room = len(problems) if self.most_problems is None else self.most_problems - len(self.problems)
        self.problems.extend(problems[: max(0, room)])


def open_table(kind: RowKind, data: Content, filename: str) -> Table:
    return read_table(
        data,
        filename,
        aliases=kind.aliases,
        required=kind.required,
        families=kind.families,
        max_rows=MAX_ROWS,
    )


def passing(
    connection: Connection, kind: RowKind, table: Table, tally: Tally, *, dry_run: bool, done_row: int = 0
) -> Iterator[int]:
    """Pass over a table; after each batch the last row's number, and the caller may commit.

    Args:
        done_row: rows up to this one were dealt with before: they are only remembered.
    """
    seen = _Seen(connection)
    for rows in _batches(table.rows):
        fresh: list[TableProblem] = []
        read = (kind.line(row.number, row.cells, fresh) for row in rows)
        lines = seen.firsts([line for line in read if line is not None], fresh, more=len(rows) == BATCH)
        tally.reject([each for each in _drained(table.problems) + fresh if _is_new(each, done_row)])
        lines = [line for line in lines if line.row > done_row]
        if lines:
            tally.take(len(lines), kind.write(connection, lines, dry_run=dry_run))
        yield rows[-1].number
    tally.reject([each for each in _drained(table.problems) if _is_new(each, done_row)])
    seen.forget()


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _drained(problems: list[TableProblem]) -> list[TableProblem]:
    drained = problems[:]
    problems.clear()
    return drained


def _is_new(problem: TableProblem, done_row: int) -> bool:
    return problem.row is None or problem.row > done_row


class _Seen:
    """The keys of all rows so far. Beyond one batch PostgreSQL keeps them: a million would not fit here."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stored = False

    def firsts(self, lines: list[Line], problems: list[TableProblem], *, more: bool) -> list[Line]:
        """The lines whose key occurs for the first time; the others become problems.

        Args:
            more: other batches may follow.
        """
        first_rows: dict[str, int] = {}
        for line in lines:
            first_rows.setdefault(line.key, line.row)
        if more or self._stored:
            first_rows = self._remember(first_rows)
        for line in lines:
            if first_rows[line.key] != line.row:
                params: dict[str, str | int] = {"value": line.key, "first_row": first_rows[line.key]}
                problems.append(TableProblem(line.row, "external_id", "import_duplicate", params))
        return [line for line in lines if first_rows[line.key] == line.row]

    def forget(self) -> None:
        if self._stored:
            self._connection.execute(FORGET)

    def _remember(self, rows: Mapping[str, int]) -> dict[str, int]:
        if not self._stored:
            self._connection.execute(FORGET)
            self._connection.execute(BEGIN_SEEN)
            self._stored = True
        keys = list(rows)
        self._connection.execute(SEE, {"keys": keys, "rows": list(rows.values())})
        return {row.key: row.row for row in self._connection.execute(SEEN, {"keys": keys})}
