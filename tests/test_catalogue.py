"""Every code and every key has a text, in both languages, with the same places for parameters."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import server
from server import catalogue, phones, tables, wire
from server.errors import STATUSES
from server.fieldwork import importing
from server.forms import unsupported
from server.forms.authoring import surveyjs
from server.forms.codes import ANSWER_CODES, DEFINITION_CODES
from server.notify.gateways.declarative import problems as gateways
from server.notify.protocol import RefusalCode
from server.sampling import frame
from server.sampling.coverage import inputs as coverage
from server.sampling.estimates import problems as estimates
from server.scoring import problems
from server.scoring.programmes import codes as programme_codes
from server.scoring.standards import notes as standards
from server.scoring.timetabling import codes as timetabling
from server.storage.photos import REFUSALS

SERVER = Path(server.__file__).parent
TEMPLATES = SERVER / "web" / "templates"
AREAS = (
    "today",
    "search",
    "audit",
    "bulk",
    "duties",
    "errors",
    "roster",
    "respond",
    "visit",
    "console",
    "tools",
    "explain",
    "schema",
    "estimates",
    "coverage",
    "dispatch",
    "outreach",
    "timetable",
    "contacts",
    "organisation",
    "people",
    "history",
    "service_events",
    "waves",
    "sms",
    "callbacks",
    "alerts",
    "phone",
    "own",
    "doubts",
    "pay",
    "returns",
    "recordings",
    "signing",
    "reviews",
    "scores",
    "appeals",
    "findings",
    "ledger",
    "orders",
    "papers",
)
TABLES: dict[str, Mapping[str, tuple[str, ...]]] = {
    "wire": wire.CODES,
    "tables": tables.CODES,
    "phones": phones.CODES,
    "sampling": frame.CODES,
    "coverage": coverage.CODES,
    "estimates": estimates.CODES,
    "scoring": problems.CODES,
    "programmes": programme_codes.CODES,
    "standards": standards.CODES,
    "timetabling": timetabling.CODES,
    "definitions": DEFINITION_CODES,
    "answers": ANSWER_CODES,
    "hints": unsupported.CODES,
    "surveyjs": surveyjs.CODES,
    "importing": importing.CODES,
    "gateways": gateways.CODES,
}
KEY = re.compile(r"""\bt\(\s*(["'])([^"']+)\1\s*[,)]""")
# Input types whose limits must be of the same type.
LIMITED = ("date", "time", "datetime-local", "month", "tel", "email")
NOON = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


def places(text: str) -> set[str]:
    """The parameters that a text takes."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def codes_raised() -> Iterator[str]:
    """The literal first arguments of `Detail(…)`, `Refusal(…)` and `PhotoRefused(…)`."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            first = node.args[0]
            named = node.func.id in {"Detail", "Refusal", "PhotoRefused"}
            if named and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def test_a_file_has_each_key_once() -> None:
    for path in catalogue.TEXTS.rglob("*.json"):
        names = [name for name, _ in json.loads(path.read_text("utf-8"), object_pairs_hook=list)]
        assert sorted(names) == sorted(set(names)), path


@pytest.mark.parametrize("area", AREAS)
def test_both_languages_say_the_same(area: str) -> None:
    chinese, english = (catalogue.texts(locale, area) for locale in ("zh", "en"))
    assert chinese.keys() == english.keys()
    assert {key: places(text) for key, text in chinese.items()} == {
        key: places(text) for key, text in english.items()
    }


@pytest.mark.parametrize("table", TABLES)
def test_each_code_of_a_table_has_a_sentence(table: str) -> None:
    errors = catalogue.texts("zh", "errors")
    for code, params in TABLES[table].items():
        assert code in errors
        assert places(errors[code]) <= set(params), code


def kinds_expected() -> Iterator[str]:
    """The literal types that are reported as expected: `expected="list"`, `place.wrong("array")`."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = [keyword.value for keyword in node.keywords if keyword.arg == catalogue.EXPECTED]
            wrong = isinstance(node.func, ast.Attribute) and node.func.attr == "wrong"
            for value in (*named, *(node.args if wrong else ())):
                if isinstance(value, ast.Constant) and str(value.value).isalpha():
                    yield str(value.value)


def test_each_type_that_is_expected_has_words() -> None:
    kinds = {*kinds_expected(), *LIMITED}
    assert {"array", "list", "text"} <= kinds
    missing = {kind for kind in kinds if catalogue.KIND.format(kind) not in catalogue.texts("zh", "errors")}
    assert missing == set()


@pytest.mark.parametrize(
    ("code", "locale", "expected", "said"),
    [
        ("property_type", "zh", "array", "“x”的类型不对，应为列表。"),
        ("property_type", "zh", "object", "“x”的类型不对，应为对象。"),
        ("property_type", "zh", "string", "“x”的类型不对，应为文本。"),
        ("property_type", "zh", "number", "“x”的类型不对，应为数字。"),
        ("property_type", "en", "array", "“x” is of the wrong type: a list is expected."),
        ("answer_type", "zh", "boolean", "答案的类型不对，应为真假值（true 或 false）。"),
        ("scoring_wrong_type", "zh", "list", "类型不对，应为列表。"),
        ("property_type", "zh", "what nobody named", "“x”的类型不对，应为what nobody named。"),
        ("weights_do_not_add_up", "zh", "100", "各部分的权重合计 …，应为 100。"),
    ],
)
def test_types_are_said_in_the_readers_language(code: str, locale: str, expected: str, said: str) -> None:
    assert catalogue.sentence(code, locale, property="x", expected=expected) == said


def test_each_code_that_is_raised_has_a_sentence() -> None:
    raised = {*STATUSES, *REFUSALS, *codes_raised()}
    assert raised - catalogue.texts("zh", "errors").keys() == set()


def reasons_kept() -> Iterator[str]:
    """Why a message stands where it stands: `Outcome(state, "…")`, `reason="…"`, `{"reason": "…"}`."""
    for part in ("notify", "fieldwork"):
        for path in (SERVER / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield from (each for each in _reasons(node) if isinstance(each, str))


def _reasons(node: ast.AST) -> Iterator[object]:
    values: list[ast.expr] = []
    if isinstance(node, ast.Call):
        values += [keyword.value for keyword in node.keywords if keyword.arg == "reason"]
        if isinstance(node.func, ast.Name) and node.func.id == "Outcome":
            values += node.args[1:2]
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        values += [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "reason"]
    yield from (value.value for value in values if isinstance(value, ast.Constant))


def test_each_reason_of_a_message_has_words() -> None:
    kept = {*reasons_kept(), *get_args(RefusalCode)}
    assert {"opt_out", "settled", "too_late", "wave_closed"} <= kept
    known = catalogue.texts("zh", "outreach")
    assert {each for each in kept if f"reason.{each}" not in known} == set()


def test_each_key_in_a_template_has_a_text() -> None:
    used = {found[2] for path in TEMPLATES.rglob("*.html") for found in KEY.finditer(path.read_text("utf-8"))}
    known = {f"{area}.{name}" for area in AREAS for name in catalogue.texts("zh", area)}
    assert used - known == set()


def test_an_unknown_key_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        catalogue.text("respond.no_such_text", "zh")
    with pytest.raises(KeyError):
        catalogue.text("nowhere.title", "zh")


@pytest.mark.parametrize(
    ("locale", "expected"), [("zh", "请填写"), ("zh-CN", "请填写"), ("en", "Please"), ("fr", "请填写")]
)
def test_a_reader_of_another_language_gets_chinese(locale: str, expected: str) -> None:
    assert catalogue.sentence("phone_empty", locale).startswith(expected)


def test_a_sentence_survives_what_it_does_not_know() -> None:
    assert catalogue.sentence("no_such_code", "en") == "Something went wrong. Please try again later."
    assert catalogue.sentence("number_max", "en") == "It must be at most …."


def test_a_suggestion_follows_only_when_there_is_one() -> None:
    bare = catalogue.sentence("type_unknown", "en", type="radio", suggestion="")
    assert bare == "There is no type “radio”."
    helped = catalogue.sentence("type_unknown", "en", type="radio", suggestion="radiogroup")
    assert helped == bare + " Did you mean “radiogroup”?"


@pytest.mark.parametrize(
    ("message", "locale", "expected"),
    [
        ({"default": "太大", "en": "Too large"}, "en", "Too large"),
        ({"default": "太大", "en": "Too large"}, "zh", "太大"),
        ({"default": "Too large", "zh-cn": "太大"}, "zh", "太大"),
        ({"fr": "Trop"}, "zh", "Trop"),
        ({}, "en", "It must be at most 5."),
    ],
)
def test_the_form_speaks_for_itself(message: dict[str, str], locale: str, expected: str) -> None:
    assert catalogue.sentence("number_max", locale, limit=5, message=message) == expected


def test_a_hint_follows_in_its_own_sentence() -> None:
    said = catalogue.sentence("type_unsupported", "en", type="tagbox", hint="hint_checkbox")
    assert (
        said
        == "The type “tagbox” is not supported. Write checkbox: the answer is the same, a list of values."
    )
    assert catalogue.sentence("type_unsupported", "zh", type="x", hint="") == "不支持类型“x”。"


def test_several_names_are_written_as_people_list_them() -> None:
    assert catalogue.sentence("dependency_cycle", "en", names=("a", "b")).endswith("in a circle: a, b.")
    assert catalogue.sentence("dependency_cycle", "zh", names=("a", "b")).endswith("：a、b。")


def test_parameters_may_be_called_anything() -> None:
    assert "zz" in catalogue.sentence("locale_invalid", "en", locale="zz")
    assert "W1" in catalogue.sentence("code_taken", "en", code="W1")
    assert "{brand}" in catalogue.sentence("message_unknown_variable", "en", name="brand")


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("number", (1234567,), "1,234,567"),
        ("number", (Decimal("12.5"),), "13"),
        ("number", (Fraction(7, 3), 1), "2.3"),
        ("number", (None,), "—"),
        ("score", (Decimal("88.125"),), "88.13"),
        ("score", (Fraction(2, 3),), "0.67"),
        ("score", (Decimal("-0.125"),), "-0.13"),
        ("score", (100,), "100.00"),
        ("score", (None,), "—"),
        ("percent", (0.385,), "38.5%"),
        ("percent", (Fraction(1, 3),), "33.3%"),
        ("percent", (Decimal(1), 0), "100%"),
        ("percent", (None,), "—"),
        ("day", (date(2026, 1, 2), "zh"), "2026年1月2日"),
        ("day", (date(2026, 1, 2), "en"), "2 Jan 2026"),
        ("day", (datetime(2026, 11, 22, 16, 5, tzinfo=UTC), "zh"), "2026年11月23日"),
        ("day", (None, "zh"), "—"),
        ("moment", (NOON, "zh"), "11月22日 14:05"),
        ("moment", (NOON, "en", "Asia/Urumqi"), "22 Nov 12:05"),
        ("moment", (None, "en"), "—"),
    ],
)
def test_filters_write_as_readers_do(name: str, arguments: tuple[object, ...], expected: str) -> None:
    assert catalogue.filters()[name](*arguments) == expected


def test_a_moment_of_another_year_says_so() -> None:
    new_year = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert catalogue.moment(new_year, "zh", now=NOON) == "2027年1月1日 00:00"
    assert catalogue.moment(new_year, "zh", now=new_year) == "1月1日 00:00"
