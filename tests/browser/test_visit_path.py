"""The shopper's path: a visit opened by its link, photos by both ways, the receipt, the sheet."""

import io
import re
from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine, func, select, update

from server.keys import KeyRing
from server.models.submissions import Attachment, Finding, ScoreSheet
from server.models.tasks import Assignment
from tests.builders import create_units, create_visit
from tests.web.phones import PASSED

# Milliseconds: the page asks after its photos at growing intervals.
UNTIL_ASKED_AGAIN = 20_000
MOMENTS = {"entered": "10:05", "ticket": "10:06", "called": "10:20", "served": "10:31", "left": "10:33"}


def photo(shade: int) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((1200, 900), shade).convert("RGB").save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
def link(address: str, engine: Engine, keys: KeyRing) -> str:
    """Of a visit that was accepted."""
    with engine.begin() as connection:
        create_units(connection)
        return f"{address}/v/{create_visit(connection, keys, accepted=True).token}"


@pytest.fixture
def fresh_link(link: str, engine: Engine) -> str:
    """Of a visit that is offered."""
    with engine.begin() as connection:
        connection.execute(update(Assignment).values(accepted_at=None))
    return link


def accept(page: Page) -> None:
    """Read the briefing, pass the quiz, declare to have no ties."""
    for name, value in PASSED.items():
        page.check(f"[data-q={name}] input[value={value}]", force=True)
    page.check("input[name=no_ties]")
    page.locator("button[value=accept]").click()
    page.wait_for_load_state("domcontentloaded")


def fill_first_page(page: Page) -> None:
    for name, value in MOMENTS.items():
        page.fill(f"input[name={name}]", value)
    page.check("input[name=business][value=cash]", force=True)


def fill_items(page: Page) -> None:
    """Everything is in order, and no photo could be taken."""
    first_choices = page.locator(
        "fieldset label:first-of-type input[type=radio], fieldset input[value=true_and_own]"
    )
    for box in first_choices.all():
        box.check(force=True)
    for reasons in page.locator("details:has(input[name$='-nophoto'])").all():
        say_no_photo(reasons)


def say_no_photo(reasons: Locator) -> None:
    reason = reasons.locator("input")
    if reason.is_visible() or reasons.locator("xpath=..").is_visible():
        if not reason.is_visible():
            reasons.locator("summary").click()
        reason.fill("排队的人多，不方便拍")


def go_on(page: Page) -> None:
    page.locator("button[name=go][value=next], button[name=go][value=finish]").first.click()
    # A click waits until the next page begins; what is looked for on it at once may not have arrived.
    page.wait_for_load_state("domcontentloaded")


def finish(page: Page) -> None:
    """Go through the remaining pages; a page that does not let us on fails with what it says."""
    while not page.url.endswith("/sign"):
        assert "check=1" not in page.url, page.locator("[id$='-e']").all_inner_texts()
        fill_items(page)
        for text in page.locator(".q:not(.item) textarea").all():
            text.fill("大堂经理主动迎接，叫号有序，柜员双手接递，整体良好。")
        go_on(page)
    page.get_by_label("签名").fill("周小舟")
    page.get_by_role("button", name="提交").click()
    page.wait_for_url("**/done")


def test_a_visit_with_a_photo_through_the_plain_form(
    phone: Page, fresh_link: str, engine: Engine, work: Callable[[], None]
) -> None:
    phone.goto(fresh_link)
    accept(phone)
    fill_first_page(phone)
    go_on(phone)
    assert "/v/" not in phone.url
    fill_items(phone)
    first = phone.locator("fieldset.item").first
    first.locator("input[type=file]").set_input_files(
        {"name": "sign.jpg", "mimeType": "image/jpeg", "buffer": photo(40)}
    )
    first.locator("input[name$='-nophoto']").fill("")
    go_on(phone)
    finish(phone)
    work()
    phone.reload()
    with engine.connect() as connection:
        assert list(connection.scalars(select(Attachment.state))) == ["verified"]
        assert connection.scalar(select(ScoreSheet.published)) == 100
        assert connection.scalar(select(func.count(Finding.id))) == 0


def overlapping(page: Page, selector: str) -> int:
    """How many pairs of visible elements lie over each other."""
    boxes = [box for each in page.locator(selector).all() if (box := each.bounding_box())]
    return sum(
        one["x"] < two["x"] + two["width"]
        and two["x"] < one["x"] + one["width"]
        and one["y"] < two["y"] + two["height"]
        and two["y"] < one["y"] + one["height"]
        for one, two in combinations(boxes, 2)
    )


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [("a.txt", "text/plain", "支持 JPEG"), ("a.jpg", "image/jpeg", "这不是照片，请重新选择")],
)
def test_what_is_no_photo_is_told_so_and_offers_no_second_try(
    smart_phone: Page, link: str, work: Callable[[], None], name: str, kind: str, says: str
) -> None:
    smart_phone.goto(link)
    fill_first_page(smart_phone)
    go_on(smart_phone)
    first = smart_phone.locator("fieldset.item").first
    first.locator("input[type=radio][value=yes]").check(force=True)
    picker = first.locator("input[type=file]")
    for _ in range(2):
        picker.set_input_files({"name": name, "mimeType": kind, "buffer": b"Dear diary"})
    picker.set_input_files({"name": "sign.jpg", "mimeType": "image/jpeg", "buffer": photo(40)})
    expect(first.locator(".shot", has_text="核对中")).to_have_count(1 if kind == "text/plain" else 3)
    work()
    expect(first.locator(".shot .good")).to_have_count(1, timeout=UNTIL_ASKED_AGAIN)
    expect(first.locator(".shot.refused")).to_have_count(2, timeout=UNTIL_ASKED_AGAIN)
    expect(first.locator(".shot.refused").first).to_contain_text(says)
    assert first.get_by_role("button", name="重试").count() == 0
    assert first.locator("input[name=OUT-01-photo]:enabled").count() == 1
    assert overlapping(smart_phone, "fieldset.item:first-of-type :is(.shot, .add)") == 0


def test_a_photo_goes_straight_to_the_store_and_a_fault_becomes_a_finding(
    smart_phone: Page, link: str, engine: Engine, work: Callable[[], None]
) -> None:
    data = photo(60)
    smart_phone.goto(link)
    fill_first_page(smart_phone)
    go_on(smart_phone)
    fill_items(smart_phone)
    first = smart_phone.locator("fieldset.item").first
    first.locator("input[type=radio][value=no]").check(force=True)
    first.locator("input[name$='-nophoto']").fill("")
    first.locator("input[type=file]").set_input_files(
        {"name": "sign.jpg", "mimeType": "image/jpeg", "buffer": data}
    )
    expect(first.locator("input[name$='-photo'][value*=';']")).to_have_count(1)
    note = first.locator("textarea")
    if note.count():
        note.fill("店招左侧灯箱不亮，表面有明显污渍，路人一眼就能看到。")
    go_on(smart_phone)
    expect(smart_phone).to_have_url(re.compile("/3$"))
    finish(smart_phone)
    work()
    with engine.connect() as connection:
        [attachment] = connection.execute(select(Attachment.state, Attachment.sha256, Attachment.size)).all()
        assert attachment.state == "verified"
        assert list(connection.scalars(select(Finding.code))) == ["OUT-01"]
        published = connection.scalar(select(ScoreSheet.published))
        assert published is not None
        assert published < 100
    smart_phone.reload()
    expect(smart_phone.locator("body")).not_to_contain_text(str(published))


def test_what_was_typed_outlives_a_dead_line_and_a_reload(
    ask_shopper: Callable[[dict[str, Any]], str], smart_phone: Page
) -> None:
    asked = {"type": "comment", "name": "words", "title": "说说情况"}
    smart_phone.goto(
        ask_shopper(
            {
                "title": "走访",
                "pages": [{"name": name, "elements": [{**asked, "name": name}]} for name in ("one", "two")],
            }
        )
    )
    smart_phone.fill("[name=one]", "第一页")
    go_on(smart_phone)
    with smart_phone.expect_response("**/draft"):
        smart_phone.fill("[name=two]", "存过的")
    smart_phone.context.set_offline(offline=True)
    smart_phone.fill("[name=two]", "存过的，和没存过的")
    smart_phone.locator("button[value=finish]").click()
    expect(smart_phone.locator("#offline")).to_contain_text("现在没有网络")
    smart_phone.context.set_offline(offline=False)
    smart_phone.reload()
    expect(smart_phone.locator("[name=two]")).to_have_value("存过的，和没存过的")
    expect(smart_phone.locator("#saved")).to_have_text("")
    with smart_phone.expect_response("**/draft"):
        smart_phone.evaluate("window.dispatchEvent(new Event('online'))")
    expect(smart_phone.locator("#saved")).to_have_text("已保存")
