"""When a report from a phone may still come: a visit that was made in time may arrive late."""

from datetime import datetime

from sqlalchemy import Connection, select

from server import audit
from server.fieldwork.responding import READABLE_AFTERWARDS, Task
from server.models.tasks import Assignment

RUNNING = frozenset({"launched", "paused", "closed"})


def lock(connection: Connection, task: Task) -> None:
    """One report at a time: of twenty at once the first stores, and the others see what it stored."""
    connection.execute(select(Assignment.id).where(Assignment.id == task.id).with_for_update(key_share=True))


def may_report(connection: Connection, task: Task, *, now: datetime) -> bool:
    """Whether a report is taken: until some days after the end, since phones have no network for days.

    What was handed in is taken again, for the same receipt.
    """
    if task.completed_at is not None:
        return True
    given_back = connection.scalar(select(Assignment.given_back_at).where(Assignment.id == task.id))
    ended = task.cancelled_at is not None or given_back is not None
    return not ended and task.wave_state in RUNNING and now < task.expires_at + READABLE_AFTERWARDS


def witness(connection: Connection, task: Task, *, now: datetime) -> None:
    """Say in the trail that a report came, and whether it came after its window."""
    late = now >= task.expires_at
    entry = audit.Entry(task.actor, "visit_declared", task.actor, {"late": late})
    audit.record(connection, [entry], at=now)
