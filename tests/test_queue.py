"""Deferring: in the caller's transaction, by a known name, chores at most once in the queue."""

import pytest
from sqlalchemy import Connection, Engine, text

from server import queue

JOBS = text("SELECT task_name, queue_name, args, status FROM procrastinate_jobs ORDER BY id")


def test_a_job_commits_with_the_data(engine: Engine) -> None:
    with engine.begin() as connection:
        queue.defer(connection, "inspect_attachment", attachment_id="7")
    with engine.connect() as connection:
        [job] = connection.execute(JOBS).all()
    assert tuple(job) == ("inspect_attachment", queue.QUEUE, {"attachment_id": "7"}, "todo")


def test_a_job_commits_when_it_is_the_first_thing_written(engine: Engine) -> None:
    """The driver's connection begins a transaction that SQLAlchemy does not know of, and would not commit."""
    with engine.connect() as connection:
        queue.defer(connection, "close_waves")
        connection.commit()
    with engine.connect() as connection:
        assert queue.depth(connection) == 1


def test_a_job_rolls_back_with_the_data(engine: Engine) -> None:
    with engine.connect() as connection:
        queue.defer(connection, "close_waves")
        assert queue.depth(connection) == 1
        connection.rollback()
    with engine.connect() as connection:
        assert queue.depth(connection) == 0


def test_an_unknown_name_fails_at_the_call(connection: Connection) -> None:
    with pytest.raises(KeyError, match="send_mesages"):
        queue.defer(connection, "send_mesages")
    assert queue.depth(connection) == 0


def test_a_chore_waits_once(connection: Connection) -> None:
    assert queue.defer_unless_waiting(connection, "seal_audit")
    assert not queue.defer_unless_waiting(connection, "seal_audit")
    assert queue.defer_unless_waiting(connection, "close_waves")
    assert queue.depth(connection) == 2


@pytest.mark.parametrize("status", ["doing", "failed", "succeeded"])
def test_a_chore_that_no_longer_waits_is_deferred_again(connection: Connection, status: str) -> None:
    queue.defer(connection, "seal_audit")
    connection.execute(
        text("UPDATE procrastinate_jobs SET status = CAST(:status AS procrastinate_job_status)"),
        {"status": status},
    )
    assert queue.defer_unless_waiting(connection, "seal_audit")


def test_a_retry_that_is_planned_for_later_does_not_count_as_waiting(connection: Connection) -> None:
    queue.defer(connection, "seal_audit")
    connection.execute(text("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'"))
    assert queue.defer_unless_waiting(connection, "seal_audit")


def test_an_insert_notifies_nobody(connection: Connection) -> None:
    """NOTIFY takes a lock at commit that every submission would wait for in turn."""
    triggers = connection.scalars(
        text("SELECT tgname FROM pg_trigger WHERE tgrelid = 'procrastinate_jobs'::regclass")
    )
    assert not [name for name in triggers if "notify_queue_job_inserted" in name]
