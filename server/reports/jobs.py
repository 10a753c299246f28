"""Background work that was given up, for those who run the machines."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from server.db import AnyRow
from server.scope import Scope

FAILED = text(
    "SELECT job.task_name AS name, count(DISTINCT job.id) AS n, max(event.at) AS last_at"
    " FROM procrastinate_jobs job LEFT JOIN procrastinate_events event"
    " ON event.job_id = job.id AND event.type = 'failed'"
    " WHERE job.status = 'failed' GROUP BY job.task_name ORDER BY last_at DESC NULLS LAST, job.task_name"
)


def failed_jobs(connection: Connection, scope: Scope) -> Sequence[AnyRow]:
    """Failed jobs by name: `name`, `n`, `last_at`. Nothing for readers of a part: jobs belong to no unit."""
    return connection.execute(FAILED).all() if scope.whole else []
