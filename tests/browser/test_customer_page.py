"""A customer's page with a script: steps, large type, nothing lost, errors where they arise."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from server.models.submissions import SubmissionRevision
from server.models.tasks import Draft
from tests.browser.conftest import PHONE
from tests.browser.every_kind import COLOURS, form, page, question

ASKED = [
    question("radiogroup", "colour", choices=COLOURS, isRequired=True),
    {"type": "html", "name": "note", "html": "<p>About your visit</p>"},
    question("text", "wait", inputType="number", min=0, max=90),
    question("comment", "why", visibleIf="{wait} > 30", isRequired=True),
    question("text", "word", isRequired=True, requiredErrorText="Just one word, please."),
]
SURVEY = form(page("only", *ASKED))
STEPS = form(
    page("only", *ASKED), page("last", question("text", "end")), questionsOnPageMode="questionPerPage"
)
VOICES = """
speechSynthesis.getVoices = () => [{ lang: 'zh-CN', name: 'a voice' }];
window.said = [];
speechSynthesis.speak = (utterance) => window.said.push(utterance.text);
Object.defineProperty(SpeechSynthesisUtterance.prototype, 'voice', { set() {} });
"""

Ask = Callable[[dict[str, Any]], str]


@pytest.fixture
def steps(smart_phone: Page, ask_customer: Ask) -> Page:
    smart_phone.goto(ask_customer(STEPS))
    return smart_phone


def on_show(page: Page) -> list[str | None]:
    return [block.get_attribute("data-q") for block in page.locator("form > .q:visible").all()]


def go_on(page: Page) -> None:
    page.click(".go button")


def test_one_question_at_a_time(steps: Page, engine: Engine) -> None:
    assert on_show(steps) == ["colour"]
    expect(steps.locator("#progress")).to_have_text("第 1 页，共 2 页 · 第 1 题，共 3 题")
    expect(steps.locator(".note")).to_be_hidden()
    go_on(steps)
    expect(steps.locator("#q1-e")).to_have_text("这道题请您回答。")
    assert on_show(steps) == ["colour"]
    steps.check("[value=green]", force=True)
    expect(steps.locator("#q1-e")).to_have_count(0)
    go_on(steps)
    assert on_show(steps) == ["wait"]
    expect(steps.locator(".note")).to_be_visible()
    expect(steps.locator("label[for=q3-1]")).to_be_focused()
    steps.fill("[name=wait]", "45")
    steps.press("[name=wait]", "Enter")
    assert on_show(steps) == ["why"]
    steps.fill("[name=why]", "a queue")
    go_on(steps)
    assert on_show(steps) == ["word"]
    go_on(steps)
    expect(steps.locator("#q5-e")).to_have_text("Just one word, please.")
    steps.fill("[name=word]", "well")
    go_on(steps)
    expect(steps.locator("[name=end]")).to_be_visible()
    go_on(steps)
    expect(steps).to_have_url(re.compile("/done$"))
    with engine.connect() as connection:
        answers = connection.scalar(select(SubmissionRevision.answers)) or {}
    assert {"colour": "green", "wait": 45}.items() <= answers.items()


def test_back_goes_back_by_both_buttons(steps: Page) -> None:
    steps.check("[value=green]", force=True)
    go_on(steps)
    go_on(steps)
    assert on_show(steps) == ["word"]
    steps.go_back()
    assert on_show(steps) == ["wait"]
    steps.click("#earlier")
    assert on_show(steps) == ["colour"]
    expect(steps.locator("#earlier")).to_be_hidden()
    steps.go_forward()
    assert on_show(steps) == ["wait"]


def test_a_reload_loses_neither_words_nor_place(steps: Page) -> None:
    steps.check("[value=green]", force=True)
    go_on(steps)
    steps.fill("[name=wait]", "45")
    steps.reload()  # the link is fresh: nothing was ever sent
    assert on_show(steps) == ["wait"]
    expect(steps.locator("[name=wait]")).to_have_value("45")
    steps.go_back()
    assert on_show(steps) == ["colour"]
    expect(steps.locator("[value=green]")).to_be_checked()


def test_the_server_comes_back_to_the_question_that_is_wrong(smart_phone: Page, ask_customer: Ask) -> None:
    rule = {"type": "regex", "regex": "^[a-z]+$", "text": "Only small letters."}
    last = question("text", "last")
    asked = form(page("only", *ASKED, question("text", "small", validators=[rule]), last))
    smart_phone.goto(ask_customer({**asked, "questionsOnPageMode": "questionPerPage"}))
    smart_phone.check("[value=green]", force=True)
    go_on(smart_phone)
    go_on(smart_phone)
    smart_phone.fill("[name=word]", "well")
    go_on(smart_phone)
    smart_phone.fill("[name=small]", "LARGE")
    go_on(smart_phone)
    go_on(smart_phone)
    expect(smart_phone).to_have_url(re.compile("check=1"))
    assert on_show(smart_phone) == ["small"]
    expect(smart_phone.locator("label[for=q6-1]")).to_be_focused()
    expect(smart_phone.locator("#q6-e")).to_have_text("Only small letters.")


def test_what_is_typed_is_saved_while_people_think(
    smart_phone: Page, ask_customer: Ask, engine: Engine
) -> None:
    smart_phone.goto(ask_customer(STEPS))
    for name in ("colour", "wait", "word"):
        if name == "colour":
            smart_phone.check("[value=green]", force=True)
        else:
            smart_phone.fill(f"[name={name}]", "5")
        go_on(smart_phone)
    expect(smart_phone.locator("[name=end]")).to_be_visible()
    smart_phone.fill("[name=end]", "over")
    expect(smart_phone.locator("#saved")).to_have_text("已保存")
    with engine.connect() as connection:
        assert (connection.scalar(select(Draft.answers)) or {})["end"] == "over"
    smart_phone.fill("[name=end]", "and out")
    smart_phone.reload()  # sooner than it is saved
    expect(smart_phone.locator("[name=end]")).to_have_value("and out")


def test_a_dead_network_costs_no_answer(smart_phone: Page, ask_customer: Ask, engine: Engine) -> None:
    phone, network = smart_phone, smart_phone.context
    two_pages = form(page("one", question("text", "first")), page("two", *ASKED))
    link = ask_customer(two_pages)
    phone.goto(link)
    phone.fill("[name=first]", "yes")
    go_on(phone)
    phone.check("[value=green]", force=True)
    phone.fill("[name=word]", "well")
    network.set_offline(True)
    go_on(phone)
    expect(phone.locator("#offline")).to_have_text("现在没有网络，答案还在这一页，连上后再按一次。")
    # A network that only seems to be there: the browser leaves the page for one of its own.
    phone.evaluate("Object.defineProperty(navigator, 'onLine', { value: true })")
    go_on(phone)
    expect(phone.locator("[name=word]")).to_have_count(0)
    network.set_offline(False)
    # The link again: another address, at the page before.
    phone.goto(link)
    phone.click("form button")
    expect(phone.locator("[name=first]")).to_have_value("yes")
    go_on(phone)
    expect(phone.locator("[value=green]")).to_be_checked()
    expect(phone.locator("[name=word]")).to_have_value("well")
    phone.fill("[name=word]", "very well")
    go_on(phone)
    expect(phone).to_have_url(re.compile("/done$"))
    assert phone.evaluate("sessionStorage.length") == 0
    with engine.connect() as connection:
        answers = connection.scalar(select(SubmissionRevision.answers)) or {}
    assert answers["colour"] == "green"


def test_errors_show_when_a_question_is_left(smart_phone: Page, ask_customer: Ask) -> None:
    smart_phone.goto(ask_customer(SURVEY))
    wait = smart_phone.locator("[name=wait]")
    wait.fill("91")
    smart_phone.focus("[name=word]")
    expect(smart_phone.locator("#q3-e")).to_have_text("不能大于 90。")
    expect(wait).to_have_attribute("aria-invalid", "true")
    expect(wait).to_have_attribute("aria-describedby", "q3-e")
    wait.fill("90")
    expect(smart_phone.locator("#q3-e")).to_have_count(0)
    expect(wait).to_have_attribute("aria-invalid", "false")
    expect(smart_phone.locator("#q5-e")).to_have_text("Just one word, please.")
    smart_phone.press("[name=wait]", "Tab")
    assert on_show(smart_phone) == ["colour", "wait", "why", "word"]


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    """A phone that can speak Chinese."""
    with browser.new_context(viewport=PHONE, locale="zh-CN") as context:
        context.add_init_script(VOICES)
        yield context.new_page()


def test_large_type_is_large_everywhere_and_remembered(reader: Page, ask_customer: Ask) -> None:
    reader.goto(ask_customer(SURVEY))
    assert len(on_show(reader)) > 1
    expect(reader.locator("#aloud")).to_be_hidden()
    reader.click("#large")
    assert on_show(reader) == ["colour"]
    sizes = reader.evaluate(
        "() => Array.from(document.querySelectorAll('body *')).filter((element) => element.offsetParent"
        " && element.innerText).map((element) => parseFloat(getComputedStyle(element).fontSize))"
    )
    assert min(sizes) >= 24
    assert reader.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    reader.reload()
    assert on_show(reader) == ["colour"]
    reader.click("#aloud")
    assert reader.evaluate("window.said") == ["Title of colour *\nred\ngreen\nblue"]
    reader.click("#large")
    assert len(on_show(reader)) > 1


def test_without_a_voice_nothing_is_read(smart_phone: Page, ask_customer: Ask) -> None:
    smart_phone.goto(ask_customer(SURVEY))
    smart_phone.click("#large")
    expect(smart_phone.locator("#aloud")).to_be_hidden()


def test_no_service_worker_stands_between(smart_phone: Page, ask_customer: Ask) -> None:
    smart_phone.goto(ask_customer(SURVEY))
    smart_phone.check("[value=green]", force=True)
    smart_phone.fill("[name=word]", "well")
    go_on(smart_phone)
    expect(smart_phone).to_have_url(re.compile("/done$"))
    registered = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
    assert smart_phone.evaluate(registered) == 0
