"""Conditions that can hardly hold are warned of with what to write; what may be meant passes in silence."""

from typing import Any

import pytest

from server.forms import lint
from tests.forms.test_lint import E0, form, radio, text

CHOSEN = {"type": "checkbox", "name": "list", "title": "L", "choices": ["x", "y"]}
INSIDE = [
    {"type": "checkbox", "name": "l", "title": "L", "choices": ["x"]},
    text("d", inputType="date"),
    text("plain"),
]
ELEMENTS = [
    CHOSEN,
    {"type": "ranking", "name": "rank", "title": "R", "choices": ["x", "y"]},
    {"type": "rating", "name": "stars", "title": "S"},
    {"type": "boolean", "name": "yes", "title": "Y"},
    {"type": "moment", "name": "pressed", "title": "P"},
    {"type": "paneldynamic", "name": "p", "title": "P", "templateElements": INSIDE},
    {
        "type": "matrixdropdown",
        "name": "m",
        "title": "M",
        "rows": ["r"],
        "columns": [{"name": "c", "cellType": "checkbox", "choices": ["x"]}],
    },
    {"type": "multipletext", "name": "t", "title": "T", "items": [{"name": "day", "inputType": "date"}]},
    radio("one", "x", "y"),
    text("a"),
    text("day", inputType="date"),
    text("to", inputType="datetime-local"),
    text("at", inputType="time"),
    text("month", inputType="month"),
    text("n", inputType="number"),
]
LIST = "expression_list_compared"
UNLIKE = "expression_unlike_answers"
ALONE = "expression_alone"
NEGATED = "expression_negated_name"
DATES = "expression_date_arithmetic"


def warned(condition: str, place: str = "visibleIf") -> list[tuple[str, object, object]]:
    """(code, column, what to write) of each warning."""
    problems = lint(form(*ELEMENTS, text("z", **{place: condition})))
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert {problem.pointer for problem in problems} <= {f"/pages/0/elements/{len(ELEMENTS)}/{place}"}
    return [(p.code, p.params["column"], p.params.get("instead", p.params.get("example"))) for p in problems]


@pytest.mark.parametrize(
    ("condition", "code", "column", "instead"),
    [
        ("{list} = 'x'", LIST, 10, "{list} contains 'x'"),
        ("{list} != 'x'", LIST, 11, "{list} notcontains 'x'"),
        ("'x' = {rank}", LIST, 1, "{rank} contains 'x'"),
        ("{p[0].l} = 'x'", LIST, 12, "{p[0].l} contains 'x'"),
        ("{m.r.c} = 'x'", LIST, 11, "{m.r.c} contains 'x'"),
        ("{day} = 'soon'", UNLIKE, 9, "'2026-06-03'"),
        ("{day} > '2026-6-3'", UNLIKE, 9, "'2026-06-03'"),
        ("{pressed} < 2026", UNLIKE, 13, "'2026-06-03'"),
        ("{t.day} = '3 June'", UNLIKE, 11, "'2026-06-03'"),
        ("{p[-1].d} = 'x'", UNLIKE, 13, "'2026-06-03'"),
        ("{at} > '9:00'", UNLIKE, 8, "'14:05'"),
        ("{n} > 'ten'", UNLIKE, 7, "12.5"),
        ("5", ALONE, 1, "{…} = 5"),
        ("'x'", ALONE, 1, "{…} = 'x'"),
        ("null", ALONE, 1, "{…} = null"),
        ("['x', 1]", ALONE, 1, "{…} = ['x', 1]"),
        ("{a} = 'x' or 'y'", ALONE, 14, "{…} = 'y'"),
        ("{a} = 'x' and 'y'", ALONE, 15, "{…} = 'y'"),
        ("{n}", ALONE, 1, "{n} > 0"),
        ("{a} = 'x' or {list}", ALONE, 14, "{list} notempty"),
        ("{p}", ALONE, 1, "{p} notempty"),
        ("!{a} = 'yes'", NEGATED, 1, "{a} != 'yes'"),
        ("!{a} <> 'yes'", NEGATED, 1, "{a} = 'yes'"),
        ("{n} = 1 and !{a} < 5", NEGATED, 13, "!({a} < 5)"),
        ("!{list} contains 'x'", NEGATED, 1, "!({list} contains 'x')"),
        ("{day} < today() - 3", DATES, 17, "today(-3)"),
        ("{day} < currentDate() + 3", DATES, 23, "today(3)"),
        ("{day} < today() - {n}", DATES, 17, "today(0 - {n})"),
        ("{to} < {day} + 1", DATES, 14, "dateAdd({day}, 1)"),
        ("{to} < 1 + {day}", DATES, 10, "dateAdd({day}, 1)"),
        ("{to} - {day} > 3", DATES, 6, "dateDiff({day}, {to})"),
        ("today(-1) - {day} > 3", DATES, 11, "dateDiff({day}, today(-1))"),
        ("5 - {day} > 3", DATES, 3, "dateDiff(…, {day})"),
        ("{at} - {at} > 3", DATES, 6, "dateDiff('2000-01-01T' + {at}, '2000-01-01T' + {at}, 'minutes')"),
    ],
)
def test_what_can_hardly_hold_is_warned_of(condition: str, code: str, column: int, instead: str) -> None:
    assert warned(condition) == [(code, column, instead)]


@pytest.mark.parametrize(
    "condition",
    [
        "{list} = ['x']",
        "{list} contains 'x'",
        "{list[0]} = 'x'",
        "{list.length} > 1",
        "{list} = ''",
        "{list} notempty",
        "{day} = '2026-06-03'",
        "{day} >= '2026-06'",
        "{month} = '2026-06'",
        "{to} > '2026-06-03T14:05'",
        "{day} = ''",
        "{day} != {a}",
        "{day} contains '2026-06'",
        "{p[0].plain} = 'soon'",
        "{p.length} > 1",
        "{at} >= '09:00'",
        "{n} > '10'",
        "true",
        "false",
        "{yes}",
        "{a}",
        "{one}",
        "{n} and {a} = 'x'",
        "iif({a} = 'x', 1, 0) > 0",
        "!{a}",
        "!({a} = 'yes')",
        "!{yes} = true",
        "!{yes} = 'true'",
        "!{a} empty",
        "!{a} = !{yes}",
        "{day} < today(-3)",
        "dateDiff({day}, {to}) > 3",
        "'on ' + {day} = {a}",
        "{n} - 3 > {stars} + 1",
        "{yes} = true and {yes} != 'true'",
        "sumInArray({p}, 'plain', {plain} > 1) > 5",
    ],
)
def test_what_may_be_meant_passes(condition: str) -> None:
    assert warned(condition) == []


@pytest.mark.parametrize("place", ["requiredIf", "enableIf"])
def test_every_condition_is_looked_at(place: str) -> None:
    assert [code for code, *_ in warned("5", place)] == [ALONE]


def test_a_value_that_is_kept_may_be_anything() -> None:
    assert warned("{a} or 'none'", "defaultValueExpression") == []
    kept = [{"name": "k", "expression": "5"}]
    shown = {"type": "expression", "name": "e", "title": "E", "expression": "{a} or 'none'"}
    assert lint(form(text("a"), shown, calculatedValues=kept)) == ()


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        (
            form(text("a"), triggers=[{"type": "complete", "expression": "5"}]),
            "/triggers/0/expression",
        ),
        (
            form(text("a"), completedHtmlOnCondition=[{"expression": "5", "html": "Bye"}]),
            "/completedHtmlOnCondition/0/expression",
        ),
        (
            form(text("a", validators=[{"type": "expression", "expression": "5"}])),
            f"{E0}/validators/0/expression",
        ),
        (form(radio("a", {"value": 1, "visibleIf": "5"})), f"{E0}/choices/0/visibleIf"),
        (form(radio("a", 1, choicesVisibleIf="5")), f"{E0}/choicesVisibleIf"),
    ],
)
def test_conditions_stand_in_many_places(definition: dict[str, Any], pointer: str) -> None:
    assert [(problem.pointer, problem.code) for problem in lint(definition)] == [(pointer, ALONE)]


@pytest.mark.parametrize(
    ("condition", "codes"),
    [
        ("{panel.l} = 'x'", [LIST]),
        ("{panel.l} contains 'z'", ["expression_unknown_choice"]),
        ("{panel.d} = 'soon'", [UNLIKE]),
        ("{panel.plain} = 'soon'", []),
        ("{list} = 'x'", [LIST]),
    ],
)
def test_inside_a_group_the_own_panel_is_known(condition: str, codes: list[str]) -> None:
    inside = [*INSIDE, text("w", visibleIf=condition)]
    group = {"type": "paneldynamic", "name": "p", "title": "P", "templateElements": inside}
    assert [problem.code for problem in lint(form(CHOSEN, group))] == codes


@pytest.mark.parametrize(
    ("element", "condition", "suggestion"),
    [
        ({}, "{b} = 'yes'", ""),
        ({}, "{b} = 'treu'", "true"),
        ({"valueTrue": "ja", "valueFalse": "nein"}, "{b} = 'nien'", "nein"),
        ({"valueTrue": "ja", "valueFalse": "nein"}, "{b} = true", ""),
    ],
)
def test_a_boolean_has_two_answers(element: dict[str, Any], condition: str, suggestion: str) -> None:
    asked = {"type": "boolean", "name": "b", "title": "B", **element}
    (problem,) = lint(form(asked, text("z", visibleIf=condition)))
    assert (problem.code, problem.params["suggestion"]) == ("expression_unknown_choice", suggestion)


def test_choices_taken_from_another_question_are_warned_of_once() -> None:
    source = radio("a", {"value": 1, "visibleIf": "5"}, 2)
    taken = {"type": "checkbox", "name": "b", "title": "B", "choicesFromQuestion": "a"}
    assert [problem.pointer for problem in lint(form(source, taken))] == [f"{E0}/choices/0/visibleIf"]
