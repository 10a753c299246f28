"""Rows of a feed: the same rules as a file's, and an answer for every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from server import audit
from server.fieldwork.contacts.imports.cells import Line
from server.fieldwork.contacts.imports.contact_rows import ContactRows
from server.fieldwork.contacts.imports.event_rows import EventRows
from server.fieldwork.contacts.imports.passing import RowKind
from server.fieldwork.contacts.imports.places import places
from server.fieldwork.importing import Change
from server.keys import KeyRing
from server.scope import Scope
from server.tables import TableProblem

Kind = Literal["contacts", "events"]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One row as it was sent: cells by column, as a file would hold them."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of the rows, by number: what changed, or what is wrong; in neither, nothing did."""

    changes: Mapping[int, Change]
    problems: Mapping[int, Sequence[TableProblem]]


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose rows, of which kind, and whether they are only looked at."""

    kind: Kind
    by: str
    scope: Scope
    dry_run: bool = False


def take_rows(
    connection: Connection, feed: Feed, rows: Sequence[FeedRow], keys: KeyRing, *, now: datetime
) -> Fed:
    """Create and update what the rows say; the same rows again change nothing."""
    within = places(connection, feed.scope)
    kind: RowKind = ContactRows(keys, within, now) if feed.kind == "contacts" else EventRows(within, now)
    problems: list[TableProblem] = []
    read = (kind.line(row.number, row.cells, problems) for row in rows)
    lines = _firsts([line for line in read if line is not None], problems)
    written = kind.write(connection, lines, dry_run=feed.dry_run)
    changes = {change.row: change for change in written.changes}
    by_row: dict[int, list[TableProblem]] = {}
    for problem in (*problems, *written.problems):
        by_row.setdefault(problem.row or 0, []).append(problem)
    if changes and not feed.dry_run:
        created = sum(change.kind == "created" for change in changes.values())
        detail = {"created": created, "updated": len(changes) - created, "rejected": len(by_row)}
        entry = audit.Entry(feed.by, f"{feed.kind}_fed", f"{feed.kind.removesuffix('s')}:*", detail)
        audit.record(connection, [entry], at=now)
    return Fed(changes, by_row)


def _firsts(lines: Sequence[Line], problems: list[TableProblem]) -> list[Line]:
    first_rows: dict[str, int] = {}
    kept = []
    for line in lines:
        first_row = first_rows.setdefault(line.key, line.row)
        if first_row == line.row:
            kept.append(line)
        else:
            params: dict[str, str | int] = {"value": line.key, "first_row": first_row}
            problems.append(TableProblem(line.row, "external_id", "import_duplicate", params))
    return kept
