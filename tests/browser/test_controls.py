"""Controls that a script makes better hold the same answers as the plain ones."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select

from server.models.submissions import SubmissionText
from server.models.tasks import Draft
from tests.browser.every_kind import COLOURS, form, page, question

ASKED = form(
    page(
        "p",
        question("text", "slide", inputType="range", min=0, max=10, step=1),
        question(
            "ranking", "order", choices=[*COLOURS, {"value": "grey", "visibleIf": "{many} contains 'red'"}]
        ),
        question("checkbox", "many", choices=COLOURS, showSelectAllItem=True, showNoneItem=True),
        question("rating", "stars", rateType="stars"),
        question("signaturepad", "signed"),
        question("geolocation", "where"),
    ),
    page("q", question("text", "end")),
)


@pytest.fixture
def screen(smart_phone: Page, ask_customer: Callable[[dict[str, Any]], str]) -> Page:
    smart_phone.goto(ask_customer(ASKED))
    return smart_phone


def saved(screen: Page, engine: Engine) -> dict[str, Any]:
    screen.click(".go button")
    expect(screen.locator("[name=end]")).to_be_visible()
    with engine.connect() as connection:
        return connection.scalar(select(Draft.answers)) or {}


def test_what_is_left_alone_is_no_answer(screen: Page, engine: Engine) -> None:
    assert saved(screen, engine) == {}


def test_a_slider_writes_its_number(screen: Page, engine: Engine) -> None:
    slider = screen.locator("input[type=range]")
    slider.evaluate("(field) => { field.value = 7; field.dispatchEvent(new Event('input')); }")
    expect(screen.locator("[name=slide]")).to_have_value("7")
    screen.fill("[name=slide]", "3")
    expect(slider).to_have_value("3")
    assert saved(screen, engine) == {"slide": 3}


def test_buttons_put_choices_in_order(screen: Page, engine: Engine) -> None:
    screen.check("[name=many][value=red]", force=True)
    expect(screen.locator(".rank li:visible")).to_have_count(4)
    screen.click("[aria-label='上移 grey']")
    screen.click("[aria-label='上移 green']")
    assert [row.inner_text() for row in screen.locator(".rank label").all()] == [
        "green",
        "red",
        "grey",
        "blue",
    ]
    screen.uncheck("[name=many][value=red]", force=True)
    assert saved(screen, engine) == {"order": ["green", "red", "blue"]}


def test_the_order_as_it_stands_can_be_right(screen: Page, engine: Engine) -> None:
    screen.click(".rank + .small")
    expect(screen.locator(".rank + .small")).to_be_hidden()
    assert saved(screen, engine) == {"order": COLOURS}


def test_one_box_stands_for_all(screen: Page, engine: Engine) -> None:
    every = screen.locator("[data-q=many] label", has_text="全选").locator("input")
    screen.check("[name=many][value=none]", force=True)
    every.check(force=True)
    expect(screen.locator("[name=many]:checked")).to_have_count(3)
    screen.uncheck("[name=many][value=green]", force=True)
    expect(every).not_to_be_checked()
    assert saved(screen, engine) == {"many": ["red", "blue"]}


def test_stars_light_up_to_the_one_chosen(screen: Page, engine: Engine) -> None:
    screen.check("[name=stars][value='3']", force=True)
    expect(screen.locator(".stars .lit")).to_have_count(3)
    assert saved(screen, engine) == {"stars": 3}


def sign(screen: Page) -> None:
    canvas = screen.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    screen.mouse.move(box["x"] + 20, box["y"] + 20)
    screen.mouse.down()
    for step in range(12):
        screen.mouse.move(box["x"] + 20 + 15 * step, box["y"] + 30 + 40 * (step % 2))
    screen.mouse.up()


def test_a_drawn_signature_is_kept_and_can_be_drawn_again(screen: Page, engine: Engine) -> None:
    sign(screen)
    assert saved(screen, engine)["signed"].startswith("data:image/png;base64,")
    screen.click(".more [value=back]")
    expect(screen.locator(".drawn img")).to_be_visible()
    screen.click("text=重签")
    expect(screen.locator(".drawn img")).to_be_hidden()
    screen.fill("[name=signed]", "Li Hua")
    assert saved(screen, engine) == {"signed": "typed:Li Hua"}
    screen.click(".more [value=back]")
    sign(screen)
    saved(screen, engine)
    screen.click(".go button")
    expect(screen).to_have_url(re.compile("/done$"))
    with engine.connect() as connection:
        assert connection.scalar(select(SubmissionText.question)) == "signed"


def test_the_phone_says_where_it_is(screen: Page, engine: Engine) -> None:
    screen.context.grant_permissions(["geolocation"])
    screen.context.set_geolocation({"latitude": 31.2304, "longitude": 121.4737, "accuracy": 12.2})
    screen.click("text=使用我现在的位置")
    expect(screen.locator("[name=where]")).to_have_value(re.compile(r"^31\.230400,121\.473700,13,WGS-84,20"))
    place = saved(screen, engine)["where"]
    assert (place["latitude"], place["accuracy"], place["datum"]) == (31.2304, 13, "WGS-84")


def test_without_permission_the_place_is_typed(screen: Page) -> None:
    screen.click("text=使用我现在的位置")
    expect(screen.locator("[role=status]", has_text="没能取得位置")).to_be_visible()
