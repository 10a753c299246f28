"""The timetable through the real views: read, added to, changed, and what waits for somebody."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, delete, select

from server import timetable
from server.clock import SetClock
from server.db import db
from server.fieldwork.timetable.planning import plan_timetable
from server.jobs import rounds
from server.models.notices import Notice
from server.models.timetable import TimetableEntry
from tests import builders
from tests.conftest import START
from tests.http.staff import signed_in
from tests.web.test_wave_pages import Desk

DAY = timedelta(days=1)
WEEKLY = {
    "title": "与片区碰头", "role": "coordinator", "every": "week", "weekday": "mon", "time": "09:00",
    "free_days": "next",
}  # fmt: skip


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def wave_id(engine: Engine) -> UUID:
    """A visit wave from 6 May through 26 May, planned on 4 May."""
    with engine.begin() as connection:
        builders.create_units(connection)
        found = builders.create_wave(
            connection,
            state="launched",
            instrument="visit",
            code="V",
            title="五月暗访",
            opens_at=START + timedelta(days=1, hours=14),
            closes_at=START + timedelta(days=22, hours=14),
        )
        plan_timetable(connection, found, now=START)
    return found


def entry_called(engine: Engine, title: str) -> UUID:
    with engine.connect() as connection:
        query = select(TimetableEntry.id).where(TimetableEntry.title["default"].astext == title)
        return connection.execute(query).scalar_one()


def rows(page: str) -> list[str]:
    """The text of each row of the agenda."""
    tables = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in tables]


def row_of(page: str, text: str) -> str:
    return next(row for row in rows(page) if row.startswith(text))


def test_a_wave_shows_its_steps_day_by_day(coordinator: Desk, wave_id: UUID) -> None:
    page = coordinator.get(f"/console/waves/{wave_id}/timetable")
    deadline = row_of(page, "提交截止")
    assert "24:00" in deadline
    assert page.index("2026年5月26日 星期二") < page.index(">提交截止")
    assert "2026年5月27日" in page  # the review begins
    assert "复核员" in row_of(page, "复核")
    assert row_of(page, "每周通报").count("重复") == 1
    month = coordinator.get("/console/timetable?month=2026-05")
    assert "五月暗访" in row_of(month, "提交截止")
    assert "提交截止" not in coordinator.get("/console/timetable?month=2026-06")
    assert coordinator.client.get("/console/timetable?month=nonsense").status_code == 200


def test_an_own_entry_is_previewed_added_changed_and_cancelled(
    coordinator: Desk, engine: Engine, wave_id: UUID
) -> None:
    form = coordinator.get(f"/console/timetable/new?wave={wave_id}")
    assert 'name="count"' in form
    shown = coordinator.post("/console/timetable/new", wave=str(wave_id), act="preview", **WEEKLY)
    assert shown.status_code == 200
    # The 4th is a holiday and moves to the 6th; the wave ends on the 26th.
    assert re.findall(r"<li>2026年5月(\d+)日 09:00</li>", shown.text) == ["6", "11", "18", "25"]
    added = coordinator.post("/console/timetable/new", wave=str(wave_id), act="save", **WEEKLY)
    assert added.location.endswith(f"/console/waves/{wave_id}/timetable")
    entry_id = entry_called(engine, "与片区碰头")
    assert 'value="与片区碰头"' in coordinator.get(f"/console/timetable/{entry_id}/edit")
    changed = coordinator.post(
        f"/console/timetable/{entry_id}/edit", act="save", **{**WEEKLY, "every": "before", "count": "2"}
    )
    assert changed.status_code == 303
    page = coordinator.get(f"/console/waves/{wave_id}/timetable")
    assert page.index("2026年5月22日") < page.index("与片区碰头")
    assert coordinator.post(f"/console/timetable/{entry_id}/cancel").status_code == 303
    page = coordinator.get(f"/console/waves/{wave_id}/timetable")
    assert "已取消" in row_of(page, "与片区碰头")
    assert coordinator.post(f"/console/timetable/{entry_id}/cancel").status_code == 409
    assert coordinator.client.get(f"/console/timetable/{entry_id}/edit").status_code == 409
    assert coordinator.post(f"/console/timetable/{entry_id}/restore").status_code == 303


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": ""}, "title", "必填"),
        ({"time": "25:00"}, "time", "请填写时间"),
        ({"every": "once", "on": "2026-04-01"}, "on", "已经过去"),
        ({"every": "cron", "cron": "0 9 * *"}, "cron", "要有五段"),
        ({"every": "before", "count": "3"}, "every", "只有某一期"),
    ],
)
@pytest.mark.parametrize("act", ["preview", "save"])
def test_what_is_wrong_is_said_at_its_field(
    coordinator: Desk, wave_id: UUID, changes: dict[str, str], field: str, sentence: str, act: str
) -> None:
    answer = coordinator.post("/console/timetable/new", act=act, **{**WEEKLY, **changes})
    assert answer.status_code == 422
    error = re.search(rf'id="{field}-error">([^<]*)', answer.text)
    assert error is not None
    assert sentence in error[1]


def test_steps_move_what_has_not_happened(coordinator: Desk, engine: Engine, wave_id: UUID) -> None:
    address = f"/console/waves/{wave_id}/timetable"
    steps = {
        "remind": "5，2", "remind_at": "08:30", "field_days": "0", "review": "3", "facts_check": "0",
        "publication": "4", "feedback": "0", "bulletin": "",
    }  # fmt: skip
    assert coordinator.post(address, **steps).status_code == 303
    page = coordinator.get(address)
    assert "提前 5 天" in page
    assert "08:30" in row_of(page, "提醒")
    assert 'value="5, 2"' in page
    assert not [row for row in rows(page) if row.startswith("事实核对")]
    wrong = coordinator.post(address, **{**steps, "review": "many", "remind": "7,x"})
    assert wrong.status_code == 422
    assert wrong.text.count("请填写整数") == 2
    too_long = coordinator.post(address, **{**steps, "review": "91"})
    assert too_long.status_code == 422
    assert 'value="91"' in too_long.text


def test_what_waits_is_shown_and_settled(
    app: Flask, coordinator: Desk, engine: Engine, wave_id: UUID, clock: SetClock
) -> None:
    clock.advance(timedelta(hours=11) + DAY * 15)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE staff_session SET expires_at = expires_at + interval '60 days'")
    timetable.fire_due(engine, clock.now())
    with engine.connect() as connection:
        entries = connection.execute(select(TimetableEntry.id, TimetableEntry.at, TimetableEntry.kind)).all()
    with app.app_context():
        for entry in entries:
            if entry.kind == "reminder" and entry.at < clock.now():
                rounds.fire_entry(str(entry.id), entry.at.isoformat())
        db.session.remove()
    page = coordinator.get("/console/timetable")
    assert "等您处理" in page
    assert re.search(r"快到截止时间：已完成 0 份，还差 0 份", page)
    assert "已提醒" in row_of(coordinator.get(f"/console/waves/{wave_id}/timetable"), "提醒 提前 7 天")
    with engine.connect() as connection:
        notice_id = connection.execute(select(Notice.id)).scalar_one()
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE staff_session SET expires_at = expires_at + interval '60 days'")
    assert "等您处理" not in manager.get("/console/timetable")
    assert manager.post(f"/console/notices/{notice_id}/done").status_code == 404
    assert coordinator.post(f"/console/notices/{notice_id}/done").status_code == 303
    assert "等您处理" not in coordinator.get("/console/timetable")


def test_a_programmes_year_has_its_dates_and_clocks(coordinator: Desk, wave_id: UUID) -> None:
    address = "/console/timetable/years?programme=treasury-agent-banks&year=2026"
    page = coordinator.get(address)
    report = row_of(page, "代理银行报送上一年度报告")
    assert "2026年12月15日 24:00" in report
    assert "代理银行" in report
    assert "未排入" in report
    feedback = row_of(page, "代理银行报送改进材料")
    assert "2027年2月28日" in feedback
    assert "财政局向代理银行反馈结果 后 1 个月" in feedback
    assert "2027 年的节假日还没有录入" in page
    planned = coordinator.post("/console/timetable/years", programme="treasury-agent-banks", year="2026")
    assert planned.location.endswith("programme=treasury-agent-banks&year=2026")
    assert "已排入" in row_of(coordinator.get(address), "代理银行报送上一年度报告")
    december = coordinator.get("/console/timetable?month=2026-12")
    assert "2026年12月15日" in december
    assert "代理银行报送上一年度报告" in december
    assert coordinator.get("/console/timetable/years")
    for year in ("abc", "99999"):
        assert coordinator.client.get(f"/console/timetable/years?year={year}").status_code == 404
    assert coordinator.client.get("/console/timetable/years?programme=nobody").status_code == 404


def test_who_only_reads_changes_nothing(app: Flask, engine: Engine, wave_id: UUID) -> None:
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    page = manager.get(f"/console/waves/{wave_id}/timetable")
    assert "提交截止" in page
    assert '<form method="post" action="/console/timetable' not in page
    for address in ("/console/timetable/new", f"/console/waves/{wave_id}/timetable"):
        assert manager.post(address, **WEEKLY).status_code == 403
    assert manager.client.get("/console/timetable/new").status_code == 403


def test_a_district_reads_the_whole_and_changes_its_own(app: Flask, engine: Engine, wave_id: UUID) -> None:
    east = Desk(*signed_in(app, engine, "coordinator", "D1"))
    page = east.get(f"/console/waves/{wave_id}/timetable")
    assert "提交截止" in page
    assert 'name="review"' not in page
    assert east.client.get(f"/console/timetable/new?wave={wave_id}").status_code == 403
    assert east.post(f"/console/waves/{wave_id}/timetable/plan").status_code == 403
    assert east.post("/console/timetable/years", programme="branch-service", year="2026").status_code == 403
    assert east.post("/console/timetable/new", act="save", unit="D1", **WEEKLY).status_code == 303
    assert "与片区碰头" in east.get("/console/timetable")


def test_a_wave_without_a_timetable_offers_to_make_it(
    coordinator: Desk, engine: Engine, wave_id: UUID
) -> None:
    with engine.begin() as connection:
        bare = builders.create_wave(connection, code="W2", instrument="visit")
        # As a wave from before there were timetables.
        connection.execute(delete(TimetableEntry).where(TimetableEntry.wave_id == bare))
    address = f"/console/waves/{bare}/timetable"
    assert "这一期还没有日程" in coordinator.get(address)
    assert coordinator.post(f"{address}/plan").status_code == 303
    assert "提交截止" in coordinator.get(address)


@pytest.mark.parametrize(
    "path", ["/console/timetable/new?wave=x", "/console/waves/0193b0c0-0000-7000-8000-000000000009/timetable"]
)
def test_what_is_not_there(coordinator: Desk, path: str) -> None:
    assert coordinator.client.get(path).status_code == 404
