"""Searching everything that the reader may see."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from server.db import connection
from server.http.access import identity, requires
from server.reports.finding import LONGEST, search
from server.web.presenting import page

blueprint = Blueprint("search", __name__)


@blueprint.get("/console/search")
@requires("console.enter")
def show() -> Response:
    wanted = request.args.get("q", "").strip()[:LONGEST]
    found = search(connection(), identity(), wanted)
    return page("console/search.html", found_for=wanted, found=found)
