"""The pages of people, one's own account and set-up links, as browsers use them."""

import io
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from server.keys import KeyRing
from server.models.accounts import Account, Person, RoleGrant, StaffSession
from server.models.messages import Message
from server.models.organisation import Unit
from server.models.people import PersonQualification
from tests.builders import create_shopper, create_units
from tests.fieldwork.people.people_for_tests import HEADER, PHONE, STAFF, Desk, person_id
from tests.http.staff import signed_in

APPLY = re.compile(r'action="(/console/people/import/[^"]+)"')
PASSWORD = "correct horse battery"
Browser = tuple[FlaskClient, str]


@pytest.fixture
def people(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        create_units(connection)
        Desk(connection, keys).load(STAFF)


@pytest.fixture
def admin(app: Flask, engine: Engine, people: None) -> Browser:
    return signed_in(app, engine, "administrator")


@pytest.fixture
def coordinator(app: Flask, engine: Engine, people: None) -> Browser:
    return signed_in(app, engine, "coordinator")


def address(engine: Engine, code: str, deed: str = "") -> str:
    with engine.connect() as connection:
        return f"/console/people/{person_id(connection, code)}{deed}"


def get(browser: Browser, path: str) -> str:
    answer = browser[0].get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def post(browser: Browser, path: str, **form: str) -> Any:
    client, csrf = browser
    return client.post(path, data={"csrf": csrf, **form})


def upload(browser: Browser, text: str) -> str:
    client, csrf = browser
    data = {"csrf": csrf, "file": (io.BytesIO(text.encode()), "people.csv")}
    return client.post("/console/people", data=data).get_data(as_text=True)


def roles(engine: Engine, code: str) -> set[tuple[str, str | None]]:
    query = (
        select(RoleGrant.role, Unit.code)
        .join(Account, Account.id == RoleGrant.account_id)
        .join(Person, Person.id == Account.person_id)
        .join(Unit, Unit.id == RoleGrant.unit_id, isouter=True)
        .where(Person.code == code)
    )
    with engine.connect() as connection:
        return {(row.role, row.code) for row in connection.execute(query)}


def column(engine: Engine, code: str, name: str) -> Any:
    with engine.connect() as connection:
        return connection.scalar(select(Person.__table__.columns[name]).where(Person.code == code))


def test_a_file_is_shown_first_and_applied_as_shown(coordinator: Browser, engine: Engine) -> None:
    html = upload(coordinator, f"{HEADER}\nX1,新人,{PHONE},B101,督导,D1\nM1,青年路行长,,B102,网点负责人,\n")
    assert "督导 D1" in html
    assert PHONE[3:] not in html
    assert roles(engine, "X1") == set()
    [apply] = APPLY.findall(html)
    assert post(coordinator, apply).status_code == 200
    assert roles(engine, "X1") == {("supervisor", "D1")}
    assert column(engine, "M1", "unit_id") is not None


def test_a_coordinators_file_makes_no_administrators(coordinator: Browser, engine: Engine) -> None:
    html = upload(coordinator, f"{HEADER}\nX1,新人,,C01,系统管理员,全辖\n")
    assert "您不能授予角色" in html
    assert APPLY.findall(html) == []
    assert (
        post(coordinator, address(engine, "M1", "/roles"), role="administrator", role_scope="*").status_code
        == 422
    )
    assert roles(engine, "M1") == {("branch_manager", "B101")}


def test_the_list_is_searched_filtered_and_paged(coordinator: Browser, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        rows = "".join(f"N{number:03},员工{number:03},{PHONE},B101,,\n" for number in range(60))
        Desk(connection, keys).load(f"{HEADER}\n{rows}")
    first = get(coordinator, "/console/people?q=N")
    assert (first.count(">员工0"), "员工049" in first, "员工050" in first) == (50, True, False)
    after = re.findall(r"after=([0-9a-f-]{36})", first)[0]
    second = get(coordinator, f"/console/people?q=N&after={after}")
    assert (second.count(">员工0"), "员工050" in second) == (10, True)
    assert "督导甲" in get(coordinator, "/console/people?role=supervisor")
    assert "督导甲" not in get(coordinator, "/console/people?role=auditor&unit=D10")
    assert "没有符合条件的人" in get(coordinator, "/console/people?state=left")
    assert get(coordinator, "/console/people?after=nonsense&state=whatever")
    assert PHONE[3:] not in first


def test_a_district_sees_its_own_people(app: Flask, engine: Engine, people: None) -> None:
    browser = signed_in(app, engine, "coordinator", "D1")
    html = get(browser, "/console/people")
    assert "青年路行长" in html
    assert "沈晓雯" not in html
    assert browser[0].get(address(engine, "K1")).status_code == 404


def test_somebody_is_added_changed_and_given_roles_by_hand(admin: Browser, engine: Engine) -> None:
    form = {
        "code": "X1",
        "name": "新人",
        "phone": PHONE,
        "kind": "staff",
        "unit_code": "B101",
        "locale": "zh",
    }
    assert post(admin, "/console/people/new", **form).status_code == 303
    again = post(admin, "/console/people/new", **form)
    assert (again.status_code, "工号 X1 已经有人用了" in again.get_data(as_text=True)) == (422, True)
    changed = {
        **form,
        "phone": "",
        "title": "客户经理",
        "weekdays": "周末",
        "per_day": "2",
        "conflicts": "D10",
    }
    assert post(admin, address(engine, "X1", "/edit"), **changed).status_code == 303
    assert (column(engine, "X1", "title"), column(engine, "X1", "weekdays")) == ("客户经理", ["sat", "sun"])
    assert post(admin, address(engine, "X1", "/roles"), role="supervisor").status_code == 303
    assert post(admin, address(engine, "X1", "/roles"), role="auditor", role_scope="*").status_code == 303
    assert roles(engine, "X1") == {("supervisor", "B101"), ("auditor", None)}
    taken = {"role": "auditor", "role_scope": "*", "take": "1"}
    assert post(admin, address(engine, "X1", "/roles"), **taken).status_code == 303
    assert roles(engine, "X1") == {("supervisor", "B101")}
    html = get(admin, address(engine, "X1"))
    assert "已登记" in html
    assert PHONE[3:] not in html
    assert "撤销 审计人员" in html
    assert "B101" in get(admin, address(engine, "X1", "/edit"))


def test_certificates_come_and_go(admin: Browser, engine: Engine) -> None:
    path = address(engine, "S1", "/certificates")
    for form in (
        {"certificate": "甲", "certificate_score": "81"},
        {"certificate": "乙"},
        {"certificate": "甲"},
    ):
        assert post(admin, path, **form).status_code == 303
    assert post(admin, path, certificate="甲", certificate_score="181").status_code == 422
    assert post(admin, path).status_code == 422
    assert post(admin, path, certificate="乙", take="1").status_code == 303
    with engine.connect() as connection:
        found = connection.execute(select(PersonQualification.name, PersonQualification.score)).all()
    assert [tuple(row) for row in found] == [("甲", None)]


def test_who_leaves_sees_what_ends_first_and_is_out(
    app: Flask, coordinator: Browser, engine: Engine, keys: KeyRing
) -> None:
    assert "登录中的会话" in get(coordinator, address(engine, "M1", "/leave"))
    assert column(engine, "M1", "left_on") is None
    path = address(engine, "M1", "/leave")
    assert post(coordinator, path, left_on="2026-05-04").status_code == 422
    assert post(coordinator, path, left_on="nonsense", reason="x").status_code == 422
    assert post(coordinator, path, left_on="2026-05-04", reason="个人原因").status_code == 303
    assert column(engine, "M1", "left_at") is not None
    assert "已离职" in get(coordinator, address(engine, "M1"))
    assert post(coordinator, address(engine, "M1", "/return"), reason="返聘").status_code == 403
    admin = signed_in(app, engine, "administrator")
    assert post(admin, address(engine, "M1", "/return"), reason="返聘").status_code == 303
    assert column(engine, "M1", "left_at") is None


def link_in(engine: Engine, keys: KeyRing) -> str:
    with engine.connect() as connection:
        newest = select(Message.text).where(Message.state == "queued").order_by(Message.id.desc())
        text = connection.scalars(newest).first()
    assert text is not None
    return keys.decrypt(text).partition("anfang.test")[2]


def test_the_link_from_the_sms_sets_the_password_once(
    app: Flask, coordinator: Browser, engine: Engine, keys: KeyRing
) -> None:
    assert post(coordinator, address(engine, "M1", "/link")).status_code == 303
    path, phone = link_in(engine, keys), app.test_client()
    for _ in range(2):
        shown = phone.get(path)
        assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
        assert "您的登录名是 m1" in shown.get_data(as_text=True)
    form = {"password": PASSWORD, "again": PASSWORD}
    assert phone.post(path, data={**form, "again": "x"}).status_code == 422
    assert "密码已设置" in phone.post(path, data=form).get_data(as_text=True)
    assert phone.post(path, data=form).status_code == 410
    assert phone.get(path).status_code == 410
    assert phone.post("/sign-in", data={"login": "m1", "password": PASSWORD}).status_code == 303


def test_failures_of_a_link_are_counted(app: Flask, engine: Engine, people: None) -> None:
    phone, form = app.test_client(), {"password": PASSWORD, "again": PASSWORD}
    statuses = [phone.post("/console/set-up/guessed", data=form).status_code for _ in range(11)]
    assert statuses == [410] * 10 + [429]


def test_a_voided_link_is_over(app: Flask, coordinator: Browser, engine: Engine, keys: KeyRing) -> None:
    post(coordinator, address(engine, "M1", "/link"))
    path = link_in(engine, keys)
    assert post(coordinator, address(engine, "M1", "/link/void")).status_code == 303
    assert app.test_client().get(path).status_code == 410


def signs_in(phone: FlaskClient, path: str) -> int:
    """Follow a link to sign a phone in, as the app does; returns the status."""
    agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/131.0.0.0 Mobile Safari/537.36"
    answer = phone.post(
        "/t/sign-in/link", json={"token": path.rpartition("/")[2]}, headers={"User-Agent": agent}
    )
    return answer.status_code


def test_a_shopper_without_an_account_signs_a_phone_in_by_the_desks_link(
    app: Flask, coordinator: Browser, engine: Engine, keys: KeyRing
) -> None:
    with engine.begin() as connection:
        page = f"/console/people/{create_shopper(connection, keys, '小周', '+8613900139000')}"
    assert "没有手机登录" in get(coordinator, page)
    assert post(coordinator, f"{page}/phones/link").status_code == 303
    first = link_in(engine, keys)
    assert first.startswith("/t/in/")
    post(coordinator, f"{page}/phones/link")
    assert signs_in(app.test_client(), first) == 401, "a newer link ends the one before"
    link = link_in(engine, keys)
    phone, other = app.test_client(), app.test_client()
    assert (signs_in(phone, link), signs_in(other, link)) == (200, 401)
    post(coordinator, f"{page}/phones/link")
    assert signs_in(other, link_in(engine, keys)) == 200
    shown = get(coordinator, page)
    assert shown.count("Chrome 131 · Android") == 4, "two phones, each with its button"
    assert re.search("在手机上登录.*?小周", shown, re.S)
    [_, ended] = re.findall(r'action="([^"]+/phones/[0-9a-f-]{36}/end)"', shown)
    assert post(coordinator, ended).status_code == 303
    assert [each.get("/t/visits").status_code for each in (other, phone)].count(200) == 1
    post(coordinator, f"{page}/phones/link")
    unused = link_in(engine, keys)
    assert post(coordinator, f"{page}/phones/end").status_code == 303
    assert phone.get("/t/visits").status_code == other.get("/t/visits").status_code == 401
    assert signs_in(phone, unused) == 401
    last = get(coordinator, page)
    assert "没有手机登录" in last
    assert "退出全部手机的登录" in last


def test_who_only_reads_people_sees_no_phones(app: Flask, engine: Engine, people: None) -> None:
    auditor = signed_in(app, engine, "auditor")
    assert "登录的手机" not in get(auditor, address(engine, "M1"))
    assert post(auditor, address(engine, "M1", "/phones/link")).status_code == 403


def test_a_coordinator_takes_over_no_administrator(coordinator: Browser, engine: Engine) -> None:
    for deed in (
        "/link",
        "/link/void",
        "/phones/link",
        "/phones/end",
        "/deputies",
        "/roles",
        "/certificates",
        "/leave",
    ):
        form = {"role": "auditor", "certificate": "x", "left_on": "2026-05-04", "reason": "x"}
        days = {"deputy": "M1", "first_day": "2026-05-04", "last_day": "2026-05-05"}
        answer = post(coordinator, address(engine, "A1", deed), **form, **days)
        assert answer.status_code == 403, deed
    assert coordinator[0].get(address(engine, "A1", "/edit")).status_code == 403


def test_deputies_are_named_for_others_and_for_oneself(
    app: Flask, coordinator: Browser, engine: Engine
) -> None:
    days = {"first_day": "2026-05-04", "last_day": "2026-05-05", "reason": "休假"}
    assert post(coordinator, address(engine, "K2", "/deputies"), deputy="M1", **days).status_code == 303
    html = get(coordinator, address(engine, "K2"))
    [end] = re.findall(r'action="([^"]+/deputies/[0-9a-f-]{36}/end)"', html)
    assert post(coordinator, end).status_code == 303
    assert post(coordinator, end).status_code == 404
    assert post(coordinator, "/console/account/deputies", deputy="m1", **days).status_code == 303
    own = get(coordinator, "/console/account")
    assert "代理中" in own
    assert post(coordinator, "/console/account/deputies", deputy="nobody", **days).status_code == 422


def test_ones_own_password_and_language(app: Flask, coordinator: Browser, engine: Engine) -> None:
    post(coordinator, address(engine, "M1", "/link"))
    form = {"current": "wrong", "password": PASSWORD, "again": PASSWORD}
    assert post(coordinator, "/console/account/password", **form).status_code == 422
    assert post(coordinator, "/console/account/language", locale="en").status_code == 303
    assert post(coordinator, "/console/account/language", locale="xx").status_code == 422
    assert "My account" in get(coordinator, "/console/account")
    assert re.findall(r'value="([\w:]+)" checked', get(coordinator, "/console/account")) == ["critical:email"]
    chosen = {"alert": ["critical:email", "sending:sms"], "email": "lin@bank.example"}
    assert post(coordinator, "/console/account/alerts", **chosen).status_code == 303
    assert get(coordinator, "/console/account").count(" checked") == 2
    assert post(coordinator, "/console/account/alerts", alert="critical:email").status_code == 422
    assert post(coordinator, "/console/account/alerts").status_code == 303
    assert " checked" not in get(coordinator, "/console/account"), "nothing is a choice"


def test_another_password_ends_every_other_session(
    app: Flask, coordinator: Browser, engine: Engine, keys: KeyRing
) -> None:
    post(coordinator, address(engine, "K2", "/link"))
    browser = app.test_client()
    browser.post(link_in(engine, keys), data={"password": PASSWORD, "again": PASSWORD})
    other = app.test_client()
    for client in (browser, other):
        client.post("/sign-in", data={"login": "k2", "password": PASSWORD})
    csrf = re.findall(r'name="csrf" value="(\w+)"', browser.get("/console/account").get_data(as_text=True))[0]
    new = {"current": PASSWORD, "password": "another horse battery", "again": "another horse battery"}
    assert browser.post("/console/account/password", data={"csrf": csrf, **new}).status_code == 303
    assert browser.get("/console/account").status_code == 200
    assert other.get("/console/account").status_code == 401
    with engine.connect() as connection:
        held = connection.scalars(select(StaffSession.account_id)).all()
    assert len(held) == 2, "the coordinator's session and the one that changed the password"


def test_a_page_of_nobody(coordinator: Browser) -> None:
    assert coordinator[0].get(f"/console/people/{UUID(int=7)}").status_code == 404
