"""The main job as people do it: a coordinator plans, a customer answers, the results count it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, func, select

from server.accounts.register import NewAccount, add_account
from server.models.submissions import Submission
from server.models.tasks import Invitation, RespondentSession
from tests.conftest import START

PASSWORD = "a long enough password"

UNITS = """机构编号,机构名称,英文名称,上级编号,级别,地址,经度,纬度,坐标系,时区
C1,青云银行,Qingyun Bank,,市行,,,,,
S1,东门支行,East Gate Sub-branch,C1,支行,,,,,
N1,东门支行营业部,East Gate Hall,S1,网点,东门路1号,112.971,30.041,GCJ-02,Asia/Shanghai
N2,桥头分理处,Bridge Office,S1,网点,桥头路8号,112.975,30.047,GCJ-02,Asia/Shanghai
N9,坏行,,S7,网点,,,,,
"""


def contacts() -> str:
    header = "客户编号,姓名,手机号,网点编号,语言,大字版,同意来源,办理日期\n"
    rows = [f"K{n:03},客户{n},1380013{n:04},N{n % 2 + 1},zh,否,柜面签署,2026-05-02\n" for n in range(20)]
    return header + "".join(rows) + "K999,客户,12345,N1,zh,否,柜面签署,2026-05-02\n"


@pytest.fixture
def coordinator(engine: Engine, served: Flask, address: str, desk: Page) -> Page:
    new = NewAccount("coordinator", "沈晓雯", PASSWORD, "coordinator")
    with engine.begin() as connection:
        add_account(connection, new, by="system", now=START)
    desk.goto(f"{address}/sign-in")
    desk.fill("input[name=login]", "coordinator")
    desk.fill("input[name=password]", PASSWORD)
    desk.click("form[action*='sign-in'] button")
    expect(desk).to_have_url(re.compile("/console$"))
    return desk


def upload(page: Page, address: str, name: str, data: bytes, *, problem: str) -> None:
    """Send a file with one bad row, see what it would change and what is wrong, and apply it."""
    page.goto(f"{address}/console/{name}")
    page.set_input_files("input[type=file]", {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": data})
    page.click("form[enctype] button")
    expect(page.locator("body")).to_contain_text(problem)
    page.click("form.card[action] button.go")
    expect(page.locator("form.card[action]")).to_have_count(0)


def plan_wave(page: Page, address: str) -> None:
    page.goto(f"{address}/console/waves/new")
    page.fill("input[name=code]", "2026-SAT")
    page.fill("input[name=title]", "五月满意度调查")
    page.fill("input[name=ratio]", "50")
    page.fill("input[name=minimum]", "3")
    page.select_option("select[name=instrument]", "branch-service:satisfaction")
    page.click("form[action*='waves/new'] button[type=submit]")


def answer_page(page: Page) -> None:
    """Tick the second choice of every question on the page and go on."""
    for name in dict.fromkeys(box.get_attribute("name") for box in page.locator("input[type=radio]").all()):
        page.locator(f"input[type=radio][name='{name}']").nth(1).check(force=True)
    page.locator("button[name=go][value=next], button[name=go][value=finish]").first.click()
    # What is looked for on the next page at once may not have arrived with its beginning.
    page.wait_for_load_state("domcontentloaded")


def answer(page: Page, link: str) -> None:
    page.goto(link)
    while not page.url.endswith("/done"):
        assert "check=1" not in page.url, page.locator("[id$='-e']").all_inner_texts()
        answer_page(page)


def test_from_import_to_one_counted_answer(
    coordinator: Page, phone: Page, address: str, engine: Engine, work: Callable[[], None]
) -> None:
    upload(coordinator, address, "units", UNITS.encode("gb18030"), problem="S7")
    upload(coordinator, address, "contacts", contacts().encode("utf-8-sig"), problem="22")
    expect(coordinator.locator("body")).not_to_contain_text("12345")

    plan_wave(coordinator, address)
    expect(coordinator).to_have_url(re.compile("/console/waves/[0-9a-f-]{36}$"))
    coordinator.click("form[action$='/draw'] button")
    coordinator.check("input[name=confirmed]")
    coordinator.click("form[action$='/launch'] button")
    results = coordinator.url
    work()

    coordinator.goto(f"{address}/inbox")
    link = coordinator.locator("a[href*='/r/']").first.get_attribute("href")
    assert link
    phone.goto(link)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(RespondentSession.id))) == 0
        assert connection.scalar(select(func.count(Invitation.started_at))) == 0
    answer(phone, link)
    assert "/r/" not in phone.url
    expect(phone.locator("body")).to_contain_text("谢谢")

    coordinator.goto(results)
    expect(coordinator.locator("body")).to_contain_text("10.0%")
    coordinator.locator("a[href$='/submissions']").first.click()
    coordinator.locator("a[href*='/console/submissions/']").first.click()
    expect(coordinator.locator("body")).to_contain_text("75.00")

    phone.goto(link)
    assert phone.locator("form button[name=go]").count() == 0
    with engine.connect() as connection:
        assert connection.scalar(select(func.count(Submission.id))) == 1


def test_a_link_that_was_never_given_out_says_so_kindly(phone: Page, address: str) -> None:
    answered = phone.goto(f"{address}/r/AAAAAAAAAAAAAAAAAAAAAA")
    assert answered
    assert answered.status == 404
    expect(phone.locator("body")).to_contain_text("链接")
