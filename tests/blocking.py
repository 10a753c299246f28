"""Waiting until PostgreSQL itself says that others wait for a lock: no race is left to chance or a pause."""

from sqlalchemy import Engine, text

TRIES = 20_000
BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)


def wait_for_blocked(engine: Engine, connections: int) -> None:
    """Return as soon as so many connections to this database wait for somebody's lock."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
        for _ in range(TRIES):
            if (watching.scalar(BLOCKED) or 0) >= connections:
                return
    raise AssertionError(f"{connections} connections were expected to wait for a lock")
