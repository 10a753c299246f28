"""The application as it is served, with two more routes to compare it with.

`flask --app wsgi serve` in this folder serves this module with the very options of production.
"""

import uuid
from datetime import UTC, datetime

from flask import Blueprint, Flask, Response, request
from sqlalchemy import insert

from bench.world import bench_row
from server.app import create_app
from server.db import transaction
from server.http.access import open_to_all
from server.http.problems import json_response

REASON = "exists only while `make bench` runs"

blueprint = Blueprint("bench", __name__, url_prefix="/bench")


@blueprint.post("/empty")
@open_to_all(REASON)
def empty() -> Response:
    """What the server costs by itself: request, hooks, response."""
    request.get_data(cache=False)
    return json_response({})


@blueprint.post("/insert")
@open_to_all(REASON)
def insert_one() -> Response:
    """The least that an acknowledged write can cost: one row, one commit."""
    body = request.get_data(cache=False).decode()
    row = {"id": uuid.uuid4(), "body": body, "received_at": datetime.now(UTC)}
    with transaction() as connection:
        connection.execute(insert(bench_row), row)
    return json_response({"id": str(row["id"])}, 201)


def _with_bench_routes() -> Flask:
    composed = create_app()
    composed.register_blueprint(blueprint)
    return composed


app = _with_bench_routes()
