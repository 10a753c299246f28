"""What the branches hear of a week, what is worth a look, and what respondents are told in the end."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.catalogue import text
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.followup.callbacks import bulletins, closing, counting
from server.followup.callbacks.bulletins import Correction
from server.followup.callbacks.closing import NewClosing, Preview
from server.followup.callbacks.patterns import RULES
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.tables.writing import BOM, csv_rows
from server.web.console.callbacks import by_field
from server.web.presenting import page

blueprint = Blueprint("callback_weeks", __name__)

NO_WAVE = UUID(int=0)


@blueprint.get("/console/callbacks/bulletin")
@requires("results.read")
def bulletin() -> AnyResponse:
    return _bulletin_page()


@blueprint.get("/console/callbacks/bulletin.csv")
@requires("results.read")
def download() -> AnyResponse:
    row = _wanted()
    if row is None:
        raise Refusal("not_found")
    answer = Response(BOM + csv_rows(list(_rows(row.content))), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=bulletin-{row.week}-{row.number}.csv"
    return answer


@blueprint.post("/console/callbacks/bulletin/correct")
@requires("callbacks.close")
def correct() -> AnyResponse:
    given, who, form = services(), identity(), request.form
    new = Correction(form.get("unit", ""), _day(form.get("week", "")), form.get("reason", ""), who.actor)
    try:
        with transaction() as open_connection:
            bulletins.correct(open_connection, new, who.scope, given.keys, now=given.clock.now())
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _bulletin_page(new.unit, new.week, refusal.details, status=refusal.status)
    return redirect(url_for("console.callback_weeks.bulletin", unit=new.unit, week=new.week), 303)


@blueprint.get("/console/callbacks/patterns")
@requires("callbacks.confirm")
def patterns() -> AnyResponse:
    found = counting.look(connection(), identity().scope, services().clock.now())
    return page("console/callback_patterns.html", look=found, rules=RULES)


@blueprint.get("/console/callbacks/closing")
@requires("callbacks.close")
def closings() -> AnyResponse:
    return _closing_page()


@blueprint.post("/console/callbacks/closing")
@requires("callbacks.close")
def close() -> AnyResponse:
    """The first button shows who would hear what; only what was shown is sent."""
    given, who, new = services(), identity(), _closing()
    try:
        shown = closing.preview(connection(), new, who.scope)
        counted = closing.fingerprint(new, shown)
        if request.form.get("go") != "send" or request.form.get("counted") != counted:
            return _closing_page(preview=shown, counted=counted)
        with transaction() as open_connection:
            closing.send(open_connection, new, who.scope, given.keys, by=who.actor, now=given.clock.now())
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _closing_page(notices=refusal.details, status=refusal.status)
    return redirect(url_for("console.callback_weeks.closings"), 303)


def _closing() -> NewClosing:
    form = request.form
    try:
        wave_id = UUID(form.get("wave", ""))
    except ValueError:
        wave_id = NO_WAVE
    return NewClosing(wave_id, form.get("axis", ""), {each: form.get(each, "") for each in closing.LANGUAGES})


def _closing_page(
    *, preview: Preview | None = None, counted: str = "", notices: tuple[Detail, ...] = (), status: int = 200
) -> AnyResponse:
    scope = identity().scope
    return page(
        "console/callback_closing.html",
        status=status,
        waves=closing.closable_waves(connection(), scope),
        sent=closing.sent_closings(connection(), scope),
        preview=preview,
        counted=counted,
        notices=notices,
        errors=by_field(notices),
        typed=request.form,
    )


def _bulletin_page(
    unit: str = "", week: date | None = None, notices: tuple[Detail, ...] = (), *, status: int = 200
) -> AnyResponse:
    row = _wanted(unit, week)
    return page(
        "console/callback_bulletin.html",
        status=status,
        row=row,
        weeks=bulletins.weeks_of(connection(), row.code, identity().scope) if row else (),
        notices=notices,
    )


def _wanted(unit: str = "", week: date | None = None) -> Any:
    """The bulletin that the address names, else the newest of the highest unit; None before the first."""
    scope = identity().scope
    code = unit or request.args.get("unit", "").strip()
    asked = week or (_day(request.args["week"]) if "week" in request.args else None)
    if code and asked is not None:
        number = request.args.get("number", 0, type=int)
        return bulletins.bulletin_for(connection(), code, asked, scope, number)
    newest = bulletins.newest_bulletin(connection(), scope, code)
    if newest is None:
        return None
    return bulletins.bulletin_for(connection(), newest.code, asked or newest.week, scope)


def _rows(content: dict[str, Any]) -> Iterator[list[Any]]:
    """The table of a bulletin in the reader's language: its numbers, then the units below."""
    for name in ("from", "to"):
        yield [_said(f"bulletin_csv.{name}"), content[name]]
    for name, count in content["counts"].items():
        yield [_said(f"bulletin_csv.{name}"), count]
    yield [_said("bulletin_csv.rate"), content["rate"]]
    for axis, count in content["axes"].items():
        yield [_said("bulletin_csv.axis"), _said(f"axis.{axis}"), count]
    for reason in content["reasons"]:
        words = reason["en" if locale() == "en" else "default"]
        yield [_said("bulletin_csv.reason"), words, reason["count"]]
    if content["league"]:
        yield [_said(f"bulletin_csv.{name}") for name in ("code", "unit", "rated", "rate")]
    for each in content["league"]:
        yield [each["code"], each["name"], each["n"], each["rate"]]


def _said(key: str) -> str:
    return text(f"callbacks.{key}", locale())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("not_found") from None
