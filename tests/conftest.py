"""What every test can ask for: a migrated database, a store, an application whose clock stands still.

Commits are real. The tables are emptied before each test that asks for the database, not rolled back after
it: what is tested are transactions.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy import Connection, Engine

import server.models  # noqa: F401 - registers the tables on Base.metadata
from server import migrations, timetable
from server.app import create_app
from server.clock import SetClock
from server.config import S3Settings, Secret, Settings
from server.db import Base, db, engine_for
from server.fieldwork.definitions.shipping import publish_shipped
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.notify.gateways.choosing import gateway_for, other_gateways
from server.outgoing import Outgoing
from server.services import EXTENSION, Services
from server.storage.objects import S3Store
from tests.embedded_session import SharedServices, bucket_for, database_url_for, run_folder, shared_services

# A busy machine is no failure, and a run that failed must fail again the same way: properties are drawn from
# fixed seeds and are not timed. HYPOTHESIS_PROFILE=hunt draws others, and more of them.
settings.register_profile(
    "fixed", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hunt", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
PUBLIC_URL = "http://anfang.test"
# What is shipped is published once in the template; what a test adds to it is taken out again.
KEPT = {"form", "form_version", "programme", "programme_version"}
QUEUE_TABLES = {"procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers"}
# A test leaves a few rows in a few of sixty tables: TRUNCATE would give each of them and each index a new
# file, which takes longer than most tests. A function keeps the plans of its statements.
EMPTYING = """
CREATE TEMPORARY TABLE shipped_form AS
    SELECT key, version FROM form_version JOIN form ON form.id = form_id;
CREATE TEMPORARY TABLE shipped_programme AS
    SELECT key, version FROM programme_version JOIN programme ON programme.id = programme_id;
CREATE TEMPORARY TABLE shipped_entry AS SELECT * FROM timetable_entry;
CREATE FUNCTION pg_temp.emptied() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    {emptied}
    {kept}
    INSERT INTO timetable_entry SELECT * FROM shipped_entry;
END
$$;
"""
# Past the guard of the audit log, which forbids exactly this to everybody else, and past the keys between
# tables that are all emptied.
UNGUARDED = "SET session_replication_role = replica"
EMPTIED = "IF EXISTS (SELECT 1 FROM {table}) THEN DELETE FROM {table}; END IF;"
# The versions of forms and programmes as they were published in the template. Resetting a demo publishes them
# again, under other ids.
ONLY_SHIPPED = """
DELETE FROM {kind}_version USING {kind}
    WHERE {kind}.id = {kind}_id AND ({kind}.key, version) NOT IN (SELECT key, version FROM shipped_{kind});
DELETE FROM {kind} WHERE id NOT IN (SELECT {kind}_id FROM {kind}_version);
UPDATE {kind}_version SET status = 'published', retired_at = NULL WHERE status = 'retired';
"""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedServices:
    return shared_services(run_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def database_url(shared: SharedServices, worker_id: str) -> str:
    return database_url_for(shared, worker_id, _migrate)


def _migrate(url: str) -> None:
    engine = engine_for(url)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        publish_shipped(connection, now=START)
    engine.dispose()


@pytest.fixture(scope="session")
def session_engine(database_url: str) -> Iterator[Engine]:
    engine = engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def emptying(database_url: str) -> Iterator[Connection]:
    """A connection that knows how the database looks to a test that begins; it counts in no test's pool."""
    engine = engine_for(database_url)
    with engine.begin() as connection:
        timetable.seed(connection)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(UNGUARDED)
        emptied = " ".join(EMPTIED.format(table=name) for name in sorted(_emptied()))
        kept = " ".join(ONLY_SHIPPED.format(kind=kind) for kind in ("form", "programme"))
        connection.exec_driver_sql(EMPTYING.format(emptied=emptied, kept=kept))
        yield connection
    engine.dispose()


@pytest.fixture
def engine(session_engine: Engine, emptying: Connection) -> Engine:
    """An engine on emptied tables."""
    emptying.exec_driver_sql("SELECT pg_temp.emptied()")
    return session_engine


def _emptied() -> set[str]:
    return {name for name in Base.metadata.tables if name not in KEPT} | QUEUE_TABLES


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is rolled back after the test."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def s3_settings(shared: SharedServices, worker_id: str) -> S3Settings:
    endpoint = shared.settings["S3_ENDPOINT_URL"]
    return S3Settings(
        endpoint_url=endpoint,
        public_endpoint_url=endpoint,
        bucket=bucket_for(worker_id),
        region="us-east-1",
        access_key_id=shared.settings["S3_ACCESS_KEY_ID"],
        secret_access_key=Secret(shared.settings["S3_SECRET_ACCESS_KEY"]),
    )


@pytest.fixture(scope="session")
def page_origin() -> str:
    """Where the pages come from that post to the store."""
    return PUBLIC_URL


@pytest.fixture(scope="session")
def store(s3_settings: S3Settings, page_origin: str) -> S3Store:
    store = S3Store(s3_settings, Outgoing())
    store.ensure_bucket([page_origin])
    return store


@pytest.fixture(scope="session")
def key() -> Secret:
    return Secret(Fernet.generate_key().decode())


@pytest.fixture
def keys(key: Secret) -> KeyRing:
    return KeyRing([key])


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


@pytest.fixture
def settings(database_url: str, s3_settings: S3Settings, key: Secret, tmp_path: Path) -> Settings:
    return _settings(database_url, s3_settings, key, tmp_path)


def _settings(database_url: str, s3_settings: S3Settings, key: Secret, home: Path) -> Settings:
    return Settings(
        database_url=database_url,
        s3=s3_settings,
        secret_key=Secret("a secret of the tests, long enough"),
        keys=(key,),
        public_url=PUBLIC_URL,
        port=8000,
        surface="all",
        environment="test",
        gateway="inbox",
        twilio=None,
        home=home,
    )


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture(scope="session")
def composed(
    database_url: str,
    s3_settings: S3Settings,
    key: Secret,
    store: S3Store,
    compiled_templates: BytecodeCache,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """One application for all tests: composing its routes takes longer than most tests."""
    home = tmp_path_factory.mktemp("composed")
    app = create_app(_settings(database_url, s3_settings, key, home), clock=SetClock(START), store=store)
    # Templates are compiled once a run: its pages are large.
    app.jinja_env.bytecode_cache = compiled_templates
    app.testing = False  # errors must become the pages and problems that people get
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(
    composed: Flask, settings: Settings, clock: SetClock, store: S3Store, engine: Engine
) -> Iterator[Flask]:
    """The application with services of this test's own; what a test sets in its configuration is undone."""
    keys, before = KeyRing(settings.keys), dict(composed.config)
    composed.extensions[EXTENSION] = Services(
        settings=settings,
        clock=clock,
        keys=keys,
        store=store,
        gateway=gateway_for(settings, keys, clock),
        others=other_gateways(settings, keys, clock),
        forms=FormShelf(),
    )
    yield composed
    composed.config.clear()
    composed.config.update(before)


@pytest.fixture
def own_app(
    settings: Settings, clock: SetClock, store: S3Store, engine: Engine, compiled_templates: BytecodeCache
) -> Iterator[Flask]:
    """An application that nobody has asked anything, for tests that add routes of their own."""
    app = create_app(settings, clock=clock, store=store)
    app.jinja_env.bytecode_cache = compiled_templates
    app.testing = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
