"""The visits app on a phone whose network comes and goes."""

import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, func, select

from server.keys import KeyRing
from server.models.submissions import Attachment, Submission, SubmissionRevision, SubmissionText
from server.models.visits import VisitEvent, VisitRecord
from tests.browser.conftest import PHONE, use_form
from tests.builders import create_units, create_visit
from tests.storage.making_videos import mp4
from tests.web.phones import PASSED

# Milliseconds: the queue looks again every few seconds, and waits longer after each failure.
UNTIL_ASKED_AGAIN = 20_000
AT = {"longitude": 118.0, "latitude": 32.0, "accuracy": 25}
VERDICT = {"type": "radiogroup", "choices": ["yes", "no"], "isRequired": True}
EVIDENCE = {"photo": "onFail", "note": "onFail", "minLength": 4, "failOn": ["no"]}
FORM: dict[str, Any] = {
    "title": "走访",
    "pages": [
        {
            "name": "times",
            "title": "经过",
            "elements": [
                {
                    "type": "text",
                    "inputType": "time",
                    "name": "entered",
                    "title": "几点进门？",
                    "isRequired": True,
                },
                {"type": "boolean", "name": "queue", "title": "排队了吗？"},
            ],
        },
        {
            "name": "items",
            "title": "检查",
            "elements": [
                {**VERDICT, "name": "tidy", "title": "整洁？", "evidence": EVIDENCE},
                {**VERDICT, "name": "poster", "title": "海报过期？", "evidence": EVIDENCE},
                {**VERDICT, "name": "line", "title": "一米线？", "visibleIf": "{queue} = true"},
                {
                    "type": "paneldynamic",
                    "name": "posts",
                    "title": "岗位",
                    "templateElements": [{"type": "text", "name": "post", "title": "哪个岗位？"}],
                },
            ],
        },
    ],
}
# Asked of the app's own store: what bytes it still has. Told to it: that the object store failed twice.
STORE = "document.querySelector('script[type=module]').src.replace(/[a-z]+[.]js$/, 'store.js')"
# What a browser does whose disk is full, once the moment before is written: Chromium without a profile
# on disk knows no other way to be so.
FULL = f"""async () => {{
  const {{ all }} = await import({STORE});
  while (!(await all('work'))[0].fields) await new Promise(requestAnimationFrame);
  window.put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => {{ throw new DOMException('full', 'QuotaExceededError'); }};
}}"""
KEPT = f"async () => (await (await import({STORE})).all('bytes')).length"
IN_VAIN = f"""async () => {{
  const {{ all, update }} = await import({STORE});
  for (const {{ id }} of await all('photos')) {{
    await update('photos', id, (row) => Object.assign(row, {{ tries: 2, notBefore: 0 }}));
  }}
}}"""


def photo() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
def invite(address: str, engine: Engine, keys: KeyRing) -> Callable[[dict[str, Any]], str]:
    """From a form to the link that signs a shopper in."""

    def sent(form: dict[str, Any]) -> str:
        with engine.begin() as connection:
            create_units(connection)
            visit = create_visit(connection, keys)
            use_form(connection, form)
        return f"{address}/t/in/{visit.token}"

    return sent


@pytest.fixture
def link(invite: Callable[[dict[str, Any]], str]) -> str:
    return invite(FORM)


@pytest.fixture
def app(browser: Browser) -> Iterator[BrowserContext]:
    given = {"geolocation": AT, "permissions": ["geolocation"]}
    with browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True, **given) as context:
        problems: list[str] = []
        context.on("page", lambda page: page.on("pageerror", lambda error: problems.append(str(error))))
        yield context
        assert problems == []


def signed_in(app: BrowserContext, link: str) -> Page:
    page = app.new_page()
    page.goto(link)
    page.get_by_role("button", name="不设").click()
    return page


def accept_and_prepare(page: Page) -> None:
    page.get_by_role("button", name="查看").click()
    page.get_by_label("我和我的亲友").check()
    page.get_by_role("button", name="接受").click()
    for name, value in PASSED.items():
        page.locator(f".quiz [data-q={name}] input[value={value}]").check(force=True)
    page.get_by_role("button", name="交卷").click()
    page.get_by_role("button", name="一键准备").click()
    expect(page.get_by_text("不用网络也能用")).to_be_visible()


def answer_inside(page: Page) -> None:
    """One photo for two items that failed, a panel, and what only a queue asks for."""
    page.locator("[data-moment=entered]").click()
    page.set_input_files("#camera", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    expect(page.locator("#tray .shot")).to_have_count(1)
    page.get_by_role("button", name="没人招呼").click()
    page.get_by_role("tab", name="答题").click()
    page.locator("[data-q=queue] input[value=true]").check(force=True)
    page.get_by_role("button", name="下一部分").click()
    for name in ("tidy", "poster"):
        item = page.locator(f"[data-q={name}]")
        item.locator("input[value=no]").check(force=True)
        item.locator("textarea").fill("海报过期了")
    page.locator("[data-q=line] input[value=yes]").check(force=True)
    page.locator("[data-q=posts] button[value^='add:']").click()
    page.locator("[data-q=posts] input[type=text], [data-q=posts] input:not([type])").first.fill("大堂")
    page.get_by_role("tab", name="现场").click()
    page.locator("#tray .shot").click()
    page.get_by_role("dialog").get_by_text("整洁？").click()
    page.get_by_role("dialog").get_by_text("海报过期？").click()
    page.get_by_role("button", name="好了").click()
    expect(page.locator("#tray .count")).to_have_text("×2")


def hand_in(page: Page) -> None:
    page.get_by_role("tab", name="提交").click()
    page.locator("#declared").fill("周小舟")
    page.locator("#finish .go.wide").click()


def test_a_visit_without_any_network_arrives_once_when_there_is_one(
    app: BrowserContext, link: str, engine: Engine, work: Callable[[], None]
) -> None:
    page = signed_in(app, link)
    accept_and_prepare(page)
    app.set_offline(offline=True)
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="同意", exact=True).click()
    answer_inside(page)
    # The tab is gone as when the phone ran out of power; another one finds everything.
    address = page.url
    page.close()
    page = app.new_page()
    page.goto(address)
    page.get_by_role("tab", name="答题").click()
    expect(page.locator("#progress")).to_have_text("已答 6/6")
    hand_in(page)
    expect(page.get_by_text("已经签名")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/sent")):
        app.set_offline(offline=False)
    expect(page.get_by_text("内容已经收到")).to_be_visible()
    work()
    expect(page.locator("#state")).to_have_text("已同步", timeout=UNTIL_ASKED_AGAIN)
    with engine.connect() as connection:
        answers = connection.scalars(select(SubmissionRevision.answers)).one()
        assert connection.scalar(select(func.count(Submission.id))) == 1
        assert "大堂" in connection.scalars(select(SubmissionText.text)).all()
        assert answers["tidy-photo"] == answers["poster-photo"] != []
        [kept] = connection.execute(select(Attachment.state, Attachment.size)).all()
        assert kept.state == "verified"
        assert kept.size <= 800_000
        record = connection.execute(select(VisitRecord.declared_name, VisitRecord.notes)).one()
        assert record.declared_name == "周小舟"
        assert [note["text"] for note in record.notes] == ["没人招呼"]
        assert {"entered", "photo", "page"} == set(connection.scalars(select(VisitEvent.kind)))
        assert connection.scalar(select(func.count(VisitEvent.longitude))) == 3


def test_a_captive_portal_and_a_full_phone_lose_nothing(
    app: BrowserContext, link: str, engine: Engine
) -> None:
    page = signed_in(app, link)
    accept_and_prepare(page)
    app.route("**/t/sent/**", lambda route: route.fulfill(status=200, body="<h1>Free WiFi</h1>"))
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="不同意").click()
    page.locator("[data-moment=entered]").click()
    expect(page.locator("#state")).to_have_text("没有网络，已存本机")
    page.evaluate(FULL)
    page.set_input_files("#camera", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    expect(page.locator("#toast")).to_contain_text("手机存储已满")
    expect(page.locator("#tray .shot")).to_have_count(0)
    page.evaluate("() => { IDBObjectStore.prototype.put = window.put; }")
    app.unroute("**/t/sent/**")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#state")).to_have_text("已同步", timeout=UNTIL_ASKED_AGAIN)
    with engine.connect() as connection:
        assert connection.scalars(select(VisitEvent.kind)).all() == ["entered"]


def test_a_film_of_which_the_line_took_half_arrives_whole(
    app: BrowserContext,
    invite: Callable[[dict[str, Any]], str],
    engine: Engine,
    work: Callable[[], None],
) -> None:
    asked = {
        "type": "file",
        "name": "hall",
        "title": "大堂视频",
        "acceptedTypes": "video/*",
        "isRequired": True,
    }
    page = signed_in(app, invite({"title": "走访", "pages": [{"name": "film", "elements": [asked]}]}))
    accept_and_prepare(page)
    app.set_offline(offline=True)
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="不同意").click()
    page.get_by_role("tab", name="答题").click()
    expect(page.get_by_text("视频最大 200 MB")).to_be_visible()
    page.set_input_files(
        "[data-q=hall] [type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"?"}
    )
    expect(page.locator("#toast")).to_contain_text("这里要放视频")
    film = {"name": "a.mp4", "mimeType": "video/mp4", "buffer": mp4(media=random.randbytes(11 << 20))}
    page.set_input_files("[data-q=hall] [type=file]", film)
    expect(page.locator("[data-q=hall] .shot")).to_contain_text("视频 12 MB")
    # The line to the store breaks after the first part, and the tab is closed.
    put: list[str] = []
    app.on("request", lambda request: put.append(request.url) if request.method == "PUT" else None)
    app.route("**partNumber=2**", lambda route: route.abort())
    app.set_offline(offline=False)
    expect(page.locator("[data-q=hall] .badge")).to_have_text("已传 1/3 段")
    address = page.url
    page.close()
    page = app.new_page()
    page.goto(address)
    page.evaluate(IN_VAIN)
    with page.expect_response(lambda response: "/videos/" in response.url and response.url.endswith("/sent")):
        hand_in(page)
    expect(page.get_by_text("内容已经收到")).to_be_visible()
    work()
    expect(page.locator("#state")).to_have_text("已同步", timeout=UNTIL_ASKED_AGAIN)
    assert sum("partNumber=1" in each for each in put) == 1
    with engine.connect() as connection:
        kept = connection.execute(select(Attachment.state, Attachment.duration_ms)).one()
    assert tuple(kept) == ("verified", 2500)
    assert page.evaluate(KEPT) == 0


def test_two_phones_ask_whose_answers_hold(
    app: BrowserContext, browser: Browser, link: str, engine: Engine, keys: KeyRing
) -> None:
    page = signed_in(app, link)
    accept_and_prepare(page)
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="不同意").click()
    with browser.new_context(viewport=PHONE, locale="zh-CN") as second:
        # The same person's other phone: what the first one is signed in by.
        second.add_cookies(app.cookies())
        other = second.new_page()
        other.goto(page.url)
        other.get_by_role("button", name="不同意").click()
        other.get_by_role("tab", name="答题").click()
        other.locator("[data-q=queue] input[value=false]").check(force=True)
        expect(other.locator("#state")).to_have_text("已同步")
        page.get_by_role("tab", name="答题").click()
        page.locator("[data-q=queue] input[value=true]").check(force=True)
        page.get_by_role("tab", name="提交").click()
        page.get_by_role("button", name="用另一台的").click()
        page.get_by_role("tab", name="答题").click()
        expect(page.locator("[data-q=queue] input[value=false]")).to_be_checked()
