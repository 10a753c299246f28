"""What came of somebody's visits, on their own phone: the score of each item, pay, expenses."""

import hashlib
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from flask import Flask
from sqlalchemy import Engine, select, update

from server.accounts import register
from server.fieldwork.outreach.keys import Sender
from server.followup.pay import approving, proposing
from server.followup.returning.asking import NewReturn, return_visit
from server.followup.returning.deciding import Question
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.accounts import Person
from server.models.pay import PayLine
from server.models.submissions import Attachment
from server.models.tasks import Assignment
from server.scope import EVERYTHING
from tests.builders import BY, NOW, PUBLIC_URL, CreatedTask
from tests.web.phones import JSON, Phone, report

RECEIPT = b"\xff\xd8\xff a receipt"


def page(phone: Phone, path: str) -> str:
    response = phone.client.get(f"/t{path}", headers={"Accept-Language": "zh"})
    assert response.status_code == 200, response.status_code
    return response.get_data(as_text=True)


def announced(phone: Phone) -> str:
    """The photo of a receipt, announced after the report: that is when people claim."""
    receipt = str(uuid4())
    said = {"question": "", "size": len(RECEIPT), "sha256": hashlib.sha256(RECEIPT).hexdigest()}
    phone.ask("POST", "/sent/{ref}/photos", {"id": receipt, "type": "image/jpeg", **said}, status=201)
    return receipt


def test_a_visit_shows_how_its_items_were_read_and_what_was_asked(
    ready: Phone, visit: CreatedTask, engine: Engine, keys: KeyRing
) -> None:
    assert ready.client.get(f"/t/past/{visit.id}").status_code == 404
    assert "还没有交过的" in page(ready, "/past")
    ready.ask("POST", "/sent/{ref}/report", report("no"), status=201)
    asked = NewReturn(visit.id, [Question("stay", "真的吗？")], "", NOW + timedelta(days=2), BY)
    with engine.begin() as connection:
        return_visit(connection, asked, EVERYTHING, (FormShelf(), Sender(keys, PUBLIC_URL)), now=NOW)
    assert f"/t/past/{visit.id}" in page(ready, "/past")
    shown = page(ready, f"/past/{visit.id}")
    assert "真的吗？" in shown
    assert "等你补充" in shown
    assert "0.00 / " in shown
    ready.prepare(visit.id)
    ready.ask("POST", "/sent/{ref}/report", {**report("yes"), "back": 1})
    shown = page(ready, f"/past/{visit.id}")
    assert "已补充" in shown
    assert "0.00 / " not in shown
    # The list shows the score of the newest answers, not of the first.
    [listed] = ready.ask("GET", "/visits")["visits"]
    assert Decimal(listed["score"]) == 100


def test_an_expense_is_claimed_once_with_its_receipt(
    ready: Phone, engine: Engine, visit: CreatedTask
) -> None:
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    said: JSON = {"id": str(uuid4()), "amount": "12.50", "note": "公交", "receipt": announced(ready)}
    ready.ask("POST", "/sent/{ref}/expenses", said)
    ready.ask("POST", "/sent/{ref}/expenses", said)
    ready.ask("POST", "/sent/{ref}/expenses", {**said, "amount": "13"}, status=409)
    for wrong in ({"amount": "9999"}, {"amount": "NaN"}, {"note": " "}, {"receipt": None}, {"by": "me"}):
        ready.ask("POST", "/sent/{ref}/expenses", {**said, "id": str(uuid4()), **wrong}, status=422)
    with engine.begin() as connection:
        [line] = connection.execute(select(PayLine.id, PayLine.amount, PayLine.person_id)).all()
        assert line.amount == Decimal("12.50")
        assert connection.scalar(select(Attachment.named)) is True
        connection.execute(update(Assignment).values(completed_at=NOW))
        proposing.propose_for(connection, [visit.id], now=NOW)
    shown = page(ready, "/money")
    assert "12.50 元" in shown
    assert "公交" in shown
    assert "待审批" in shown


def test_pay_is_shown_with_its_reasons_and_can_be_taken_along(
    ready: Phone, engine: Engine, visit: CreatedTask
) -> None:
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    with engine.begin() as connection:
        proposing.propose_for(connection, [visit.id], now=NOW)
        line = connection.scalars(select(PayLine.id)).one()
        verdict = approving.Verdict([line], approved=False, reason="=照片重复", by=f"account:{uuid4()}")
        approving.decide(connection, verdict, EVERYTHING, now=NOW)
    assert "原因：=照片重复" in page(ready, "/money")
    table = page(ready, "/money.csv")
    assert table.splitlines()[0].startswith("\ufeff")
    assert ready.client.get("/t/money?month=2026-13").status_code == 422


def test_whoever_works_for_a_firm_is_told_that_it_pays(ready: Phone, engine: Engine) -> None:
    with engine.begin() as connection:
        firm_id = register.add_firm(connection, "f", "测评", now=NOW)
        connection.execute(update(Person).values(firm_id=firm_id))
    assert "由你所在的公司发放" in page(ready, "/money")


def test_nobody_else_sees_it(ready: Phone, app: Flask, visit: CreatedTask) -> None:
    ready.ask("POST", "/sent/{ref}/report", report(), status=201)
    stranger = app.test_client()
    for path in ("/past", f"/past/{visit.id}", "/money", "/money.csv"):
        response = stranger.get(f"/t{path}")
        assert (response.status_code, response.headers["Location"]) == (303, "/t/")
    assert stranger.post("/t/sent/x/expenses", json={}).status_code == 404
