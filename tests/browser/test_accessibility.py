"""Everybody can use the pages: axe finds nothing, a keyboard is enough, a thumb hits every target."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from server.models.submissions import SubmissionRevision
from tests.browser.conftest import PHONE
from tests.browser.every_kind import KINDS, RULES
from tests.oracle.installed import node_modules

RULES_OF = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST = 44
TARGETS = """() => Array.from(document.querySelectorAll('a, button, input, select, textarea, summary'))
  .filter((element) => element.type !== 'hidden' && element.offsetParent && element.tabIndex >= 0)
  .map((element) => {
    const isBox = ['radio', 'checkbox', 'file'].includes(element.type);
    const target = isBox ? element.closest('label, p') : element;
    const box = target.getBoundingClientRect();
    return [element.outerHTML.slice(0, 80), box.width, box.height];
  })"""

Ask = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def axe() -> str:
    return (node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(params=["light", "dark"])
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport=PHONE, locale="zh-CN", color_scheme=request.param, reduced_motion="reduce"
    ) as context:
        yield context.new_page()


def look(page: Page, axe: str) -> None:
    """What axe finds, what a thumb would miss, and whether anything is wider than the phone."""
    page.evaluate(axe)  # not as a script tag: the page's policy refuses one
    found = page.evaluate("(tags) => axe.run({ runOnly: tags })", RULES_OF)
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found["violations"]] == []
    assert [each for each in page.evaluate(TARGETS) if min(each[1:]) < SMALLEST] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def answer_what_must_be(page: Page) -> None:
    """The least that lets a page of `KINDS` go."""
    if page.locator("[data-q=one]:visible").count():
        page.check("[name=one][value=green]", force=True)
    for row in ("north", "south"):
        if page.locator(f"[data-q=table]:visible [name='table[{row}]']").count():
            page.check(f"[name='table[{row}]'][value=good]", force=True)
    if page.locator("[name='best[green]']:visible").count():
        page.select_option("[name='best[green]']", "1")
    for name in ("contact.name", "staff[0].name"):
        if page.locator(f"[name='{name}']:visible").count():
            page.fill(f"[name='{name}']", "Li")


def test_every_page_of_a_survey(screen: Page, axe: str, ask_customer: Ask) -> None:
    link = ask_customer(KINDS)
    screen.goto(link)
    look(screen, axe)
    screen.click(".go button")
    expect(screen.locator("#errors")).to_be_focused()
    look(screen, axe)
    for place in range(4):
        expect(screen.locator("h1")).to_contain_text("Page")
        look(screen, axe)
        answer_what_must_be(screen)
        screen.click(".go button")
        if place < 3:
            expect(screen.locator(f"[name=page][value='{place + 1}']")).to_have_count(1)
    expect(screen).to_have_url(re.compile("/done$"))
    look(screen, axe)
    screen.goto(link)  # a link that is over
    look(screen, axe)


def test_large_type(screen: Page, axe: str, ask_customer: Ask) -> None:
    screen.goto(ask_customer(KINDS))
    screen.click("#large")
    for _ in range(13):
        if not screen.locator("[name=page][value='0']").count():
            break
        look(screen, axe)
        answer_what_must_be(screen)
        screen.click(".go button")
    for _ in range(3):
        look(screen, axe)
        screen.click(".go button")


def test_rules_and_declining(screen: Page, axe: str, ask_customer: Ask) -> None:
    screen.goto(ask_customer(RULES))
    screen.check("[value=yes]", force=True)
    look(screen, axe)
    screen.click("a[href$='/decline']")
    look(screen, axe)
    screen.click("form button")
    look(screen, axe)


def test_every_page_of_a_visit(screen: Page, axe: str, ask_shopper: Ask) -> None:
    screen.goto(ask_shopper(KINDS))
    screen.click(".go")
    expect(screen.locator("#errors")).to_be_focused()
    for place in range(4):
        look(screen, axe)
        answer_what_must_be(screen)
        screen.click("nav .go")
        if place < 3:
            expect(screen.locator(f"[name=page][value='{place + 1}']")).to_have_count(1)
    expect(screen).to_have_url(re.compile("/sign$"))
    screen.click(".go")
    expect(screen.locator("#unsigned")).to_be_visible()
    look(screen, axe)
    screen.fill("[name=declared]", "Li Hua")
    screen.click(".go")
    expect(screen).to_have_url(re.compile("/done$"))
    look(screen, axe)


def press_until(page: Page, selector: str) -> None:
    """Tab on until the element has the focus; a keyboard trap never gets there."""
    for _ in range(80):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never reaches {selector}")


def test_a_keyboard_is_enough(smart_phone: Page, ask_customer: Ask, engine: Engine) -> None:
    page, keys = smart_phone, smart_phone.keyboard
    page.goto(ask_customer(KINDS))
    press_until(page, "[name=word]")
    keys.type("hello")
    press_until(page, "[name=one]")
    keys.press("Space")
    keys.press("ArrowDown")
    press_until(page, "[name=many][value=red]")
    keys.press("Space")
    press_until(page, "[name=sure]")
    keys.press("ArrowDown")
    press_until(page, "[name=agreed]")
    keys.press("Space")
    press_until(page, ".go button")
    keys.press("Enter")
    expect(page.locator("[name=page][value='1']")).to_have_count(1)
    press_until(page, "[name=nps]")
    for _ in range(9):
        keys.press("ArrowRight")
    for row in ("north", "south"):
        press_until(page, f"[name='table[{row}]']")
        keys.press("Space")
    press_until(page, "[aria-label='下移 red']")
    keys.press("Enter")
    press_until(page, "[name='best[green]']")
    keys.press("1")
    press_until(page, ".go button")
    keys.press("Enter")
    expect(page.locator("[name=page][value='2']")).to_have_count(1)
    press_until(page, "[name='contact.name']")
    keys.type("Li")
    press_until(page, "[name='staff[0].name']")
    keys.type("Wang")
    keys.press("Enter")  # goes on, and adds no panel
    expect(page.locator("[name=page][value='3']")).to_have_count(1)
    press_until(page, "[name=signed]")
    keys.type("Li Hua")
    press_until(page, "[value='moment:arrived']")
    keys.press("Enter")
    expect(page.locator(".stamp")).to_be_visible()
    press_until(page, ".go button")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/done$"))
    with engine.connect() as connection:
        answers = connection.scalar(select(SubmissionRevision.answers)) or {}
    assert {"one": "green", "nps": 9, "order": ["green", "red", "blue"]}.items() <= answers.items()
    assert answers["arrived"].endswith("+08:00")
