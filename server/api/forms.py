"""Forms by API: what a firm's system needs to know to send answers that fit. Published versions only."""

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, request

from server.db import AnyRow, connection
from server.errors import Refusal
from server.fieldwork.definitions import versions
from server.http.access import identity, requires
from server.http.problems import json_response

blueprint = Blueprint("api_forms", __name__, url_prefix="/api/v1")


@blueprint.get("/forms")
@requires("forms.read")
def list_forms() -> Response:
    return json_response({"forms": _forms(None)})


@blueprint.get("/forms/<key>")
@requires("forms.read")
def get_form(key: str) -> Response:
    found = _forms(key)
    if not found:
        raise Refusal("not_found")
    return json_response(found[0])


@blueprint.get("/forms/<key>/<int:version>")
@requires("forms.read")
def get_version(key: str, version: int) -> Response:
    """The definition itself. Its content never changes, so neither does its ETag; 304 when it is known."""
    row = versions.find_version(connection(), key, version, identity().scope)
    response = json_response(row.content)
    response.set_etag(row.content_hash)
    # Ask again each time: a key that is revoked must not go on reading from a cache.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _forms(key: str | None) -> list[dict[str, Any]]:
    rows = versions.list_versions(connection(), identity().scope, key=key)
    return [
        {"key": each, "versions": [_version(row) for row in group]}
        for each, group in groupby(rows, key=lambda row: row.key)
    ]


def _version(row: AnyRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "status": row.status,
        "title": row.title,
        "content_hash": row.content_hash,
        "published_at": row.published_at.isoformat(),
        "retired_at": row.retired_at and row.retired_at.isoformat(),
    }
