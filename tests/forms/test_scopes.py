"""What expressions read outside the walk: closing texts, triggers, titles; and blanks that stay."""

from datetime import date
from typing import Any

import pytest

from server.forms import (
    Checked,
    CompiledForm,
    check,
    closing_text,
    compile_form,
    fired,
    page_answers,
    shown,
    view,
)
from tests.forms.test_pages import PHOTO, Posted

TODAY = date(2026, 5, 1)


def text(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "text", "name": name, "title": name.upper(), **properties}


def form(*elements: Any, **properties: Any) -> CompiledForm:
    return compile_form({"pages": [{"name": "page", "elements": list(elements)}], **properties})


def checked(compiled: CompiledForm, answers: dict[str, object], *, fill: bool = False) -> Checked:
    return check(compiled, answers, variables={}, today=TODAY, fill=fill)


TOTAL = form(
    text("a", inputType="number"),
    text("b", title="Total {t}"),
    calculatedValues=[{"name": "t", "expression": "{a} * 2"}],
    triggers=[{"type": "setvalue", "expression": "{t} > 5", "setToName": "b", "setValue": "much"}],
    completedHtml="Little",
    completedHtmlOnCondition=[{"expression": "{t} > 5", "html": "Much"}],
)
KEPT = form(
    {"type": "boolean", "name": "ask", "title": "ASK"},
    text("why", visibleIf="{ask} = true"),
    text("b"),
    triggers=[{"type": "setvalue", "expression": "{why} = 'x'", "setToName": "b", "setValue": "kept"}],
    clearInvisibleValues="onComplete",
    completedHtml="No reason",
    completedHtmlOnCondition=[{"expression": "{why} notempty", "html": "A reason"}],
)


@pytest.mark.parametrize(
    ("compiled", "answers", "expected"),
    [
        (TOTAL, {"a": 2}, "Little"),
        (TOTAL, {"a": 3}, "Much"),
        (KEPT, {"ask": False}, "No reason"),
        (KEPT, {"ask": False, "why": "x"}, "A reason"),
    ],
)
def test_the_closing_text_reads_what_conditions_read(
    compiled: CompiledForm, answers: dict[str, object], expected: str
) -> None:
    closing = closing_text(compiled, checked(compiled, answers), today=TODAY)
    assert closing is not None
    assert closing.in_locale("en") == expected


@pytest.mark.parametrize(
    ("compiled", "before", "after", "written"),
    [
        (TOTAL, {"a": 2}, {"a": 3}, {"b": "much"}),
        (TOTAL, {"a": 3}, {"a": 3, "b": "own"}, {}),
        (TOTAL, {"a": 3}, {"a": 2}, {}),
        (KEPT, {"ask": False}, {"ask": False, "why": "x"}, {"b": "kept"}),
    ],
)
def test_a_trigger_sees_calculated_and_kept_values_change(
    compiled: CompiledForm, before: dict[str, object], after: dict[str, object], written: dict[str, object]
) -> None:
    assert fired(compiled, checked(compiled, before), checked(compiled, after), today=TODAY) == written


def test_a_title_shows_a_calculated_value() -> None:
    page = view(TOTAL, 0, shown(checked(TOTAL, {"a": 4})), locale="en", variables={})
    assert page.elements[1].title == "Total 8"


GIVEN = {"title": "G", "defaultValue": "given"}
GROUPS: dict[str, tuple[dict[str, Any], dict[str, list[str]], object]] = {
    "items": (
        {
            "type": "multipletext",
            "title": "T",
            "items": [{"name": "x", **GIVEN}, {"name": "y", "title": "Y"}],
        },
        {"t.x": [""], "t.y": [""]},
        {"x": None},
    ),
    "panels": (
        {"type": "paneldynamic", "title": "T", "templateElements": [{"type": "text", "name": "x", **GIVEN}]},
        {"t-count": ["1"], "t[0].x": [""]},
        [{"x": None}],
    ),
    "calculated": (
        {
            "type": "multipletext",
            "title": "T",
            "items": [{"name": "x", "title": "X", "defaultValueExpression": "'given'"}],
        },
        {"t.x": [""]},
        {"x": None},
    ),
}


@pytest.mark.parametrize(("element", "fields", "expected"), GROUPS.values(), ids=GROUPS)
def test_a_blank_inside_a_group_stays_blank(
    element: dict[str, Any], fields: dict[str, list[str]], expected: object
) -> None:
    compiled = form({**element, "name": "t"})
    answers = page_answers(compiled, 0, Posted(fields))
    assert answers == {"t": expected}
    assert checked(compiled, answers, fill=True).values == {}


@pytest.mark.parametrize(
    ("element", "answer"),
    [
        ({"type": "paneldynamic", "templateElements": [text("n")]}, [{"n": "1"}]),
        ({"type": "multipletext", "items": [{"name": "n", "title": "N"}]}, {"n": "1"}),
        (
            {
                "type": "matrixdropdown",
                "rows": ["r"],
                "columns": [{"name": "n", "title": "N", "cellType": "text"}],
            },
            {"r": {"n": "1"}},
        ),
    ],
)
def test_a_group_can_need_evidence(element: dict[str, Any], answer: object) -> None:
    compiled = form({**element, "name": "g", "title": "G", "evidence": {"photo": "always"}})
    backed = {"g": answer, "g-photo": [PHOTO]}
    assert [error.pointer for error in checked(compiled, {"g": answer}).errors] == ["/g-photo"]
    assert (checked(compiled, backed).errors, checked(compiled, backed).values) == ((), backed)
