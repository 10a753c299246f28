"""What somebody's visits bring: by month, with the statements. Pages of the server; expenses come as JSON."""

from uuid import UUID

from flask import Blueprint, Response, request

from server.db import connection, transaction
from server.fieldwork.visiting import mine
from server.followup.pay import proposing, reading
from server.followup.pay.months import month_of, read_month
from server.followup.pay.proposing import Claim
from server.followup.pay.tabled import by_visit
from server.services import services
from server.tables.writing import BOM, csv_rows
from server.web.pay_tables import cells, heads
from server.web.phone.knowing import THE_DEVICE, THE_VISIT, done, or_home, told, visit_of_key
from server.web.phone.past import own_page
from server.web.phone.schemas import ExpenseSchema


def install(blueprint: Blueprint) -> None:
    blueprint.get("/money")(THE_DEVICE(or_home(money)))
    blueprint.get("/money.csv")(THE_DEVICE(or_home(money_csv)))
    blueprint.post("/sent/<ref>/expenses")(THE_VISIT(expense))


def money(person_id: UUID) -> Response:
    """One month of it; without one, this month."""
    months = reading.months_of(connection(), person_id, now=services().clock.now())
    return own_page(
        "phone/money.html",
        own=_month(person_id),
        months=months,
        by_firm=reading.is_paid_by_firm(connection(), person_id),
    )


def money_csv(person_id: UUID) -> Response:
    """The month as a table, a row a visit."""
    own = _month(person_id)
    rows = [heads(), *(cells(visit) for visit in by_visit(own.lines))]
    answer = Response(BOM + csv_rows(rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename={own.month:%Y-%m}.csv"
    return answer


def expense(ref: str) -> Response:
    """An expense of the visit, with its receipt. The same again changes nothing."""
    task, body = visit_of_key(ref), told(ExpenseSchema())
    with transaction() as open_connection:
        person_id = mine.person_of(open_connection, task.id)
        claim = Claim(body["id"], person_id, task.id, body["amount"], body["note"], body["receipt"])
        proposing.claim(open_connection, claim, now=services().clock.now())
    return done()


def _month(person_id: UUID) -> reading.PersonMonth:
    asked = request.args.get("month", "")
    month = read_month(asked) if asked else month_of(services().clock.now())
    return reading.statement(connection(), person_id, month)
