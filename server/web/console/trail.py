"""The audit trail: who did what when, with filters, page by page, and as a file."""

import json
import re
from collections.abc import Iterator
from datetime import date

from flask import Blueprint, Response, request, stream_with_context
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import connection
from server.errors import Refusal
from server.fieldwork.organisation.units import reaches_all
from server.http.access import identity, requires
from server.http.locale import locale
from server.reports.trail.naming import subject_names
from server.reports.trail.reading import Wanted, exported, trail_page
from server.scope import Scope
from server.tables.writing import BOM, csv_rows
from server.web.console.trail_lines import actor_words, known_actions, shown_lines, subject_words
from server.web.presenting import page

blueprint = Blueprint("trail", __name__)

REFERENCE = re.compile(r"[a-z_]{1,20}:[^\x00-\x20]{1,80}")
COLUMNS = ("id", "at", "actor", "who", "action", "what", "subject", "reason", "detail", "request_id")


@blueprint.get("/console/audit")
@requires("audit.read")
def show() -> AnyResponse:
    who, wanted = identity(), _wanted()
    found = trail_page(connection(), wanted, who.scope)
    names = subject_names(connection(), (wanted.actor, wanted.subject), who.within("people.read"))
    return page(
        "console/audit.html",
        lines=shown_lines(connection(), found.rows, who.within("people.read")),
        before=found.before,
        wanted=wanted,
        actor=actor_words(wanted.actor, names) if wanted.actor else "",
        subject=subject_words(wanted.subject, names) if wanted.subject else "",
        actions=known_actions(),
        filters=_filters(wanted),
        part=not reaches_all(connection(), who.scope),
    )


@blueprint.get("/console/audit.csv")
@requires("audit.read")
def download() -> AnyResponse:
    who, wanted = identity(), _wanted()
    lines = stream_with_context(_lines(wanted, who.scope, who.within("people.read"), locale()))
    answer = Response(lines, mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=audit.csv"
    return answer


def _lines(wanted: Wanted, scope: Scope, people: Scope, language: str) -> Iterator[str]:
    yield BOM + csv_rows([[catalogue.text(f"audit.column.{name}", language) for name in COLUMNS]])
    for rows in exported(connection(), wanted, scope):
        shown = shown_lines(connection(), rows, people)
        yield csv_rows(
            [
                (
                    line.id, line.at.isoformat(), row.actor, line.who, row.action, line.sentence,
                    row.subject, line.reason, json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
                    line.request_id,
                )
                for row, line in zip(rows, shown, strict=True)
            ]
        )  # fmt: skip


def _wanted() -> Wanted:
    """The filters of the address.

    Raises:
        Refusal: bad_request for what no filter of the page can have sent.
    """
    given = request.args
    actor, subject, before = given.get("actor", ""), given.get("subject", ""), given.get("before", "")
    for reference in (actor, subject):
        if reference and reference != "system" and not REFERENCE.fullmatch(reference):
            raise Refusal("bad_request")
    if before and not re.fullmatch(r"[0-9]{1,18}", before, re.ASCII):
        raise Refusal("bad_request")
    try:
        day = date.fromisoformat(given["day"]) if given.get("day") else None
    except ValueError:
        raise Refusal("bad_request") from None
    return Wanted(given.get("action", ""), actor, subject, day, int(before or 0))


def _filters(wanted: Wanted) -> dict[str, str]:
    """The filters as an address carries them on to the next page."""
    given = {
        "action": wanted.action,
        "actor": wanted.actor,
        "subject": wanted.subject,
        "day": wanted.day.isoformat() if wanted.day else "",
    }
    return {name: value for name, value in given.items() if value}
