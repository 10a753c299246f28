"""Demo answers: always accepted by the form, and believable in the mass."""

import hashlib
import json
import statistics
import uuid
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from server.demo.answers import responds, response_rate, survey_answers, visit_answers
from server.demo.chance import stream
from server.demo.filling import Occasion
from server.demo.notes import lengthened
from server.demo.remarks import THEMES, remark, theme_of
from server.demo.shopper import failure_rate
from server.forms import CompiledForm, check, compile_form

DAY = date(2026, 11, 20)
FORMS = Path(__file__).parents[2] / "form_definitions" / "forms"

STEPS = [
    {"value": 5, "text": "非常满意"},
    {"value": 4, "text": "满意"},
    {"value": 3, "text": "一般"},
    {"value": 2, "text": "不满意"},
    {"value": 1, "text": "非常不满意"},
    {"value": "na", "text": "没有接触到"},
]
AWARDS = {"awards": {"5": "100", "4": "80", "3": "60", "2": "30", "1": "0"}, "naValue": "na"}

SURVEY = {
    "title": "营业厅满意度",
    "pages": [
        {
            "name": "ratings",
            "elements": [
                {
                    "type": "radiogroup",
                    "name": name,
                    "title": title,
                    "choices": STEPS,
                    "isRequired": True,
                    "scoring": AWARDS,
                }
                for name, title in (
                    ("courtesy", "礼貌态度"),
                    ("advice", "业务咨询"),
                    ("waiting", "等待时间"),
                )
            ]
            + [
                {
                    "type": "matrix",
                    "name": "more",
                    "title": "还有几项",
                    "rows": [{"value": "order", "text": "秩序"}, {"value": "place", "text": "环境"}],
                    "columns": STEPS[:5],
                    "eachRowRequired": True,
                },
                {"type": "rating", "name": "recommend", "title": "推荐", "rateMin": 0, "rateMax": 10},
            ],
        },
        {
            "name": "words",
            "elements": [
                {
                    "type": "comment",
                    "name": "reason",
                    "title": "哪里不满意？",
                    "visibleIf": "{courtesy} <= 2 or {waiting} <= 2",
                    "isRequired": True,
                    "maxLength": 200,
                },
                {"type": "boolean", "name": "callback", "title": "可以回访吗？"},
                {
                    "type": "checkbox",
                    "name": "business",
                    "title": "办了什么？",
                    "choices": ["cash", "card", "loan"],
                    "showNoneItem": True,
                    "showOtherItem": True,
                },
                {"type": "comment", "name": "free", "title": "还想说什么？"},
            ],
        },
    ],
}

VERDICT = {
    "type": "radiogroup",
    "isRequired": True,
    "choices": ["yes", "no"],
}


def _item(number: int) -> dict[str, object]:
    evidence = (
        {"photo": "always"},
        {"photo": "onFail"},
        {"note": "onFail", "minLength": 30},
        {"note": "onFail", "photo": "onFail", "minLength": 5},
    )[number % 4]
    item = {**VERDICT, "name": f"item{number}", "title": f"第{number}项", "evidence": evidence}
    kind = "hardware" if number % 2 else "behaviour"
    item["scoring"] = {"awards": {"yes": "1", "no": "0"}, "kind": kind, "code": f"TEL-{number:02}"}
    if number % 7 == 0:
        item["choices"] = ["yes", "no", "na"]
        item["scoring"]["naValue"] = "na"
    return item


VISIT = {
    "title": "网点检查",
    "variables": [{"name": "unit"}],
    "pages": [
        {
            "name": "moments",
            "elements": [
                {"type": "text", "inputType": "date", "name": "visited", "title": "日期", "isRequired": True},
                *(
                    {
                        "type": "text",
                        "inputType": "datetime-local",
                        "name": name,
                        "title": f"{{unit}} {name}",
                        "isRequired": True,
                    }
                    for name in ("entered", "called", "served")
                ),
                {
                    "type": "text",
                    "inputType": "number",
                    "name": "windows",
                    "title": "窗口",
                    "min": 1,
                    "max": 9,
                    "isRequired": True,
                },
            ],
        },
        *(
            {"name": f"page{page}", "elements": [_item(page * 10 + number) for number in range(10)]}
            for page in range(1, 7)
        ),
        {"name": "end", "elements": [{"type": "comment", "name": "impression", "title": "印象"}]},
    ],
}


def photo_for(question: str) -> Mapping[str, object]:
    digest = hashlib.sha256(question.encode()).hexdigest()
    return {"id": str(uuid.UUID(digest[:32])), "sha256": digest, "size": 30_000, "type": "image/png"}


def shipped(name: str) -> CompiledForm:
    return compile_form(json.loads((FORMS / name / "1.json").read_text("utf-8")))


def variables_of(form: CompiledForm) -> dict[str, object]:
    return {name: DAY.isoformat() if "da" in name else "钟楼支行营业部" for name in form.variables}


def occasion(form: CompiledForm, quality: float, weak_side: str = "") -> Occasion:
    return Occasion(quality, DAY, weak_side, variables_of(form))


def assert_accepted(form: CompiledForm, answers: Mapping[str, object], about: Occasion) -> None:
    checked = check(form, answers, variables=about.variables, today=about.day)
    assert checked.errors == ()
    # Nothing is said that the form would throw away.
    assert {name: checked.values[name] for name in answers} == answers


@pytest.fixture(scope="module", params=["own", "hall-satisfaction", "treasury-service-survey"])
def survey(request: pytest.FixtureRequest) -> CompiledForm:
    return compile_form(SURVEY) if request.param == "own" else shipped(request.param)


@pytest.fixture(scope="module", params=["own", "bank-branch-visit"])
def visit(request: pytest.FixtureRequest) -> CompiledForm:
    return compile_form(VISIT) if request.param == "own" else shipped(request.param)


def test_every_survey_passes_its_form(survey: CompiledForm) -> None:
    for seed in range(300):
        about = occasion(survey, 0.5 + seed / 600, list(THEMES)[seed % len(THEMES)])
        assert_accepted(survey, survey_answers(stream(seed, "survey"), survey, about), about)


def test_every_visit_passes_its_form(visit: CompiledForm) -> None:
    for seed in range(300):
        about = occasion(visit, 0.5 + seed / 600)
        answers = visit_answers(stream(seed, "visit"), visit, about, photo_for)
        assert_accepted(visit, answers, about)


def test_a_visit_without_any_photo_gives_reasons(visit: CompiledForm) -> None:
    about = occasion(visit, 0.6)
    answers = visit_answers(stream(1, "visit"), visit, about, lambda _question: None)
    assert_accepted(visit, answers, about)
    assert not any(name.endswith("-photo") for name in answers)
    assert any(name.endswith("-nophoto") for name in answers)


def test_same_seed_same_answers() -> None:
    survey, visit = compile_form(SURVEY), compile_form(VISIT)
    for seed in range(5):
        about = occasion(survey, 0.8)
        first, second = (survey_answers(stream(seed, "a"), survey, about) for _ in range(2))
        assert first == second
        about = occasion(visit, 0.8)
        one, two = (visit_answers(stream(seed, "b"), visit, about, photo_for) for _ in range(2))
        assert json.dumps(one) == json.dumps(two)


def mean_rating(quality: float, weak_side: str, question: str) -> float:
    form = compile_form(SURVEY)
    about = occasion(form, quality, weak_side)
    given = (survey_answers(stream(seed, "mean"), form, about)[question] for seed in range(500))
    return statistics.mean(int(str(value)) for value in given if value != "na")


def test_better_service_earns_better_ratings() -> None:
    weak, fair, best = (mean_rating(quality, "", "courtesy") for quality in (0.56, 0.8, 0.955))
    assert 3.4 < weak < fair - 0.4
    assert fair + 0.25 < best < 5


def test_the_weak_side_is_rated_lower() -> None:
    assert mean_rating(0.8, "waiting", "waiting") < mean_rating(0.8, "", "waiting") - 0.2


def test_ratings_of_one_customer_go_together() -> None:
    form = compile_form(SURVEY)
    given = [survey_answers(stream(seed, "mood"), form, occasion(form, 0.8)) for seed in range(500)]
    pairs = [(a["courtesy"], a["advice"]) for a in given if "na" not in (a["courtesy"], a["advice"])]
    assert statistics.correlation(*zip(*pairs, strict=True)) > 0.2


def failed_share(quality: float) -> float:
    form = compile_form(VISIT)
    verdicts = [
        value
        for seed in range(80)
        for name, value in visit_answers(
            stream(seed, "share"), form, occasion(form, quality), photo_for
        ).items()
        if name in form.questions and form.questions[name].scoring and value != "na"
    ]
    return verdicts.count("no") / len(verdicts)


@pytest.mark.parametrize(("quality", "least", "most"), [(0.955, 0.02, 0.04), (0.56, 0.12, 0.15)])
def test_items_fail_by_quality(quality: float, least: float, most: float) -> None:
    assert least < failure_rate(quality) < most
    assert least < failed_share(quality) < most


def test_failures_come_together() -> None:
    form = compile_form(VISIT)
    counts = []
    for seed in range(150):
        answers = visit_answers(stream(seed, "together"), form, occasion(form, 0.6), photo_for)
        counts += [sum(answers[f"item{page}{n}"] == "no" for n in range(10)) for page in range(1, 7)]
    mean = statistics.mean(counts)
    # Independent items would have a variance below their mean.
    assert statistics.variance(counts) > 1.15 * mean


def test_moments_of_a_visit_follow_each_other() -> None:
    form = compile_form(VISIT)
    for seed in range(50):
        answers = visit_answers(stream(seed, "moments"), form, occasion(form, 0.6), photo_for)
        moments = [str(answers[name]) for name in ("entered", "called", "served")]
        assert moments == sorted(set(moments))
        assert all(moment.startswith(DAY.isoformat()) for moment in moments)


def test_response_rates() -> None:
    assert round(response_rate(0.55), 2) == 0.38
    assert round(response_rate(0.97), 2) == 0.46
    rng = stream(3, "response")
    answered = sum(responds(rng, 0.8) for _ in range(4000))
    assert 0.38 < Fraction(answered, 4000) < 0.46


@pytest.mark.parametrize(
    ("words", "theme"),
    [
        ("礼貌态度", "courtesy"),
        ("业务咨询", "advice"),
        ("业务办理快捷", "speed"),
        ("等待时间", "waiting"),
        ("营业厅秩序", "order"),
        ("营业厅环境", "surroundings"),
        ("总体", ""),
    ],
)
def test_questions_have_themes(words: str, theme: str) -> None:
    assert theme_of(words) == theme


def test_an_unhappy_remark_is_about_what_was_rated_lowest() -> None:
    for theme in THEMES:
        assert {remark(stream(seed, theme), 0.4, theme) for seed in range(30)} <= set(
            THEMES[theme].complaints
        )


def test_sixty_sentences_and_no_twins() -> None:
    sentences = [text for theme in THEMES.values() for text in (*theme.praise, *theme.complaints)]
    assert len(sentences) == len(set(sentences)) >= 60


def test_notes_grow_to_the_length_a_form_asks_for() -> None:
    assert lengthened("短。", 3) == "短。短"[:2] + "此情况在离开前仍未改变，其他客户也能看到。"
    assert len(lengthened("短。", 100)) >= 100
