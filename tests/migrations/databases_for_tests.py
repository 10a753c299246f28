"""A database as one migration finds it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from server.db import engine_for
from tests.embedded_session import SharedServices
from tests.migrations.test_migrations import VERSIONS


@contextmanager
def database_at(shared: SharedServices, name: str, revision: str, rows: str) -> Iterator[Engine]:
    """A database of its own at a revision, with rows; dropped at the end."""
    with psycopg.connect(shared.url_of("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        engine = engine_for(shared.url_of(name))
        config = Config()
        config.set_main_option("script_location", str(VERSIONS.parent))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.exec_driver_sql(rows)
            connection.commit()
        yield engine
        engine.dispose()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
