"""The ledger of a programme's year: its numbers, what is left open, its lines, monthly closes for payroll."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.definitions.programmes import find_programme, published_programmes
from server.fieldwork.organisation.units import reaches_all
from server.followup.ledger import choosing, reading, settling
from server.followup.ledger.choosing import NewDecision
from server.followup.settlements import NewSettlement, make_settlement
from server.http.access import identity, requires
from server.http.locale import locale
from server.scope import Scope
from server.scoring.exact import exact_text
from server.scoring.programmes.definition import Parameter, Programme
from server.services import services
from server.tables.writing import BOM, Cell, csv_rows
from server.web.console.fields import Fields
from server.web.presenting import page

blueprint = Blueprint("ledger", __name__)

COLUMNS = ("line", "rule", "subject", "period", "direction", "payee_kind", "payee", "amount", "unit")


@blueprint.get("/console/ledger")
@requires("ledger.read")
def index() -> AnyResponse:
    """Every year that was settled, and of every published programme the one that runs."""
    who, now = identity(), services().clock.now()
    settled = reading.settled_programmes(connection(), who.scope)
    known = {(row.key, row.year) for row in settled}
    return page(
        "console/ledgers.html",
        rows=settled,
        begun=[each for each in _running(who.scope, now) if each[::2] not in known],
    )


@blueprint.get("/console/ledger/<key>/<year>")
@requires("ledger.read")
def show(key: str, year: str) -> AnyResponse:
    return _ledger_page(key, _year(year))


@blueprint.post("/console/ledger/<key>/<year>")
@requires("ledger.decide")
def act(key: str, year: str) -> AnyResponse:
    number, wanted = _year(year), request.form.get("go", "")
    try:
        _do(key, number, wanted)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _ledger_page(key, number, refusal.details, told=wanted)
    return redirect(url_for("console.ledger.show", key=key, year=year, done=wanted), 303)


@blueprint.get("/console/ledger/closes/<uuid:close_id>.csv")
@requires("ledger.read")
def download(close_id: UUID) -> AnyResponse:
    """What payroll takes: a line each, sums are theirs to make."""
    close, lines = reading.lines_of_close(connection(), close_id, identity().scope)
    heads = [catalogue.text(f"ledger.column.{name}", locale()) for name in COLUMNS]
    answer = Response(BOM + csv_rows([heads, *_cells(lines)]), mimetype="text/csv")
    name = f"ledger-{close.month:%Y-%m}-{close.number}.csv"
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _running(scope: Scope, now: datetime) -> Iterator[tuple[str, Mapping[str, str], int]]:
    """Key, title and present year of the programmes in use."""
    for row in published_programmes(connection(), scope):
        programme = programme_of(connection(), row.id)
        yield row.key, programme.title, programme.calendar.year_of(_today(programme, now))


def _do(key: str, year: int, wanted: str) -> None:
    who, now = identity(), services().clock.now()
    doing = (who.scope, who.actor, now)
    version, programme = _programme(key)
    fields = Fields(request.form)
    with transaction() as open_connection:
        about = (version.programme_id, year)
        if wanted == "choose":
            values = dict(_values(programme))
            choosing.choose(open_connection, (programme, *about), values, fields.text("reason"), doing)
        elif wanted == "settle":
            day = _today(programme, now)
            if programme.calendar.year_of(day) != year:
                raise Refusal("not_found")
            new = NewSettlement(key, day)
            make_settlement(open_connection, new, who.scope, by=who.actor, now=now)
        elif wanted == "decide":
            current = reading.current_settlement(open_connection, key, year, who.scope)
            if current is None:
                raise Refusal("not_found")
            choosing.decide_amount(open_connection, current, _decision(fields), doing)
        elif wanted in ("approve", "refuse"):
            verdict = (wanted == "approve", fields.text("reason"))
            settling.decide(open_connection, _chosen(), verdict, programme.publication, doing)
        elif wanted == "close":
            month = _today(programme, now).replace(day=1)
            settling.close_month(open_connection, about, month, doing)
        else:
            raise Refusal("not_found")


def _decision(fields: Fields) -> NewDecision:
    amount = fields.number("amount")
    fields.refuse()
    if amount is None:
        raise Refusal("invalid_fields", details=[Detail("field_required", "/amount")])
    rule, subject, event = (fields.text(name) for name in ("rule", "subject", "event"))
    return NewDecision(rule, subject, event, amount, fields.text("reason"))


def _chosen() -> Sequence[UUID]:
    try:
        return [UUID(each) for each in request.form.getlist("chosen")]
    except ValueError:
        raise Refusal("not_found") from None


def _values(programme: Programme) -> Iterator[tuple[str, Any]]:
    """What was typed, as parameters take it; an empty field keeps the definition's own value."""
    for name, parameter in programme.parameters.items():
        raw = request.form.get(f"parameter-{name}", "").strip()
        if raw:
            yield name, (raw == "true") if parameter.type == "flag" else raw


def _ledger_page(key: str, year: int, errors: Sequence[Detail] = (), *, told: str = "") -> AnyResponse:
    who = identity()
    version, programme = _programme(key)
    current = reading.current_settlement(connection(), key, year, who.scope)
    lines = reading.ledger(connection(), version.programme_id, year, who.scope)
    whole = reaches_all(connection(), who.scope)
    chosen = choosing.chosen(connection(), version.programme_id, year)
    return page(
        "console/ledger.html",
        status=422 if errors else 200,
        key=key,
        year=year,
        title=programme.title,
        settlement=current,
        parameters=[_shown(each, chosen) for each in programme.parameters.values()],
        open=current.result["open"] if current is not None and whole else (),
        rules={rule.name: rule for rule in programme.rules},
        lines=lines,
        sums=reading.totals(settling.approved_lines(lines)),
        closes=reading.closes(connection(), version.programme_id) if whole else (),
        decides=who.may("ledger.decide") and whole,
        running=programme.calendar.year_of(_today(programme, services().clock.now())) == year,
        errors=errors,
        told=told,
        done=request.args.get("done", ""),
        values=request.form,
    )


def _shown(parameter: Parameter, chosen: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter with what it is now, and whether it still has to be chosen."""
    value = chosen.get(parameter.name)
    default = "" if parameter.default is None else _text(parameter.default)
    return {
        "parameter": parameter,
        "value": "" if value is None else _text(value),
        "default": default,
        "missing": value is None and parameter.default is None,
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return exact_text(value) if isinstance(value, Fraction) else str(value)


def _programme(key: str) -> tuple[AnyRow, Programme]:
    version = find_programme(connection(), key, identity().scope)
    return version, programme_of(connection(), version.id)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise Refusal("not_found")
    return int(text)


def _today(programme: Programme, now: datetime) -> date:
    return now.astimezone(ZoneInfo(programme.zone.key)).date()


def _cells(lines: Sequence[AnyRow]) -> Iterator[list[Cell]]:
    for line in lines:
        yield [
            line.line_id, line.rule, line.subject, line.period,
            catalogue.text(f"scores.direction.{line.direction}", locale()), line.payee_kind, line.payee_id,
            line.amount, line.unit,
        ]  # fmt: skip
