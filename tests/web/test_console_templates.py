"""Every console page is rendered with stand-ins for what its view passes, in both languages.

Undefined names fail, missing texts fail; what the pages may not contain is looked for in their HTML.
"""

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template
from jinja2 import StrictUndefined

from server import catalogue, web
from server.accounts.permissions import PERMISSIONS, ROLES
from server.fieldwork import importing
from server.fieldwork.contacts.eligibility import REASONS
from server.fieldwork.outreach.channels import WRITTEN_TO
from server.models import organisation, waves
from server.models.messages import CHANNELS
from server.notify.gateways.inbox import STATES
from server.reports.sheets import shares_of_score
from server.scoring.definitions import CRITICAL_LEVELS
from server.scoring.sheet import LINE_RULES
from server.storage.photos import REFUSALS
from server.tables import TableProblem
from server.web.console import blueprint as console
from server.web.inbox import blueprint as inbox
from server.web.navigation import PAGES as MENU
from server.web.navigation import menu
from tests.web.console_pages import (
    PAGES,
    PROGRESS,
    RESULT,
    SHEET,
    SUBMISSION,
    UNITS,
    WITHOUT_IDENTITY,
    line,
    somebody,
    wave,
)

TEMPLATES = Path(web.__file__).parent / "templates" / "console"

# What a template puts together from a value: the prefix of the key, and every value there is.
COMPOSED = {
    "remark": ("note", "nophoto"),
    "role": tuple(ROLES),
    "nav": (*(each.name for each in MENU), "events"),
    "level": organisation.LEVELS,
    "import_result.kind": importing.KINDS,
    "state": waves.STATES,
    "instrument": ("survey", "visit", "video", "self_check", "firm"),
    "results.empty_open": ("survey", "visit", "video", "self_check", "firm"),
    "results.empty_waiting": ("survey", "visit", "video", "self_check", "firm"),
    "wave.about": ("visit", "video", "self_check", "firm"),
    "door": ("page", "api", "bulk", "sms"),
    "excluded": REASONS,
    "finding": ("pending", "confirmed", "overturned"),
    "photo": ("expected", "refused"),
    "photo_problem": (*sorted(REFUSALS), "other_bytes"),
    "rule": LINE_RULES,
    "rule_zero": ("choice", "sum", "value", "deducted", "rescaled"),
    "critical": CRITICAL_LEVELS,
    "version_state": ("draft", "published", "retired"),
    "severity": ("error", "warning"),
    "inbox.state": tuple(STATES),
    "inbox.channel": tuple(channel for channel in CHANNELS if channel != "sms"),
    "wave.step_": ("plan", "draw", "send", "collect"),
    "wave_new.channel": WRITTEN_TO,
}


@pytest.fixture(scope="module")
def app() -> Flask:
    return pages_alone()


def pages_alone() -> Flask:
    """An application that only renders."""
    made = Flask("server", static_folder="web/static", template_folder="web/templates")
    made.jinja_env.undefined = StrictUndefined
    made.jinja_env.trim_blocks = made.jinja_env.lstrip_blocks = True
    made.jinja_env.filters.update(catalogue.filters())
    made.register_blueprint(console)
    made.register_blueprint(inbox)
    return made


def rendered(app: Flask, name: str, locale: str = "zh", **changes: Any) -> str:
    template, context = PAGES[name]

    def text(key: str, /, **params: object) -> str:
        return catalogue.text(key, locale, **params)

    def sentence(code: str, /, **params: object) -> str:
        return catalogue.sentence(code, locale, **params)

    shared = {
        "locale": locale, "t": text, "sentence": sentence, "csrf": "token", "demo": True, "path": "/console",
        "identity": None if name in WITHOUT_IDENTITY else somebody(*PERMISSIONS), "request_id": "abcdefgh",
        "menu": menu,
    }  # fmt: skip
    with app.test_request_context("/console", headers={"Accept-Language": locale}):
        return render_template(f"console/{template}.html", **{**shared, **context, **changes})


class Elements(HTMLParser):
    """Collects start tags with their attributes, and which of them stand inside a label."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.labelled: list[dict[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if "label" in self.open:
            self.labelled.append(dict(attrs))
        if tag not in {"meta", "link", "input", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def of(self, *tags: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.found if tag in tags)


every_page = pytest.mark.parametrize("name", PAGES)
both_languages = pytest.mark.parametrize("locale", catalogue.LOCALES)


@every_page
@both_languages
def test_a_page_is_whole_and_brings_nothing_inline(app: Flask, name: str, locale: str) -> None:
    html = rendered(app, name, locale)
    elements = Elements(html)
    assert elements.open == []
    assert "<style" not in html
    for tag, attributes in elements.found:
        assert "style" not in attributes, tag
        assert not [each for each in attributes if each.startswith("on")], tag
        assert tag != "script" or attributes.get("src"), "a script without an address"


@every_page
def test_every_input_has_a_label_and_every_id_is_its_own(app: Flask, name: str) -> None:
    elements = Elements(rendered(app, name))
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert sorted(ids) == sorted(set(ids))
    labels = {attributes.get("for") for attributes in elements.of("label")}
    for attributes in elements.of("input", "select", "textarea"):
        if attributes.get("type") != "hidden":
            assert attributes.get("id") in labels or attributes in elements.labelled, attributes
        for described in (attributes.get("aria-describedby") or "").split():
            assert described in ids


@every_page
def test_whatever_changes_something_carries_the_token(app: Flask, name: str) -> None:
    html = rendered(app, name)
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", html, re.DOTALL):
        assert 'name="csrf" value="token"' in form or 'action="/sign-in"' in form


@every_page
def test_the_demo_banner_is_on_every_page(app: Flask, name: str) -> None:
    assert 'class="demo"' in rendered(app, name)
    assert 'class="demo"' not in rendered(app, name, demo=False)


@every_page
def test_a_page_shows_nothing_that_its_reader_may_not_do(app: Flask, name: str) -> None:
    html = rendered(app, name, identity=somebody("console.enter"))
    for address in ('/inbox"', '/console/waves/new"', '/draw"', '/launch"'):
        if not name.startswith(("inbox", "wave_new", "bulk")):
            assert address not in html


def test_a_mean_never_stands_without_its_n(app: Flask) -> None:
    html = rendered(app, "results")
    assert re.search(r"83\.00</b>\s*<small>n = <span[^>]*>15<", html)
    assert html.count('data-unit-value="n"') == len(UNITS)


def test_a_cell_that_is_too_small_shows_no_score(app: Flask) -> None:
    html = rendered(app, "results_own")
    assert "样本不足" in html
    assert 'data-unit-value="mean"' not in html


def test_a_chart_says_in_words_what_it_draws(app: Flask) -> None:
    html = rendered(app, "results", "en")
    assert 'aria-label="Mean 92.50, 95% interval 88.1 to 96.9"' in html
    assert 'aria-label="Mean 80.00, too few answers for an interval"' in html
    assert "nan" not in html


@pytest.mark.parametrize(("state", "live"), [("launched", True), ("closed", False), ("drawn", False)])
def test_only_a_running_wave_is_followed(app: Flask, state: str, live: bool) -> None:
    assert ("data-running" in rendered(app, "results", wave=wave(state))) is live


def test_an_address_in_a_message_ends_where_the_sentence_goes_on(app: Flask) -> None:
    html = rendered(app, "inbox")
    assert (
        '<a href="https://a.example/r/x" target="_blank" rel="noreferrer">https://a.example/r/x</a>，谢谢'
        in html
    )
    assert html.count('rel="noreferrer"') == 1


def test_answers_are_text_and_nothing_else(app: Flask) -> None:
    assert "&lt;b&gt;很好&lt;/b&gt;" in rendered(app, "submission")


def test_lost_points_are_marked_in_words_and_not_by_colour_alone(app: Flask) -> None:
    html = rendered(app, "submission")
    assert re.search(r'<tr class="lost grave">.*?−0\.33', html, re.DOTALL)


def test_a_wave_until_the_sixth_does_not_say_the_seventh(app: Flask) -> None:
    html = rendered(app, "wave_drawn")
    assert "2026年11月22日 – 2026年12月6日" in html
    assert "12月7日" not in html


def test_preview_and_record_show_the_same_numbers(app: Flask) -> None:
    table = re.compile(r"<tbody>.*?</tfoot>", re.DOTALL)
    before, after = (table.search(rendered(app, name)) for name in ("wave_planned", "wave_drawn"))
    assert before is not None
    assert after is not None
    assert before[0] == after[0]


def test_the_sign_in_page_keeps_where_to_go_on(app: Flask) -> None:
    assert 'name="next" value="/console/units?a=b"' in rendered(app, "sign_in", next="/console/units?a=b")


def test_every_template_has_a_page_here() -> None:
    own = {path.stem for path in TEMPLATES.glob("*.html") if not path.stem.endswith("parts")} - {"base"}
    assert own == {template for template, _ in PAGES.values()}


def keys(locale: str) -> dict[str, str]:
    path = Path(catalogue.__file__).parent / "texts" / locale / "console.json"
    return dict(json.loads(path.read_text("utf-8")))


def composed() -> Iterator[tuple[str, str]]:
    for prefix, values in COMPOSED.items():
        for value in values or ():
            yield prefix, f"{prefix}{value}" if prefix.endswith("_") else f"{prefix}.{value}"


@both_languages
@pytest.mark.parametrize("key", [key for _, key in composed()])
def test_every_value_has_a_word(locale: str, key: str) -> None:
    assert keys(locale)[key]


def test_both_languages_say_the_same_with_the_same_parameters() -> None:
    chinese, english = keys("zh"), keys("en")
    places = re.compile(r"\{(\w+)\}")
    assert list(chinese) == list(english)
    for key, text in chinese.items():
        assert sorted(places.findall(text)) == sorted(places.findall(english[key])), key


def test_no_text_is_left_that_no_page_says() -> None:
    sources = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.html"))
    said = set(re.findall(r"[\"']console\.([\w.]+)[\"']", sources)) | {key for _, key in composed()}
    prefixes = tuple(f"{prefix}." for prefix, values in COMPOSED.items() if values is None)
    assert [key for key in keys("zh") if key not in said and not key.startswith(prefixes)] == []


def test_a_part_of_the_ranking_says_of_how_many_and_draws_the_wave(app: Flask) -> None:
    html = rendered(app, "results_part")
    assert re.search(r'data-unit-value="rank">2</span> <small>/ 23<', html)
    assert "按本期所有网点计算" in html
    assert "按本期所有网点计算" not in rendered(app, "results")
    # The overall mean of 83 lies outside of the only listed interval, and is drawn all the same.
    [line] = re.findall(r'class="dots-overall" x1="([0-9.]+)"', html)
    assert 0 < float(line) < 280


def test_what_the_page_words_from_numbers_is_redrawn_live(app: Flask) -> None:
    html = rendered(app, "results_empty")
    assert re.search(r'<span data-swap="rate">还没有邀请</span>', html)
    assert 'data-shape="abc"' in html


def test_expired_and_declined_stand_beside_the_other_numbers(app: Flask) -> None:
    html = rendered(app, "results")
    assert "过期未发 3" in html
    assert re.search(r'拒答 <span data-live="progress.declined"[^>]*>4<', html)
    assert "过期未发" not in rendered(app, "results_empty")


@pytest.mark.parametrize(
    "name",
    [
        "wave_visits",
        "wave_firm",
        "results_visits",
        "results_visits_empty",
        "results_firm",
        "results_firm_empty",
    ],
)
@both_languages
def test_where_no_customer_is_asked_nothing_speaks_of_messages(app: Flask, name: str, locale: str) -> None:
    html = rendered(app, name, locale, demo=False)
    for word in ("短信已经", "满意度短信", "邀请", "SMS survey", "messages are", "Asked"):
        assert word not in html


def test_a_list_of_waves_calls_each_kind_by_its_name(app: Flask) -> None:
    html = rendered(app, "home")
    for word in ("满意度短信调查", "神秘检查", "第三方调查", "未开始", "已取消", "名单有误"):
        assert word in html
    assert 'data-label="任务"' in html


@pytest.mark.parametrize("name", ["wave_cancelled", "wave_over", "wave_part", "wave_firm"])
def test_what_cannot_go_on_has_no_button_for_it(app: Flask, name: str) -> None:
    html = rendered(app, name)
    for address in ('/draw"', '/launch"', '/edit"'):
        assert address not in html
    assert ('/cancel"' in html) is (name == "wave_over")


def test_a_plan_can_be_changed_before_the_draw_and_called_off_after_it(app: Flask) -> None:
    planned, drawn = rendered(app, "wave_planned"), rendered(app, "wave_drawn")
    assert ('/edit"' in planned, '/cancel"' in planned) == (True, True)
    assert ('/edit"' in drawn, '/cancel"' in drawn) == (False, True)
    assert 'name="reason"' in drawn


def test_a_part_of_the_draw_shows_no_counts_of_the_whole(app: Flask) -> None:
    html = rendered(app, "wave_part")
    assert "只列出您权限范围内的网点" in html
    assert "不参加抽样" not in html
    assert '/verify"' not in html
    assert "B01-02" not in html


def test_import_problems_speak_of_columns_as_the_file_does(app: Flask) -> None:
    html = rendered(app, "import_some")
    assert "<td>联系手机</td>" in html
    assert "缺少这些列：联系手机" in html
    report = PAGES["import_some"][1]["report"]
    missing = TableProblem(1, None, "header_missing", {"names": "unit_code, external_id"})
    for locale, said in (("zh", "网点编号、客户编号"), ("en", "Outlet code, Customer id")):
        assert said in rendered(app, "import_some", locale, shown=[missing], report=report)


def test_a_sheet_says_why_an_item_earned_nothing(app: Flask) -> None:
    sheet = {
        **SHEET,
        "lines": [
            line("courtesy", "choice", earned="0", lost="1"),
            line("speed", "rescaled", earned="0", lost="1"),
            line("gone", "choice", earned="0", lost="0"),
        ],
    }
    submission = SimpleNamespace(**{**vars(SUBMISSION), "sheet": sheet})
    html = rendered(app, "submission", submission=submission)
    assert "答“很满意”计 0 分" in html
    assert "“5”是量程的最低一档" in html
    assert html.count("按所选答案计分") == 1


def test_shares_of_a_survey_are_out_of_its_full_score(app: Flask) -> None:
    part = {"section": "hall", "earned": "450", "possible": "600", "critical": False}
    sheet = {
        **SHEET, "earned": "450", "possible": "600",
        "sections": [{**part, "partEarned": "450", "partPossible": "600"}],
    }  # fmt: skip
    submission = SimpleNamespace(**{**vars(SUBMISSION), "sheet": sheet})
    html = rendered(app, "submission", submission=submission, shares=shares_of_score(sheet))
    assert re.search(r"<tfoot>.*>75\.00<.*>100\.00<", html, re.DOTALL)
    assert "各项满分合计 600.00 · 按满分 100 折算" in html


def test_the_office_hears_what_is_wrong_with_a_photo_and_not_what_to_choose(app: Flask) -> None:
    html = rendered(app, "submission")
    assert "上传的不是照片。" in html
    assert "请重新" not in html


@pytest.mark.parametrize("page", ["results", "submission", "home", "wave_planned"])
def test_an_english_page_has_english_names(app: Flask, page: str) -> None:
    own = wave(
        "planned" if page == "wave_planned" else "launched", unit_name="城南", unit_name_en="South Town"
    )
    changes = {"rows": [(own, PROGRESS)]} if page == "home" else {"wave": own}
    html = rendered(app, page, "en", **changes)
    assert "城南" not in html
    if page != "submission":
        assert "South Town" in html


def test_an_inclusion_is_shown_as_a_share(app: Flask) -> None:
    stratum = RESULT.strata[0]
    share = catalogue.percent(Fraction(len(stratum.selected), stratum.eligible))
    assert share in rendered(app, "wave_drawn")
