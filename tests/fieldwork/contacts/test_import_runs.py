"""Long files: batch by batch, resumed where a worker was killed, shown before they are applied."""

import io
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import Connection, Engine, func, select, text, update

from server.clock import SetClock
from server.config import Secret
from server.errors import Refusal
from server.fieldwork.contacts.imports import parts, runs
from server.fieldwork.contacts.imports.passing import BATCH
from server.jobs import rounds
from server.keys import KeyRing
from server.models.contacts import Contact
from server.models.import_runs import ImportPart, ImportRun
from server.scope import EVERYTHING, Scope
from tests import builders
from tests.builders import BY, DAY, NOW, phone_of

OTHER = "account:other"


def contacts_file(count: int, *extra: str) -> bytes:
    rows = (f"K{n:06},{phone_of(n)},B101" for n in range(count))
    return "\n".join(["external_id,phone,unit_code", *rows, *extra]).encode()


def sent(*, dry_run: bool = False, scope: Scope = EVERYTHING) -> runs.LongFile:
    return runs.LongFile("contacts", "long.csv", BY, scope, dry_run)


def start(engine: Engine, keys: KeyRing, data: bytes, **options: Any) -> UUID:
    with engine.begin() as connection:
        return runs.start_run(connection, sent(**options), io.BytesIO(data), keys, now=NOW)


def found(engine: Engine, run_id: UUID) -> Any:
    with engine.connect() as connection:
        return runs.find_run(connection, run_id, EVERYTHING, by=BY)


def counts(run: Any) -> tuple[int, int, int, int]:
    return run.created, run.updated, run.unchanged, run.rejected


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def units(engine: Engine) -> Engine:
    with engine.begin() as connection:
        builders.create_units(connection)
    return engine


@pytest.fixture
def work(app: Flask, clock: SetClock, units: Engine, keys: KeyRing) -> Any:
    """Does what the worker does."""

    def run(run_id: UUID) -> Any:
        with app.app_context():
            rounds.import_rows(str(run_id))
        return found(units, run_id)

    return run


def test_a_long_file_is_imported_and_then_forgotten(units: Engine, keys: KeyRing, work: Any) -> None:
    data = contacts_file(BATCH + 10, "K000001,13900139000,B101", "K9,12,B101")
    run = work(start(units, keys, data))
    assert (run.state, run.done_row) == ("done", BATCH + 13)
    assert counts(run) == (BATCH + 10, 0, 0, 2)
    assert [(each.row, each.code) for each in runs.problems_of(run)] == [
        (BATCH + 12, "import_duplicate"),
        (BATCH + 13, "import_phone"),
    ]
    assert (count(units, Contact), count(units, ImportPart)) == (BATCH + 10, 0)
    with units.connect() as connection:
        details = connection.scalars(
            text("SELECT detail FROM audit_line WHERE action = 'contacts_imported'")
        ).all()
    assert [(each["created"], each["file"], each["sha256"]) for each in details] == [
        (BATCH + 10, "long.csv", run.sha256)
    ]


def test_a_dry_run_is_shown_and_applied_from_the_same_file(units: Engine, keys: KeyRing, work: Any) -> None:
    shown = work(start(units, keys, contacts_file(20), dry_run=True))
    assert (counts(shown), count(units, Contact)) == ((20, 0, 0, 0), 0)
    assert [(each.row, each.kind) for each in runs.changes_of(shown)][:2] == [(2, "created"), (3, "created")]
    with units.begin() as connection:
        assert runs.can_apply(connection, shown, by=BY)
        assert not runs.can_apply(connection, shown, by=OTHER)
        applied = runs.apply_run(connection, shown.id, BY, now=NOW)
    assert (counts(work(applied)), count(units, Contact)) == ((20, 0, 0, 0), 20)
    with units.begin() as connection, pytest.raises(Refusal, match="import_gone"):
        runs.apply_run(connection, shown.id, BY, now=NOW)


def test_a_worker_that_takes_over_goes_on_behind_the_last_row(
    units: Engine, keys: KeyRing, work: Any
) -> None:
    run_id = start(units, keys, contacts_file(BATCH + 10, "K000001,13900139000,B101"))
    with units.begin() as connection:
        # A killed worker has committed one batch; of the rows before, nothing is counted twice.
        builders.create_contacts(
            connection, keys, [(f"K{n:06}", phone_of(n), "B101", "", "") for n in range(BATCH)]
        )
        values = {"state": "running", "done_row": BATCH + 1, "created": BATCH}
        connection.execute(update(ImportRun).where(ImportRun.id == run_id).values(**values))
    run = work(run_id)
    assert (run.state, counts(run)) == ("done", (BATCH + 10, 0, 0, 1))


def test_a_run_that_another_worker_goes_on_with_is_left_to_it(
    units: Engine, keys: KeyRing, clock: SetClock
) -> None:
    run_id = start(units, keys, contacts_file(10))

    class Hurried(KeyRing):
        """While this worker reads its file, another one commits its batch."""

        def decrypt_bytes(self, token: bytes) -> bytes:
            with units.begin() as connection:
                connection.execute(update(ImportRun).values(done_row=11))
            return keys.decrypt_bytes(token)

    ring = object.__new__(Hurried)
    ring.__dict__.update(keys.__dict__)
    runs.work_run(units, ring, clock, run_id)
    assert (found(units, run_id).state, count(units, Contact)) == ("running", 0)


def test_a_finished_run_is_not_done_again(units: Engine, keys: KeyRing, work: Any) -> None:
    run_id = start(units, keys, contacts_file(10))
    first = work(run_id)
    assert work(run_id) == first


def test_a_file_whose_key_is_lost_fails_in_words(units: Engine, keys: KeyRing, clock: SetClock) -> None:
    run_id = start(units, keys, contacts_file(10))
    runs.work_run(units, KeyRing([Secret(Fernet.generate_key().decode())]), clock, run_id)
    assert (found(units, run_id).state, found(units, run_id).error) == ("failed", "import_gone")


def test_a_file_that_is_no_table_is_told(units: Engine, keys: KeyRing, work: Any) -> None:
    run = work(start(units, keys, b"name\nx\n"))
    assert (run.state, [each.code for each in runs.problems_of(run)]) == ("done", ["header_missing"])


def test_files_that_waited_for_a_day_are_thrown_away(units: Engine, keys: KeyRing) -> None:
    start(units, keys, contacts_file(10))
    with units.begin() as connection:
        runs.start_run(connection, sent(), io.BytesIO(b"x"), keys, now=NOW + DAY)
    assert count(units, ImportPart) == 1


def test_no_part_holds_a_plain_number(units: Engine, keys: KeyRing) -> None:
    start(units, keys, contacts_file(3))
    with units.connect() as connection:
        assert phone_of(1).encode() not in connection.execute(select(ImportPart.content)).scalar_one()


def test_runs_are_the_senders_and_of_those_who_see_everything(units: Engine, keys: KeyRing) -> None:
    run_id = start(units, keys, contacts_file(3))
    east = Scope(unit_paths=("C01/D1/",))
    with units.connect() as connection:
        assert [row.id for row in runs.list_runs(connection, EVERYTHING, by=OTHER)] == [run_id]
        assert runs.list_runs(connection, east, by=OTHER) == []
        assert runs.find_run(connection, run_id, east, by=BY).id == run_id
        with pytest.raises(Refusal, match="not_found"):
            runs.find_run(connection, run_id, east, by=OTHER)


def test_the_senders_scope_holds_for_the_worker(units: Engine, keys: KeyRing, work: Any) -> None:
    run = work(start(units, keys, contacts_file(3), scope=Scope(unit_paths=("C01/D10/",))))
    assert (counts(run), runs.problems_of(run)[0].code) == ((0, 0, 0, 3), "import_unknown_unit")


@pytest.mark.parametrize("size", [0, 1, parts.PART, 2 * parts.PART + 7])
def test_parts_are_the_file_again(units: Engine, keys: KeyRing, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    with units.begin() as connection:
        run_id = runs.start_run(connection, sent(), io.BytesIO(data[:size]), keys, now=NOW)
        stream = parts.open_parts(connection, run_id, keys)
        assert stream.read() == data[:size]
        stream.seek(max(0, size - 5))
        assert stream.read() == data[max(0, size - 5) : size]


def test_many_problems_are_counted_and_the_first_are_kept(units: Engine, keys: KeyRing, work: Any) -> None:
    rows = [f"X{n},12,B101" for n in range(runs.MOST_PROBLEMS + 50)]
    run = work(start(units, keys, contacts_file(1, *rows)))
    assert (run.rejected, len(runs.problems_of(run))) == (runs.MOST_PROBLEMS + 50, runs.MOST_PROBLEMS)


def test_a_connection_is_left_clean(connection: Connection, keys: KeyRing) -> None:
    builders.create_units(connection)
    builders.create_contacts(
        connection, keys, [(f"K{n}", phone_of(n), "B101", "", "") for n in range(BATCH + 1)]
    )
    temporary = "SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'import_%'"
    assert connection.scalar(text(temporary)) == 0
