"""The real parts for as long as a measurement lasts: PostgreSQL, store, granian; then nothing of them."""

import http.client
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import world
from bench.world import World
from server.db import engine_for
from server.embedded import children
from server.embedded.ports import LOOPBACK, remembered_ports
from server.embedded.services import RECORDED, EmbeddedServices

ROOT = Path(__file__).resolve().parents[1]
SERVED = Path(__file__).resolve().parent / "served"
START_SECONDS = 60.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Served:
    """Where the server answers, its database, and what is in it."""

    port: int
    database_url: str
    world: World


@contextmanager
def served() -> Iterator[Served]:
    """Start everything in a folder of its own, with fsync on as in production.

    Raises:
        server.embedded.messages.EmbeddedError: when a part does not start.
    """
    home = Path(tempfile.mkdtemp(prefix="anfang-bench-"))
    try:
        with EmbeddedServices(home) as services:
            database_url = services.settings["DATABASE_URL"]
            engine = engine_for(database_url)
            built = world.build(engine)
            engine.dispose()
            port = remembered_ports(home / "web.port", 1)[0]
            web = children.start(
                "web", _command(), home / "log" / "web.log", _environment(home, port), SERVED
            )
            try:
                children.wait_until_ready(web, lambda: answers(port), START_SECONDS)
                yield Served(port, database_url, built)
            finally:
                children.stop(web, signal.SIGTERM, STOP_SECONDS)
    finally:
        shutil.rmtree(home)


def _command() -> list[str]:
    # The command of the Procfile; in the folder `served`, `wsgi` is the module with the two bench routes.
    # Like PostgreSQL and the store it ends with us, also after a `kill -9`.
    return [*children.setpriv("--pdeathsig", "TERM"), sys.executable, "-m", "flask", "--app", "wsgi", "serve"]


def _environment(home: Path, port: int) -> Mapping[str, str]:
    """Ours without the addresses of somebody's real database and store."""
    inherited = {name: value for name, value in os.environ.items() if name not in {*RECORDED, "ANFANG_KEYS"}}
    return inherited | {"ANFANG_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT)}


def answers(port: int) -> bool:
    """Whether a server of ours is ready here."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
