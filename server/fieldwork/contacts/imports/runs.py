"""Imports too long for one request: shown or applied batch by batch, by a worker or the command line.

Every batch is committed with the counts so far, so a page can show how far it is, and a worker that takes
over from a killed one goes on behind the last committed row. What is shown may be applied from the same
stored file; the file goes once it was applied, or after a day.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, insert, select, update

from server import audit, queue
from server.clock import Clock
from server.db import AnyRow, new_id
from server.errors import Refusal
from server.fieldwork.contacts.imports.contact_rows import ContactRows
from server.fieldwork.contacts.imports.event_rows import EventRows
from server.fieldwork.contacts.imports.parts import open_parts, store_parts
from server.fieldwork.contacts.imports.passing import RowKind, Tally, open_table, passing
from server.fieldwork.contacts.imports.places import places
from server.fieldwork.importing import Change, ChangeLog, in_file_order
from server.keys import KeyLost, KeyRing
from server.models.import_runs import ImportPart, ImportRun
from server.scope import Scope
from server.tables import TableProblem

Kind = Literal["contacts", "events"]
KEPT_FOR = timedelta(days=1)
MOST_PROBLEMS = 500
MOST_CHANGES = 200
MOST_LISTED = 50
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class LongFile:
    """A file too long to hold, and who sends it."""

    kind: Kind
    filename: str
    by: str
    scope: Scope
    dry_run: bool


class _Overtaken(Exception):
    """Another worker went on with this run."""


def start_run(
    connection: Connection, sent: LongFile, stream: IO[bytes], keys: KeyRing, *, now: datetime
) -> UUID:
    """Store a file and leave it to a worker; files that waited for a day are thrown away."""
    _forget_files(connection, before=now - KEPT_FOR)
    run_id = _add(connection, sent, now=now)
    size, sha256 = store_parts(connection, run_id, stream, keys)
    connection.execute(update(ImportRun).where(ImportRun.id == run_id).values(size=size, sha256=sha256))
    queue.defer(connection, "import_rows", run_id=str(run_id))
    return run_id


def apply_run(connection: Connection, run_id: UUID, sent_by: str, *, now: datetime) -> UUID:
    """Apply the very file that a finished dry run has shown; the new run.

    Raises:
        Refusal: import_gone, when it is not this sender's, was applied already, or waited too long.
    """
    shown = connection.execute(
        select(*ImportRun.__table__.columns)
        .where(ImportRun.id == run_id, ImportRun.by == sent_by, ImportRun.dry_run, ImportRun.state == "done")
        .with_for_update()
    ).first()
    if shown is None:
        raise Refusal("import_gone")
    sent = LongFile(shown.kind, shown.filename, shown.by, _scope(shown), dry_run=False)
    applied = _add(connection, sent, now=now, size=shown.size, sha256=shown.sha256)
    moved = update(ImportPart).where(ImportPart.run_id == run_id).values(run_id=applied)
    if not connection.execute(moved).rowcount:
        raise Refusal("import_gone")
    queue.defer(connection, "import_rows", run_id=str(applied))
    return applied


def work_run(engine: Engine, keys: KeyRing, clock: Clock, run_id: UUID) -> None:
    """What a worker does: pass over the stored file from where the last worker stopped."""
    with engine.connect() as connection:
        run = _begin(connection, run_id, now=clock.now())
        if run is None:
            return
        try:
            _pass(connection, keys, clock, run, open_parts(connection, run_id, keys))
        except _Overtaken:
            connection.rollback()
            return
        except KeyLost:
            connection.rollback()
            _finish(connection, run_id, state="failed", error="import_gone", now=clock.now())
        if not run.dry_run:
            connection.execute(delete(ImportPart).where(ImportPart.run_id == run_id))
        connection.commit()


def run_file(
    engine: Engine,
    keys: KeyRing,
    clock: Clock,
    sent: LongFile,
    stream: IO[bytes],
    progress: Callable[[int], None] = lambda _row: None,
) -> AnyRow:
    """What the command line does: pass over an open file; the finished run."""
    sha256 = hashlib.sha256()
    while piece := stream.read(PIECE):
        sha256.update(piece)
    size = stream.tell()
    stream.seek(0)
    with engine.connect() as connection:
        run_id = _add(connection, sent, now=clock.now(), size=size, sha256=sha256.hexdigest())
        run = _begin(connection, run_id, now=clock.now())
        if run is not None:
            _pass(connection, keys, clock, run, stream, progress)
        connection.commit()
        return connection.execute(_run(run_id)).one()


def find_run(connection: Connection, run_id: UUID, scope: Scope, *, by: str) -> AnyRow:
    """A run with all its columns, for whoever sent it, and for those who see everything.

    Raises:
        Refusal: not_found.
    """
    row = connection.execute(_run(run_id)).first()
    if row is None or (row.by != by and not scope.whole):
        raise Refusal("not_found")
    return row


def list_runs(connection: Connection, scope: Scope, *, by: str) -> Sequence[AnyRow]:
    """The newest runs: one's own, or everybody's for those who see everything."""
    query = select(*ImportRun.__table__.columns).order_by(ImportRun.created_at.desc()).limit(MOST_LISTED)
    return connection.execute(query if scope.whole else query.where(ImportRun.by == by)).all()


def can_apply(connection: Connection, run: AnyRow, *, by: str) -> bool:
    """Whether the file of a dry run is still there for its sender."""
    if not run.dry_run or run.state != "done" or run.by != by or not run.created + run.updated:
        return False
    waiting = select(ImportPart.number).where(ImportPart.run_id == run.id).limit(1)
    return connection.scalar(waiting) is not None


def problems_of(run: AnyRow) -> Sequence[TableProblem]:
    """The first problems of a run, in the order of the file."""
    return in_file_order([TableProblem(**problem) for problem in run.report.get("problems", ())])


def changes_of(run: AnyRow) -> list[Change]:
    """The first changes of a run."""
    return [
        Change(each["row"], each["key"], each["kind"], tuple((*part,) for part in each["fields"]))
        for each in run.report.get("changes", ())
    ]


def _run(run_id: UUID) -> Any:
    return select(*ImportRun.__table__.columns).where(ImportRun.id == run_id)


def _add(connection: Connection, sent: LongFile, *, now: datetime, size: int = 0, sha256: str = "") -> UUID:
    run_id = new_id()
    paths = sent.scope.unit_paths
    connection.execute(
        insert(ImportRun).values(
            id=run_id,
            kind=sent.kind,
            filename=sent.filename,
            sha256=sha256,
            size=size,
            dry_run=sent.dry_run,
            by=sent.by,
            unit_paths=None if paths is None else list(paths),
            created_at=now,
        )
    )
    return run_id


def _begin(connection: Connection, run_id: UUID, *, now: datetime) -> AnyRow | None:
    """The run, taken; None when there is nothing left to do."""
    taken = connection.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state.in_(("waiting", "running")))
        .values(state="running", started_at=now)
        .returning(*ImportRun.__table__.columns)
    ).first()
    connection.commit()
    return taken


def _pass(
    connection: Connection,
    keys: KeyRing,
    clock: Clock,
    run: AnyRow,
    stream: IO[bytes],
    progress: Callable[[int], None] = lambda _row: None,
) -> None:
    kind = _kind(connection, keys, run, now=clock.now())
    table, tally = open_table(kind, stream, run.filename), _resumed(run)
    done_row = run.done_row
    for last in passing(connection, kind, table, tally, dry_run=run.dry_run, done_row=run.done_row):
        if last > done_row:
            values = _counts(run, tally) | {"done_row": last, "encoding": table.encoding}
            mine = update(ImportRun).where(ImportRun.id == run.id, ImportRun.done_row == done_row)
            if not connection.execute(mine.values(**values)).rowcount:
                raise _Overtaken
            done_row = last
        connection.commit()
        progress(last)
    values = _counts(run, tally) | {"encoding": table.encoding}
    values["report"] |= {"ignored": list(table.ignored), "headers": dict(table.headers)}
    _finish(connection, run.id, now=clock.now(), **values)
    if not run.dry_run:
        detail = {name: values[name] for name in ("created", "updated", "rejected")}
        detail |= {"file": run.filename, "sha256": run.sha256}
        entry = audit.Entry(run.by, f"{run.kind}_imported", f"{run.kind.removesuffix('s')}:*", detail)
        audit.record(connection, [entry], at=clock.now())


def _kind(connection: Connection, keys: KeyRing, run: AnyRow, *, now: datetime) -> RowKind:
    within = places(connection, _scope(run))
    return ContactRows(keys, within, now) if run.kind == "contacts" else EventRows(within, now)


def _scope(run: AnyRow) -> Scope:
    return Scope(unit_paths=None if run.unit_paths is None else tuple(run.unit_paths))


def _resumed(run: AnyRow) -> Tally:
    """A tally that goes on where the last worker's counts were committed."""
    tally = Tally(MOST_PROBLEMS, ChangeLog(MOST_CHANGES))
    tally.log.kinds.update(created=run.created, changed=run.updated)
    tally.unchanged, tally.rejected = run.unchanged, run.rejected
    tally.problems = list(problems_of(run))
    return tally


def _counts(run: AnyRow, tally: Tally) -> dict[str, Any]:
    return {
        "created": tally.log.created,
        "updated": tally.log.updated,
        "unchanged": tally.unchanged,
        "rejected": tally.rejected,
        "report": {"problems": [_problem(each) for each in tally.problems], "changes": _changes(run, tally)},
    }


def _changes(run: AnyRow, tally: Tally) -> list[dict[str, Any]]:
    fresh = [
        {"row": each.row, "key": each.key, "kind": each.kind, "fields": [list(part) for part in each.fields]}
        for each in tally.log.kept
    ]
    return [*run.report.get("changes", ()), *fresh][:MOST_CHANGES]


def _problem(problem: TableProblem) -> dict[str, Any]:
    return {
        "row": problem.row, "column": problem.column, "code": problem.code, "params": dict(problem.params),
    }  # fmt: skip


def _finish(
    connection: Connection, run_id: UUID, *, now: datetime, state: str = "done", **values: Any
) -> None:
    values |= {"state": state, "finished_at": now}
    connection.execute(update(ImportRun).where(ImportRun.id == run_id).values(**values))


def _forget_files(connection: Connection, *, before: datetime) -> None:
    old = select(ImportRun.id).where(ImportRun.created_at <= before)
    connection.execute(delete(ImportPart).where(ImportPart.run_id.in_(old)))
