"""Alembic's entry: always online, on the connection that `server.migrations.upgrade` holds."""

from alembic import context

import server.models  # noqa: F401 - registers the tables on the metadata
from server.db import Base


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Procrastinate keeps its own tables; comparing them would want to drop them."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=_ours,
    transaction_per_migration=True,
)
with context.begin_transaction():
    # A migration that waits for a lock makes every request behind it wait too: give up and try again.
    context.execute("SET lock_timeout = '4s'")
    context.run_migrations()
