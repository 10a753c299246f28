"""Linting: every slip has a pointer and a code, all are found at once, the nearest name is suggested."""

from typing import Any

import pytest

from server.forms import FormInvalid, compile_form, lint
from server.forms.problems import MAX_PROBLEMS

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
NOTE = {"type": "html", "name": "note", "html": "N"}
PAGE = {"name": "p", "elements": [], "title": "P"}
E0 = "/pages/0/elements/0"
E1 = "/pages/0/elements/1"


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (None, [("", "property_type"), ("", "property_missing")]),
        ({}, [("", "property_missing")]),
        ({"pages": 5}, [("/pages", "property_type")]),
        ({"pages": []}, [("/pages", "property_missing")]),
        ({"elements": []}, [("/elements", "property_unsupported"), ("", "property_missing")]),
        ({"pages": [PAGE, PAGE]}, [("/pages/1/name", "name_duplicate")]),
        (
            {"pages": [{"elements": [NOTE]}, {"elements": []}]},
            [("/pages/0", "property_missing"), ("/pages/1", "property_missing")],
        ),
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


PANELS = {"type": "paneldynamic", "name": "p", "title": "P"}
PARTS = {"templateElements": [text("x", inputType="number"), {"type": "html", "name": "i", "html": "I"}]}
TABLE = {
    "type": "matrixdropdown",
    "name": "m",
    "title": "M",
    "rows": ["r"],
    "columns": [{"name": "c", "title": "C", "cellType": "dropdown", "choices": ["a"]}],
}
ITEMS = {"type": "multipletext", "name": "t", "title": "T", "items": [{"name": "x", "title": "X"}]}


@pytest.mark.parametrize(
    ("element", "value", "places"),
    [
        ({**PANELS, **PARTS}, [{"x": 1}, None, {"x": None}], []),
        ({**PANELS, **PARTS}, [{"zz": 1}], ["/0/zz"]),
        ({**PANELS, **PARTS}, [{"x": 1}, {"x": "abc"}], ["/1/x"]),
        ({**PANELS, **PARTS}, [{"i": "seen"}], ["/0/i"]),
        ({**PANELS, **PARTS}, {"x": 1}, [""]),
        (TABLE, {"r": {"c": "a"}}, []),
        (TABLE, {"r": {"c": "b", "d": 1}}, ["/r/c", "/r/d"]),
        (ITEMS, {"x": "A"}, []),
        (ITEMS, {"x": 5, "y": ""}, ["/x", "/y"]),
    ],
)
def test_what_a_form_writes_into_a_group_must_fit_inside(
    element: dict[str, Any], value: object, places: list[str]
) -> None:
    trigger = {
        "type": "setvalue",
        "expression": "{a} notempty",
        "setToName": element["name"],
        "setValue": value,
    }
    given = [(f"{E0}/defaultValue{place}", "default_invalid") for place in places]
    written = [(f"/triggers/0/setValue{place}", "default_invalid") for place in places]
    assert found(form({**element, "defaultValue": value})) == given
    assert found(form(element, text("a"), triggers=[trigger])) == written


BOOLEAN = {"type": "boolean", "name": "b", "title": "B"}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ({**BOOLEAN, "valueTrue": 1, "valueFalse": 0}, []),
        ({**BOOLEAN, "valueTrue": "yes", "valueFalse": "Yes"}, [(E0, "choice_duplicate")]),
        ({**BOOLEAN, "valueTrue": 1, "valueFalse": 1.0}, [(E0, "choice_duplicate")]),
        ({**BOOLEAN, "valueFalse": "true"}, [(E0, "choice_duplicate")]),
        ({"type": "rating", "name": "r", "title": "R", "rateStep": 0}, [(E0, "limits_contradict")]),
        (radio("r", 1.0, 1), [(f"{E0}/choices/1", "choice_duplicate")]),
        (radio("r", "1", 1.0), [(f"{E0}/choices/1", "choice_duplicate")]),
        (radio("r", 1.5, 1, "1.50"), []),
    ],
)
def test_two_answers_must_be_two(element: dict[str, Any], expected: Found) -> None:
    assert found(form(element)) == expected


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_only_errors_that_were_cut_off_are_an_error(severity: str) -> None:
    slip = {"title": 5} if severity == "error" else {}
    many = [{"type": "text", "name": f"q{number}", **slip} for number in range(MAX_PROBLEMS + 5)]
    problems = [problem for problem in lint(form(*many)) if problem.severity == severity]
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].code == "form_too_many_problems"
    assert bool(found(form(*many))) == (severity == "error")


IF = {"visibleIf": "{unit} notempty"}


@pytest.mark.parametrize(
    ("pages", "warned"),
    [
        ([{"name": "p", "elements": [text("a", **IF)]}], True),
        ([{"name": "p", "elements": [text("a")], **IF}, {"name": "o", "elements": [text("b", **IF)]}], True),
        (
            [{"name": "p", "elements": [{"type": "panel", "name": "g", "elements": [text("a")], **IF}]}],
            True,
        ),
        ([{"name": "p", "elements": [text("a", **IF), text("b")]}], False),
        ([{"name": "p", "elements": [{"type": "panel", "name": "g", "elements": [text("a")]}]}], False),
        ([{"name": "p", "elements": [text("a")], **IF}, {"name": "o", "elements": [text("b")]}], False),
    ],
)
def test_a_form_needs_a_page_that_is_certain(pages: list[dict[str, Any]], *, warned: bool) -> None:
    definition = {"pages": pages, "variables": [{"name": "unit"}]}
    assert found(definition) == []
    assert found(definition, "warning") == ([("/pages", "page_never_certain")] if warned else [])


def total(count: int, formula: str) -> dict[str, Any]:
    """A form that ends on a calculated value behind `count` others."""
    values = [{"name": "t0", "expression": "{a} + {b}"}]
    for number in range(count):
        values.append({"name": f"t{number + 1}", "expression": formula.format(f"{{t{number}}}")})
    pages = [{"name": name, "elements": [text(name, inputType="number")]} for name in "abc"]
    end = {"type": "complete", "expression": f"{{t{count}}} > 5"}
    return {"pages": pages, "calculatedValues": values, "triggers": [end]}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (total(50, "{} + 1"), []),
        (total(300, "!{}"), []),
        (total(500, "!{}"), [("/triggers/0/expression", "expression_too_long")]),
        (total(30, "{0} + {0}"), [("/triggers/0/expression", "expression_too_long")]),
    ],
)
def test_an_end_upon_calculated_values_has_its_bounds(definition: object, expected: Found) -> None:
    assert found(definition) == expected


def test_an_end_upon_a_circle_of_calculated_values_is_a_cycle() -> None:
    definition = total(1, "{}")
    definition["calculatedValues"][0]["expression"] = "{t1} + {b}"
    assert "dependency_cycle" in [code for _, code in found(definition)]


def test_all_problems_come_at_once_with_suggestions() -> None:
    definition = form(
        text("wait", visibleIf="{entred} = 1 and sume(1) > 2"), text("entered", isRequierd=True)
    )
    problems = lint(definition)
    assert [problem.code for problem in problems] == ["property_unknown", "expression_unknown_name"]
    assert [problem.params["suggestion"] for problem in problems] == ["isRequired", "entered"]
    assert problems[1].params["column"] == 1


@pytest.mark.parametrize(
    ("element", "meant"),
    [
        ({"required": True}, "isRequired"),
        ({"is_required": True}, "isRequired"),
        ({"label": "A"}, "title"),
        ({"hint": "A"}, "description"),
        ({"options": [1]}, "choices"),
        ({"visible_if": "true"}, "visibleIf"),
        ({"condition": "true"}, "visibleIf"),
        ({"default": 1}, "defaultValue"),
        ({"isRequierd": True}, "isRequired"),
    ],
)
def test_what_others_call_a_property_is_recognised(element: dict[str, Any], meant: str) -> None:
    (problem,) = lint(form({**radio("a", 1), **element}))
    assert (problem.code, problem.params["suggestion"]) == ("property_unknown", meant)


def test_the_word_of_others_is_recognised_where_it_has_a_meaning() -> None:
    choice = radio("a", {"value": 1, "label": "One"})
    panels = {"type": "paneldynamic", "name": "p", "title": "P", "elements": [text("x")]}
    suggested = [p.params["suggestion"] for p in lint(form(choice, panels)) if p.code == "property_unknown"]
    assert suggested == ["text", "templateElements"]
    page = {"name": "page", "elements": [text("a")], "required": True}
    assert "isRequired" not in {problem.params.get("suggestion") for problem in lint({"pages": [page]})}


def panel(name: str, *elements: Any) -> dict[str, Any]:
    return {"type": "panel", "name": name, "elements": list(elements)}


@pytest.mark.parametrize(
    ("pages", "places"),
    [
        ([{"name": "p", "elements": [panel("g", text("a")), panel("G", text("b"))]}], [f"{E1}/name"]),
        ([{"name": "p", "elements": [panel("g", panel("g", text("a")))]}], [f"{E0}/elements/0/name"]),
        ([{"name": "p", "elements": [text("a")]}, {"name": "P", "elements": [text("b")]}], ["/pages/1/name"]),
        ([{"name": "p", "elements": [panel("p", text("a"))]}], []),
    ],
)
def test_pages_and_panels_should_have_names_of_their_own(
    pages: list[dict[str, Any]], places: list[str]
) -> None:
    assert found({"pages": pages}, "warning") == [(place, "name_duplicate") for place in places]
    assert found({"pages": pages}) == []


@pytest.mark.parametrize(
    ("locale", "title", "expected"),
    [
        ("zh-CN", {"en": "A", "fr": "A"}, ["text_language_missing"]),
        ("zh-CN", {"zh": "甲"}, []),
        ("zh-CN", {"zh-TW": "甲"}, []),
        ("zh-CN", {"default": "甲"}, []),
        ("zh-CN", {"default": "甲", "zh-CN": "甲"}, []),
        (None, {"en": "A"}, []),
        (None, {"zh": "甲"}, ["text_language_missing"]),
        ("fr", {"zh": "1", "en": "2"}, []),
    ],
)
def test_a_text_needs_the_forms_own_language(
    locale: str | None, title: dict[str, str], expected: list[str]
) -> None:
    own = {} if locale is None else {"locale": locale}
    warned = [code for _, code in found({**form(text("a", title=title)), **own}, "warning")]
    assert [code for code in warned if code != "translation_missing"] == expected
    assert found({**form(text("a", title=title)), **own}) == []


def test_the_default_speaks_the_language_that_the_form_names() -> None:
    both, alone = text("a", title={"default": "甲", "zh-CN": "甲", "en": "A"}), text("b", title="乙")
    missing = [p.params["locale"] for p in lint(form(both, alone, locale="zh-CN"))]
    assert missing == ["en"]


def test_a_cycle_names_its_members() -> None:
    definition = form(text("a", visibleIf="{b} = 1"), text("b", visibleIf="{a} = 1"), text("c"))
    (problem,) = lint(definition)
    assert set(problem.params["names"]) == {"a", "b"}


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
            {
                **form(text("a", title={"default": "甲", "en": "A"})),
                "completedHtmlOnCondition": [{"expression": "{a} notempty", "html": "再见"}],
            },
            [("/completedHtmlOnCondition/0/html", "translation_missing")],
        ),
        (
            form(radio("a", "yes", "no"), text("b", visibleIf="{a} = 'yse'")),
            [(f"{E1}/visibleIf", "expression_unknown_choice")],
        ),
        # A part of a single answer's text: any may be meant.
        (form(radio("a", "yes", "no"), text("b", visibleIf="{a} contains 'y'")), []),
        (
            form(
                {"type": "checkbox", "name": "a", "title": "A", "choices": ["yes"]},
                text("b", visibleIf="{a} contains 'y'"),
            ),
            [(f"{E1}/visibleIf", "expression_unknown_choice")],
        ),
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
