"""The pages of earlier results, as browsers use them."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from server.fieldwork.definitions.programmes import NewProgramme, publish_programme
from server.scope import EVERYTHING
from tests.builders import BY, NOW, create_units
from tests.fieldwork.history.results_for_tests import file_id, load, scheme_with_past
from tests.followup.schemes_for_tests import KEY
from tests.http.staff import signed_in

PAGE = f"/console/history/{KEY}"
APPLY = re.compile(r'action="(/console/history/[^"]+/import/[^"]+)"')
FIRST = "机构编号,期间,项目,得分\nB101,2025年度,year_score,91.5\nB201,2025年度,year_score,84\n"
CORRECTED = "机构编号,期间,项目,得分\nB101,2025年度,year_score,92\nB201,2025年第九季度,year_score,84\n"
Browser = tuple[FlaskClient, str]


@pytest.fixture
def desk(app: Flask, engine: Engine) -> Engine:
    with engine.begin() as connection:
        create_units(connection)
        publish_programme(connection, NewProgramme(KEY, scheme_with_past()), EVERYTHING, by=BY, now=NOW)
    return engine


@pytest.fixture
def coordinator(app: Flask, desk: Engine) -> Browser:
    return signed_in(app, desk, "coordinator")


def get(browser: Browser, path: str) -> str:
    answer = browser[0].get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def post(browser: Browser, path: str, **form: str) -> Any:
    client, csrf = browser
    return client.post(path, data={"csrf": csrf, **form})


def upload(browser: Browser, text: str, name: str = "2025.csv") -> str:
    client, csrf = browser
    data = {"csrf": csrf, "file": (io.BytesIO(text.encode()), name)}
    return client.post(PAGE, data=data).get_data(as_text=True)


def address(engine: Engine, name: str, deed: str = "") -> str:
    with engine.connect() as connection:
        return f"/console/history/files/{file_id(connection, name)}{deed}"


def test_the_menu_leads_to_the_programmes_and_a_page_that_teaches(coordinator: Browser) -> None:
    assert 'href="/console/history"' in get(coordinator, "/console/units")
    assert PAGE in get(coordinator, "/console/history")
    html = get(coordinator, PAGE)
    assert "还没有往期数据" in html
    assert "quarter_score" in html
    assert coordinator[0].get("/console/history?programme=" + KEY).headers["Location"].endswith(PAGE)
    assert coordinator[0].get("/console/history/no-such").status_code == 404


def test_a_file_is_shown_applied_corrected_and_withdrawn(coordinator: Browser, desk: Engine) -> None:
    [apply] = APPLY.findall(upload(coordinator, FIRST))
    assert "2025.csv" not in get(coordinator, PAGE)
    assert post(coordinator, apply).status_code == 200
    shown = upload(coordinator, CORRECTED, "corrected.csv")
    assert "得分：91.5 → 92" in shown
    assert "2025年第九季度" in shown
    [apply] = APPLY.findall(shown)
    assert post(coordinator, apply).status_code == 200
    old = get(coordinator, address(desk, "2025.csv"))
    assert (old.count("已被更正</span>"), old.count("计入</span>")) == (1, 1)
    assert "91.5 → 92 · corrected.csv" in old
    refused = post(coordinator, address(desk, "corrected.csv", "/withdraw"), reason=" ")
    assert refused.status_code == 422
    assert (
        post(coordinator, address(desk, "corrected.csv", "/withdraw"), reason="口径不对").status_code == 303
    )
    assert "口径不对" in get(coordinator, address(desk, "corrected.csv"))
    assert get(coordinator, address(desk, "2025.csv")).count("计入</span>") == 2
    assert "已撤回" in get(coordinator, PAGE)


def test_a_page_of_rows_begins_where_it_is_asked(coordinator: Browser, desk: Engine) -> None:
    with desk.begin() as connection:
        rows = "".join(f"B101,{1800 + number},year_score,{number}\n" for number in range(120))
        load(connection, f"code,period,measure,score\n{rows}")
    first = get(coordinator, address(desk, "2025.csv"))
    [following] = re.findall(r'href="(/console/history/files/[^"]+after=[^"]+)"', first)
    assert ("1899" in first, "1900" in first, "1900" in get(coordinator, following)) == (True, False, True)
    assert "1800" in get(coordinator, address(desk, "2025.csv", "?after=nonsense"))


def test_a_district_sees_its_own_rows_and_cannot_withdraw_all(app: Flask, desk: Engine) -> None:
    with desk.begin() as connection:
        load(connection, FIRST)
    east = signed_in(app, desk, "coordinator", "D1")
    html = get(east, address(desk, "2025.csv"))
    assert ("B101" in html, "B201" in html, "/withdraw" in html) == (True, False, False)
    assert post(east, address(desk, "2025.csv", "/withdraw"), reason="口径不对").status_code == 403


def test_only_those_who_may_import_see_them(app: Flask, desk: Engine) -> None:
    reader = signed_in(app, desk, "analyst")
    assert reader[0].get(PAGE).status_code == 403
    assert 'href="/console/history"' not in get(reader, "/console/units")
