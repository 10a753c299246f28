"""A wave from submission to published, appealed and corrected, in a browser, by the people who do it."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, update

from server.followup.orders.issuing import issue_due
from server.intake.shelf import FormShelf
from server.keys import KeyRing
from server.models.waves import Wave
from tests.browser.conftest import PHONE
from tests.builders import NOW
from tests.followup.orders.test_orders import CHANGES as ORDERED
from tests.followup.publishing.waves_for_tests import RULES, create_closed, published
from tests.followup.reviewing.reviews_for_tests import create_report
from tests.followup.visits_for_tests import create_wave
from tests.http.staff import create_session
from tests.storage.test_inspection import photo

DESK = {"width": 1280, "height": 900}
As = Callable[..., Page]


@pytest.fixture
def as_role(browser: Browser, address: str, engine: Engine) -> Iterator[As]:
    """A browser with somebody's session."""
    with ExitStack() as contexts:

        def enter(role: str, unit: str | None = None, *, screen: dict[str, int] = DESK) -> Page:
            secret, _ = create_session(engine, role, unit)
            context = contexts.enter_context(browser.new_context(viewport=screen, locale="zh-CN"))
            # Quoted: it has spaces.
            context.add_cookies([{"name": "staff", "value": f'"{secret}"', "url": address}])
            return context.new_page()

        yield enter


@pytest.fixture
def wave(engine: Engine, keys: KeyRing) -> str:
    """Three outlets, each visited once; B101 lost half of its points."""
    with engine.begin() as connection:
        wave_id = create_wave(connection, rules=RULES)
        for code, said in (("B101", "no"), ("B102", "yes"), ("B201", "yes")):
            create_report(connection, keys, wave_id, code, greeting=said)
        connection.execute(update(Wave).where(Wave.id == wave_id).values(state="closed", closes_at=NOW))
    return str(wave_id)


def review_with_keys(page: Page) -> None:
    """Approve the report that is open; the page goes on to the next one by itself, if there is any."""
    here = re.search("/console/reviews/([0-9a-f-]{36})", page.url)
    assert here is not None
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.hasAttribute('data-station')")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile(rf"/console/reviews(\?nothing=1|/(?!{here[1]}))"))


def test_from_submission_to_a_corrected_version(as_role: As, address: str, wave: str) -> None:
    reviewer, coordinator = as_role("reviewer"), as_role("coordinator")
    for page in (reviewer, coordinator):
        page.goto(f"{address}/console/reviews")
    reviewer.keyboard.press("n")
    expect(reviewer).to_have_url(re.compile("/console/reviews/[0-9a-f-]{36}"))
    coordinator.keyboard.press("n")
    expect(coordinator).to_have_url(re.compile("/console/reviews/[0-9a-f-]{36}"))
    assert reviewer.url != coordinator.url, "two reviewers at once have two reports"
    review_with_keys(coordinator)
    review_with_keys(reviewer)
    review_with_keys(coordinator)
    expect(coordinator).to_have_url(re.compile("nothing=1"))

    coordinator.goto(f"{address}/console/waves/{wave}/publication")
    expect(coordinator.get_by_text("1800.00")).to_be_visible()
    coordinator.get_by_role("button", name="提出公布").click()
    owner = as_role("owner")
    owner.goto(f"{address}/console/waves/{wave}/publication")
    owner.get_by_role("link", name="查看并决定").click()
    owner.get_by_role("button", name="同意，公布").click()
    expect(owner.get_by_text("已公布")).to_be_visible()

    manager = as_role("branch_manager", "B101", screen=PHONE)
    manager.goto(f"{address}/console/scores")
    manager.get_by_role("link", name="成绩单").click()
    expect(manager.get_by_role("heading", name="先改什么")).to_be_visible()
    manager.get_by_text("对此项申诉").first.click()
    manager.get_by_label("哪里与事实不符，凭什么").first.fill("照片里柜员已起身问候")
    evidence = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(60, 40)}
    manager.get_by_label("证据照片").first.set_input_files([evidence])
    manager.get_by_role("button", name="提出申诉").first.click()
    expect(manager.get_by_text("待裁定")).to_be_visible()

    above = as_role("administrator")
    above.goto(f"{address}/console/appeals")
    above.get_by_role("link", name="青年路支行").click()
    above.locator("#preview-answer").select_option("yes")
    above.get_by_role("button", name="试算").click()
    expect(above.get_by_text("50.00 → 100.00")).to_be_visible()
    expect(above.get_by_text("-1800.00")).to_be_visible()
    above.locator("#decide-answer").select_option("yes")
    above.get_by_label("答复").fill("照片看得清，支持。")
    above.get_by_role("button", name="支持", exact=True).click()
    expect(above.get_by_role("heading", name="答复")).to_be_visible()

    manager.reload()
    expect(manager.get_by_text("照片看得清，支持。")).to_be_visible()
    expect(manager.locator(".kpi.strong b")).to_have_text("100.00")
    manager.goto(f"{address}/console/waves/{wave}/published")
    expect(manager.get_by_text("这是更正后的第 2 版")).to_be_visible()
    assert manager.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_who_lost_a_report_to_somebody_else_is_told(as_role: As, address: str, wave: str) -> None:
    reviewer, coordinator = as_role("reviewer"), as_role("coordinator")
    reviewer.goto(f"{address}/console/reviews")
    reviewer.keyboard.press("n")
    expect(reviewer).to_have_url(re.compile("/console/reviews/[0-9a-f-]{36}"))
    coordinator.goto(reviewer.url)
    coordinator.get_by_role("button", name="转由我审").click()
    expect(coordinator.get_by_role("button", name="通过")).to_be_visible()
    reviewer.keyboard.press("a")
    expect(reviewer.get_by_role("alert")).to_contain_text("另有人正在审这份报告")


def test_an_order_from_a_phone_to_its_end(
    as_role: As, address: str, engine: Engine, keys: KeyRing, work: Callable[[], None]
) -> None:
    with engine.begin() as connection:
        closed = create_closed(connection, keys, **ORDERED)
        published(connection, closed)
        issue_due(connection, FormShelf(), now=NOW)
    manager = as_role("branch_manager", "B101", screen=PHONE)
    manager.goto(f"{address}/console/orders")
    manager.get_by_role("link", name="青年路支行").click()
    manager.get_by_label("签收人姓名").fill("赵经理")
    manager.get_by_role("button", name="签收").click()
    expect(manager.get_by_text("赵经理（")).to_be_visible()
    manager.get_by_label("怎样整改的").fill("全员演练，逐人过关")
    proof = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(60, 40)}
    manager.get_by_label("整改后的照片").set_input_files([proof])
    manager.get_by_role("button", name="已整改，提交核验").click()
    expect(manager.get_by_text("待核验")).to_be_visible()
    assert manager.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    work()

    coordinator = as_role("coordinator")
    coordinator.goto(f"{address}/console/orders?view=verify")
    coordinator.get_by_role("link", name="青年路支行").click()
    expect(coordinator.get_by_alt_text("整改照片 1")).to_be_visible()
    assert coordinator.get_by_alt_text("整改照片 1").evaluate("each => each.naturalWidth") > 0
    coordinator.get_by_role("button", name="退回重做").click()
    expect(coordinator.get_by_role("alert")).to_be_visible()
    coordinator.get_by_label("核验意见").fill("换个角度再拍一张")
    coordinator.get_by_role("button", name="退回重做").click()
    manager.reload()
    expect(manager.get_by_text("换个角度再拍一张")).to_be_visible()
    manager.get_by_label("怎样整改的").fill("已重拍")
    manager.get_by_role("button", name="已整改，提交核验").click()
    coordinator.reload()
    coordinator.get_by_role("button", name="核验通过，销号").click()
    expect(coordinator.get_by_text("已销号")).to_be_visible()
    with coordinator.expect_download() as paper:
        coordinator.get_by_role("link", name="PDF").click()
    assert paper.value.suggested_filename == "整改〔2026〕1号.pdf"
