"""The desk's side of visits on phones: the list, one visit, and the talk with whoever goes."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, insert, select

from server.db import new_id
from server.fieldwork.visiting import threads
from server.keys import KeyRing
from server.models.messages import Message
from server.models.tasks import Assignment
from server.models.visits import VisitEvent
from tests import builders
from tests.builders import NOW, CreatedTask
from tests.fieldwork.visiting.visits_for_tests import attempted, given_back
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit on somebody's phone, and where the desk sees it."""

    engine: Engine
    task: CreatedTask
    person_id: UUID

    @property
    def grid(self) -> str:
        return f"/console/waves/{self.task.wave_id}/visits"

    @property
    def page(self) -> str:
        return f"{self.grid}/{self.task.id}"

    def asks(self, said: str) -> None:
        with self.engine.begin() as connection:
            author = f"person:{self.person_id}"
            threads.say(connection, self.task.id, said, author=author, from_desk=False, now=NOW)


@pytest.fixture
def visit(engine: Engine, keys: KeyRing) -> Visit:
    with engine.begin() as connection:
        builders.create_units(connection)
        task = builders.create_visit(connection, keys)
        person_id = connection.execute(select(Assignment.person_id)).scalar_one()
    return Visit(engine, task, person_id)


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


def test_a_question_waits_until_the_desk_opens_it_and_is_answered(visit: Visit, coordinator: Desk) -> None:
    visit.asks("门口 <b>装修</b>，怎么走？")
    assert "有 1 条走访人员的新留言" in coordinator.get("/console")
    assert "新留言 1" in coordinator.get(f"{visit.grid}?state=unread")
    page = coordinator.get(visit.page)
    assert "门口 &lt;b&gt;装修&lt;/b&gt;，怎么走？" in page
    assert "小周" in page
    assert "走访人员的新留言" not in coordinator.get("/console")
    assert coordinator.post(visit.page, said="  ").status_code == 422
    answer = coordinator.post(visit.page, said="请走侧门")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{visit.page}#talk")
    assert "项目组 · 王芳" in coordinator.get(visit.page)
    coordinator.post(visit.page, said="门卫知道")
    with visit.engine.connect() as connection:
        # Told once: what they were told of was not read yet.
        messages = select(Message.assignment_id).where(Message.dedupe_key.contains(":answer:"))
        assert connection.scalars(messages).all() == [visit.task.id]


def test_who_only_follows_reads_the_talk_and_leaves_it_unread(
    app: Flask, engine: Engine, visit: Visit, coordinator: Desk
) -> None:
    visit.asks("怎么走？")
    analyst = Desk(*signed_in(app, engine, "analyst"))
    page = analyst.get(visit.page)
    assert "怎么走？" in page
    assert 'name="said"' not in page
    assert analyst.post(visit.page, said="不知道").status_code == 403
    assert "有 1 条走访人员的新留言" in coordinator.get("/console")


@pytest.mark.parametrize(("role", "unit", "status"), [
    ("branch_manager", "B101", 403), ("dispatcher", None, 403), ("coordinator", "D10", 404),
])  # fmt: skip
def test_nobody_else_learns_of_a_visit(
    app: Flask, engine: Engine, visit: Visit, role: str, unit: str | None, status: int
) -> None:
    desk = Desk(*signed_in(app, engine, role, unit))
    assert desk.client.get(visit.page).status_code == status
    assert desk.post(visit.page, said="?").status_code == 403


def test_what_a_phone_told_stands_on_the_page(visit: Visit, coordinator: Desk) -> None:
    with visit.engine.begin() as connection:
        notes = [{"id": str(new_id()), "text": "叫号 A07", "at": NOW.isoformat()}]
        attempted(connection, visit.task.id, "recognised", identified_at=NOW, notes=notes)
        for minutes, kind in ((0, "ticket"), (17, "called")):
            connection.execute(
                insert(VisitEvent).values(
                    id=new_id(), submission_id=visit.task.submission_id, kind=kind,
                    at=NOW.replace(minute=minutes), asked_at=NOW, received_at=NOW, detail={},
                )
            )  # fmt: skip
    page = coordinator.get(visit.page)
    for text in ("未能完成", "被认出：门口贴了告示", "已亮明身份", "17 分钟", "叫号 A07"):
        assert text in page
    assert 'value="extend"' not in page
    assert "未能完成" in coordinator.get(f"{visit.grid}?state=attempted")


def test_what_was_handed_back_goes_to_somebody_else_from_the_days_list(
    visit: Visit, coordinator: Desk, keys: KeyRing
) -> None:
    with visit.engine.begin() as connection:
        given_back(connection, visit.task.id, "认识 <那里> 的人")
        other = builders.create_shopper(connection, keys, "小李", "+8613900139001")
    assert "1 次走访被退回或未能完成" in coordinator.get("/console")
    assert "认识 &lt;那里&gt; 的人" in coordinator.get(f"{visit.grid}?state=given_back")
    assert "对方手机上已看不到" in coordinator.get(visit.page)
    assert coordinator.post(visit.page, said="为什么？").status_code == 422
    form = {"act": "extend", "chosen": str(visit.task.id), "confirmed": "yes", "reason": "等等"}
    refused = coordinator.post(visit.grid, **form, until="2026-05-20")
    assert (refused.status_code, "不能延期" in refused.text) == (422, True)
    # The act of the page of one visit reaches the list even where another filter hides its row.
    shown = coordinator.post(f"{visit.grid}?state=late", act="reassign", chosen=str(visit.task.id))
    assert f'name="chosen" value="{visit.task.id}"' in shown.text
    done = coordinator.post(visit.grid, **{**form, "act": "reassign", "taker": f"person:{other}"})
    assert done.status_code == 303
    assert "被退回或未能完成" not in coordinator.get("/console")
    assert "查看接手的任务" in coordinator.get(visit.page)
