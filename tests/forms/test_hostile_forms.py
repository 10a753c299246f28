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
}


@pytest.mark.parametrize(("definition", "code"), HOSTILE.values(), ids=HOSTILE)
def test_refused_with_a_bounded_report(definition: object, code: str) -> None:
    with pytest.raises(FormInvalid) as caught:
        compile_form(definition)
    problems = caught.value.problems
    assert code in {problem.code for problem in problems}
    assert len(problems) <= MAX_PROBLEMS + 1
    assert len(json.dumps([[p.pointer, dict(p.params)] for p in problems])) < 200_000


def test_the_largest_form_allowed_compiles() -> None:
    panels = (panel_of_50(n, visibleIf="{q0-0} empty or {q0-0} = 1") for n in range(1, 20))
    assert len(compile_form(form(panel_of_50(0), *panels)).questions) == 1_000


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
