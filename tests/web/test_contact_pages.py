"""The pages of contacts as staff use them: nobody's name or number, long files in the background."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, insert, select

from server.jobs import rounds
from server.keys import KeyRing
from server.models.contacts import BadNumber, Contact, OptOut, ServiceEvent
from server.models.import_runs import ImportPart
from server.web.console import contacts
from tests import builders
from tests.builders import NOW, phone_of
from tests.fieldwork.contacts.worlds import phone, put_contacts, put_events
from tests.http.staff import signed_in

CONTACTS = "/console/contacts"
EVENTS = "/console/contacts/events"
HEAD = "external_id,phone,unit_code,姓名,员工"
APPLY = re.compile(r'action="(/console/contacts/[^"]*(?:import|apply)[^"]*)"')


@pytest.fixture
def bank(engine: Engine, keys: KeyRing) -> Engine:
    with engine.begin() as connection:
        builders.create_units(connection)
        put_contacts(
            connection, keys, f"K1,{phone(1)},B101,孙丽,否", f"K2,{phone(2)},B101,李强,是",
            f"K3,{phone(3)},B201,赵敏,否", header=HEAD,
        )  # fmt: skip
        put_events(
            connection, "E1,K1,B101,2026-05-03 10:00", "E2,K1,B101,2026-05-03 11:00", "E3,K3,B201,2026-05-01"
        )
    return engine


@pytest.fixture
def staff(app: Flask, bank: Engine) -> Callable[..., tuple[FlaskClient, str]]:
    return lambda role="coordinator", unit=None: signed_in(app, bank, role, unit)


def upload(client: FlaskClient, csrf: str, address: str, data: bytes) -> Any:
    # By hand: the client would leave a long body behind in an open file.
    fields = (b'name="csrf"\r\n\r\n' + csrf.encode(), b'name="file"; filename="list.csv"\r\n\r\n' + data)
    parts = [b"--limit\r\nContent-Disposition: form-data; " + field + b"\r\n" for field in fields]
    body = b"".join(parts) + b"--limit--\r\n"
    return client.post(address, data=body, content_type="multipart/form-data; boundary=limit")


def count(engine: Engine, table: Any) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_counts_and_marks_and_nobodys_name(staff: Any, bank: Engine, keys: KeyRing) -> None:
    with bank.begin() as connection:
        wish = {"phone_hash": keys.lookup_hash(phone(1)), "source": "link", "at": NOW}
        connection.execute(insert(OptOut).values(**wish))
        bounce = {"phone_hash": keys.lookup_hash(phone(3)), "code": "30005", "at": NOW}
        connection.execute(insert(BadNumber).values(**bounce))
    client, _ = staff()
    whole = client.get(CONTACTS).get_data(as_text=True)
    assert "共 3 人，分布在 2 个网点" in whole
    for label, number in (("已拒收", 1), ("号码无效", 1), ("员工", 1), ("投诉处理中", 0)):
        assert re.search(rf"<dt>{label}</dt>\s*<dd><b>{number}</b>", whole)
    unit = client.get(f"{CONTACTS}?unit=B101").get_data(as_text=True)
    assert re.findall(r"person\?id=(\w+)", unit) == ["K1", "K2"]
    assert re.findall(r"person\?id=(\w+)", client.get(f"{CONTACTS}?unit=B101&mark=staff").text) == ["K2"]
    one = client.get(f"{CONTACTS}/person?id=K1").get_data(as_text=True)
    assert re.search(r"<dt>办理记录</dt>\s*<dd><b>2</b>", one)
    for page in (whole, unit, one):
        for secret in ("孙丽", "李强", phone_of(1), phone(1)):
            assert secret not in page


def test_lists_go_on_behind_the_last_id(staff: Any, bank: Engine, keys: KeyRing) -> None:
    with bank.begin() as connection:
        put_contacts(connection, keys, *(f"M{n:03},{phone(100 + n)},B102" for n in range(150)))
    client, _ = staff()
    first = client.get(f"{CONTACTS}?unit=B102").get_data(as_text=True)
    assert (first.count("person?id="), "after=M099" in first) == (100, True)
    second = client.get(f"{CONTACTS}?unit=B102&after=M099").get_data(as_text=True)
    assert (second.count("person?id="), "after=" in second) == (50, False)


def test_a_search_leads_to_the_contact(staff: Any) -> None:
    client, _ = staff()
    assert client.get(f"{CONTACTS}?q=K1").headers["Location"].endswith("/console/contacts/person?id=K1")
    for wrong in ("nobody", "", "K1%00"):
        assert client.get(f"{CONTACTS}/person?id={wrong}").status_code in {400, 404}


def test_a_scope_holds_on_every_page(staff: Any) -> None:
    client, csrf = staff("coordinator", "D10")
    whole = client.get(CONTACTS).get_data(as_text=True)
    assert "共 1 人，分布在 1 个网点" in whole
    assert client.get(f"{CONTACTS}?unit=B101").status_code == 404
    assert client.get(f"{CONTACTS}/person?id=K1").status_code == 404
    assert "青年路支行" not in client.get(EVENTS).get_data(as_text=True)
    response = upload(client, csrf, CONTACTS, b"external_id,phone,unit_code\nK9,13800138000,B101\n")
    assert response.status_code == 422


def test_events_by_unit_and_day(staff: Any) -> None:
    client, _ = staff()
    page = client.get(EVENTS).get_data(as_text=True)
    row = re.search(r"青年路支行.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert re.findall(r'class="num">(?:<b>)?([^<]+)', row[0]) == ["—"] * 6 + ["2", "2"]
    empty = client.get(f"{EVENTS}?to=2026-04-01").get_data(as_text=True)
    assert re.findall(r'class="num"><b>(\d+)', empty) == ["0", "0"]


def test_a_short_file_is_shown_and_then_applied(staff: Any, bank: Engine) -> None:
    client, csrf = staff()
    data = f"{HEAD}\nK1,{phone(1)},B101,孙丽,是\nK9,{phone(9)},B102,,否\n".encode()
    shown = upload(client, csrf, CONTACTS, data)
    assert shown.status_code == 200
    assert "K9" in shown.text
    assert "孙丽" not in shown.text
    assert count(bank, Contact) == 3
    [apply] = APPLY.findall(shown.text)
    assert client.post(apply, data={"csrf": csrf}).status_code == 200
    assert count(bank, Contact) == 4
    assert client.post(apply, data={"csrf": csrf}).status_code == 410


def test_events_are_imported_by_their_own_page(staff: Any, bank: Engine) -> None:
    client, csrf = staff()
    data = "业务流水号,客户编号,网点编号,办理时间\nE9,K1,B101,2026-05-03 12:00\n".encode()
    [apply] = APPLY.findall(upload(client, csrf, EVENTS, data).text)
    assert client.post(apply, data={"csrf": csrf}).status_code == 200
    assert count(bank, ServiceEvent) == 4


def test_a_long_file_is_left_to_the_worker(staff: Any, app: Flask, bank: Engine) -> None:
    client, csrf = staff()
    rows = [f"L{n:06},{phone(10_000 + n)},B101" for n in range(contacts.SHORT // 20)]
    response = upload(client, csrf, CONTACTS, "\n".join(["external_id,phone,unit_code", *rows]).encode())
    assert response.status_code == 303
    address = response.headers["Location"]
    waiting = client.get(address)
    assert (waiting.headers["Refresh"], "正在处理" in waiting.text) == ("3", True)
    with app.app_context():
        rounds.import_rows(address.rpartition("/")[2])
    shown = client.get(address)
    assert "Refresh" not in shown.headers
    assert "这是预览" in shown.text
    [apply] = APPLY.findall(shown.text)
    applied = client.post(apply, data={"csrf": csrf}).headers["Location"]
    with app.app_context():
        rounds.import_rows(applied.rpartition("/")[2])
    assert "全部导入" in client.get(applied).text
    assert (count(bank, Contact), count(bank, ImportPart)) == (3 + len(rows), 0)
    assert client.get(f"{CONTACTS}/imports").text.count("/console/contacts/imports/") >= 2


def test_a_list_may_be_longer_than_other_bodies(staff: Any, app: Flask) -> None:
    client, csrf = staff()
    app.config["MAX_CONTENT_LENGTH"] = 1024
    data = b"external_id,phone,unit_code\n" + b"x" * 4096
    assert upload(client, csrf, CONTACTS, data).status_code == 422
    assert upload(client, csrf, "/console/units", data).status_code == 413


@pytest.mark.parametrize("role", ["analyst", "branch_manager"])
def test_readers_import_nothing(staff: Any, role: str) -> None:
    client, csrf = staff(role)
    assert 'type="file"' not in client.get(CONTACTS).text
    for address in (CONTACTS, EVENTS):
        assert upload(client, csrf, address, b"x").status_code == 403
    assert client.get(f"{CONTACTS}/imports").status_code == 403


def test_an_id_may_hold_anything(staff: Any, bank: Engine, keys: KeyRing) -> None:
    with bank.begin() as connection:
        put_contacts(connection, keys, f"K/1?&#<b>,{phone(50)},B101")
    client, _ = staff()
    page = client.get(f"{CONTACTS}/person?id={quote('K/1?&#<b>', safe='')}")
    assert (page.status_code, "K/1?&amp;#&lt;b&gt;" in page.text) == (200, True)


def test_who_is_marked_opens_the_page_in_large_type(app: Flask, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
        head = "external_id,phone,unit_code,大字版"
        put_contacts(connection, keys, f"K1,{phone(1)},B101,是", f"K2,{phone(2)},B101,否", header=head)
        wave_id = builders.create_wave(connection, state="launched")
        builders.invite_all(connection, keys, wave_id)
        tokens = builders.tokens_sent(connection, keys)
    pages = [app.test_client().get(f"/r/{token}").get_data(as_text=True) for token in tokens]
    assert sorted('class="large"' in page for page in pages) == [False, True]
