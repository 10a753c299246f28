"""Changing many units at once: from a CSV or XLSX file, or from rows that a feed sends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from server import audit
from server.catalogue import ZONE
from server.errors import Detail, Refusal
from server.fieldwork.importing import (
    Change,
    ChangeLog,
    ImportReport,
    SentFile,
    field_changes,
    in_file_order,
    report_of,
)
from server.fieldwork.organisation.columns import COLUMNS, FIELDS, REQUIRED, print_values, read_row
from server.fieldwork.organisation.deciding import Settled, Wish, decide
from server.fieldwork.organisation.writing import Stamp, known_units, write_units
from server.scope import EVERYTHING, Scope
from server.tables import Row, TableProblem, read_table


@dataclass(frozen=True, slots=True)
class Order:
    """Who changes units, and how.

    Attributes:
        day: from which the changes hold, today unless given; not before the last change of a unit concerned.
        reason: kept with each version that begins.
        dry_run: only say what would change.
    """

    by: str
    now: datetime
    scope: Scope = EVERYTHING
    day: date | None = None
    reason: str | None = None
    dry_run: bool = False

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(ZONE)).date()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What rows change, and what is wrong with the others, in the order of the rows."""

    log: ChangeLog
    unchanged: int
    problems: tuple[TableProblem, ...] = field(default=())

    @property
    def fingerprint(self) -> str:
        return self.log.fingerprint(self.problems)


def import_units(
    connection: Connection,
    sent: SentFile,
    *,
    now: datetime,
    day: date | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Create, change, move, close and reopen units; children may stand above their parents in the file.

    A code is a unit's identity: a row whose code is known changes that unit, by the columns there are.
    """
    order = Order(sent.by, now, sent.scope, day=day, dry_run=dry_run)
    lock(connection, order)
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    rows = list(table.rows)
    settlement = settle_rows(connection, rows, order, ChangeLog(), before=table.problems)
    report = report_of(
        settlement.log, table, settlement.problems, unchanged=settlement.unchanged, dry_run=dry_run
    )
    if not dry_run:
        source = {"file": sent.filename, "sha256": sent.sha256}
        record_import(connection, settlement, order, source)
    return report


def apply_rows(
    connection: Connection, rows: Sequence[Row], order: Order, source: dict[str, str]
) -> Settlement:
    """The same for rows from elsewhere; `source` stands in the audit line, and every change is listed."""
    lock(connection, order)
    settlement = settle_rows(connection, rows, order, ChangeLog(most=len(rows)))
    if not order.dry_run:
        record_import(connection, settlement, order, source)
    return settlement


def lock(connection: Connection, order: Order) -> None:
    """Two imports at once would each miss the parents that the other is creating."""
    if not order.dry_run:
        connection.execute(text("LOCK TABLE unit IN SHARE ROW EXCLUSIVE MODE"))


def settle_rows(
    connection: Connection,
    rows: Iterable[Row],
    order: Order,
    log: ChangeLog,
    *,
    before: Iterable[TableProblem] = (),
) -> Settlement:
    """Judge rows, and write what holds. Every door to the organisation comes through here.

    Raises:
        Refusal: invalid_fields, for a day that is still to come.
    """
    if order.day is not None and order.day > order.today:
        raise Refusal("invalid_fields", details=[Detail("day_to_come", "/day", {"value": str(order.day)})])
    problems: list[TableProblem] = []
    wishes = list(_unique(_wishes(rows, problems), problems))
    known = known_units(connection)
    day = order.day or order.today
    settled, fallen = decide(known, wishes, order.scope, day=day, today=order.today)
    changing = sorted((each for each in settled if each.changes), key=lambda each: each.wish.row)
    for each in changing:
        log.add(_change(each))
    if not order.dry_run:
        write_units(connection, settled, known, Stamp(order.by, order.now, day, order.reason))
    return Settlement(log, len(settled) - len(changing), in_file_order([*before, *problems, *fallen]))


def record_import(
    connection: Connection, settlement: Settlement, order: Order, source: dict[str, str]
) -> None:
    """The audit line of many rows at once."""
    counts = {
        "created": settlement.log.created,
        "updated": settlement.log.updated,
        "rejected": len({each.row for each in settlement.problems if each.row is not None}),
    }
    entry = audit.Entry(order.by, "units_imported", "unit:*", {**source, **counts})
    audit.record(connection, [entry], at=order.now)


def _wishes(rows: Iterable[Row], problems: list[TableProblem]) -> Iterator[Wish]:
    for row in rows:
        before = len(problems)
        values = read_row(row, problems)
        if len(problems) == before:
            yield Wish(row.number, values.pop("code"), values)


def _unique(wishes: Iterable[Wish], problems: list[TableProblem]) -> Iterator[Wish]:
    first_rows: dict[str, int] = {}
    for wish in wishes:
        first_row = first_rows.setdefault(wish.code, wish.row)
        if first_row == wish.row:
            yield wish
        else:
            params: dict[str, str | int] = {"value": wish.code, "first_row": first_row}
            problems.append(TableProblem(wish.row, "code", "import_duplicate", params))


def _change(settled: Settled) -> Change:
    was: Mapping[str, object] = settled.before.values if settled.before else {}
    names = [name for name in FIELDS if was.get(name) != settled.values[name]]
    before, after = ({name: each.get(name) for name in names} for each in (was, settled.values))
    fields = field_changes(print_values(before), print_values(after), names)
    return Change(settled.wish.row, settled.wish.code, settled.kind, fields, settled.below)
