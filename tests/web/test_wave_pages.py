"""The pages of a wave through the real views: what a branch manager sees, and what a coordinator can do."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from werkzeug.test import TestResponse

from server.clock import SetClock
from server.keys import KeyRing
from server.models.submissions import ScoreSheet, SubmissionRevision
from server.models.waves import Wave
from tests import builders
from tests.builders import DAY, MESSAGES
from tests.http.staff import signed_in

PLAN = {
    "instrument": "branch-service:satisfaction", "code": "W1", "title": "五月", "title_en": "May", "unit": "",
    "opens_on": "2026-05-04", "closes_on": "2026-05-18", "ratio": "50", "minimum": "2",
    "message_zh": MESSAGES["zh"], "message_en": MESSAGES["en"],
}  # fmt: skip


EMPTY_SHEET = {
    "scale": "100", "earned": "0", "possible": "0", "published": None, "grade": None, "counted": 0,
    "critical": [], "sections": [], "lines": [],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at the console."""

    client: FlaskClient
    csrf: str

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, path
        return answer.text

    def post(self, path: str, **fields: str) -> TestResponse:
        return self.client.post(path, data={"csrf": self.csrf, **fields})


@pytest.fixture
def coordinator(app: Flask, engine: Engine) -> Desk:
    return Desk(*signed_in(app, engine, "coordinator"))


@pytest.fixture
def bank(engine: Engine, keys: KeyRing) -> Callable[..., UUID]:
    """Makes units, contacts and a wave in a state."""

    def make(state: str) -> UUID:
        with engine.begin() as connection:
            builders.create_units(connection)
            builders.create_contacts(connection, keys)
            return builders.create_wave(connection, state=state)

    return make


def state(engine: Engine, wave_id: UUID) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(select(Wave.state).where(Wave.id == wave_id))


def test_a_branch_manager_reads_the_ranks_of_the_office_and_the_rows_of_the_branch(
    app: Flask, engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("launched")
    with engine.begin() as connection:
        for code, score in (("B101", "80"), ("B102", "70"), ("B201", "90")):
            builders.create_scored(connection, wave_id, code, [score] * 5)
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    address = f"/console/waves/{wave_id}/results"
    office = coordinator.client.get(f"{address}.json").get_json()
    branch = manager.client.get(f"{address}.json").get_json()
    assert (branch["mean"], branch["n"]) == (office["mean"], office["n"]) == ("80.00", 15)
    assert branch["units"] == [{"code": "B101", "n": 5, "mean": "80.00", "rank": 2}]
    assert branch["units"][0] in office["units"]
    page = manager.get(address)
    assert "人民路" not in page
    assert "翠湖" not in page


@pytest.mark.parametrize("state_of_wave", ["planned", "drawn"])
def test_a_branch_learns_of_no_wave_before_it_begins(
    app: Flask, engine: Engine, bank: Callable[..., UUID], state_of_wave: str
) -> None:
    wave_id = bank(state_of_wave)
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    for page in ("/console/waves", "/console/search?q=2026-05", "/console/timetable?month=2026-05"):
        assert str(wave_id) not in manager.get(page)
        assert "五月满意度调查" not in manager.get(page)
    for page in ("", "/timetable", "/results", "/results.json", "/findings"):
        assert manager.client.get(f"/console/waves/{wave_id}{page}").status_code == 404
    for page in ("/visits", "/coverage"):
        assert manager.client.get(f"/console/waves/{wave_id}{page}").status_code == 403


def test_a_branch_manager_sees_the_draw_of_the_branch(
    app: Flask, engine: Engine, bank: Callable[..., UUID]
) -> None:
    wave_id = bank("launched")
    manager = Desk(*signed_in(app, engine, "branch_manager", "B101"))
    page = manager.get(f"/console/waves/{wave_id}")
    assert "B101" in page
    assert "B102" not in page
    assert "B201" not in page
    assert manager.post(f"/console/waves/{wave_id}/verify").status_code == 403


def test_a_launch_without_the_tick_stays_on_the_page(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("drawn")
    answer = coordinator.post(f"/console/waves/{wave_id}/launch")
    assert (answer.status_code, state(engine, wave_id)) == (422, "drawn")
    assert "请先勾选确认" in answer.text
    assert 'name="confirmed"' in answer.text
    assert coordinator.post(f"/console/waves/{wave_id}/launch", confirmed="yes").status_code == 303
    again = coordinator.post(f"/console/waves/{wave_id}/launch", confirmed="yes")
    assert again.status_code == 409
    assert "已不在这一步" in again.text


def test_a_wave_whose_time_is_over_says_so_in_place_of_its_buttons(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk, clock: SetClock
) -> None:
    wave_id = bank("drawn")
    clock.advance(15 * DAY)
    # The session is as old as the wave.
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE staff_session SET expires_at = expires_at + interval '30 days'")
    page = coordinator.get(f"/console/waves/{wave_id}")
    assert "结束日期已经过去" in page
    assert 'name="confirmed"' not in page
    assert coordinator.post(f"/console/waves/{wave_id}/launch", confirmed="yes").status_code == 422
    assert state(engine, wave_id) == "drawn"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("minimum", "5.9", "请填写整数"),
        ("minimum", "", "请填写整数"),
        ("ratio", "NaN", "请填写数字"),
        ("code", "坏 码/<>", "期号只能有英文字母"),
        ("closes_on", "2026-05-03", "结束时间要晚于开始时间"),
        ("opens_on", "2026-02-30", "请填写正确的日期"),
        ("opens_on", "0026-05-04", "请填写正确的日期"),
        ("closes_on", "9999-12-31", "请填写正确的日期"),
    ],
)
def test_a_plan_that_does_not_read_comes_back_as_it_was_typed(
    bank: Callable[..., UUID], coordinator: Desk, field: str, value: str, sentence: str
) -> None:
    bank("planned")
    answer = coordinator.post("/console/waves/new", **{**PLAN, field: value})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'id="{field}-error"' in answer.text or field == "closes_on"


def test_a_plan_wholly_in_the_past_is_refused(bank: Callable[..., UUID], coordinator: Desk) -> None:
    bank("planned")
    past = {**PLAN, "opens_on": "2026-04-01", "closes_on": "2026-05-03"}
    answer = coordinator.post("/console/waves/new", **past)
    assert answer.status_code == 422
    assert "结束日期已经过去" in answer.text
    assert coordinator.post("/console/waves/new", **{**past, "closes_on": "2026-05-04"}).status_code == 303
    centuries = {**PLAN, "code": "W2", "opens_on": "1900-01-01", "closes_on": "2199-12-31"}
    assert "一期最长 550 天" in coordinator.post("/console/waves/new", **centuries).text


def test_what_does_not_read_and_what_does_not_fit_is_told_at_once(
    bank: Callable[..., UUID], coordinator: Desk
) -> None:
    bank("planned")
    wrong = {
        **PLAN, "title": "", "opens_on": "soon", "ratio": "many", "minimum": "5", "approvals": "9",
        "message_zh": "请评价{foo}", "message_en": "x" * 5000 + "{link}", "spend_cap": "0", "reminders": "7",
        "reminder_days": "3",
    }  # fmt: skip
    answer = coordinator.post("/console/waves/new", **wrong)
    assert answer.status_code == 422
    shown = set(re.findall(r'id="(\w+)-error"', answer.text))
    assert shown == {"title", "opens_on", "ratio", "message_zh", "message_en", "spend_cap", "reminders"}


def test_the_form_of_an_edited_wave_holds_its_plan_and_saving_it_changes_nothing(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    bank("planned")
    made = coordinator.post("/console/waves/new", **{**PLAN, "unit": "D1", "ratio": "12.5"}).location
    form = coordinator.get(f"{made}/edit")
    for typed in ("W1", "五月", "May", "2026-05-04", "2026-05-18", "12.5"):
        assert f'value="{typed}"' in form
    assert '<option value="D1" selected>' in form
    same = {name: text for name, text in PLAN.items() if name != "instrument"}
    saved = coordinator.post(f"{made}/edit", **{**same, "unit": "D1", "ratio": "12.5", "title": "六月"})
    assert saved.location == made
    with engine.connect() as connection:
        row = connection.execute(select(*Wave.__table__.columns).where(Wave.code == "W1")).one()
    assert (row.title, row.settings["sampling"]["ratio"]) == ("六月", "0.125")
    refused = coordinator.post(f"{made}/edit", **{**same, "title": ""})
    assert refused.status_code == 422
    assert 'id="title-error"' in refused.text


def test_a_cancelled_wave_is_listed_with_its_reason(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("drawn")
    without = coordinator.post(f"/console/waves/{wave_id}/cancel", reason=" ")
    assert (without.status_code, state(engine, wave_id)) == (422, "drawn")
    assert coordinator.post(f"/console/waves/{wave_id}/cancel", reason="名单有误").status_code == 303
    for page in ("/console/waves", f"/console/waves/{wave_id}", f"/console/waves/{wave_id}/results"):
        html = coordinator.get(page)
        assert "已取消" in html
    assert "名单有误" in coordinator.get("/console/waves")
    assert coordinator.client.get(f"/console/waves/{wave_id}/edit").status_code == 409


def test_a_sheet_in_english_names_the_unit_in_english(
    engine: Engine, bank: Callable[..., UUID], coordinator: Desk
) -> None:
    wave_id = bank("launched")
    with engine.begin() as connection:
        [pk] = builders.create_scored(connection, wave_id, "B101", [None])
        connection.execute(
            update(SubmissionRevision)
            .where(SubmissionRevision.submission_pk == pk)
            .values(answers=builders.hall_answers(4))
        )
        connection.execute(update(ScoreSheet).values(sheet=EMPTY_SHEET))
    coordinator.client.set_cookie("lang", "en")
    page = coordinator.get(f"/console/submissions/{pk}")
    assert "Youth Road" in page
    assert "青年路" not in page
