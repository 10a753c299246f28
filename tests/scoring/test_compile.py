"""Definitions that contradict themselves are refused, with the pointer."""

import pytest

from server.scoring.compile import compile_scoring, lint
from server.scoring.definitions import ItemDefinition
from server.scoring.form_items import form_items, form_rules
from server.scoring.problems import CODES, ScoringInvalid
from server.scoring.score import score
from server.wire import Json
from tests.scoring.definitions_for_tests import item, verdict

A = "/pages/0/elements/a/scoring"
SECTIONS = [{"name": "x", "weight": "60"}, {"name": "y", "weight": "40"}]
IN_X = item("a", verdict("x"))
IN_Y = item("b", verdict("y"))


def weighted(*weights: str) -> dict[str, object]:
    names = zip("xyz", weights, strict=False)
    return {
        "method": "weighted_sections",
        "sections": [{"name": name, "weight": weight} for name, weight in names],
    }


def bands(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"method": "points", "bands": [{"grade": grade, "min": minimum} for grade, minimum in pairs]}


def a(**scoring: object) -> list[ItemDefinition]:
    return [item("a", scoring), item("b", verdict())]


FORM_PROBLEMS: list[tuple[object, list[ItemDefinition], str, str]] = [
    ("points", [IN_X], "/scoring", "scoring_not_object"),
    (None, [IN_X], "/scoring", "scoring_without_method"),
    ({"method": "magic"}, [item("a")], "/scoring/method", "scoring_unknown_option"),
    ({"places": 9}, [item("a")], "/scoring/places", "scoring_unknown_option"),
    ({"places": True}, [item("a")], "/scoring/places", "scoring_unknown_option"),
    ({"scale": 0.1}, [item("a")], "/scoring/scale", "scoring_not_exact"),
    ({"scale": "0"}, [item("a")], "/scoring/scale", "scoring_not_positive"),
    ({"capBonus": "yes"}, [item("a")], "/scoring/capBonus", "scoring_wrong_type"),
    ({"sections": {}}, [item("a")], "/scoring/sections", "scoring_wrong_type"),
    ({"bandz": []}, [item("a")], "/scoring/bandz", "scoring_unknown_property"),
    ({"method": "points"}, [], "/scoring", "nothing_scored"),
    ({"method": "deduct"}, [], "/scoring", "nothing_scored"),
    (weighted("60", "30"), [IN_X, IN_Y], "/scoring/sections", "weights_do_not_add_up"),
    (weighted("60", "40"), [IN_X], "/scoring/sections/1", "section_unreachable"),
    ({"sections": [{"name": "x"}, {"name": "x"}]}, [IN_X], "/scoring/sections/1/name", "section_duplicate"),
    ({"sections": [{"weight": "1"}]}, [IN_X], "/scoring/sections/0/name", "scoring_missing_property"),
    (
        {"method": "weighted_sections", "sections": [{"name": "x", "weight": "100"}, {"name": "y"}]},
        [IN_X, IN_Y],
        "/scoring/sections/1",
        "section_weight_missing",
    ),
    (
        {"sections": [{"name": "x", "points": "11"}]},
        [IN_X],
        "/scoring/sections/0/points",
        "points_unreachable",
    ),
    ({"method": "points", "points": "55"}, [item("a")], "/scoring/points", "points_do_not_add_up"),
    ({"method": "deduct", "sections": [{"name": "x"}]}, [], "/scoring/sections/0", "section_points_missing"),
    (bands(("A", "90"), ("A", "0")), [item("a")], "/scoring/bands/1/grade", "band_duplicate"),
    (bands(("A", "0"), ("B", "0")), [item("a")], "/scoring/bands/1/min", "band_same_minimum"),
    (bands(("A", "90"), ("B", "60")), [item("a")], "/scoring/bands", "band_gap"),
    (bands(("A", "101"), ("B", "0")), [item("a")], "/scoring/bands", "band_unreachable"),
    ({"bands": [{"grade": "A"}]}, [item("a")], "/scoring/bands/0/min", "scoring_missing_property"),
]

ITEM_PROBLEMS: list[tuple[list[ItemDefinition], str, str]] = [
    ([item("a", "x")], A, "scoring_not_object"),
    (a(awards={"yes": "1", "no": "0", "na": "0"}, weigth="2"), f"{A}/weigth", "scoring_unknown_property"),
    (a(weight="2"), f"{A}/awards", "awards_missing"),
    (a(awards="value"), f"{A}/awards", "awards_not_for_type"),
    (a(awards={"yes": "1", "no": "0", "na": "0", "yess": "1"}), f"{A}/awards", "award_unknown_choice"),
    (a(awards={"yes": "1", "no": "0"}), f"{A}/awards", "award_missing"),
    (a(awards={"yes": 0.5, "no": "0", "na": "0"}), f"{A}/awards/yes", "scoring_not_exact"),
    (a(awards={"yes": "1", "no": "0", "na": "0"}, naValue="na"), f"{A}/awards", "award_for_na"),
    (a(awards={"yes": "1", "no": "0", "na": "0"}, naValue="n/a"), f"{A}/naValue", "na_unknown_choice"),
    (a(awards={"yes": "1", "no": "-1", "na": "0"}, bonus=True), f"{A}/awards", "bonus_negative"),
    (a(**verdict(weight="0")), f"{A}/weight", "scoring_not_positive"),
    (a(**verdict("x")), f"{A}/section", "section_unknown"),
    (a(**verdict(critical="grade", criticalOn=["no"])), f"{A}/critical", "critical_without_bands"),
    (a(**verdict(critical="section", criticalOn=["no"])), f"{A}/critical", "critical_without_section"),
    (a(**verdict(critical="form")), f"{A}/critical", "critical_without_answers"),
    (a(**verdict(criticalOn=["no"])), f"{A}/criticalOn", "critical_without_level"),
    (a(**verdict(critical="form", criticalOn=["never"])), f"{A}/criticalOn", "critical_unknown_choice"),
    (a(**verdict(rows={"r": "1"})), f"{A}/rows", "row_unknown"),
    (a(**verdict(key="yes")), f"{A}/key", "scoring_wrong_type"),
    (a(**verdict(code=8)), f"{A}/code", "scoring_wrong_type"),
    ([item("a", {"awards": "value"}, answer="other")], A, "item_not_scorable"),
    ([item("a", {"awards": "value"}, answer="number")], f"{A}/awards", "range_missing"),
    ([item("a", {"scaleTo": "5"}, answer="number", bounds=(1, 1))], f"{A}/scaleTo", "range_missing"),
    (
        [item("a", {"scaleTo": "5", "awards": "value"}, answer="number", bounds=(1, 5))],
        f"{A}/scaleTo",
        "awards_and_scale",
    ),
    (
        [item("a", verdict(rows={"r": "0"}), answer="matrix", rows=("r",))],
        f"{A}/rows",
        "scoring_not_positive",
    ),
]


@pytest.mark.parametrize(("form", "items", "pointer", "code"), FORM_PROBLEMS)
def test_form_level(form: object, items: list[ItemDefinition], pointer: str, code: str) -> None:
    assert (pointer, code) in {(problem.pointer, problem.code) for problem in lint(form, items)}
    with pytest.raises(ScoringInvalid):
        compile_scoring(form, items)


@pytest.mark.parametrize(("items", "pointer", "code"), ITEM_PROBLEMS)
def test_item_level(items: list[ItemDefinition], pointer: str, code: str) -> None:
    assert (pointer, code) in {
        (problem.pointer, problem.code) for problem in lint({"method": "points"}, items)
    }
    with pytest.raises(ScoringInvalid):
        compile_scoring({"method": "points"}, items)


def test_parts_of_45_under_a_declared_55_are_refused() -> None:
    parts = [
        {"name": name, "points": points} for name, points in zip("abcd", ("15", "20", "5", "5"), strict=True)
    ]
    (problem,) = lint({"method": "deduct", "scale": "55", "sections": parts}, [])
    assert (problem.code, problem.params) == ("points_do_not_add_up", {"sum": "45", "expected": "55"})


def test_a_section_must_be_named_where_there_are_sections() -> None:
    codes = {problem.code for problem in lint(weighted("60", "40"), [IN_X, IN_Y, item("c")])}
    assert codes == {"section_missing"}


def test_deductions_are_written_with_their_sign() -> None:
    codes = [problem.code for problem in lint({"method": "deduct"}, [item("a")])]
    assert codes == ["award_positive"]


def test_more_points_than_the_section_holds_is_a_warning() -> None:
    form = {"sections": [{"name": "x", "points": "9"}]}
    (problem,) = lint(form, [IN_X])
    assert (problem.code, problem.severity) == ("points_above_section", "warning")
    compile_scoring(form, [IN_X])


def test_a_band_above_the_scale_is_reachable_by_an_uncapped_bonus() -> None:
    form = bands(("A", "105"), ("B", "0")) | {"capBonus": False}
    assert lint(form, [item("a"), item("b", verdict(bonus=True))]) == ()


def test_all_problems_come_at_once_with_a_suggestion() -> None:
    form = {"method": "points", "sections": SECTIONS, "placse": 2}
    problems = lint(form, [item("a", verdict("xx")), item("b", verdict("y", weight="-1"))])
    assert [problem.code for problem in problems] == [
        "scoring_unknown_property",
        "section_unknown",
        "scoring_not_positive",
    ]
    assert problems[0].params["suggestion"] == "places"


def test_every_code_and_its_parameters_are_registered() -> None:
    cases = [lint(form, items) for form, items, *_ in FORM_PROBLEMS]
    cases += [lint({"method": "points"}, items) for items, *_ in ITEM_PROBLEMS]
    for problem in (problem for problems in cases for problem in problems):
        assert tuple(problem.params) == CODES[problem.code]


def test_a_form_without_scoring_has_no_rules() -> None:
    assert lint(None, [ItemDefinition("a", "/x", None)]) == ()
    assert form_rules({"pages": [{"elements": [{"type": "text", "name": "a"}]}]}) is None


FORM: dict[str, Json] = {
    "scoring": {"method": "points", "scale": "50"},
    "pages": [
        {
            "elements": [
                {"type": "boolean", "name": "open", "scoring": {"awards": {"true": "2", "false": "0"}}},
                {
                    "type": "panel",
                    "elements": [
                        {"type": "rating", "name": "rate", "rateMax": 5, "scoring": {"scaleTo": "4"}},
                        {
                            "type": "checkbox",
                            "name": "seen",
                            "choices": ["flag", {"value": 2, "text": "two"}],
                            "showNoneItem": True,
                            "scoring": {"awards": {"flag": "1", "2": "1", "none": "0"}},
                        },
                    ],
                },
                {
                    "type": "matrix",
                    "name": "grid",
                    "columns": ["good", "bad"],
                    "rows": ["door", {"value": "till"}],
                    "scoring": {"awards": {"good": "1", "bad": "0"}},
                },
                {"type": "comment", "name": "why"},
            ]
        }
    ],
}


def test_items_are_found_in_a_form_definition() -> None:
    items = {found.name: found for found in form_items(FORM)}
    assert items["rate"].choices == ("1", "2", "3", "4", "5")
    assert items["rate"].pointer == "/pages/0/elements/1/elements/0"
    assert items["seen"].choices == ("flag", "2", "none")
    assert items["grid"].rows == ("door", "till")
    assert items["why"].scoring is None


def test_a_form_definition_scores() -> None:
    rules = form_rules(FORM)
    assert rules is not None
    answers: dict[str, object] = {
        "open": True,
        "rate": 4,
        "seen": ["flag", 2],
        "grid": {"door": "good", "till": "bad"},
    }
    sheet = score(rules, answers, set(answers))
    assert (sheet.earned, sheet.possible, str(sheet.published)) == (8, 10, "40.00")


@pytest.mark.parametrize(
    ("question", "choices"),
    [
        ({"type": "rating", "rateValues": [1, {"value": 3}, 5]}, ("1", "3", "5")),
        ({"type": "rating", "rateCount": 3}, ("1", "2", "3")),
        ({"type": "rating", "rateMin": 0, "rateCount": 3, "rateStep": 2}, ("0", "2", "4")),
        ({"type": "rating", "rateMin": 0, "rateMax": 10000}, ()),
        ({"type": "rating", "rateMin": 0, "rateMax": 1, "rateStep": 0.5}, ("0", "0.5", "1")),
        ({"type": "boolean", "valueTrue": "Y", "valueFalse": "N"}, ("Y", "N")),
        ({"type": "radiogroup", "choices": ["a"], "showOtherItem": True}, ("a", "other")),
    ],
)
def test_choices_of_question_types(question: dict[str, Json], choices: tuple[str, ...]) -> None:
    (found,) = form_items({"pages": [{"elements": [question]}]})
    assert found.choices == choices
