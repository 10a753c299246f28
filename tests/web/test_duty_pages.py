"""The pages of duties through the real views: a ledger from its start to a correction, in both languages."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import Engine, select, update

from server.clock import SetClock
from server.fieldwork.duties.files import inspect_file
from server.intake.uploads import SHOWN
from server.models.accounts import StaffSession
from server.models.duties import DutyFile, DutyOccurrence
from server.services import services
from tests.fieldwork.duties.halls_for_tests import create_halls, keep, publish, rows
from tests.http.staff import signed_in
from tests.storage.making_videos import box, ftyp, moov, mvhd, track
from tests.web.test_wave_pages import Desk

SCHEME = {
    "title": {"default": "厅店台账", "en": "Duties of halls"},
    "parameters": [{"name": "rounds", "title": "巡视次数", "type": "whole", "default": "2"}],
    "subjects": [{"name": "supervisor"}, {"name": "hall", "parent": "supervisor"}],
    "duties": [
        {"name": "drill", "title": {"default": "晨会演练", "en": "Drill"}, "of": "hall",
         "by": "branch_manager", "every": "day"},
        {"name": "film", "title": {"default": "演练录像", "en": "Film"}, "of": "hall",
         "by": "branch_manager", "every": "month", "proof": ["file", "signed"]},
        {"name": "round", "title": {"default": "巡视", "en": "Round"}, "of": "hall",
         "by": "branch_manager", "every": "week", "times": "{rounds}", "counted": True},
        {"name": "fault", "title": {"default": "报修", "en": "Fault"}, "of": "hall",
         "by": "branch_manager", "every": "event",
         "fields": [{"name": "cost", "type": "money", "required": True}]},
    ],
}  # fmt: skip
MP4 = ftyp() + moov(mvhd(), track(), box(b"udta", b"Phone of Mr Chen")) + box(b"mdat", bytes(4000))


@pytest.fixture
def halls(engine: Engine, clock: SetClock) -> Engine:
    with engine.begin() as connection:
        create_halls(connection)
        publish(connection, "halls", SCHEME, clock.now())
    return engine


@pytest.fixture
def coordinator(app: Flask, halls: Engine) -> Desk:
    return Desk(*signed_in(app, halls, "coordinator"))


@pytest.fixture
def manager(app: Flask, halls: Engine) -> Desk:
    return Desk(*signed_in(app, halls, "branch_manager", "H11"))


@pytest.fixture
def started(coordinator: Desk, halls: Engine, clock: SetClock) -> Desk:
    posted = coordinator.post(
        "/console/duties/start", key="halls", starts_on="2026-05-04", **{"setting.rounds": "2"}
    )
    assert posted.status_code == 303
    live(halls, clock, timedelta())
    return coordinator


def live(halls: Engine, clock: SetClock, by: timedelta) -> None:
    clock.advance(by)
    with halls.begin() as connection:
        keep(connection, clock.now())
        # Nobody signs in again each morning of a test.
        connection.execute(update(StaffSession).values(expires_at=clock.now() + timedelta(hours=1)))


def id_of(halls: Engine, duty: str, subject: str = "H11") -> str:
    with halls.connect() as connection:
        return str(rows(connection, duty, subject=subject)[0].id)


def test_an_empty_ledger_teaches_how_to_start_one(coordinator: Desk, manager: Desk) -> None:
    assert "厅店台账" in coordinator.get("/console/duties")
    shown = manager.get("/console/duties")
    assert "还没有台账" in shown
    assert "启动台账" not in shown


def test_a_day_of_a_manager_in_two_taps(started: Desk, manager: Desk, halls: Engine) -> None:
    mine = manager.get("/console/duties/mine")
    assert "晨会演练" in mine
    assert "车站厅" not in mine
    drill = id_of(halls, "drill")
    assert manager.post(f"/console/duties/{drill}/done").location == "/console/duties/mine"
    after = manager.get("/console/duties/mine")
    assert "刚做完的" in after
    assert "已完成" in after
    assert manager.post(f"/console/duties/{drill}/undo").status_code == 303
    assert "刚做完的" not in manager.get("/console/duties/mine")


def test_a_counted_duty_says_how_far_it_is(started: Desk, manager: Desk, halls: Engine) -> None:
    manager.post(f"/console/duties/{id_of(halls, 'round')}/done")
    assert "1/2 次" in manager.get("/console/duties/mine")


def test_a_film_is_the_proof_and_is_looked_at(
    app: Flask, started: Desk, manager: Desk, halls: Engine, clock: SetClock
) -> None:
    film = id_of(halls, "film")
    address = f"/console/duties/{film}/done"
    bare = manager.post(address)
    assert bare.status_code == 422
    assert "请先上传照片或视频。" in bare.text
    text = manager.client.post(address, data={"csrf": manager.csrf, "file": (BytesIO(b"hello"), "a.mp4")})
    assert text.status_code == 422
    sent = manager.client.post(address, data={"csrf": manager.csrf, "file": (BytesIO(MP4), "a.mp4")})
    assert sent.status_code == 303
    with halls.connect() as connection:
        stored = connection.execute(select(DutyFile.id, DutyFile.state, DutyFile.media_type)).one()
    assert (stored.state, stored.media_type) == ("expected", "video/mp4")
    with app.app_context():
        inspect_file(halls, services().store, stored.id, clock)
        assert services().store.get(_key(halls), len(MP4)) == MP4
        assert b"Mr Chen" not in services().store.get(_key(halls) + SHOWN, len(MP4))
    # Who signs may come later.
    assert "补签" in manager.get("/console/duties/mine")
    assert manager.post(f"/console/duties/{film}/sign", signed_by="陈经理").status_code == 303
    shown = started.get("/console/duties/subject?programme=halls&subject=H11&month=2026-05")
    assert "陈经理 签字" in shown
    [link] = set(re.findall(r'(?:href|src)="(/console/duties/files/[^"]+)"', shown))
    assert f'<video class="clip" controls preload="none" src="{link}"' in shown
    assert started.client.get(link).status_code == 303
    other = manager.client.get(f"/console/duties/files/{film}")
    assert other.status_code == 404


def _key(halls: Engine) -> str:
    with halls.connect() as connection:
        return connection.execute(select(DutyFile.object_key)).scalar_one()


def test_the_ledger_shows_what_was_missed_with_rates(
    started: Desk, manager: Desk, halls: Engine, clock: SetClock
) -> None:
    manager.post(f"/console/duties/{id_of(halls, 'drill')}/done")
    live(halls, clock, timedelta(days=2))
    ledger = started.get("/console/duties?programme=halls&month=2026-05&duty=drill")
    # Three halls, the 4th and the 5th: one of six was done.
    assert "16.7%" in ledger
    assert "到期 6 次，完成 1 次" in ledger
    assert "05-04" in ledger
    assert "Completion" in english(started, "/console/duties?programme=halls&month=2026-05")
    own = manager.get("/console/duties?programme=halls&month=2026-05&duty=drill")
    assert "到期 2 次，完成 1 次" in own
    assert "车站厅" not in own


def english(desk: Desk, path: str) -> str:
    return desk.client.get(path, headers={"Accept-Language": "en"}).text


def test_a_monday_list_has_last_weeks_misses(started: Desk, halls: Engine, clock: SetClock) -> None:
    live(halls, clock, timedelta(days=7))
    shown = started.get("/console/duties/week")
    assert "上周没做" in shown
    assert "7 次未做" in shown
    assert "2026年5月11日至2026年5月17日" in shown
    assert "这两周没有到期的事" in started.get("/console/duties/week?day=2026-03-02")


def test_an_excuse_and_a_correction_leave_their_reasons(
    started: Desk, manager: Desk, halls: Engine, clock: SetClock
) -> None:
    live(halls, clock, timedelta(days=3))
    drill = id_of(halls, "drill")
    assert started.post(f"/console/duties/{drill}/excuse", reason="停电").status_code == 303
    where = "/console/duties/subject?programme=halls&subject=H11&month=2026-05"
    assert "免除：停电" in started.get(where)
    assert (
        started.post(f"/console/duties/{drill}/correct", verdict="done_late", reason="有录像").status_code
        == 303
    )
    assert "更正：有录像" in manager.get(where)
    assert manager.post(f"/console/duties/{drill}/excuse", reason="x").status_code == 403


def test_what_happens_is_entered_by_code(started: Desk, manager: Desk, halls: Engine) -> None:
    fields = {"duty": "halls/fault", "subject": "H11", "due_on": "2026-05-06", "field.cost": "120"}
    assert manager.post("/console/duties/enter", **fields).status_code == 303
    assert "报修" in manager.get("/console/duties/mine")
    wrong = manager.post("/console/duties/enter", **{**fields, "subject": "H12"})
    assert wrong.status_code == 422
    assert "没有编号为“H12”的机构。" in wrong.text
    lacking = manager.post("/console/duties/enter", **{**fields, "field.cost": ""})
    assert lacking.status_code == 422


def test_another_managers_duty_is_not_there(started: Desk, manager: Desk, halls: Engine) -> None:
    assert manager.post(f"/console/duties/{id_of(halls, 'drill', 'H12')}/done").status_code == 404
    with halls.connect() as connection:
        assert set(connection.scalars(select(DutyOccurrence.done_at))) == {None}


def test_a_stopped_ledger_says_so(started: Desk) -> None:
    assert started.post("/console/duties/stop", key="halls").status_code == 303
    assert "不再生成新的事项" in started.get("/console/duties?programme=halls")
