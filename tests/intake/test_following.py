from sqlalchemy import Connection, Engine, func, select, text

from server.intake.following import BATCH, follow_batch
from server.intake.record import record
from server.models.submissions import Pending
from tests.builders import NOW
from tests.intake.conftest import Making, with_photo


def deferred(connection: Connection) -> int:
    found = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'inspect_attachment'"
    return connection.scalar(text(found)) or 0


def test_two_workers_take_each_row_once(engine: Engine, made: Making) -> None:
    with engine.begin() as connection:
        record(connection, [made() for _ in range(BATCH + 20)], actor="test", now=NOW)
    with engine.begin() as first, engine.begin() as second:
        taken = follow_batch(first), follow_batch(second)
    assert taken == (BATCH, 20)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Pending)) == 0


def test_what_a_killed_worker_took_is_taken_again(engine: Engine, made: Making) -> None:
    with engine.begin() as connection:
        record(connection, [made()], actor="test", now=NOW)
    with engine.connect() as killed:
        assert follow_batch(killed) == 1
        killed.rollback()
    with engine.begin() as connection:
        assert follow_batch(connection) == 1
        assert follow_batch(connection) == 0


def test_photos_that_nobody_announced_are_looked_for(connection: Connection, made: Making) -> None:
    record(connection, [with_photo(made()), made()], actor="test", now=NOW)
    assert follow_batch(connection) == 2
    assert deferred(connection) == 1
    record(connection, [with_photo(made())], actor="test", now=NOW)
    connection.execute(text("UPDATE attachment SET state = 'verified'"))
    follow_batch(connection)
    assert deferred(connection) == 1
