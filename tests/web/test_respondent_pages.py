"""The pages of customers and shoppers: whole without a script, small enough for one flight, neutral."""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine
from werkzeug.datastructures import MultiDict

from server import catalogue, web
from server.forms import (
    CompiledForm,
    Shown,
    check,
    compile_form,
    errors_on,
    page_answers,
    page_logic,
    shown,
    view,
)
from server.keys import KeyRing
from server.web.page_parts import parts_of, plain_script
from server.web.sessions import STATUS
from tests import builders

WEB = Path(web.__file__).parent
ROOT = WEB.parents[1]
FORMS = ROOT / "form_definitions" / "forms"
TODAY = date(2026, 5, 1)
NOW = datetime(2026, 5, 1, 6, 5, tzinfo=UTC)
PAGES = {"respond": "respond/page.html", "visit": "visit/page.html"}
FIRST_FLIGHT = 14_600
# What a phone must not show to whoever looks over a shoulder in the branch.
GIVES_AWAY = re.compile(r"暗访|神秘|检查表|评分|得分|mystery|shopper|score|audit", re.IGNORECASE)


def feature(name: str) -> tuple[dict[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    raw = json.loads((ROOT / "tests" / "definitions" / f"{name}.json").read_text("utf-8"))
    case = max(raw["cases"], key=lambda case: len(json.dumps(case["values"])))
    return raw["form"], case["values"], case.get("variables", {})


def shipped(name: str) -> tuple[dict[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    form, _, sample = name.partition("/")
    raw = json.loads((FORMS / form / "samples" / f"{sample}.json").read_text("utf-8"))
    return json.loads((FORMS / form / "1.json").read_text("utf-8")), raw["answers"], raw["variables"]


def kind_of(definition: dict[str, Any]) -> str:
    """Whoever brings evidence is on a visit."""
    return "visit" if '"evidence"' in json.dumps(definition) else "respond"


FEATURES = sorted(path.stem for path in (ROOT / "tests" / "definitions").glob("*.json"))
SAMPLES = sorted(f"{path.parts[-3]}/{path.stem}" for path in FORMS.glob("*/samples/*.json"))
CASES = [
    pytest.param(feature(name), kind, id=f"{name}-{kind}")
    for name in FEATURES
    for kind in PAGES
    if kind == "visit"
    or name not in {"evidence", "evidence_fixed", "evidence_many", "fail_on"}  # surveys ask for no evidence
] + [
    pytest.param(case, kind_of(case[0]), id=name.replace("/", "-"))
    for name in SAMPLES
    for case in [shipped(name)]
]


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


def environment() -> Environment:
    """The templates as the application has them, without an application."""
    loader = FileSystemLoader(WEB / "templates")
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(catalogue.filters())
    return made


def rendered(templates: Environment, template: str, locale: str = "zh", **context: Any) -> str:
    """A page as `server.web.presenting` renders it."""
    common = {
        "task": task(),
        "locale": locale,
        "t": lambda key, /, **params: catalogue.text(key, locale, **params),
        "sentence": lambda code, /, **params: catalogue.sentence(code, locale, **params),
        "inline": lambda name: (WEB / "static" / name).read_text("utf-8"),
        "demo": False,
        "path": "/a/ref/1",
        "action": "/a/ref/1",
        "version": 1,
        "photo_standings": {},
        "plain_script": plain_script(),
        "check_word": "青松",
    }
    if "view" in context:
        logic = context.setdefault("logic", {})
        customer = template.startswith("respond/")
        context["parts"] = parts_of(context["view"], logic, locale, customer=customer)
    return templates.get_template(template).render({**common, **context})


def task(**changes: Any) -> SimpleNamespace:
    values = {
        "unit_name": "青年路支行",
        "unit_name_en": "Youth Road",
        "timezone": "Asia/Shanghai",
        "large_type": False,
        "nameless": False,
        "opens_at": NOW,
    }
    return SimpleNamespace(**{**values, **changes})


class Page(HTMLParser):
    """What a browser makes of a page: its ids and references, and the fields that it would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.fields: MultiDict[str, str] = MultiDict()
        self.text = ""
        self._area: str | None = None
        self._select = ""
        self._raw = False
        self._option = False
        self._disabled = [False]
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._raw = tag in {"script", "style"}
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag == "fieldset":
            self._disabled.append("disabled" in given or self._disabled[-1])
        if self._disabled[-1] or "disabled" in given:
            return
        name = given.get("name") or ""
        if tag == "input" and (given.get("type") not in {"radio", "checkbox", "file"} or "checked" in given):
            self.fields.add(name, given.get("value") or "")
        elif tag == "textarea":
            self._area = name
            self.fields.add(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self._option = "value" not in given
            if "value" in given:
                self.fields.add(self._select, given["value"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._raw = self._option = False
        if tag == "fieldset":
            self._disabled.pop()
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            # The first line break after the tag belongs to the markup.
            self.fields[self._area] += data.removeprefix("\n")
        elif self._option:
            self.fields.add(self._select, data)
        elif not self._raw:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        return [given[attribute] or "" for _, given in self.tags if attribute in given]


def draw(
    templates: Environment, kind: str, form: CompiledForm, answers: Mapping[str, Any], **how: Any
) -> list[tuple[int, str]]:
    """Every visible page, drawn with its answers and its errors."""
    variables, locale = how.get("variables", {}), how.get("locale", "zh")
    checked = check(form, answers, variables=variables, today=TODAY)
    pages = []
    for index in checked.pages:
        now = replace(shown(checked, answers), errors=errors_on(form, index, checked))
        drawn = view(form, index, now, locale=locale, variables=variables, seed="1")
        logic = page_logic(form, index, checked.values, variables=variables, today=TODAY, locale=locale)
        pages.append((index, rendered(templates, PAGES[kind], locale, view=drawn, logic=logic)))
    return pages


@pytest.mark.parametrize(("case", "kind"), CASES)
def test_a_page_sends_back_the_answers_it_shows(case: Any, kind: str, templates: Environment) -> None:
    definition, answers, variables = case
    form = compile_form(definition)
    sent: dict[str, Any] = {}
    for index, html in draw(templates, kind, form, answers, variables=variables):
        posted = page_answers(form, index, Page(html).fields)
        sent |= {name: value for name, value in posted.items() if value is not None}
    before, after = (check(form, each, variables=variables, today=TODAY) for each in (answers, sent))
    assert after.values == before.values


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize(("case", "kind"), CASES)
def test_a_page_is_sound(case: Any, kind: str, locale: str, templates: Environment) -> None:
    definition, _, variables = case
    form = compile_form(definition)
    for _, html in draw(templates, kind, form, {}, variables=variables, locale=locale):
        page = Page(html)
        ids = page.values("id")
        assert len(set(ids)) == len(ids)
        described = " ".join(page.values("aria-describedby") + page.values("aria-labelledby")).split()
        anchors = [link[1:] for link in page.values("href") if link.startswith("#")]
        assert {*page.values("for"), *described, *anchors} <= set(ids)
        assert not [name for _, given in page.tags for name in given if name == "style" or name[:2] == "on"]
        assert (html.count("<style>"), html.count("<script>")) == (1, 1)


def test_errors_stand_above_and_beside_their_questions(templates: Environment) -> None:
    definition, _, variables = shipped("hall-satisfaction/satisfied")
    form = compile_form(definition)
    _, html = draw(templates, "respond", form, {}, variables=variables)[1]
    assert html.count('<a href="#q') == html.count("这道题请您回答。") == 6


def test_what_people_type_stays_text(templates: Environment) -> None:
    form = compile_form(
        {"title": "T", "pages": [{"name": "p", "elements": [{"type": "comment", "name": "c", "title": "C"}]}]}
    )
    [(_, html)] = draw(templates, "respond", form, {"c": "</textarea><script>alert(1)</script>"})
    assert "<script>alert" not in html


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_visit_does_not_give_the_visitor_away(locale: str, templates: Environment) -> None:
    definition, _, variables = shipped("bank-branch-visit/typical")
    form = compile_form(definition)
    pages = [html for _, html in draw(templates, "visit", form, {}, variables=variables, locale=locale)] + [
        rendered(templates, "visit/receipt.html", locale, received_at=NOW, completed_text="", photos=[])
    ]
    for html in pages:
        assert GIVES_AWAY.search(Page(html).text) is None
        assert GIVES_AWAY.search(" ".join(Page(html).values("aria-label"))) is None


def test_the_script_knows_which_answers_need_evidence(templates: Environment) -> None:
    definition, _, _ = feature("evidence")
    [(_, html)] = draw(templates, "visit", compile_form(definition), {})
    page = Page(html)
    assert page.values("data-failing") == ['["no"]', '["no"]']
    assert [name for name in page.values("class") if name.startswith("photo-field")] == [
        "photo-field",
        "photo-field always",
    ]


def test_a_visit_without_a_session_sends_photos_with_the_form(templates: Environment) -> None:
    definition, _, variables = shipped("bank-branch-visit/typical")
    form = compile_form(definition)
    checked = check(form, {}, variables=variables, today=TODAY)
    now = Shown({}, frozenset(checked.visible), checked.pages)
    second = view(form, 1, now, locale="zh", variables=variables)
    fresh = rendered(templates, "visit/page.html", view=second, path="/v/token", action="/v/token")
    going = rendered(templates, "visit/page.html", view=second)
    assert 'name="OUT-01-photo-file"' in fresh
    assert "data-photos" not in fresh
    assert 'data-photos="/a/ref/photos"' in going


@pytest.mark.parametrize("reason", STATUS)
def test_every_closed_link_says_why(reason: str, templates: Environment) -> None:
    shown = None if reason == "unknown" else task()
    assert "<h1>" in rendered(templates, "respond/closed.html", task=shown, reason=reason)


@pytest.mark.parametrize(("path", "back"), [("/r/token/decline", "/r/token"), ("/a/ref/decline", "/a/ref/1")])
def test_declining_asks_first(path: str, back: str, templates: Environment) -> None:
    page = Page(rendered(templates, "respond/declined.html", path=path, declined=False))
    assert back in page.values("href")
    assert any(tag == "form" for tag, _ in page.tags)


@pytest.mark.parametrize("way_back", ["/r/token", ""])
def test_having_declined_leads_back_while_there_is_time(way_back: str, templates: Environment) -> None:
    page = Page(rendered(templates, "respond/declined.html", declined=True, action=way_back))
    assert page.values("action") == ([way_back] if way_back else [])


@pytest.mark.parametrize("own", ["谢谢您！您的意见会用来改进服务。", ""])
def test_people_are_thanked_once(own: str, templates: Environment) -> None:
    html = rendered(templates, "respond/thanks.html", received_at=NOW, completed_text=own)
    assert Page(html.partition("<body>")[2]).text.count("谢谢您") == 1


@pytest.mark.parametrize("template", ["respond/continue.html", "visit/receipt.html"])
def test_a_page_has_one_icon(template: str, templates: Environment) -> None:
    html = rendered(templates, template, received_at=NOW, completed_text="", photos=[])
    assert html.count('rel="icon"') == 1


def test_the_receipt_says_what_became_of_each_photo(templates: Environment) -> None:
    states = [("verified", None), ("expected", None), ("refused", "type_not_allowed")]
    photos = [
        {"attachment_id": number, "title": "店招标识清洁", "state": state, "problem": problem}
        for number, (state, problem) in enumerate(states)
    ]
    html = rendered(
        templates, "visit/receipt.html", received_at=NOW, completed_text="已收到。", photos=photos
    )
    assert all(word in html for word in ("5月1日 14:05", "已存", "核对中", "JPEG", "刷新状态"))


def test_large_type_and_demo_are_marked(templates: Environment) -> None:
    html = rendered(templates, "respond/continue.html", task=task(large_type=True), demo=True)
    assert 'class="large"' in html
    assert "演示数据" in html


@pytest.mark.parametrize("name", ["respond.css", "kinds.css"])
def test_the_customer_page_looks_right_in_a_browser_of_2016(name: str) -> None:
    style = (WEB / "static" / name).read_text("utf-8")
    assert re.search(r":has\(|:is\(|var\(|\bgap:|:focus-visible|\binset:", style) is None


def test_the_first_page_fits_one_flight(client: FlaskClient, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        invitation = builders.create_invitation(connection, keys)
    for encoding in ("br", "gzip"):
        response = client.get(f"/r/{invitation.token}", headers={"Accept-Encoding": encoding})
        assert response.headers["Content-Encoding"] == encoding
        assert len(str(response.headers)) + len(response.data) <= FIRST_FLIGHT


def test_a_survey_is_filled_in_without_a_script(client: FlaskClient, engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        invitation = builders.create_invitation(connection, keys)
    typed = {name: str(value) for name, value in builders.hall_answers(4).items()}
    response = client.get(f"/r/{invitation.token}")
    for _ in range(3):
        page = Page(response.text)
        asked = set(page.values("name"))
        for name in asked & typed.keys():
            page.fields[name] = typed[name]
        [action] = page.values("action")
        go = next(given["value"] for _, given in page.tags if given.get("name") == "go")
        response = client.post(action, data={**page.fields, "go": go})
        assert response.status_code == 303
        response = client.get(response.location)
        assert response.status_code == 200
    assert catalogue.text("respond.received_title", "zh") in response.text


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_survey_page_fits_one_flight(locale: str, templates: Environment) -> None:
    for name in ("hall-satisfaction/dissatisfied", "treasury-service-survey/dissatisfied"):
        definition, answers, variables = shipped(name)
        pages = draw(
            templates, "respond", compile_form(definition), answers, variables=variables, locale=locale
        )
        assert max(len(gzip.compress(html.encode())) for _, html in pages) + 1_000 <= FIRST_FLIGHT
