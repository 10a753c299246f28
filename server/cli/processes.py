"""`flask serve`, `flask worker`, `flask clock`: the three processes of a deployment."""

import os
import sys

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from server import timetable
from server.cli.database import require_ready
from server.cli.failing import explained
from server.db import db
from server.services import services
from server.worker import run_worker

DEFAULT_WORKERS = 2
# An upload blocks a thread for as long as a phone takes: two slow phones must not stop a worker. granian
# warns at every start of more threads than cores, which are meant here: hence only its errors are asked for.
DEFAULT_THREADS = 32


def install(app: Flask) -> None:
    for command in (serve, worker, clock):
        app.cli.add_command(command)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--workers", default=DEFAULT_WORKERS, show_default=True)
@click.option("--threads", default=DEFAULT_THREADS, show_default=True)
@with_appcontext
def serve(host: str, workers: int, threads: int) -> None:
    """Serve the web with granian."""
    _check()
    port = str(services().settings.port)
    arguments = [
        "granian", "--interface", "wsgi", "--host", host, "--port", port, "--no-ws",
        "--workers", str(workers), "--blocking-threads", str(threads), "--backpressure", str(threads * 4),
        "--respawn-failed-workers", "--log-level", "error", "wsgi:app",
    ]  # fmt: skip
    db.engine.dispose()
    os.execv(os.path.join(os.path.dirname(sys.executable), "granian"), arguments)  # noqa: S606 - no shell wanted


@click.command()
@with_appcontext
def worker() -> None:
    """Do background work: SMS, photos, invitations, seals."""
    _check()
    run_worker(_app())


@click.command()
@with_appcontext
def clock() -> None:
    """Fire the timetable; a second clock stands by."""
    _check()
    timetable.run_clock(_app())
    # It only ends by itself when its lock may be another's; supervisors restart what fails.
    raise click.ClickException("The connection that made this clock the active one broke: start it again.")


def _check() -> None:
    with explained(), db.engine.connect() as connection:
        require_ready(connection, services())


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return] # werkzeug's LocalProxy
