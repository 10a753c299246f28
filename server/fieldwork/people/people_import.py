"""Changing many people at once: from a CSV or XLSX file, from rows that a feed sends, or one by hand.

Who is not in the file is left alone: nobody leaves by not being mentioned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from server import audit
from server.accounts.identity import Identity
from server.errors import Detail, Refusal
from server.fieldwork.importing import (
    Change,
    ChangeLog,
    FieldChange,
    ImportReport,
    SentFile,
    in_file_order,
    report_of,
)
from server.fieldwork.people.columns import COLUMNS, FIELDS, HIDDEN, REQUIRED, read_row
from server.fieldwork.people.deciding import EMPTY, Certificate, Role, Settled, decide, wishes
from server.fieldwork.people.known import compare_private, ground, known_people
from server.fieldwork.people.leaving import leave_today
from server.fieldwork.people.writing import Stamp, write_people
from server.keys import KeyRing
from server.locks import PEOPLE_LOCK, wait_for
from server.tables import Row, TableProblem, read_table
from server.tables.cells import text_of

# Shown one by one, as they come and go.
LISTS = frozenset({"roles", "certificates"})


@dataclass(frozen=True, slots=True)
class Order:
    """Who changes people, and how; `dry_run` only says what would change."""

    who: Identity
    keys: KeyRing
    now: datetime
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Settlement:
    """What rows change, and what is wrong with the others, in the order of the rows."""

    log: ChangeLog
    settled: Sequence[Settled]
    problems: tuple[TableProblem, ...] = field(default=())

    @property
    def unchanged(self) -> int:
        return sum(not each.changes for each in self.settled)


def import_people(connection: Connection, sent: SentFile, order: Order) -> ImportReport:
    """Create and change people with their roles, and note who leaves.

    A staff number is a person's identity; several rows of one say several roles or certificates.
    """
    table = read_table(sent.data, sent.filename, aliases=COLUMNS, required=REQUIRED)
    rows = list(table.rows)
    settlement = settle_people(connection, rows, order, before=table.problems)
    log = settlement.log
    if not order.dry_run:
        source = {"file": sent.filename, "sha256": sent.sha256}
        record_import(connection, settlement, order, source)
    return report_of(log, table, settlement.problems, unchanged=settlement.unchanged, dry_run=order.dry_run)


def settle_people(
    connection: Connection, rows: Sequence[Row], order: Order, *, before: Iterable[TableProblem] = ()
) -> Settlement:
    """Judge rows, and write what holds. Every door to people comes through here."""
    if not order.dry_run:
        # Two imports at once would each create the person, or the login, that the other is creating.
        wait_for(connection, PEOPLE_LOCK)
    problems: list[TableProblem] = []
    wished = list(wishes(_readable(rows, problems), problems))
    stands = ground(connection, order.who, now=order.now)
    known = known_people(connection, [wish.code for wish in wished], now=order.now)
    settled, fallen = decide(compare_private(connection, known, wished, order.keys), wished, stands)
    log = ChangeLog()
    for each in settled:
        if each.changes:
            log.add(_change(each))
    if not order.dry_run:
        write_people(connection, settled, stands, Stamp(order.who.actor, order.now, order.keys))
        leaving = [each.before.id for each in settled if each.before and each.kind == "leaving"]
        leave_today(connection, leaving, by=order.who.actor, now=order.now)
    return Settlement(log, settled, in_file_order([*before, *problems, *fallen]))


def settle_by_hand(connection: Connection, rows: Sequence[Mapping[str, str]], order: Order) -> Settlement:
    """Change one person as a form says: the same rules as a file's, cells by column.

    Raises:
        Refusal: invalid_fields with everything that is wrong, at its column.
    """
    cells = [{name: text_of(cell) for name, cell in row.items()} for row in rows]
    settlement = settle_people(connection, [Row(1, each) for each in cells], order)
    if settlement.problems:
        raise Refusal(
            "invalid_fields",
            details=[Detail(each.code, f"/{each.column}", each.params) for each in settlement.problems],
        )
    return settlement


def record_import(
    connection: Connection, settlement: Settlement, order: Order, source: Mapping[str, str]
) -> None:
    """The audit line of many rows at once; each person has a line besides."""
    counts = {
        "created": settlement.log.created,
        "updated": settlement.log.updated,
        "leaving": settlement.log.kinds["leaving"],
        "rejected": len({each.row for each in settlement.problems if each.row is not None}),
    }
    entry = audit.Entry(order.who.actor, "people_imported", "person:*", {**source, **counts})
    audit.record(connection, [entry], at=order.now)


def _readable(rows: Iterable[Row], problems: list[TableProblem]) -> list[tuple[Row, Mapping[str, Any]]]:
    """Rows that can be read, of people all of whose rows can be."""
    read, broken = [], set()
    for row in rows:
        before = len(problems)
        values = read_row(row, problems)
        if len(problems) > before:
            broken.add(row.cells["code"])
        read.append((row, values))
    return [(row, values) for row, values in read if row.cells["code"] not in broken]


def _change(one: Settled) -> Change:
    was: Mapping[str, Any] = one.before.values if one.before else EMPTY
    plain = [name for name in one.changed if name not in LISTS]
    fields = tuple((name, _printed(name, was.get(name)), _printed(name, one.values[name])) for name in plain)
    lists = (
        *_came_and_went("role", was["roles"], one.values["roles"]),
        *_came_and_went("certificate", was["certificates"], one.values["certificates"]),
    )
    return Change(one.wish.row, one.wish.code, one.kind, (*fields, *lists))


def _came_and_went(name: str, was: Sequence[Any], is_: Sequence[Any]) -> tuple[FieldChange, ...]:
    gone = ((name, print_one(each), None) for each in was if each not in is_)
    new = ((name, None, print_one(each)) for each in is_ if each not in was)
    return (*gone, *new)


def print_one(each: Role | Certificate) -> str:
    """`coordinator D1`, as `web.console.people` says in words; a certificate with what is known of it."""
    if isinstance(each, Role):
        return f"{each.role} {each.scope}".strip()
    parts = (each.level, each.score, each.passed_on, each.expires_on)
    return " · ".join((each.name, *(str(part) for part in parts if part is not None)))


def _printed(name: str, value: Any) -> str | None:
    if value is None or value is False or value == ():
        return None
    if name in HIDDEN:
        return "…"
    if name == "absences":
        return "、".join(str(first) if first == last else f"{first}~{last}" for first, last in value)
    if isinstance(value, tuple):
        return "、".join(value)
    return "yes" if value is True else str(value)


def file_values(values: Mapping[str, Any]) -> dict[str, str]:
    """Values of `columns.FIELDS` as a cell of a file would hold them, for the form that changes them."""
    shown = (name for name in FIELDS if name not in {*HIDDEN, *LISTS})
    return {name: _printed(name, values[name]) or "" for name in shown}
