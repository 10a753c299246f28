"""The ledger at the console: lines approved by another person, a month closed, a file for payroll."""

import re

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from server.models.ledger import LedgerClose
from server.models.settlements import LedgerLine
from server.services import services
from tests.followup.publishing.waves_for_tests import Closed, create_closed, published
from tests.followup.visits_for_tests import KEY
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

LEDGER = f"/console/ledger/{KEY}/2026"


@pytest.fixture
def closed(app: Flask, engine: Engine) -> Closed:
    with app.app_context(), engine.begin() as connection:
        made = create_closed(connection, services().keys)
        published(connection, made)
    return made


def test_from_a_line_to_a_file_for_payroll(app: Flask, engine: Engine, closed: Closed) -> None:
    coordinator = Desk(*signed_in(app, engine, "coordinator"))
    assert LEDGER in coordinator.get("/console/ledger")
    assert f"/console/ledger/{KEY}/2025" not in coordinator.get("/console/ledger")
    assert "待批准" in coordinator.get(LEDGER)
    with engine.connect() as connection:
        line = str(connection.execute(select(LedgerLine.id)).scalar_one())
    assert coordinator.post(LEDGER, go="approve").status_code == 422
    assert coordinator.post(LEDGER, go="refuse", chosen=line).status_code == 422
    assert coordinator.post(LEDGER, go="approve", chosen=line).status_code == 303
    assert coordinator.post(LEDGER, go="close").status_code == 303
    page = coordinator.get(LEDGER)
    assert "已结清" in page
    address = re.search(r'href="(/console/ledger/closes/[0-9a-f-]+\.csv)"', page)
    assert address is not None
    answer = coordinator.client.get(address[1])
    assert "B101" in answer.text
    assert "1800.00" in answer.text
    assert "attachment" in answer.headers["Content-Disposition"]
    refused = coordinator.post(LEDGER, go="close")
    assert (refused.status_code, "没有可结清的条目" in refused.text) == (422, True)
    assert coordinator.post(LEDGER, go="settle").status_code == 303


@pytest.mark.parametrize(
    ("held", "reads", "decides"),
    [
        (("auditor", None), 200, 403),
        (("owner", None), 200, 422),
        (("coordinator", "D1"), 200, 403),
        (("branch_manager", "B101"), 403, 403),
        (("reviewer", None), 403, 403),
    ],
)
def test_who_reads_and_who_decides(
    app: Flask, engine: Engine, closed: Closed, held: tuple[str, str | None], reads: int, decides: int
) -> None:
    desk = Desk(*signed_in(app, engine, *held))
    assert desk.client.get(LEDGER).status_code == reads
    assert desk.post(LEDGER, go="close").status_code == decides


def test_nonsense_closes_nothing(app: Flask, engine: Engine, closed: Closed) -> None:
    owner = Desk(*signed_in(app, engine, "owner"))
    assert owner.client.get(f"/console/ledger/{KEY}/x").status_code == 404
    assert owner.client.get("/console/ledger/none/2026").status_code == 404
    assert owner.post(LEDGER, go="burn").status_code == 404
    assert owner.post(LEDGER, go="approve", chosen="x").status_code == 404
    assert owner.post(LEDGER, go="decide", amount="x").status_code == 422
    assert owner.post(LEDGER, go="decide", amount="1", rule="fine").status_code == 404
    assert owner.post(LEDGER, go="choose").status_code == 422
    with engine.connect() as connection:
        assert connection.scalar(select(LedgerClose.id)) is None
