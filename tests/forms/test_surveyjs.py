"""SurveyJS definitions become ours: what is understood, changed, dropped as looks only, or not supported."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms import lint
from server.forms.authoring.surveyjs import CODES, Conversion, converted
from server.forms.codes import MESSAGES
from server.forms.compiling.vocabulary import FORM_PROPERTIES, PAGE_PROPERTIES, QUESTION_PROPERTIES
from server.forms.unsupported import CODES as HINTS
from server.forms.unsupported import PRESENTATION, present_name, reason

Form = dict[str, Any]

# In the style of the older examples: questions at the root, names of before 2018, a trigger that shows.
CAR = {
    "showProgressBar": "top",
    "questions": [
        {"type": "radiogroup", "name": "car", "choices": ["old", "new"], "hasOther": True, "colCount": 4},
        {"type": "comment", "name": "why", "visible": False, "rows": 2},
        {
            "type": "matrix",
            "name": "look",
            "columns": [1, 2],
            "rows": ["in", "out"],
            "isAllRowRequired": True,
        },
    ],
    "triggers": [
        {"type": "visible", "operator": "equal", "name": "car", "value": "old", "questions": ["why"]}
    ],
}
# In the style of what the designer writes now.
STAY = {
    "title": "Your stay",
    "logoPosition": "right",
    "pages": [
        {
            "name": "page1",
            "elements": [
                {
                    "type": "panel",
                    "name": "who",
                    "state": "expanded",
                    "elements": [
                        {"type": "text", "name": "first name", "titleLocation": "left", "isRequired": True},
                        {"type": "text", "name": "born", "inputType": "datetime", "placeHolder": "…"},
                    ],
                },
                {
                    "type": "tagbox",
                    "name": "used",
                    "title": "Used",
                    "choices": ["gym", "pool"],
                    "allowClear": False,
                },
                {
                    "type": "imagepicker",
                    "name": "room",
                    "choices": [{"value": "a", "imageLink": "https://a.example/1.png"}],
                },
                {
                    "type": "matrixdynamic",
                    "name": "guests",
                    "title": "Guests",
                    "columns": [
                        {"name": "name", "cellType": "text"},
                        {
                            "name": "age",
                            "cellType": "text",
                            "inputType": "number",
                            "visibleIf": "{row.name} notempty",
                        },
                        {"name": "bed", "choices": ["own", "shared"]},
                    ],
                    "choices": [1, 2],
                    "rowCount": 1,
                    "maxRowCount": "4",
                    "addRowText": "Add a guest",
                },
                {"type": "expression", "name": "n", "expression": "{guests.length}", "visible": False},
                {
                    "type": "rating",
                    "name": "nps",
                    "title": "Would you recommend us, {first name}?",
                    "rateMin": 0,
                    "rateMax": 10,
                },
                {"type": "html", "name": "bye", "html": "<table><tr><td>Bye</td></tr></table>"},
            ],
        }
    ],
    "completedHtml": "<h3>Thanks</h3>",
    "navigateToUrl": "https://a.example/",
}


def one(element: Form, **form: Any) -> Conversion:
    return converted({"pages": [{"name": "p", "elements": [element]}], **form})


def first(result: Conversion) -> Form:
    found: Form = result.definition["pages"][0]["elements"][0]
    return found


def notes(result: Conversion) -> set[tuple[str, str, str]]:
    return {(note.kind, note.pointer, note.code) for note in result.notes}


def errors(definition: Form) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in lint(definition) if problem.severity == "error"]


def test_old_examples_become_one_page_with_conditions() -> None:
    result = converted(CAR)
    car, why, look = result.definition["pages"][0]["elements"]
    assert errors(result.definition) == []
    assert (car["showOtherItem"], why["visibleIf"], look["eachRowRequired"]) == (
        True,
        "{car} equal 'old'",
        True,
    )
    assert car["title"] == "car"
    assert {
        ("presentation", "/showProgressBar", "hint_presentation"),
        ("presentation", "/questions/0/colCount", "hint_presentation"),
        ("changed", "/questions/0/hasOther", "import_renamed"),
        ("changed", "/questions", "import_page"),
        ("changed", "/triggers/0", "import_trigger"),
    } <= notes(result)
    assert result.counts["unsupported"] == 0


def test_what_the_designer_writes_now_lints_clean() -> None:
    result = converted(STAY)
    assert errors(result.definition) == []
    panel, used, room, guests, nps, bye = result.definition["pages"][0]["elements"]
    assert panel["elements"][1]["inputType"] == "datetime-local"
    assert panel["elements"][1]["placeholder"] == "…"
    assert (used["type"], room["type"], guests["type"]) == ("checkbox", "radiogroup", "paneldynamic")
    assert (guests["panelCount"], guests["maxPanelCount"], guests["panelAddText"]) == (1, 4, "Add a guest")
    assert [(part["type"], part.get("choices")) for part in guests["templateElements"]] == [
        ("text", None),
        ("text", None),
        ("dropdown", ["own", "shared"]),
    ]
    assert guests["templateElements"][1]["visibleIf"] == "{panel.name} notempty"
    assert result.definition["calculatedValues"][0]["name"] == "n"
    assert (nps["rateMin"], nps["rateMax"], bye["html"]) == (0, 10, "Bye")
    assert {
        ("unsupported", "/navigateToUrl", "property_unsupported"),
        ("unsupported", "/pages/0/elements/2/choices/0/imageLink", "property_unsupported"),
        ("changed", "/pages/0/elements/6/html", "import_markup"),
    } <= notes(result)


def test_the_definition_of_ours_is_understood_as_it_stands() -> None:
    ours = {
        "title": "T",
        "clearInvisibleValues": "onHidden",
        "pages": [
            {"name": "p", "elements": [{"type": "text", "name": "a", "title": "A", "visibleIf": "{b} = 1"}]}
        ],
        "variables": [{"name": "b"}],
    }
    result = converted(ours)
    assert (result.definition, result.notes) == (ours, ())


def test_what_hidden_answers_decide_stays_as_surveyjs_has_it() -> None:
    assert converted({"elements": []}).definition["clearInvisibleValues"] == "onComplete"


@pytest.mark.parametrize(
    ("element", "property_", "expected"),
    [
        ({"type": "text", "name": "a", "isRequired": "true"}, "isRequired", True),
        ({"type": "text", "name": "a", "maxLength": "5"}, "maxLength", 5),
        ({"type": "text", "name": "a", "title": 5}, "title", "5"),
        ({"type": "text", "name": "a", "inputType": "color"}, "inputType", None),
        ({"type": "radiogroup", "name": "a", "choices": [True, False]}, "choices", ["true", "false"]),
        (
            {"type": "radiogroup", "name": "a", "choices": [1, "1", {"text": "x"}]},
            "choices",
            [1, {"value": "x", "text": "x"}],
        ),
        ({"type": "dropdown", "name": "a"}, "type", "text"),
        ({"type": "dropdown", "name": "a", "choicesByUrl": {"url": "x"}}, "type", "text"),
        ({"type": "buttongroup", "name": "a", "choices": [1]}, "type", "radiogroup"),
        ({"type": "slider", "name": "a", "min": 0, "max": 9}, "inputType", "range"),
        ({"type": "imagepicker", "name": "a", "choices": [1], "multiSelect": True}, "type", "checkbox"),
        ({"name": "a"}, "type", "text"),
        ({"type": "text"}, "name", "question1"),
        ({"type": "text", "name": "a/b.c"}, "name", "a_b_c"),
        ({"type": "text", "name": "a", "visible": False}, "visibleIf", "false"),
        ({"type": "text", "name": "a", "title": "No {panelIndex}"}, "title", "No panelIndex"),
        ({"type": "text", "name": "a", "visibleIf": "not ({x} = 1)"}, "visibleIf", "! ({x} = 1)"),
        ({"type": "text", "name": "a", "visibleIf": "{x} = yes"}, "visibleIf", "{x} = 'yes'"),
        ({"type": "text", "name": "a", "visibleIf": "ask({x})"}, "visibleIf", None),
        ({"type": "text", "name": "a", "visibleIf": "{a} = 1"}, "visibleIf", None),
        (
            {"type": "text", "name": "a", "validators": [{"type": "emailvalidator"}]},
            "validators",
            [{"type": "email"}],
        ),
        ({"type": "text", "name": "a", "validators": [{"type": "own"}]}, "validators", None),
    ],
)
def test_each_slip_or_old_word_is_put_right(element: Form, property_: str, expected: object) -> None:
    result = one(element)
    assert errors(result.definition) == []
    assert first(result).get(property_) == expected
    assert result.notes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{x} = {y}", "{x} notempty and ({x} = {y})"),
        ("displayValue({x}) = 'a'", "displayValue('x') = 'a'"),
        ("{x} = {y} or ask({x})", None),
    ],
)
def test_expressions_that_surprise_are_rewritten(before: str, after: str | None) -> None:
    elements = [{"type": "text", "name": name, "title": name} for name in "xyz"]
    elements[2]["visibleIf"] = before
    result = converted({"elements": elements})
    assert errors(result.definition) == []
    assert result.definition["pages"][0]["elements"][2].get("visibleIf") == after


def test_mentions_follow_a_changed_name() -> None:
    result = converted(
        {
            "elements": [
                {"type": "text", "name": "a.b"},
                {"type": "text", "name": "c", "visibleIf": "{a.b} = 1", "title": "About {a.b}"},
            ],
            "triggers": [{"type": "setvalue", "expression": "{c} = 1", "setToName": "a.b", "setValue": "x"}],
        }
    )
    before, after = result.definition["pages"][0]["elements"]
    assert errors(result.definition) == []
    assert before["name"] == "a_b"
    assert (after["visibleIf"], after["title"]) == ("{a_b} = 1", "About {a_b}")
    assert result.definition["triggers"][0]["setToName"] == "a_b"


def test_an_answer_keeps_the_name_it_is_stored_under() -> None:
    elements = [{"type": "text", "name": name, "valueName": "shared"} for name in ("a", "b")]
    result = converted({"elements": elements})
    assert [each["name"] for each in result.definition["pages"][0]["elements"]] == ["shared", "b"]
    assert ("changed", "/elements/0/valueName", "import_name") in notes(result)
    assert ("unsupported", "/elements/1/valueName", "property_unsupported") in notes(result)


def test_a_name_used_twice_is_told_apart() -> None:
    result = converted({"elements": [{"type": "text", "name": "a"}, {"type": "text", "name": "A"}]})
    assert [each["name"] for each in result.definition["pages"][0]["elements"]] == ["a", "A 2"]


def test_names_that_are_no_questions_are_known_before_the_start() -> None:
    result = one({"type": "text", "name": "a", "visibleIf": "{region} = 'n' and {region} != {desk}"})
    assert result.definition["variables"] == [{"name": "region"}, {"name": "desk"}]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ({"type": "complete", "name": "a", "operator": "equal", "value": "x"}, "{a} equal 'x'"),
        ({"type": "complete", "name": "a", "operator": "notempty"}, "{a} notempty"),
        (
            {"type": "complete", "name": "a", "operator": "anyof", "value": [1, "it's"]},
            "{a} anyof [1, 'it\\'s']",
        ),
        ({"type": "complete", "expression": "{a} = 1"}, "{a} = 1"),
    ],
)
def test_triggers_of_three_parts_become_expressions(trigger: Form, expected: str) -> None:
    result = one({"type": "text", "name": "a"}, triggers=[trigger])
    assert result.definition["triggers"] == [{"type": "complete", "expression": expected}]


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ({"type": "imagemap", "name": "a"}, ("/pages/0/elements/0/type", "type_unsupported")),
        ({"type": "mywidget", "name": "a"}, ("/pages/0/elements/0/type", "import_element_dropped")),
        (
            {"type": "image", "name": "a", "imageLink": "https://a.example/x.png"},
            ("/pages/0/elements/0/imageLink", "image_link_invalid"),
        ),
        (
            {"type": "text", "name": "a", "maskType": "numeric"},
            ("/pages/0/elements/0/maskType", "property_unsupported"),
        ),
        ({"type": "text", "name": "a", "myOwn": 1}, ("/pages/0/elements/0/myOwn", "import_property_unknown")),
        (
            {
                "type": "paneldynamic",
                "name": "a",
                "templateElements": [{"type": "matrixdynamic", "name": "m"}, {"type": "text", "name": "t"}],
            },
            ("/pages/0/elements/0/templateElements/0/type", "type_not_inside"),
        ),
    ],
)
def test_what_has_no_place_is_named(source: Form, note: tuple[str, str]) -> None:
    result = one(source)
    assert ("unsupported", *note) in notes(result)
    assert errors(converted({"elements": [source, {"type": "text", "name": "z"}]}).definition) == []


def test_every_note_has_a_sentence() -> None:
    for result in (converted(CAR), converted(STAY)):
        assert {note.code for note in result.notes} <= {*CODES, *MESSAGES, *HINTS}


def test_a_panel_inside_a_group_is_opened() -> None:
    inner = {
        "type": "panel",
        "name": "inner",
        "visibleIf": "{x} = 1",
        "elements": [{"type": "text", "name": "t", "visibleIf": "{y} = 2"}],
    }
    result = one({"type": "paneldynamic", "name": "g", "templateElements": [inner]})
    assert first(result)["templateElements"][0]["visibleIf"] == "({x} = 1) and ({y} = 2)"
    flattened = [(note.pointer, note.params) for note in result.notes if note.code == "import_flattened"]
    assert flattened == [("/pages/0/elements/0/templateElements/0", {"name": "inner"})]


def test_what_a_hidden_panel_inside_a_group_holds_stays_hidden() -> None:
    inner = {"type": "panel", "name": "p", "visible": False, "elements": [{"type": "text", "name": "t"}]}
    result = one({"type": "paneldynamic", "name": "g", "templateElements": [inner]})
    assert first(result)["templateElements"][0]["visibleIf"] == "false"


@pytest.mark.parametrize(
    "source", [None, [], {}, "x", 5, {"pages": 5}, {"pages": [None, {"elements": [None, 3]}]}]
)
def test_nonsense_becomes_an_empty_form(source: object) -> None:
    assert [problem for problem in errors(converted(source).definition) if problem[0] != "/pages"] == []


def test_a_question_alone_or_a_list_of_them_is_a_form() -> None:
    question = {"type": "text", "name": "a"}
    assert first(converted(question)) == first(converted([question])) == first(one(question))


WORDS = st.sampled_from(
    [
        "text",
        "panel",
        "matrix",
        "paneldynamic",
        "radiogroup",
        "tagbox",
        "{a} = 1",
        "a",
        "true",
        "",
        "elements",
    ]
)
KEYS = st.sampled_from(
    [
        "type",
        "name",
        "title",
        "choices",
        "rows",
        "columns",
        "elements",
        "pages",
        "visibleIf",
        "validators",
        "triggers",
        "visible",
        "value",
        "templateElements",
        "items",
        "calculatedValues",
        "expression",
        "html",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(JSON)
def test_whatever_comes_in_the_result_is_a_form_without_errors(source: object) -> None:
    found = errors(converted(source).definition)
    assert {pointer for pointer, _ in found} <= {"/pages"}  # the one thing that cannot be made up


def test_what_only_changes_looks_is_no_property_of_ours() -> None:
    ours = {*FORM_PROPERTIES, *PAGE_PROPERTIES}.union(*QUESTION_PROPERTIES.values())
    # A rating's displayMode is read and the other kinds' is looks only.
    assert PRESENTATION & ours <= {"displayMode"}


@pytest.mark.parametrize(
    ("part", "name", "expected"),
    [
        ("type", "tagbox", "hint_checkbox"),
        ("type", "TagBox", "hint_checkbox"),
        ("property", "choicesByUrl", "hint_choices_by_url"),
        ("property", "showProgressBar", "hint_presentation"),
        ("function", "isContainerReady", "hint_page_state"),
        ("trigger", "runexpression", "hint_run_expression"),
        ("validator", "required", "hint_required"),
        ("property", "mine", ""),
    ],
)
def test_reasons_are_known_without_regard_to_case(part: Any, name: str, expected: str) -> None:
    assert reason(part, name) == expected


def test_an_old_name_leads_to_the_one_that_is_known() -> None:
    assert present_name("hasOther", {"showOtherItem"}) == "showOtherItem"
    assert present_name("addPanelText", {"panelAddText"}) == "panelAddText"
    assert present_name("hasOther", {"title"}) == ""
