"""/healthz: the process answers. /readyz: it can do its work, and what is degraded."""

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server import locks, migrations, queue
from server.db import connection
from server.http.access import open_to_all
from server.http.problems import json_response
from server.services import services

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@open_to_all("a load balancer asks, and learns nothing")
def healthz() -> Response:
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
@open_to_all("a load balancer asks, and learns only which part is away")
def readyz() -> Response:
    """503 only without the database or with the wrong schema: the rest can wait, people should not."""
    parts = {"database": _database(), "store": _word(services().store.reachable())}
    ready = parts["database"] == "ok"
    if ready:
        parts |= {
            "worker": _word(queue.has_worker(connection())),
            "clock": _word(locks.is_held(connection(), locks.CLOCK_LOCK)),
        }
    return json_response({"status": "ok" if ready else "unavailable", "parts": parts}, 200 if ready else 503)


def _word(well: bool) -> str:
    return "ok" if well else "degraded"


def _database() -> str:
    try:
        connection().execute(text("SELECT 1"))
        return "ok" if migrations.is_current(connection()) else "wrong schema"
    except SQLAlchemyError:
        return "unreachable"
