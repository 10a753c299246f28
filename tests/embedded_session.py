"""One PostgreSQL and one S3 store for a whole test run, however many workers it has.

The first test that needs them starts a keeper process; a lock file lets the workers agree on who is first.
The keeper ends with the pytest process that the user started, so a killed run leaves nothing behind. Each
worker has a database of its own, copied from one migrated template, and a bucket name of its own.

    @pytest.fixture(scope="session")
    def services(tmp_path_factory: pytest.TempPathFactory) -> SharedServices:
        return shared_services(run_folder(tmp_path_factory))
"""

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from server.embedded.services import EmbeddedServices

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "anfang_template"


@dataclass(frozen=True, slots=True)
class SharedServices:
    """The running services: what `anfang.env` says, and the folder in which the workers agree."""

    settings: dict[str, str]
    folder: Path

    def url_of(self, database: str) -> str:
        """The address of one database of the shared server."""
        parts = urlsplit(self.settings["DATABASE_URL"])
        return urlunsplit(parts._replace(path=f"/{database}"))


def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run see, and no other run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def shared_services(folder: Path) -> SharedServices:
    """The services of this run, started by whoever asks first."""
    state = folder / "services.json"
    with _locked(folder):
        if not state.exists():
            _start_keeper(state)
    return SharedServices(json.loads(state.read_text()), folder)


def database_url_for(
    services: SharedServices, worker_id: str, migrate: Callable[[str], None] | None = None
) -> str:
    """A fresh database for one worker (`gw0`, or `master` without workers), as a copy of the template.

    `migrate` receives the template's address and fills it; it is called once in a run.
    """
    with _locked(services.folder), psycopg.connect(services.url_of("postgres"), autocommit=True) as server:
        known = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
        if known is None:
            _make_template(server, services, migrate)
        name = sql.Identifier(f"test_{worker_id}")
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(TEMPLATE)))
    return services.url_of(f"test_{worker_id}")


def bucket_for(worker_id: str) -> str:
    """The bucket name of one worker; the storage code creates the bucket."""
    return f"test-{worker_id}"


def _make_template(
    server: psycopg.Connection, services: SharedServices, migrate: Callable[[str], None] | None
) -> None:
    """Fill a draft and rename it: a migration that fails leaves no template for the next worker to copy."""
    draft = sql.Identifier(f"{TEMPLATE}_draft")
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(draft))
    server.execute(sql.SQL("CREATE DATABASE {}").format(draft))
    if migrate is not None:
        migrate(services.url_of(f"{TEMPLATE}_draft"))
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(draft, sql.Identifier(TEMPLATE)))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_keeper(state: Path) -> None:
    """Start the keeper and wait until it has written `state` or has failed with a sentence."""
    controller = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    command = [sys.executable, "-m", "tests.embedded_session", str(state), str(controller)]
    with state.with_suffix(".log").open("wb") as log:
        keeper = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert keeper.stdout is not None
    with keeper.stdout as said:
        if said.read() != b"ready":
            pytest.exit(f"the embedded services did not start: {state.with_suffix('.log').read_text()}", 3)
    # The keeper outlives this process on purpose; without a status its Popen would warn when collected.
    keeper.returncode = 0


def _keep(state: Path, controller: int) -> None:
    """Hold the services until the process `controller` is gone."""
    watched = os.pidfd_open(controller)
    home = Path(tempfile.mkdtemp(prefix="anfang-tests-"))
    try:
        with EmbeddedServices(home, durable=False) as services:
            state.write_text(json.dumps(services.settings))
            os.write(sys.stdout.fileno(), b"ready")
            os.close(sys.stdout.fileno())
            select.select([watched], [], [])
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), int(sys.argv[2]))
