"""The pages of units: finding them, looking back, importing and changing them with a preview."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update

from server.clock import SetClock
from server.fieldwork.importing import SentFile
from server.fieldwork.kept_imports import KEPT_FOR
from server.fieldwork.organisation import finding
from server.fieldwork.organisation.unit_import import import_units
from server.models.audit import AuditLine
from server.models.imports import KeptImport
from server.models.organisation import Unit
from tests import builders
from tests.builders import BY, NOW
from tests.http.staff import signed_in

RENAMED = "机构编号,机构名称,上级编号\nB101,青年路营业部,D1\nB201,人民路支行,D1\nQ,无主,\n"
APPLY = re.compile(r'action="(/console/units/import/[^"]+)"')
FINGERPRINT = re.compile(r'name="fingerprint" value="(\w+)"')


@pytest.fixture
def units(engine: Engine) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)


@pytest.fixture
def coordinator(app: Flask, engine: Engine, units: None) -> tuple[FlaskClient, str]:
    return signed_in(app, engine, "coordinator")


def upload(browser: tuple[FlaskClient, str], text: str) -> str:
    client, csrf = browser
    data = {"csrf": csrf, "file": (io.BytesIO(text.encode()), "units.csv")}
    return client.post("/console/units", data=data).get_data(as_text=True)


def page_of(engine: Engine, code: str) -> str:
    with engine.connect() as connection:
        return f"/console/units/{connection.scalar(select(Unit.id).where(Unit.code == code))}"


def column(engine: Engine, code: str, name: str = "name") -> Any:
    with engine.connect() as connection:
        return connection.scalar(select(Unit.__table__.columns[name]).where(Unit.code == code))


def change(engine: Engine, browser: tuple[FlaskClient, str], code: str, deed: str, **form: str) -> Any:
    client, csrf = browser
    return client.post(f"{page_of(engine, code)}/{deed}", data={"csrf": csrf, **form})


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("", {"C01", "D1", "D10", "B101", "B102", "B201"}),
        ("?q=b10", {"B101", "B102"}),
        ("?q=翠湖", {"B102"}),
        ("?q=%25", set()),
        ("?level=district", {"D1", "D10"}),
        ("?below=D1", {"D1", "B101", "B102"}),
        ("?below=nowhere", set()),
        ("?state=closed", set()),
        ("?day=2026-05-04", {"C01", "D1", "D10", "B101", "B102", "B201"}),
        ("?day=2026-05-04&below=D1&q=b102", {"B102"}),
        ("?day=2026-05-04&below=nowhere", set()),
        ("?day=2026-05-03", set()),
        ("?q=%00", {"C01", "D1", "D10", "B101", "B102", "B201"}),
    ],
)
def test_finding_units(coordinator: tuple[FlaskClient, str], query: str, listed: set[str]) -> None:
    body = coordinator[0].get(f"/console/units{query}").get_data(as_text=True)
    assert set(re.findall(r'<td class="mono">(\w+)</td>', body)) == listed
    assert listed or 'class="empty"' in body


def test_a_day_that_is_none(coordinator: tuple[FlaskClient, str]) -> None:
    assert coordinator[0].get("/console/units?day=soon").status_code == 422


def test_many_units_come_in_pages(engine: Engine, units: None) -> None:
    with engine.connect() as connection:
        seen, after = [], ""
        for _ in range(9):
            wanted = finding.UnitFilter(after=after)
            found = finding.find_units(connection, builders.EVERYTHING, wanted, limit=2)
            seen += [row.code for row in found.rows]
            after = found.after
            if not after:
                break
    assert seen == ["C01", "D1", "B101", "B102", "D10", "B201"]


def test_a_file_is_shown_then_applied_as_shown(engine: Engine, coordinator: tuple[FlaskClient, str]) -> None:
    client, csrf = coordinator
    shown = upload(coordinator, RENAMED)
    assert "青年路支行 → 青年路营业部" in shown
    assert "D10 → D1" in shown
    assert column(engine, "B101") == "青年路支行"
    [address] = APPLY.findall(shown)
    applied = client.post(address, data={"csrf": csrf})
    assert (applied.status_code, column(engine, "B101")) == (200, "青年路营业部")
    assert column(engine, "B201", "path") == "C01/D1/B201/"
    assert client.post(address, data={"csrf": csrf}).status_code == 410


def test_what_has_changed_since_is_shown_again(engine: Engine, coordinator: tuple[FlaskClient, str]) -> None:
    client, csrf = coordinator
    [address] = APPLY.findall(upload(coordinator, RENAMED))
    with engine.begin() as connection:
        sent = SentFile("机构编号,机构名称\nB101,别的名字\n".encode(), "u.csv", BY)
        import_units(connection, sent, now=NOW)
    again = client.post(address, data={"csrf": csrf}).get_data(as_text=True)
    assert "所以没有导入" in again
    assert column(engine, "B101") == "别的名字"
    [address] = APPLY.findall(again)
    client.post(address, data={"csrf": csrf})
    assert column(engine, "B101") == "青年路营业部"


def test_a_file_waits_for_its_sender_and_not_for_ever(
    app: Flask, engine: Engine, clock: SetClock, coordinator: tuple[FlaskClient, str]
) -> None:
    [address] = APPLY.findall(upload(coordinator, RENAMED))
    other, other_csrf = signed_in(app, engine, "administrator")
    assert other.post(address, data={"csrf": other_csrf}).status_code == 410
    with engine.connect() as connection:
        content = connection.scalar(select(KeptImport.content))
    assert content is not None
    assert "青年路".encode() not in content
    clock.advance(KEPT_FOR + timedelta(seconds=1))
    assert coordinator[0].post(address, data={"csrf": coordinator[1]}).status_code == 410
    upload(coordinator, RENAMED)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(KeptImport)) == 1


def test_nothing_new_needs_no_applying(coordinator: tuple[FlaskClient, str]) -> None:
    assert not APPLY.findall(upload(coordinator, "机构编号,机构名称\nB101,青年路支行\n"))


def test_the_page_of_a_unit(engine: Engine, coordinator: tuple[FlaskClient, str]) -> None:
    text = "机构编号,营业时间,标签,经度,纬度,坐标系\nB101,周一至周五 9:00-17:00,旗舰店,116.48,39.99,GCJ-02\n"
    with engine.begin() as connection:
        import_units(connection, SentFile(text.encode(), "u.csv", BY), now=NOW + timedelta(days=1))
    body = coordinator[0].get(page_of(engine, "B101")).get_data(as_text=True)
    for said in (
        "09:00–17:00",
        "旗舰店",
        "GCJ-02",
        "WGS-84",
        "116.473",
        "东城区",
        "2026年5月5日",
        "2026年5月4日",
    ):
        assert said in body
    assert "B101" in coordinator[0].get(page_of(engine, "D1")).get_data(as_text=True)


def test_units_elsewhere_do_not_exist(app: Flask, engine: Engine, units: None) -> None:
    client, csrf = signed_in(app, engine, "coordinator", "D1")
    assert client.get(page_of(engine, "B101")).status_code == 200
    assert client.get(page_of(engine, "B201")).status_code == 404
    assert client.get(page_of(engine, "B201") + "/move").status_code == 404
    moved = client.post(
        page_of(engine, "B101") + "/move", data={"csrf": csrf, "parent_code": "D10", "reason": "x"}
    )
    assert moved.status_code == 422


def test_a_reader_changes_nothing(app: Flask, engine: Engine, units: None) -> None:
    client, csrf = signed_in(app, engine, "analyst")
    body = client.get(page_of(engine, "B101")).get_data(as_text=True)
    assert "/close" not in body
    assert client.get(page_of(engine, "B101") + "/close").status_code == 403
    assert client.post(page_of(engine, "B101") + "/close", data={"csrf": csrf}).status_code == 403


def test_a_change_is_shown_then_done(engine: Engine, coordinator: tuple[FlaskClient, str]) -> None:
    form = {"parent_code": "D10", "reason": "区划调整"}
    shown = change(engine, coordinator, "D1", "move", **form).get_data(as_text=True)
    assert "连同下级 2 个一起" in shown
    assert column(engine, "D1", "path") == "C01/D1/"
    [fingerprint] = FINGERPRINT.findall(shown)
    done = change(engine, coordinator, "D1", "move", fingerprint=fingerprint, **form)
    assert done.status_code == 303
    assert column(engine, "B101", "path") == "C01/D10/D1/B101/"
    assert "区划调整" in coordinator[0].get(page_of(engine, "D1")).get_data(as_text=True)
    with engine.connect() as connection:
        line = connection.execute(
            select(AuditLine.action, AuditLine.detail).order_by(AuditLine.id.desc()).limit(1)
        ).one()
    assert line.action == "unit_changed"
    assert line.detail == {"deed": "move", "day": "2026-05-04", "units": 1, "reason": "区划调整"}


def test_another_change_in_between_is_shown_again(
    engine: Engine, coordinator: tuple[FlaskClient, str]
) -> None:
    [fingerprint] = FINGERPRINT.findall(
        change(engine, coordinator, "B101", "correct", name="甲").get_data(as_text=True)
    )
    with engine.begin() as connection:
        connection.execute(update(Unit).where(Unit.code == "B101").values(name="乙"))
    again = change(engine, coordinator, "B101", "correct", name="甲", fingerprint=fingerprint)
    assert "乙 → 甲" in again.get_data(as_text=True)
    assert column(engine, "B101") == "乙"


def test_closing_with_everything_below_and_reopening(
    engine: Engine, coordinator: tuple[FlaskClient, str]
) -> None:
    form = {"closed_on": "2026-05-04", "successor_code": "D10", "reason": "合并"}
    refused = change(engine, coordinator, "D1", "close", **form)
    assert (refused.status_code, "还有 2 个没有撤销" in refused.get_data(as_text=True)) == (422, True)
    form["with_below"] = "1"
    [fingerprint] = FINGERPRINT.findall(
        change(engine, coordinator, "D1", "close", **form).get_data(as_text=True)
    )
    change(engine, coordinator, "D1", "close", fingerprint=fingerprint, **form)
    assert column(engine, "B102", "closed_at") == column(engine, "D1", "closed_at") is not None
    body = coordinator[0].get(page_of(engine, "D1")).get_data(as_text=True)
    assert "并入 D10" in body
    [fingerprint] = FINGERPRINT.findall(
        change(engine, coordinator, "D1", "reopen", reason="恢复营业").get_data(as_text=True)
    )
    change(engine, coordinator, "D1", "reopen", reason="恢复营业", fingerprint=fingerprint)
    assert column(engine, "D1", "closed_at") is None


@pytest.mark.parametrize(
    ("deed", "form", "said"),
    [
        ("close", {"closed_on": "", "reason": "x"}, "这一项必填"),
        ("close", {"closed_on": "2026-05-05", "reason": "x"}, "还没有到"),
        ("move", {"parent_code": "nowhere", "reason": "x"}, "上级机构“nowhere”不存在"),
        ("move", {"parent_code": "D10"}, "这一项必填"),
        ("move", {"parent_code": "B101", "reason": "x"}, "绕成了圈"),
        ("correct", {"name": ""}, "必填"),
        ("correct", {"name": "甲", "day": "2026-05-05"}, "还没有到"),
        ("correct", {"name": "甲", "day": "2026-05-01"}, "不能从更早的日期起改动"),
        ("correct", {"name": "甲", "day": "x"}, "请填写正确的日期"),
        ("correct", {"opening_hours": "随时"}, "看不懂"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    engine: Engine, coordinator: tuple[FlaskClient, str], deed: str, form: dict[str, str], said: str
) -> None:
    answer = change(engine, coordinator, "B101", deed, **form)
    assert (answer.status_code, said in answer.get_data(as_text=True)) == (422, True)


@pytest.mark.parametrize("deed", ["correct", "move", "close", "reopen"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_forms_open(
    engine: Engine, coordinator: tuple[FlaskClient, str], deed: str, language: str
) -> None:
    headers = {"Accept-Language": language}
    answer = coordinator[0].get(f"{page_of(engine, 'B101')}/{deed}", headers=headers)
    assert answer.status_code == 200
    assert 'name="reason"' in answer.get_data(as_text=True)
