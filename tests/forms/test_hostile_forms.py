"""Definitions made to hurt: refused with a limit, a bounded number of problems, and never an exception."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.forms import FormInvalid, check, compile_form, lint, page_logic, shown, view
from server.forms.expressions.operations import COMPARISONS
from server.forms.problems import MAX_PROBLEMS
from tests.forms.test_lint import form, text

TODAY = date(2026, 5, 1)


def nested(levels: int) -> dict[str, Any]:
    element: dict[str, Any] = text("a")
    for level in range(levels):
        element = {"type": "panel", "name": f"p{level}", "elements": [element]}
    return form(element)


def panel_of_50(number: int, **properties: Any) -> dict[str, Any]:
    questions = [text(f"q{number}-{index}", **properties) for index in range(50)]
    return {"type": "panel", "name": f"p{number}", "elements": questions}


def borrowing(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "checkbox", "name": name, "title": name, "choicesFromQuestion": "all", **properties}


def matrix(name: str, rows: int, columns: int) -> dict[str, Any]:
    lists = {"rows": list(range(rows)), "columns": list(range(columns))}
    return {"type": "matrix", "name": name, "title": name, **lists}


def calculating(*expressions: str) -> dict[str, Any]:
    named: list[dict[str, Any]] = [
        {"name": f"c{n}", "expression": source} for n, source in enumerate(expressions)
    ]
    named[-1]["includeIntoResult"] = True
    return {**form(text("a")), "calculatedValues": named}


THOUSAND = [f"c{n}" for n in range(1_000)]
# 251,001 ways through 500 digits.
COSTLY_PATTERN = {"type": "regex", "regex": r"^\d*\d*$"}


HOSTILE: dict[str, tuple[object, str]] = {
    "5,000 questions": (form(*(text(f"q{n}") for n in range(5_000))), "list_too_long"),
    "1,001 questions in panels": (
        form(
            *(
                {"type": "panel", "name": f"p{n}", "elements": [text(f"q{n}-{m}") for m in range(50)]}
                for n in range(21)
            )
        ),
        "form_too_many_questions",
    ),
    "expressions of 450,000 characters": (
        form(text("a"), *(text(f"q{n}", visibleIf="{a} = 1 or " * 44 + "{a} = 2") for n in range(900))),
        "form_too_many_expressions",
    ),
    "100 levels": (nested(100), "form_too_deep"),
    "a name of a megabyte": (form(text("x" * 1_000_000)), "text_too_long"),
    "a property of a megabyte": (form(text("a", **{"x" * 1_000_000: 1})), "property_unknown"),
    "a title of a megabyte": (form(text("a", title="x" * 1_000_000)), "text_too_long"),
    "a type of a megabyte": (form({"type": "x" * 1_000_000, "name": "a"}), "type_unknown"),
    "an expression of a megabyte": (form(text("a", visibleIf="1+" * 200_000)), "text_too_long"),
    "brackets of brackets": (form(text("a", visibleIf="[" * 400)), "expression_too_deep"),
    "10,000 duplicates": (form(*(text("same") for _ in range(900))), "name_duplicate"),
    "100,000 unknown properties": (
        form(text("a", **{f"x{n}": n for n in range(100_000)})),
        "property_unknown",
    ),
    "unknown names in 1,000 expressions": (
        form(*(text(f"question {n}", visibleIf=f"{{question x{n}}} = 1") for n in range(1_000))),
        "expression_unknown_name",
    ),
    "prototype names": (form(text("__proto__"), text("prototype"), text("toString")), "name_invalid"),
    "1,000 rows by 1,000 columns": (
        form(
            {
                "type": "matrixdropdown",
                "name": "m",
                "title": "M",
                "rows": list(range(1_000)),
                "columns": [{"name": f"c{n}", "cellType": "text"} for n in range(990)],
            }
        ),
        "group_too_large",
    ),
    "panels in panels in panels": (
        form(
            {
                "type": "paneldynamic",
                "name": "p",
                "title": "P",
                "templateElements": [{"type": "paneldynamic", "name": "q", "templateElements": []}],
            }
        ),
        "type_not_inside",
    ),
    "1,000 triggers": (
        {
            **form(*(text(f"q{n}") for n in range(900))),
            "triggers": [
                {"type": "skip", "expression": "{q0} = 1", "gotoName": "q899"} for _ in range(1_000)
            ],
        },
        "list_too_long",
    ),
    "a circle inside a panel": (
        form(
            {
                "type": "paneldynamic",
                "name": "p",
                "title": "P",
                "templateElements": [
                    text("a", visibleIf="{panel.b} = 1"),
                    text("b", visibleIf="{panel.A} = 1"),
                ],
            }
        ),
        "dependency_cycle",
    ),
    "a circle of a panel and the form": (
        form(
            text("x", visibleIf="{p[0].a} = 1"),
            {
                "type": "paneldynamic",
                "name": "p",
                "title": "P",
                "templateElements": [text("a", visibleIf="{x} = 1")],
            },
        ),
        "dependency_cycle",
    ),
    "script in html": (
        form({"type": "html", "name": "h", "html": "<img src=x onerror=alert(1)>"}),
        "html_tag",
    ),
    "a section that the parser fails at": (form({"type": "html", "name": "h", "html": "<![x["}), "html_tag"),
    "3,333 tags without an end": (
        form({"type": "html", "name": "h", "html": "<a " * 3_333}),
        "html_too_many_tags",
    ),
    "300 lists of 1,000 from another question": (
        form(
            {"type": "checkbox", "name": "all", "title": "All", "choices": THOUSAND},
            *(borrowing(f"q{n}", choicesFromQuestionMode="selected") for n in range(300)),
        ),
        "form_too_many_depending",
    ),
    "choices with conditions in every panel": (
        form(
            text("a"),
            {
                "type": "paneldynamic",
                "name": "p",
                "title": "P",
                "templateElements": [
                    {
                        "type": "dropdown",
                        "name": "d",
                        "choices": THOUSAND,
                        "choicesVisibleIf": "{item} contains 'c'",
                    }
                ],
            },
        ),
        "form_too_many_depending",
    ),
    "a title in 8,000 languages": (
        form(text("a", title={"default": "A", **{f"aa-{n:04}": "A" for n in range(8_000)}})),
        "locales_too_many",
    ),
    "each title in languages of its own": (
        form(*(text(f"a{n}", title={"default": "A", f"aa-{n:04}": "A"}) for n in range(60))),
        "locales_too_many",
    ),
    "a matrix of 500 by 500": (form(matrix("m", 500, 500)), "grid_too_large"),
    "rows by columns by choices": (
        form(
            {
                "type": "matrixdropdown",
                "name": "m",
                "title": "M",
                "rows": ["a", "b"],
                "columns": [{"name": f"c{n}"} for n in range(6)],
                "choices": THOUSAND,
            }
        ),
        "grid_too_large",
    ),
    "three matrices of 100 by 100": (
        form(*(matrix(f"m{n}", 100, 100) for n in range(3))),
        "form_too_many_cells",
    ),
    "50 costly patterns": (
        form(*(text(f"q{n}", validators=[COSTLY_PATTERN]) for n in range(50))),
        "patterns_too_costly",
    ),
    "a costly pattern in every panel": (
        form(
            {
                "type": "paneldynamic",
                "name": "p",
                "title": "P",
                "templateElements": [text("a", validators=[COSTLY_PATTERN])],
            }
        ),
        "patterns_too_costly",
    ),
}


@pytest.mark.parametrize(("definition", "code"), HOSTILE.values(), ids=HOSTILE)
def test_refused_with_a_bounded_report(definition: object, code: str) -> None:
    with pytest.raises(FormInvalid) as caught:
        compile_form(definition)
    problems = caught.value.problems
    assert code in {problem.code for problem in problems}
    assert len(problems) <= 2 * (MAX_PROBLEMS + 1)
    assert len(json.dumps([[p.pointer, dict(p.params)] for p in problems])) < 200_000


def test_the_largest_form_allowed_compiles() -> None:
    panels = (panel_of_50(n, visibleIf="{q0-0} empty or {q0-0} = 1") for n in range(1, 20))
    assert len(compile_form(form(panel_of_50(0), *panels)).questions) == 1_000


CHAINS = {
    "lists of lists, twenty times each": ["[1, 2, 3]"]
    + [f"[{','.join([f'{{c{n}}}'] * 20)}]" for n in range(12)],
    "a list in a list in a list": ["[1, 2, 3]"] + [f"[{{c{n}}}]" for n in range(998)],
    "sums of lists of lists": ["[[1, 2], [3, 4]]"] + [f"{{c{n}}} + {{c{n}}}" for n in range(998)],
}


def values_in(value: object) -> int:
    return 1 + sum(map(values_in, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("expressions", CHAINS.values(), ids=CHAINS)
def test_calculated_lists_stay_small(expressions: list[str]) -> None:
    result = check(compile_form(calculating(*expressions)), {"a": "1"}, variables={}, today=TODAY)
    assert values_in(result.values.get(f"c{len(expressions) - 1}")) <= 1_001


def test_a_list_of_lists_of_the_usual_size_is_left_alone() -> None:
    compiled = compile_form(calculating("[1, [2, ['x']]]", "[{c0}, {c0}]"))
    result = check(compiled, {}, variables={}, today=TODAY)
    assert result.values["c1"] == [[1, [2, ["x"]]], [1, [2, ["x"]]]]


def test_an_answer_is_not_shown_beyond_the_length_of_a_text() -> None:
    long = {**matrix("m", 100, 2), "columns": [{"value": 1, "text": "x" * 1_000}, 2]}
    compiled = compile_form(
        {**calculating("displayValue('m')"), "pages": [{"name": "p", "elements": [long]}]}
    )
    answers = {"m": {str(row): 1 for row in range(100)}}
    shown_text = check(compiled, answers, variables={}, today=TODAY).values["c0"]
    assert isinstance(shown_text, str)
    assert len(shown_text) == 10_000


_ITEMS = st.lists(
    st.sampled_from([0, 1, 2.5, "a", " A", "1", "1.0", "2.5", "0x1", "", " ", "b", True, None]), max_size=4
)


@given(_ITEMS, _ITEMS, st.sampled_from([["zz"], [7], ["9"]]))
def test_long_lists_compare_as_short_ones_do(left: Any, right: Any, filling: Any) -> None:
    """Repeating an item changes no answer, and takes the way of long lists."""
    for operator in ("contains", "allof", "anyof"):
        compare = COMPARISONS[operator]
        short = compare([*left, *filling], [*right, *filling[:1]]), compare([*left, *filling], [*right, "q"])
        long = (
            compare([*left, *filling * 50], [*right, *filling * 50]),
            compare([*left, *filling * 50], [*right, *["q"] * 50]),
        )
        assert long == short


def test_known_choices_are_found_by_type() -> None:
    asked = {"type": "dropdown", "name": "s", "title": "S", "choices": [1, "true", "b"]}
    expression = "{s} anyof [1, true, 'B', 2]"
    unknown = [p.params["value"] for p in lint(form(asked, text("q", visibleIf=expression)))]
    assert unknown == ["2"]


_KEYS = [
    "type",
    "name",
    "title",
    "pages",
    "elements",
    "choices",
    "value",
    "visibleIf",
    "validators",
    "evidence",
    "scoring",
    "awards",
    "rows",
    "columns",
    "min",
    "rateMin",
    "html",
    "expression",
    "default",
]
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["", "a", "text", "panel", "{a} = 1", "radiogroup"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


FEATURES = [json.loads(path.read_text("utf-8")) for path in sorted(Path("tests/definitions").glob("*.json"))]


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


def replaced(node: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = replaced(node[path[0]], path[1:], value)
    return copy


@given(st.data())
@settings(max_examples=300)
def test_any_feature_with_anything_changed(data: st.DataObject) -> None:
    """A feature with one place replaced is linted, and where it compiles any answers are checked."""
    feature = data.draw(st.sampled_from(FEATURES))
    where = data.draw(st.sampled_from(list(places(feature["form"]))))
    definition = replaced(feature["form"], where, data.draw(_JSON))
    if any(problem.severity == "error" for problem in lint(definition)):
        return
    given_answers = data.draw(st.sampled_from(feature["cases"]))["answers"]
    at = data.draw(st.sampled_from(list(places(given_answers))))
    answers = replaced(given_answers, at, data.draw(_JSON))
    compiled = compile_form(definition)
    sent = answers if isinstance(answers, dict) else {}
    once = check(compiled, sent, variables={}, today=TODAY, fill=data.draw(st.booleans()))
    if compiled.hidden_answers != "onComplete":
        assert check(compiled, once.values, variables={}, today=TODAY).values == once.values
    logic = page_logic(compiled, 0, once.values, variables={}, today=TODAY)
    page = view(compiled, 0, shown(once, sent, with_errors=True), locale="zh-CN", variables={}, seed="s")
    json.dumps([logic, repr(page)])


@given(_JSON)
def test_any_json_is_linted(definition: object) -> None:
    lint(definition)


@given(_JSON)
def test_any_element_is_linted(element: object) -> None:
    lint(form(element, element))


@given(st.dictionaries(st.sampled_from("abcdef"), _JSON))
def test_any_answers_are_checked(answers: dict[str, object]) -> None:
    kinds = [
        text("a"),
        text("b", inputType="number", min=0),
        {"type": "checkbox", "name": "c", "title": "C", "choices": ["a", 1]},
        {"type": "matrix", "name": "d", "title": "D", "rows": ["a"], "columns": ["a", 1]},
        {"type": "file", "name": "e", "title": "E", "visibleIf": "{a} empty or {d.a} = 1"},
        {"type": "boolean", "name": "f", "title": "F", "visibleIf": "{b} > 1 or {c} contains 'a'"},
    ]
    compiled = compile_form(form(*kinds))
    once = check(compiled, answers, variables={}, today=date(2026, 5, 1))
    twice = check(compiled, once.values, variables={}, today=date(2026, 5, 1))
    assert twice.values == once.values
