"""What follows from an answer shows at once, and as the server would have it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from server.forms import CompiledForm, compile_form
from server.models.tasks import Draft
from tests.browser.every_kind import RULES
from tests.web import test_respondent_pages as drawn
from tests.web.test_respondent_pages import FEATURES, draw, environment

DEFINITIONS = Path(__file__).parents[1] / "definitions"
# A trigger writes when an answer changes, which a page that comes with the answers has behind it.
WRITES = {"trigger_setvalue"}
CASES = [
    pytest.param(raw["form"], case, id=f"{name}-{number}")
    for name in FEATURES
    if name not in WRITES
    for raw in [json.loads((DEFINITIONS / f"{name}.json").read_text("utf-8"))]
    for number, case in enumerate(raw["cases"], 1)
]
# What a person sees of the rules: what is asked, offered, switched off, marked, calculated and said.
STATE = """() => Array.from(document.querySelectorAll('[data-q]')).map((block) => [
  block.dataset.q, block.hidden, block.hidden ? [] : [
    Array.from(block.querySelectorAll('label, option, li')).map((row) => row.hidden),
    Array.from(block.querySelectorAll('input, select, textarea'))
      .filter((field) => field.type !== 'hidden' && field.name && !/-(all|drawn)$/.test(field.name))
      .map((field) => field.matches(':disabled')),
    block.dataset.kind === 'expression' ? block.textContent.trim() : '',
    Array.from(block.querySelectorAll('[data-pipe]')).map((piped) => piped.textContent),
  ]]).concat(Array.from(document.querySelectorAll('[data-of]')).map((panel) => [panel.id, panel.hidden]))"""
FILL = """(pairs) => {
  const fields = Array.from(document.querySelectorAll('form input, form select, form textarea'));
  for (const field of fields) {
    if (['hidden', 'file'].includes(field.type) || !field.name) continue;
    const given = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
    if (['radio', 'checkbox'].includes(field.type)) field.checked = given.includes(field.value);
    else field.value = given.length ? given[given.length - 1] : '';
  }
  document.querySelector('form').dispatchEvent(new Event('change'));
}"""


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Page]:
    """A page without an address: what it shows is put into it."""
    with browser.new_context(locale="zh-CN") as context:
        yield context.new_page()


def pages(templates: Environment, form: CompiledForm, answers: Any, variables: Any) -> dict[int, str]:
    return dict(draw(templates, "respond", form, answers, variables=variables))


@pytest.mark.parametrize(("definition", "case"), CASES)
def test_the_script_shows_what_the_server_would(
    definition: dict[str, Any], case: dict[str, Any], screen: Page, templates: Environment
) -> None:
    form, variables = compile_form(definition), case.get("variables", {})
    answered = pages(templates, form, case["values"], variables)
    blank = pages(templates, form, {}, variables)
    for index in answered.keys() & blank.keys():
        fields = drawn.Page(answered[index]).fields
        screen.set_content(re.sub(r"<script>.*</script>", "", answered[index], flags=re.DOTALL))
        expected = screen.evaluate(STATE)
        if "data-logic" not in blank[index] or len(form.pages) > 1:
            screen.set_content(answered[index])
        else:
            screen.set_content(blank[index])
            screen.evaluate(FILL, list(fields.items(multi=True)))
        shown = screen.evaluate(STATE)
        if [name for name, *_ in shown] == [name for name, *_ in expected]:  # as many panels in a list
            assert shown == expected


@pytest.fixture
def page(smart_phone: Page, ask_customer: Callable[[dict[str, Any]], str]) -> Page:
    smart_phone.goto(ask_customer(RULES))
    return smart_phone


def choose(page: Page, name: str, value: str) -> None:
    page.check(f"[name='{name}'][value='{value}']", force=True)


def block(page: Page, name: str) -> Any:
    return page.locator(f"[data-q='{name}']")


def test_answers_bring_questions_and_marks(page: Page) -> None:
    expect(block(page, "wait")).to_be_hidden()
    expect(page.locator(".panel")).to_be_hidden()
    choose(page, "visit", "yes")
    expect(page.locator(".panel")).to_be_visible()
    expect(block(page, "why").locator("abbr")).to_have_count(0)
    page.fill("[name=wait]", "21")
    expect(block(page, "why").locator("abbr")).to_have_count(1)
    expect(block(page, "double")).to_contain_text("42")
    page.fill("[name=wait]", "999")  # more than it may be: no answer
    expect(block(page, "why").locator("abbr")).to_have_count(0)


def test_titles_and_choices_follow(page: Page) -> None:
    page.fill("[name=name]", "Li <b>")
    expect(block(page, "greeting")).to_contain_text("say to Li <b>?")
    expect(page.locator("[name=best]:visible")).to_have_count(0)
    choose(page, "seen", "green")
    expect(block(page, "best").locator("label:visible")).to_have_text(["green"])


def test_a_trigger_writes_and_the_person_has_the_last_word(page: Page, engine: Engine) -> None:
    choose(page, "visit", "yes")
    page.fill("[name=wait]", "61")
    expect(page.locator("[name=mood]")).to_have_value("cross")
    expect(block(page, "extra")).to_be_visible()
    page.select_option("[name=mood]", "calm")
    expect(block(page, "extra")).to_be_hidden()
    page.fill("[name=why]", "a long queue")
    page.click(".go button")
    expect(page.locator("[name=end]")).to_be_visible()  # nothing new to see, so no second round
    with engine.connect() as connection:
        answers = connection.scalar(select(Draft.answers))
    assert answers is not None
    assert (answers["wait"], answers["mood"]) == (61, "calm")


def test_what_is_switched_off_keeps_its_answer(page: Page, engine: Engine) -> None:
    choose(page, "visit", "no")
    page.fill("[name=half]", "5")
    choose(page, "visit", "yes")
    expect(page.locator("[name=half][type=number]")).to_be_disabled()
    page.click(".go button")
    expect(page.locator("[name=end]")).to_be_visible()
    with engine.connect() as connection:
        assert (connection.scalar(select(Draft.answers)) or {})["half"] == 5
    page.click(".more [value=back]")
    expect(page.locator("[name=half][type=number]")).to_have_value("5")


def test_rules_reach_into_panels_and_out_of_them(page: Page) -> None:
    expect(block(page, "staff[0].how")).to_be_hidden()
    choose(page, "staff[0].kind", "false")
    expect(block(page, "staff[0].how")).to_be_visible()
    expect(block(page, "total")).to_be_visible()
    choose(page, "staff[0].kind", "true")
    expect(block(page, "staff[0].how")).to_be_hidden()
    expect(block(page, "total")).to_be_hidden()
