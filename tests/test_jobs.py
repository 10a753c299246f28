"""Names and functions are bound one to one, and each job is somebody's."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from server import audit, jobs, queue, timetable, worker
from server.clock import SetClock
from server.fieldwork.timetable.planning import FIRE
from server.jobs import sealing
from server.models.audit import AuditAnchor, AuditSeal

SERVER = Path(__file__).resolve().parent.parent / "server"
DEFERRING = {"defer", "defer_unless_waiting"}


def test_every_name_is_bound_and_nothing_else(app: Flask) -> None:
    with app.app_context():
        tasks = worker.worker_app(app).tasks
    ours = {name for name in tasks if "procrastinate.builtin_tasks" not in name}
    assert ours == set(queue.JOBS)


def test_every_job_is_deferred_somewhere() -> None:
    planned = {chore.job for chore in timetable.CHORES} | {
        str(entry["job"]) for entry in timetable.SHIPPED_ENTRIES
    }
    # The entries of waves and programmes are rows, and all of them name one job.
    assert planned | {FIRE} | _named_in_code() == set(queue.JOBS)


def _named_in_code() -> set[str]:
    """The constant second arguments of `defer` and `defer_unless_waiting`."""
    return {
        call.args[1].value
        for path in SERVER.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "attr", getattr(call.func, "id", "")) in DEFERRING
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Constant)
    }


def test_a_job_runs_inside_the_application(app: Flask, engine: Engine, clock: SetClock) -> None:
    with engine.begin() as connection:
        audit.record(connection, [audit.Entry("system", "tested", "nothing", {})], at=clock.now())
    with app.app_context():
        task = worker.worker_app(app).tasks["seal_audit"]
    task()
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(AuditSeal)) == 1


@pytest.mark.parametrize("job", [chore.job for chore in timetable.CHORES if chore.job != "retry_stalled"])
def test_a_chore_with_nothing_to_do_may_run_twice(app: Flask, job: str) -> None:
    with app.app_context():
        jobs.FUNCTIONS[job]()
        jobs.FUNCTIONS[job]()


def test_anchoring_a_head_twice_is_no_error(app: Flask, engine: Engine, clock: SetClock) -> None:
    """A quiet night has the same head at every hour, and every job may run twice."""
    with engine.begin() as connection:
        audit.record(connection, [audit.Entry("system", "tested", "nothing", {})], at=clock.now())
        audit.seal(connection, at=clock.now())
    with app.app_context():
        sealing.anchor_audit()
        clock.advance(timedelta(hours=1))
        sealing.anchor_audit()
    with engine.connect() as connection:
        [anchor] = connection.execute(select(AuditAnchor.position, AuditAnchor.anchored_at)).all()
    assert anchor.position == 1
    assert anchor.anchored_at == clock.now() - timedelta(hours=1)
