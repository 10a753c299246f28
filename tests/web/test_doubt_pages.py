"""Doubts at the console: from the day's list to a decision, and closed to branches."""

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from server.followup.doubts.weighing import weigh_visit
from server.intake.shelf import FormShelf
from server.models.doubts import VisitDoubt
from server.web.console.doubts import sentence
from tests.followup.doubts.visits_for_tests import CAME, HASH, ground, photographed, shopper, visited
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

DOUBTS = "/console/doubts"


@pytest.fixture
def visit(app: Flask, engine: Engine) -> UUID:
    with engine.begin() as connection:
        wave_id = ground(connection)
        first = visited(connection, wave_id, shopper(connection), "B201")
        photographed(connection, first, bits=HASH)
        made = visited(connection, wave_id, shopper(connection, "小李"), moments={"entered": 0, "left": 4})
        photographed(connection, made, bits=HASH)
        for pk in (first.pk, made.pk):
            weigh_visit(connection, FormShelf(), pk, now=CAME)
    return made.pk


def test_from_the_days_list_to_a_decision(app: Flask, engine: Engine, visit: UUID) -> None:
    reviewer = Desk(*signed_in(app, engine, "reviewer"))
    assert "有 1 次走访的可信度偏低" in reviewer.get("/console")
    assert f"{DOUBTS}/{visit}" in reviewer.get(DOUBTS)
    page = reviewer.get(f"{DOUBTS}/{visit}")
    assert "从进店到离店 4 分钟，至少应有 15 分钟。" in page
    assert page.count("<img") == 2
    assert "<svg" in page
    with engine.connect() as connection:
        stay = connection.scalar(select(VisitDoubt.id).where(VisitDoubt.code == "stay_short"))
    address = f"{DOUBTS}/{visit}/{stay}"
    refused = reviewer.post(address, state="upheld", note=" ")
    assert refused.status_code == 422
    assert "请写明理由" in refused.text
    assert reviewer.post(address, state="dismissed", note="排队的人少").status_code == 303
    assert re.search(r"已排除", reviewer.get(f"{DOUBTS}/{visit}"))


@pytest.mark.parametrize(
    ("held", "reads", "decides"),
    [
        (("auditor", None), 200, 403),
        (("reviewer", "D10"), 404, 404),
        (("branch_manager", "B101"), 403, 403),
        (("supervisor", "B101"), 403, 403),
        (("evaluated_body", None), 403, 403),
        (("owner", None), 403, 403),
    ],
)
def test_who_gets_in(
    app: Flask, engine: Engine, visit: UUID, held: tuple[str, str | None], reads: int, decides: int
) -> None:
    client, csrf = signed_in(app, engine, *held)
    with engine.connect() as connection:
        doubt = connection.scalars(select(VisitDoubt.id)).first()
    assert client.get(f"{DOUBTS}/{visit}").status_code == reads
    answer = client.post(f"{DOUBTS}/{visit}/{doubt}", data={"csrf": csrf, "state": "upheld", "note": "是"})
    assert answer.status_code == decides
    if reads == 403:
        assert DOUBTS not in client.get("/console").text


def test_a_sentence_says_times_and_moments_as_people_do(app: Flask) -> None:
    with app.test_request_context("/", headers={"Accept-Language": "zh"}):
        assert "相差15 小时" in sentence("clock_apart", {"minutes": 900})
        assert "“叫号”" in sentence("moments_out_of_order", {"first": "called", "second": "ticket"})
        assert "3 天" in sentence("outside_window", {"minutes": 3 * 24 * 60})
