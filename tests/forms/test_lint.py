"""Linting: every slip has a pointer and a code, all are found at once, the nearest name is suggested."""

from typing import Any

import pytest

from server.forms import FormInvalid, compile_form, lint

Found = list[tuple[str, str]]


def text(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "text", "name": name, "title": name.upper(), **properties}


def form(*elements: Any, **properties: Any) -> dict[str, Any]:
    return {"pages": [{"name": "page", "elements": list(elements)}], **properties}


def found(definition: object, severity: str = "error") -> Found:
    return [(p.pointer, p.code) for p in lint(definition) if p.severity == severity]


def radio(name: str, *choices: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "radiogroup", "name": name, "title": name.upper(), "choices": list(choices), **properties}


BOTH = {"default": "甲", "en": "A"}
E0 = "/pages/0/elements/0"
E1 = "/pages/0/elements/1"


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (None, [("", "property_type"), ("", "property_missing"), ("/pages", "property_missing")]),
        ({"pages": []}, [("/pages", "property_missing")]),
        (form(text("a"), titel="x"), [("/titel", "property_unknown")]),
        (form(text("a", titel="x")), [(f"{E0}/titel", "property_unknown")]),
        (form("text"), [(E0, "property_type")]),
        (form({"name": "a"}), [(E0, "property_missing")]),
        (form({"type": "txt", "name": "a"}), [(f"{E0}/type", "type_unknown")]),
        (form({"type": "text", "title": "A"}), [(E0, "property_missing")]),
        (form(text("a", isRequired="yes")), [(f"{E0}/isRequired", "property_type")]),
        (form(text("a", maxLength=0)), [(f"{E0}/maxLength", "property_range")]),
        (form(text("a", inputType="nmber")), [(f"{E0}/inputType", "property_choice")]),
        (form(text("a"), text("A")), [(f"{E1}/name", "name_duplicate")]),
        (form(text("a b")), []),
        (form(text("a.b")), [(f"{E0}/name", "name_invalid")]),
        (form(text("__proto__")), [(f"{E0}/name", "name_invalid")]),
        (form(text("constructor")), [(f"{E0}/name", "name_invalid")]),
        (form(text("a", visibleIf="{b} = 1")), [(f"{E0}/visibleIf", "expression_unknown_name")]),
        (form(text("a", visibleIf="{a} = 1")), [(E0, "dependency_cycle")]),
        (form(text("a", title="Hello {b}")), [(f"{E0}/title", "text_unknown_name")]),
        (form(text("a", title={"default": "A", "英文": "A"})), [(f"{E0}/title/英文", "locale_invalid")]),
        (form(text("a", title="x" * 10_001)), [(f"{E0}/title", "text_too_long")]),
        (form(text("a", title="x\u0000")), [(f"{E0}/title", "text_unsafe")]),
        (form(text("a", inputType="number", min=5, max=1)), [(f"{E0}/max", "limits_contradict")]),
        (form(text("a", inputType="date", min="1.1.2026")), [(f"{E0}/min", "property_type")]),
        (
            form(radio("r")),
            [(f"{E0}/choices", "property_type")],
        ),
        (
            form(radio("r", 1, "1")),
            [(f"{E0}/choices/1", "choice_duplicate")],
        ),
        (
            form(
                {"type": "radiogroup", "name": "r", "title": "R", "choices": ["other"], "showOtherItem": True}
            ),
            [(f"{E0}/showOtherItem", "choice_duplicate")],
        ),
        (form({"type": "rating", "name": "r", "title": "R", "rateMin": 5}), [(E0, "limits_contradict")]),
        (form({"type": "html", "name": "h", "html": "<script>x</script>"}), [(f"{E0}/html", "html_tag")]),
        (form(text("a", evidence={"note": "onFail"})), [(f"{E0}/evidence", "evidence_fail_unknown")]),
        (form(text("a", validators=[{"type": "regx"}])), [(f"{E0}/validators/0/type", "type_unknown")]),
        (
            form(text("a", validators=[{"type": "regex", "regex": "(a+)+$"}])),
            [(f"{E0}/validators/0/regex", "pattern_too_costly")],
        ),
        (
            form(text("a", validators=[{"type": "numeric", "minValue": 2, "maxValue": 1}])),
            [(f"{E0}/validators/0/maxValue", "limits_contradict")],
        ),
        (form(text("v-note"), text("v"), variables=[{"name": "V"}]), [(f"{E1}/name", "name_duplicate")]),
        (form(text("a"), clearInvisibleValues="never"), [("/clearInvisibleValues", "property_choice")]),
    ],
)
def test_each_slip_is_an_error_at_its_place(definition: object, expected: Found) -> None:
    assert found(definition) == expected


def test_all_problems_come_at_once_with_suggestions() -> None:
    definition = form(
        text("wait", visibleIf="{entred} = 1 and sume(1) > 2"), text("entered", isRequierd=True)
    )
    problems = lint(definition)
    assert [problem.code for problem in problems] == ["property_unknown", "expression_unknown_name"]
    assert [problem.params["suggestion"] for problem in problems] == ["isRequired", "entered"]
    assert problems[1].params["column"] == 1


def test_a_cycle_names_its_members() -> None:
    definition = form(text("a", visibleIf="{b} = 1"), text("b", visibleIf="{a} = 1"))
    (problem,) = lint(definition)
    assert set(problem.params["names"]) == {"a", "b"}  # type: ignore[call-overload]  # params are JSON values


def test_companion_names_are_taken() -> None:
    verdict = radio("v", "y", evidence={"photo": "always"})
    assert found(form(verdict, text("v-photo"))) == [(f"{E1}/name", "name_duplicate")]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (form({"type": "text", "name": "a"}), [(E0, "title_missing")]),
        ({"pages": [{"name": "p", "elements": []}]}, [("/pages/0", "page_empty")]),
        (
            form(text("a", title={"default": "甲", "en": "A"}), text("b", title="乙")),
            [(f"{E1}/title", "translation_missing")],
        ),
        (form(text("a", title={"default": "甲", "en": "A"}), text("b", title="10086")), []),
        (
            form(
                text("a", title={"default": "A", "zh": "甲"}),
                text("b", title={"default": "B", "zh-CN": "乙"}),
            ),
            [],
        ),
    ],
)
def test_warnings(definition: object, expected: Found) -> None:
    assert found(definition, "warning") == expected
    assert found(definition) == []


def test_compiling_raises_with_all_problems() -> None:
    with pytest.raises(FormInvalid) as caught:
        compile_form(form(text("a", x=1, y=2)))
    assert [problem.pointer for problem in caught.value.problems] == [f"{E0}/x", f"{E0}/y"]
