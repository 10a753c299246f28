"""A month's statements: closing it, one person's page, and tables of all people for whoever pays them."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server import catalogue
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.followup.pay import reading
from server.followup.pay.closing import close_month
from server.followup.pay.months import before, end_of, month_of, read_month
from server.followup.pay.tabled import KINDS, by_visit
from server.http.access import identity, requires
from server.http.locale import locale
from server.services import services
from server.tables.workbook import MEDIA_TYPE, xlsx_of
from server.tables.writing import BOM, Cell, csv_rows
from server.web.pay_tables import cells, heads
from server.web.presenting import page

blueprint = Blueprint("pay_months", __name__)


@blueprint.get("/console/pay/months")
@requires("pay.read")
def show() -> AnyResponse:
    return _page(_month(request.args.get("month", "")))


@blueprint.post("/console/pay/months")
@requires("pay.approve")
def close() -> AnyResponse:
    who, now = identity(), services().clock.now()
    month = _month(request.form.get("month", ""))
    try:
        with transaction() as open_connection:
            close_month(open_connection, month, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _page(month, refusal.details, status=refusal.status)
    return redirect(url_for("console.pay_months.show", month=f"{month:%Y-%m}"), 303)


@blueprint.get("/console/pay/statements/<uuid:statement_id>")
@requires("pay.read")
def statement(statement_id: UUID) -> AnyResponse:
    row, lines = reading.find_statement(connection(), statement_id, identity().scope)
    return page("console/pay_statement.html", row=row, lines=lines, visits=by_visit(lines), kinds=KINDS)


@blueprint.get("/console/pay/months.csv")
@requires("pay.read")
def download_csv() -> AnyResponse:
    month = _month(request.args.get("month", ""))
    return _file(BOM + csv_rows(_table(month)), "text/csv", f"pay-{month:%Y-%m}.csv")


@blueprint.get("/console/pay/months.xlsx")
@requires("pay.read")
def download_xlsx() -> AnyResponse:
    month = _month(request.args.get("month", ""))
    return _file(xlsx_of(f"{month:%Y-%m}", _table(month)), MEDIA_TYPE, f"pay-{month:%Y-%m}.xlsx")


def _month(text: str) -> date:
    """The month that is asked for; without one, the last that is over."""
    return read_month(text) if text else before(month_of(services().clock.now()))


def _page(month: date, notices: tuple[Detail, ...] = (), *, status: int = 200) -> AnyResponse:
    scope, now = identity().scope, services().clock.now()
    rows = reading.statements_of(connection(), month, scope)
    return page(
        "console/pay_months.html",
        status=status,
        month=month,
        previous=before(month),
        following=end_of(month).date() if end_of(month) <= now else None,
        over=end_of(month) <= now,
        rows=rows,
        kinds=KINDS,
        total=sum(row.total for row in rows),
        waiting=reading.count_waiting(connection(), scope),
        notices=notices,
    )


def _file(content: str | bytes, media_type: str, name: str) -> Response:
    answer = Response(content, mimetype=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}"
    return answer


def _table(month: date) -> Sequence[Sequence[Cell]]:
    """A row for each visit of each statement."""
    names = ("number", "code", "name")
    header = [catalogue.text(f"pay.column.{name}", locale()) for name in names]
    return [[*header, *heads()], *_rows(month)]


def _rows(month: date) -> Iterator[Sequence[Cell]]:
    lines = reading.month_lines(connection(), month, identity().scope)
    for _, found in groupby(lines, key=lambda line: line.number):
        own = list(found)
        for visit in by_visit(own):
            yield [own[0].number, own[0].code, own[0].person_name, *cells(visit)]
