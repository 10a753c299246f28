"""/schemas/form.json: the JSON Schema that form definitions name, so that editors complete and check them."""

import json
from functools import cache

from flask import Blueprint, Response

from server.forms.authoring.schema import PATH
from server.http.access import open_to_all
from server.scoring.schema import published_schema

blueprint = Blueprint("schemas", __name__)

CACHED_FOR = "public, max-age=3600"


@blueprint.get(PATH)
@open_to_all("it says what the language allows and nothing about anybody's forms")
def form_schema() -> Response:
    """The schema, the same for everybody."""
    response = Response(_published(), mimetype="application/schema+json")
    response.headers["Cache-Control"] = CACHED_FOR
    return response


@cache
def _published() -> bytes:
    return json.dumps(published_schema(), ensure_ascii=False, separators=(",", ":")).encode()
