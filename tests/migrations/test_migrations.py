"""The schema: what the models say, reached one step after the other, by however many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from server import migrations
from server.db import Base, engine_for
from server.locks import MIGRATION_LOCK
from tests.embedded_session import SharedServices

VERSIONS = Path(migrations.__file__).parent / "versions"


def scripts() -> ScriptDirectory:
    return ScriptDirectory(str(VERSIONS.parent))


@pytest.fixture
def empty(shared: SharedServices, worker_id: str) -> Iterator[Engine]:
    """An engine on a database without tables."""
    name = f"migrations_{worker_id}"
    with psycopg.connect(shared.url_of("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        engine = engine_for(shared.url_of(name))
        yield engine
        engine.dispose()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_models_are_the_migrated_schema(connection: Connection) -> None:
    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and str(name).startswith("procrastinate_"))

    options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
    context = MigrationContext.configure(connection, opts=options)
    assert compare_metadata(context, Base.metadata) == []


def test_every_constraint_of_the_models_is_in_the_database(connection: Connection) -> None:
    """Alembic compares no CHECK."""
    wanted = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.name
    }
    found = set(connection.scalars(text("SELECT conname FROM pg_constraint")))
    assert wanted <= found


def test_one_line_of_revisions_without_gaps() -> None:
    revisions = [script.revision for script in reversed(list(scripts().walk_revisions()))]
    assert len(scripts().get_heads()) == 1
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert revisions == sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


def test_forward_only() -> None:
    """Whoever must go back restores a backup; a downgrade that is never run is never right."""
    assert not [
        script.revision for script in scripts().walk_revisions() if hasattr(script.module, "downgrade")
    ]


def test_two_upgrades_at_once_and_one_more(empty: Engine) -> None:
    with empty.connect() as connection:
        assert migrations.current(connection) is None
        assert not migrations.is_current(connection)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrations.upgrade, [empty, empty]))
    migrations.upgrade(empty)
    with empty.connect() as connection:
        assert migrations.is_current(connection)
        assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


def test_an_upgrade_leaves_nothing_held_and_nothing_set(engine: Engine) -> None:
    migrations.upgrade(engine)
    with engine.connect() as connection:
        # Of this database: other tests migrate theirs at the same time.
        held = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert connection.scalar(held, {"lock": MIGRATION_LOCK}) == 0
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
