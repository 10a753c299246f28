"""The desk through its real pages, without script: from the queue to a second word and the branch."""

import re
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server.followup.callbacks.bulletins import make_all
from server.keys import KeyRing
from server.models.accounts import Account
from server.models.callbacks import CallBackCase
from tests.builders import DAY, NOW
from tests.followup.callbacks.test_desk import Desk as Survey
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

CALL = "/console/callbacks"


@pytest.fixture
def case(engine: Engine, keys: KeyRing) -> UUID:
    with engine.begin() as connection:
        survey = Survey(connection, keys)
        connection.execute(update(Account).values(login=Account.login + "-of-survey"))
        return survey.opened(0, stars=1, callback=True)


def staff(app: Flask, engine: Engine, role: str, unit: str | None = None) -> Desk:
    return Desk(*signed_in(app, engine, role, unit))


def outcome(engine: Engine, case: UUID) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(select(CallBackCase.outcome).where(CallBackCase.id == case))


def test_from_the_queue_to_the_end_of_a_case(app: Flask, engine: Engine, case: UUID) -> None:
    agent = staff(app, engine, "call_back_agent")
    assert f"{CALL}/{case}" in agent.get(CALL)
    assert "1 位客户等着回电" in agent.get("/console")
    assert "+86138" not in agent.get(f"{CALL}/{case}")
    assert agent.post(f"{CALL}/{case}/number").status_code == 422
    assert agent.post(f"{CALL}/{case}/take").status_code == 303
    shown = agent.post(f"{CALL}/{case}/number")
    assert 'href="tel:+86138' in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert "+86138" not in agent.get(f"{CALL}/{case}")
    assert (
        agent.post(f"{CALL}/{case}/attempt", reach="ring_later", ring_at="2026-05-03T09:00").status_code
        == 422
    )
    unreached = agent.post(f"{CALL}/{case}/attempt", ring_at="", note="在开会")
    assert 'id="reach-error"' in unreached.text
    assert "在开会</textarea>" in unreached.text
    said = {"ring_at": "", "note": "等了太久"}
    assert agent.post(f"{CALL}/{case}/attempt", reach="reached", **said).status_code == 303
    # What the call has said is not asked again, and its record comes before the end.
    recording = agent.get(f"{CALL}/{case}")
    assert re.search(r'name="reached"[^>]*value="yes"[^>]*checked', recording)
    assert "等了太久</textarea>" in recording
    assert f'action="{CALL}/{case}/close"' not in recording
    assert "没有查看过号码" not in recording
    early = agent.post(f"{CALL}/{case}/close", outcome="resolved", passed_to="", note="")
    assert (early.status_code, "请先保存回访记录" in early.text) == (422, True)
    # Without script what an answer brings up is shown with what is missing.
    asked = agent.post(f"{CALL}/{case}/record", reached="yes")
    assert asked.status_code == 422
    assert 'name="opinion"' in asked.text
    drawn = agent.post(f"{CALL}/{case}/record", reached="yes", go="draw")
    assert drawn.status_code == 200
    said = {"reached": "yes", "opinion": "等了太久", "cause": "waiting", "settled": "true"}
    assert agent.post(f"{CALL}/{case}/record", **said).status_code == 303
    assert "等了太久" in agent.get(f"{CALL}/{case}")
    ended = agent.post(f"{CALL}/{case}/close", outcome="passed_on", note="加窗口", passed_to="")
    assert (ended.status_code, 'id="passed_to-error"' in ended.text) == (422, True)
    assert "加窗口</textarea>" in ended.text
    assert '<option value="D1">' in ended.text
    ended = agent.post(f"{CALL}/{case}/close", outcome="passed_on", note="加窗口", passed_to="X")
    assert (ended.status_code, 'id="passed_to-error"' in ended.text) == (422, True)
    assert agent.post(f"{CALL}/{case}/close", outcome="resolved").status_code == 303
    assert outcome(engine, case) == "resolved"


def test_a_second_person_confirms_and_the_branch_disputes(app: Flask, engine: Engine, case: UUID) -> None:
    agent, reviewer = staff(app, engine, "call_back_agent"), staff(app, engine, "reviewer")
    manager, other = staff(app, engine, "branch_manager", "B101"), staff(app, engine, "supervisor")
    unnamed = agent.post(f"{CALL}/{case}/propose", axis="person", person="", reason="没抬头")
    assert 'id="propose-person-error"' in unnamed.text
    assert "请选择或填写员工编号。" in unnamed.text
    assert re.search(r'<option value="T01">李娜', unnamed.text)
    proposed = agent.post(f"{CALL}/{case}/propose", axis="person", person="T01", reason="没抬头")
    assert proposed.status_code == 303
    assert agent.post(f"{CALL}/{case}/confirm").status_code == 403
    assert "没有归到员工的不满意" in manager.get(f"{CALL}/people")
    assert "李娜" in reviewer.get(f"{CALL}/waiting")
    assert reviewer.post(f"{CALL}/{case}/confirm").status_code == 303
    listed = manager.get(f"{CALL}/people")
    assert "李娜" in listed
    assert "1 / 1" in listed
    assert manager.client.get(f"{CALL}/{case}").status_code == 403
    assert other.client.get(f"{CALL}/people").status_code == 403
    refused = manager.post(f"{CALL}/{case}/dispute", reason="")
    assert (refused.status_code, 'id="d1-reason-error"' in refused.text) == (422, True)
    assert manager.post(f"{CALL}/{case}/dispute", reason="当天休息").status_code == 303
    disputed = manager.get(f"{CALL}/people")
    assert "代李娜提出" in disputed
    assert "待裁定" in disputed
    assert "期限已过" not in disputed
    assert "0 / 1" in disputed
    assert "另一位有权确认的人" in reviewer.get(f"{CALL}/{case}")
    assert reviewer.post(f"{CALL}/{case}/decide", verdict="dismissed", reason="x").status_code == 422
    coordinator = staff(app, engine, "coordinator")
    assert f"{CALL}/{case}" in coordinator.get(f"{CALL}/people")
    assert f'action="{CALL}/{case}/decide"' in coordinator.get(f"{CALL}/{case}")
    assert coordinator.post(f"{CALL}/{case}/decide", reason="排班").status_code == 422
    assert coordinator.post(f"{CALL}/{case}/decide", verdict="upheld", reason="排班").status_code == 303
    assert "已撤销" in manager.get(f"{CALL}/people")
    for page in ("bulletin", "patterns", "closing"):
        coordinator.get(f"{CALL}/{page}")


def test_a_bulletin_is_taken_along_in_the_words_of_its_reader(
    app: Flask, engine: Engine, keys: KeyRing, case: UUID
) -> None:
    with engine.begin() as connection:
        assert make_all(connection, date(2026, 5, 4), keys, now=NOW + 8 * DAY)
    coordinator = staff(app, engine, "coordinator")
    address = f"{CALL}/bulletin.csv?week=2026-05-04&unit=C01"
    chinese, english = ("起始日,2026-05-04", "新开回访,"), ("From,2026-05-04", "Cases opened,")
    for more, words in (("", chinese), ("&lang=en", english)):
        taken = coordinator.client.get(f"{address}{more}")
        assert taken.mimetype == "text/csv"
        assert [word for word in words if word not in taken.text] == []
