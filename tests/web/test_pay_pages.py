"""Pay and reports that go back, through their real pages."""

import csv
import io
import re
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server.followup.pay.approving import Verdict, decide
from server.followup.pay.proposing import NewLine, propose, propose_for
from server.keys import KeyRing
from server.models.pay import PayLine
from server.models.submissions import Submission
from server.models.visits import VisitReturn
from server.scope import EVERYTHING
from server.tables import read_sheet
from tests.builders import DAY, NOW
from tests.followup.visits_for_tests import Visit, create_visit, create_wave, hand_in
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

PAY = "/console/pay"


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> Visit:
    with engine.begin() as connection:
        visit = create_visit(connection, keys, create_wave(connection))
        hand_in(connection, visit)
        propose_for(connection, [visit.id], now=NOW)
        return visit


def staff(app: Flask, engine: Engine, role: str, unit: str | None = None) -> Desk:
    return Desk(*signed_in(app, engine, role, unit))


def test_lines_are_shown_added_up_and_decided_about(app: Flask, engine: Engine, visit: Visit) -> None:
    desk, auditor, admin = (staff(app, engine, role) for role in ("coordinator", "auditor", "administrator"))
    assert "80.00" in desk.get(PAY)
    assert "1 笔走访报酬等待审批" in desk.get("/console")
    assert 'name="chosen"' not in auditor.get(PAY)
    fee = line_of(engine, "fee")
    asked = desk.post(PAY, chosen=str(fee), decision="approve")
    assert (asked.status_code, "合计 80.00 元" in asked.text) == (200, True)
    assert desk.post(PAY, decision="approve").status_code == 422
    assert desk.post(PAY, chosen=str(fee), decision="refuse", confirmed="yes").status_code == 422
    assert desk.post(PAY, chosen=str(fee), decision="approve", confirmed="yes").status_code == 303
    new = {"person": str(visit.person_id), "kind": "bonus", "amount": "20", "note": "按时"}
    assert desk.post(f"{PAY}/propose", **{**new, "amount": ""}).status_code == 422
    assert desk.post(f"{PAY}/propose", **new).status_code == 303
    bonus = str(line_of(engine, "bonus"))
    own = desk.post(PAY, chosen=bonus, decision="approve", confirmed="yes")
    assert (own.status_code, "请由别人审批" in own.text) == (422, True)
    assert desk.post(f"{PAY}/{fee}/reverse", note="").status_code == 422
    assert desk.post(f"{PAY}/{fee}/reverse", note="重复").status_code == 303
    assert admin.post(PAY, chosen=bonus, decision="approve", confirmed="yes").status_code == 303
    assert desk.post(f"{PAY}/months", month="2026-05").status_code == 422


def line_of(engine: Engine, kind: str) -> UUID:
    with engine.connect() as connection:
        return connection.execute(select(PayLine.id).where(PayLine.kind == kind)).scalar_one()


def test_a_month_is_closed_and_taken_away_as_a_table(app: Flask, engine: Engine, visit: Visit) -> None:
    april = NOW - 20 * DAY
    with engine.begin() as connection:
        note = "=cmd|' /C calc'!A0"
        bonus = NewLine(visit.person_id, "bonus", Decimal("20"), note, visit.id)
        propose(connection, bonus, EVERYTHING, by="account:x", now=april)
        ids = connection.scalars(select(PayLine.id)).all()
        decide(connection, Verdict(ids, True, "", f"account:{uuid4()}"), EVERYTHING, now=april)
    desk = staff(app, engine, "coordinator")
    assert desk.post(f"{PAY}/months", month="2026-04").status_code == 303
    listed = desk.get(f"{PAY}/months?month=2026-04")
    assert "100.00" in listed
    address = re.search(f"{PAY}/statements/[0-9a-f-]+", listed)
    assert address is not None
    assert "青年路支行" in desk.get(address[0])
    rows = list(csv.reader(io.StringIO(desk.get(f"{PAY}/months.csv?month=2026-04").removeprefix("\ufeff"))))
    assert rows[1][-2:] == ["100.00", f"'{note}"]
    sheet = read_sheet(desk.client.get(f"{PAY}/months.xlsx?month=2026-04").data, "pay.xlsx")
    assert sheet.rows[1][-2:] == ("100", note)
    assert desk.client.get(f"{PAY}/months?month=x").status_code == 422


def test_a_report_is_sent_back_from_its_page(app: Flask, engine: Engine, visit: Visit) -> None:
    reviewer = staff(app, engine, "reviewer")
    with engine.connect() as connection:
        pk = connection.execute(select(Submission.id)).scalar_one()
    page = f"/console/submissions/{pk}"
    assert f'action="{page}/return' in reviewer.get(page)
    asked = {"question-0": "greeting", "ask-0": "确实没有吗？", "text": ""}
    early = reviewer.post(f"{page}/return", **asked, due_on="2026-05-01")
    assert (early.status_code, "确实没有吗？" in early.text) == (422, True)
    assert reviewer.post(f"{page}/return", **asked, due_on="2026-05-06").status_code == 303
    assert "等待答复" in reviewer.get(page)
    assert "青年路支行" in reviewer.get("/console/returns")
    assert "退回的报告过了期限" not in reviewer.get("/console")
    with engine.begin() as connection:
        connection.execute(update(VisitReturn).values(due_at=NOW))
    assert "有 1 份退回的报告过了期限" in reviewer.get("/console")
    elsewhere = staff(app, engine, "coordinator", "D10")
    assert elsewhere.post(f"{page}/return", **asked, due_on="2026-05-06").status_code == 404
    assert "青年路支行" not in elsewhere.get("/console/returns")
