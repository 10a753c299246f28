"""Sheets: the law of scoring.md, line by line."""

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.compile import compile_scoring
from server.scoring.definitions import ItemDefinition, Label
from server.scoring.problems import AnswerNotScorable
from server.scoring.score import Finding, score, score_findings
from server.scoring.sheet import LINE_RULES, lost_points
from tests.scoring.definitions_for_tests import item, of, rules_of, sheet_of, verdict

POINTS: dict[str, object] = {"method": "points"}
BANDS = [{"grade": "优", "min": "90"}, {"grade": "合格", "min": "60"}, {"grade": "不合格", "min": "0"}]
TEN = [item(f"q{index}", verdict()) for index in range(10)]
TEN_ANSWERS: dict[str, object] = {**{f"q{index}": "yes" for index in range(8)}, "q8": "no", "q9": "na"}

TWO_SECTIONS: dict[str, object] = {
    "method": "weighted_sections",
    "sections": [{"name": "lobby", "weight": "60"}, {"name": "counter", "weight": "40"}],
    "bands": BANDS,
}
TWO_ITEMS = [item("a", verdict("lobby")), item("b", verdict("lobby")), item("c", verdict("counter"))]


@pytest.mark.parametrize(
    ("policy", "raw", "published", "counted"),
    [("exclude", "800/9", "88.89", 9), ("zero", "80", "80.00", 10), ("full", "90", "90.00", 10)],
)
def test_not_applicable_policies(policy: str, raw: str, published: str, counted: int) -> None:
    sheet = sheet_of({**POINTS, "notApplicable": policy}, TEN, TEN_ANSWERS)
    assert (sheet.raw, str(sheet.published), sheet.counted) == (of(raw), published, counted)
    assert sheet.rules_used["notApplicable"] == policy


def test_a_section_wholly_not_applicable_loses_its_weight_and_nothing_is_rounded_on_the_way() -> None:
    earned = {"s1": ("40", "40"), "s2": ("35", "29.6"), "s3": ("20", "10"), "s4": ("5", None)}
    form: dict[str, object] = {
        "method": "weighted_sections",
        "sections": [{"name": name, "weight": weight} for name, (weight, _) in earned.items()],
    }
    items = [
        item(name, verdict(name, weight) | {"awards": {"yes": weight, "no": got or "0"}})
        for name, (weight, got) in earned.items()
    ]
    answers: dict[str, object] = {name: "na" if got is None else "no" for name, (_, got) in earned.items()}
    sheet = sheet_of(form, items, answers)
    assert (sheet.earned, sheet.possible) == (of("79.6"), of("95"))
    assert sheet.raw == Fraction("79.6") / 95 * 100
    assert str(sheet.published) == "83.79"


def test_sections_are_not_rounded_to_points_first() -> None:
    form: dict[str, object] = {
        "method": "weighted_sections",
        "sections": [
            {"name": name, "weight": weight} for name, weight in (("a", "33"), ("b", "33"), ("c", "34"))
        ],
    }
    items = [item(f"{name}{index}", verdict(name, "1")) for name in "abc" for index in range(3)]
    answers: dict[str, object] = {
        f"{name}{index}": "no" if index == 0 else "yes" for name in "abc" for index in range(3)
    }
    assert str(sheet_of(form, items, answers).published) == "66.67"


@pytest.mark.parametrize("rest", ["na", None])
def test_everything_not_applicable_is_null_not_zero(rest: str | None) -> None:
    sheet = sheet_of({**POINTS, "bands": BANDS}, TEN, {f"q{index}": rest for index in range(10)})
    assert (sheet.raw, sheet.published, sheet.grade, sheet.counted) == (None, None, None, 0)
    assert sheet.to_json()["published"] is None


def test_single_multiple_and_weight() -> None:
    items = [
        item("one", {"awards": {"a": "5", "b": "3"}, "weight": "4"}, choices=("a", "b")),
        item(
            "many",
            {"awards": {"a": "4", "b": "2", "c": "2", "d": "-3"}},
            answer="multiple",
            choices=tuple("abcd"),
        ),
        item("two", {"awards": {"yes": "2", "no": "0", "na": "0"}}),
    ]
    sheet = sheet_of(POINTS, items, {"one": "b", "many": ["a", "b"], "two": "yes"})
    assert (sheet.earned, sheet.possible, str(sheet.published)) == (of("20"), of("30"), "66.67")


@pytest.mark.parametrize(("cap", "published"), [(True, "100.00"), (False, "102.00")])
def test_a_bonus_adds_to_earned_and_may_be_capped(cap: bool, published: str) -> None:
    items = [
        item("main", {"awards": {"yes": "100", "no": "96", "na": "0"}}),
        item("extra", {"awards": {"yes": "6", "no": "0", "na": "0"}, "bonus": True}),
    ]
    sheet = sheet_of({**POINTS, "capBonus": cap}, items, {"main": "no", "extra": "yes"})
    assert str(sheet.published) == published
    assert (sheet.earned, sheet.possible, sheet.bonus) == (96, 100, 6)


def test_a_bonus_not_earned_costs_nothing() -> None:
    items = [item("main", verdict()), item("extra", verdict(bonus=True))]
    sheet = sheet_of(POINTS, items, {"main": "yes", "extra": "no"})
    assert str(sheet.published) == "100.00"
    assert lost_points(sheet) == ()


def test_a_hidden_question_scores_nothing_out_of_nothing() -> None:
    rules = rules_of(POINTS, *TEN)
    sheet = score(rules, {"q0": "yes", "q1": "no"}, {"q0"})
    assert str(sheet.published) == "100.00"
    assert [line.rule for line in sheet.lines[:2]] == ["choice", "hidden"]


@pytest.mark.parametrize(("policy", "published"), [("exclude", "100.00"), ("zero", "10.00")])
def test_an_optional_question_left_blank(policy: str, published: str) -> None:
    assert str(sheet_of({**POINTS, "blank": policy}, TEN, {"q0": "yes"}).published) == published


@pytest.mark.parametrize(
    ("level", "published", "grade"),
    [
        ("item", "70.00", "合格"),
        ("section", "40.00", "不合格"),
        ("form", "0.00", "不合格"),
        ("grade", "85.00", "不合格"),
    ],
)
def test_critical_levels(level: str, published: str, grade: str) -> None:
    grave = {"section": "lobby", "awards": {"yes": "10", "no": "5"}, "critical": level, "criticalOn": ["no"]}
    items = [item("a", grave, choices=("yes", "no")), *TWO_ITEMS[1:]]
    sheet = sheet_of(TWO_SECTIONS, items, {"a": "no", "b": "yes", "c": "yes"})
    assert (str(sheet.published), sheet.grade, sheet.critical) == (published, grade, (level,))


def test_a_bonus_does_not_rescue_a_struck_section_but_others_keep_theirs() -> None:
    grave = verdict("lobby", critical="section", criticalOn=["no"])
    items = [
        item("a", grave),
        item("c", verdict("counter")),
        item("lobby-extra", verdict("lobby", "5", bonus=True)),
        item("counter-extra", verdict("counter", "3", bonus=True)),
    ]
    answers: dict[str, object] = {"a": "no", "c": "yes", "lobby-extra": "yes", "counter-extra": "yes"}
    assert str(sheet_of(TWO_SECTIONS, items, answers).published) == "43.00"


def test_a_section_is_floored_and_capped() -> None:
    form: dict[str, object] = {
        "method": "points",
        "scale": "30",
        "sections": [{"name": "a", "points": "20"}, {"name": "b"}],
    }
    items = [
        item("a1", verdict("a", "15")),
        item("a2", verdict("a", "15")),
        item("b1", {"section": "b", "awards": {"yes": "10", "no": "-15", "na": "0"}}),
    ]
    sheet = sheet_of(form, items, {"a1": "yes", "a2": "yes", "b1": "no"})
    assert [(section.earned, section.possible) for section in sheet.sections] == [(20, 20), (0, 10)]
    assert str(sheet.published) == "20.00"


DEDUCT: dict[str, object] = {
    "method": "deduct",
    "sections": [
        {"name": f"s{index}", "points": points} for index, points in enumerate(("20", "10", "5", "5", "5"))
    ],
}


def finding(section: str, points: str, status: str = "confirmed") -> Finding:
    return Finding(f"f-{section}-{points}", section, Decimal(points), status, Label(code="F1", key=True))


def test_deduct_with_floor() -> None:
    losses = [finding("s0", "22"), finding("s1", "2"), finding("s3", "6"), finding("s4", "1")]
    ignored = [finding("s2", "5", "pending"), finding("s1", "3", "overturned")]
    sheet = score_findings(compile_scoring(DEDUCT, ()), [*losses, *ignored])
    assert [section.earned for section in sheet.sections] == [0, 8, 5, 0, 4]
    assert (str(sheet.published), sheet.possible) == ("17.00", 45)
    assert [lost.points for lost in lost_points(sheet)] == [22, 2, 6, 1]


def test_no_findings_leave_full_marks() -> None:
    assert str(score_findings(compile_scoring(DEDUCT, ()), []).published) == "45.00"


@pytest.mark.parametrize("bad", [finding("nowhere", "1"), finding("s0", "-1")])
def test_findings_that_fit_no_section_are_refused(bad: Finding) -> None:
    with pytest.raises(ValueError, match="finding f-"):
        score_findings(compile_scoring(DEDUCT, ()), [bad])


def test_ten_times_a_fifth_off_a_hundred_is_exactly_98() -> None:
    items = [
        item(f"q{index}", {"awards": {"yes": "0", "no": "-0.2"}, "naValue": "na"}) for index in range(10)
    ]
    sheet = sheet_of({"method": "deduct"}, items, {f"q{index}": "no" for index in range(10)})
    assert (sheet.raw, str(sheet.published)) == (98, "98.00")


def test_a_checker_may_write_the_points_to_take_off() -> None:
    items = [item("dirt", {"awards": "value"}, answer="number", choices=(), bounds=(0, 5))]
    assert str(sheet_of({"method": "deduct"}, items, {"dirt": 2.5}).published) == "97.50"


@pytest.mark.parametrize(
    ("scoring", "answer", "earned", "possible"),
    [
        ({"awards": "value"}, 4, "4", "5"),
        ({"awards": "value", "weight": "2"}, "3.5", "7", "10"),
        ({"scaleTo": "10"}, 4, "7.5", "10"),
        ({"scaleTo": "10", "scaleFrom": "zero"}, 4, "8", "10"),
        ({"awards": {"1": "0", "2": "1", "3": "2", "4": "3", "5": "5"}}, 4.0, "3", "5"),
    ],
)
def test_numbers_and_ratings(scoring: dict[str, object], answer: object, earned: str, possible: str) -> None:
    rating = item("r", scoring, answer="number", choices=("1", "2", "3", "4", "5"), bounds=(1, 5))
    sheet = sheet_of(POINTS, [rating], {"r": answer})
    assert (sheet.earned, sheet.possible) == (of(earned), of(possible))


def test_each_row_of_a_matrix_is_a_line_with_its_own_weight() -> None:
    scoring = {"awards": {"good": "2", "bad": "0"}, "naValue": "na", "rows": {"till": "3"}}
    matrix = item("m", scoring, answer="matrix", choices=("good", "bad", "na"), rows=("door", "till", "lamp"))
    sheet = sheet_of(POINTS, [matrix], {"m": {"door": "good", "till": "bad", "lamp": "na"}})
    assert [(line.item, line.lost) for line in sheet.lines] == [("m.door", 0), ("m.till", 6), ("m.lamp", 0)]
    assert (sheet.earned, sheet.possible) == (2, 8)


def test_lost_points_know_their_worth_on_the_published_scale() -> None:
    items = [
        item("a", verdict("lobby", "2", code="LOB-08", key=True, kind="behaviour", listedAsHardware=True)),
        item("b", verdict("lobby", "4")),
        item("c", verdict("counter")),
    ]
    sheet = sheet_of(TWO_SECTIONS, items, {"a": "no", "b": "yes", "c": "yes"})
    (lost,) = lost_points(sheet)
    assert (lost.item, lost.code, lost.key, lost.kind, lost.listed_as_hardware) == (
        "a",
        "LOB-08",
        True,
        "behaviour",
        True,
    )
    assert (lost.points, lost.on_scale, lost.answer) == (2, 20, ("no",))
    assert sheet.raw == 100 - lost.on_scale


@pytest.mark.parametrize(("grade_on", "grade"), [("published", "优"), ("raw", "合格")])
def test_grades_use_the_published_score_unless_told_otherwise(grade_on: str, grade: str) -> None:
    items = [item("main", {"awards": {"yes": "100", "no": "89.995", "na": "0"}})]
    sheet = sheet_of({**POINTS, "bands": BANDS, "gradeOn": grade_on}, items, {"main": "no"})
    assert (str(sheet.published), sheet.grade) == ("90.00", grade)


def test_the_sheet_is_plain_json_with_exact_text() -> None:
    sheet = sheet_of({**POINTS, "bands": BANDS}, TEN, TEN_ANSWERS)
    stored = json.loads(json.dumps(sheet.to_json()))
    assert (stored["raw"], stored["published"], stored["grade"]) == ("800/9", "88.89", "合格")
    assert stored["lines"][8] | {} == {
        "item": "q8",
        "code": "",
        "section": "",
        "answer": ["no"],
        "earned": "0",
        "possible": "10",
        "lost": "10",
        "weight": "1",
        "rule": "choice",
        "applicable": True,
        "bonus": False,
        "critical": None,
        "key": False,
        "kind": "",
        "listedAsHardware": False,
    }


def test_an_answer_that_skipped_the_check_is_not_scored_silently() -> None:
    with pytest.raises(AnswerNotScorable):
        sheet_of(POINTS, TEN, {"q0": "maybe"})


@st.composite
def filled_forms(draw: st.DrawFn) -> tuple[list[ItemDefinition], dict[str, object]]:
    items: list[ItemDefinition] = []
    answers: dict[str, object] = {}
    for index in range(draw(st.integers(1, 12))):
        worth = draw(st.integers(1, 500))
        section = draw(st.sampled_from(["lobby", "counter"]))
        items.append(item(f"q{index}", verdict(section, f"{worth / 100:.2f}")))
        answers[f"q{index}"] = draw(st.sampled_from(["yes", "no", "na", None]))
    items += [item("l", verdict("lobby")), item("c", verdict("counter"))]
    return items, {**answers, "l": "yes", "c": draw(st.sampled_from(["yes", "no"]))}


@given(filled_forms(), st.sampled_from(["exclude", "zero", "full"]))
def test_a_score_stays_on_its_scale_and_every_line_names_its_rule(
    filled: tuple[list[ItemDefinition], dict[str, object]], policy: str
) -> None:
    items, answers = filled
    sheet = sheet_of({**TWO_SECTIONS, "notApplicable": policy}, items, answers)
    assert sheet.raw is not None
    assert 0 <= sheet.raw <= 100
    assert {line.rule for line in sheet.lines} <= set(LINE_RULES)


@given(filled_forms())
def test_what_was_lost_is_what_is_missing(filled: tuple[list[ItemDefinition], dict[str, object]]) -> None:
    sheet = sheet_of(TWO_SECTIONS, *filled)
    assert sheet.raw is not None
    assert sum((lost.on_scale for lost in lost_points(sheet)), Fraction(0)) == 100 - sheet.raw


@given(filled_forms())
def test_the_order_of_questions_does_not_matter(
    filled: tuple[list[ItemDefinition], dict[str, object]],
) -> None:
    items, answers = filled
    backwards = list(reversed(items))
    assert sheet_of(TWO_SECTIONS, items, answers).raw == sheet_of(TWO_SECTIONS, backwards, answers).raw


REASONS = item(
    "floor",
    {"deductFrom": "10", "awards": {"dirty": "-2", "wet": "-3", "litter": "-7"}, "naValue": "na"},
    answer="multiple",
    choices=("dirty", "wet", "litter", "na"),
)


@pytest.mark.parametrize(
    ("answer", "earned", "possible", "rule"),
    [
        (["dirty"], "8", "10", "deducted"),
        (["dirty", "wet"], "5", "10", "deducted"),
        (["dirty", "wet", "litter"], "0", "10", "deducted"),
        ([], "10", "10", "deducted"),
        (None, "10", "10", "deducted"),
        (["na"], "0", "0", "not_applicable_exclude"),
    ],
)
def test_reasons_take_an_items_own_marks(answer: object, earned: str, possible: str, rule: str) -> None:
    answers: dict[str, object] = {} if answer is None else {"floor": answer}
    (line,) = sheet_of(POINTS, [REASONS], answers).lines
    assert (line.earned, line.possible, line.rule) == (of(earned), of(possible), rule)


def test_points_entered_come_off_an_items_own_marks() -> None:
    counted = item("faults", {"deductFrom": "10", "awards": "value"}, answer="number", choices=())
    assert sheet_of(POINTS, [counted], {"faults": 2.5}).earned == of("7.5")
    assert sheet_of(POINTS, [counted], {"faults": 12}).earned == 0


def test_nothing_applied_is_no_score_under_any_policy() -> None:
    for policy in ("exclude", "zero", "full"):
        sheet = sheet_of({**POINTS, "notApplicable": policy}, [item("a", verdict())], {"a": "na"})
        assert (sheet.raw, sheet.published, sheet.grade) == (None, None, None)


def test_a_section_in_which_no_loss_was_entered_keeps_its_marks() -> None:
    """Law 8: a deduct sheet starts from full marks; a blank is nothing to take off."""
    form: dict[str, object] = {
        "method": "deduct",
        "sections": [{"name": "x", "points": "40"}, {"name": "y", "points": "5"}],
    }
    items = [
        item("a", {"section": "x", "awards": "value"}, answer="number", choices=()),
        item("b", {"section": "y", "awards": "value"}, answer="number", choices=()),
    ]
    assert sheet_of(form, items, {"a": 2}).raw == 43
