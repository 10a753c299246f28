"""What a new version changes and what that does to old answers."""

from typing import Any

import pytest

from server.forms.authoring.differences import KINDS, differences

Form = dict[str, Any]


def text(name: str, **properties: Any) -> Form:
    return {"type": "text", "name": name, "title": name.upper(), **properties}


def radio(name: str, *choices: Any, **properties: Any) -> Form:
    return {"type": "radiogroup", "name": name, "title": name.upper(), "choices": list(choices), **properties}


def form(*elements: Any, **properties: Any) -> Form:
    return {"pages": [{"name": "p", "elements": list(elements)}], **properties}


def changes(old: Form, new: Form) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change.kind, change.name, change.effects) for change in differences(old, new)]


AGAIN = ("dropped", "asked_again")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (form(text("a")), form(text("a")), []),
        (form(text("a")), form(text("A")), []),
        (form(text("a")), form(text("a"), text("b")), [("question_added", "b", ("kept",))]),
        (
            form(text("a")),
            form(text("a"), text("b", isRequired=True)),
            [("question_added", "b", ("asked_again",))],
        ),
        (
            form(radio("a", 1)),
            form(radio("a", 1), radio("b", 1, scoring={"awards": {"1": "1"}})),
            [("question_added", "b", ("score_changes",))],
        ),
        (form(text("a"), text("b")), form(text("a")), [("question_dropped", "b", ("dropped",))]),
        (
            form(text("a"), text("b", title="Same")),
            form(text("a"), text("c", title="Same")),
            [("question_renamed", "c", AGAIN)],
        ),
        (
            form(text("a"), text("b"), text("c")),
            form(text("c"), text("a"), text("b")),
            [("question_moved", "c", ("kept",))],
        ),
        (
            form(radio("a", 1)),
            form({**radio("a", 1), "type": "dropdown"}),
            [("question_retyped", "a", ("kept",))],
        ),
        (
            form(radio("a", 1)),
            form({**radio("a", 1), "type": "checkbox"}),
            [("question_retyped", "a", AGAIN)],
        ),
        (form(text("a")), form(text("a", inputType="number")), [("question_retyped", "a", AGAIN)]),
        (form(text("a")), form(text("a", inputType="tel")), [("setting_changed", "a", ("asked_again",))]),
        (form(text("a")), form(text("a", isRequired=True)), [("made_required", "a", ("asked_again",))]),
        (form(text("a", isRequired=True)), form(text("a")), [("made_optional", "a", ("kept",))]),
        (form(radio("a", 1, 2)), form(radio("a", 1)), [("entry_dropped", "a", AGAIN)]),
        (form(radio("a", 1)), form(radio("a", 1, 2)), [("entry_added", "a", ("kept",))]),
        (
            form(radio("a", 1)),
            form(radio("a", {"value": 1, "text": "One"})),
            [("reworded", "a", ("kept",))],
        ),
        (
            form(radio("a", {"value": 1})),
            form(radio("a", {"value": 1, "visibleIf": "{b} = 1"})),
            [("condition_changed", "a", AGAIN)],
        ),
        (form(text("a")), form(text("a", visibleIf="{b} = 1")), [("condition_changed", "a", AGAIN)]),
        (
            form(text("a")),
            form(text("a", requiredIf="{b} = 1")),
            [("condition_changed", "a", ("asked_again",))],
        ),
        (form(text("a", maxLength=5)), form(text("a", maxLength=9)), [("limit_changed", "a", ("kept",))]),
        (
            form(text("a", maxLength=9)),
            form(text("a", maxLength=5)),
            [("limit_changed", "a", ("asked_again",))],
        ),
        (form(text("a", min=5)), form(text("a")), [("limit_changed", "a", ("kept",))]),
        (form(text("a")), form(text("a", title="New")), [("reworded", "a", ("kept",))]),
        (
            form(radio("a", 1, scoring={"awards": {"1": "1"}})),
            form(radio("a", 1, scoring={"awards": {"1": "2"}})),
            [("scoring_changed", "a", ("score_changes",))],
        ),
        (
            form(text("a"), scoring={"method": "points"}),
            form(text("a"), scoring={"method": "deduct"}),
            [("scoring_changed", "", ("score_changes",))],
        ),
        (
            form(text("a")),
            form(text("a"), calculatedValues=[{"name": "x", "expression": "1"}]),
            [("logic_changed", "", ("asked_again", "score_changes"))],
        ),
        (form(text("a"), **{"$schema": "x"}), form(text("a")), []),
    ],
)
def test_each_change_and_its_effect(
    old: Form, new: Form, expected: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert changes(old, new) == expected
    assert {kind for kind, _, _ in expected} <= set(KINDS)


def test_pages_come_go_and_move() -> None:
    def pages(*names: str) -> Form:
        return {"pages": [{"name": name, "elements": []} for name in names]}

    assert changes(pages("a", "b", "c"), pages("c", "a", "d")) == [
        ("page_dropped", "b", ("kept",)),
        ("page_moved", "c", ("kept",)),
        ("page_added", "d", ("kept",)),
    ]


def test_a_question_that_goes_to_another_page_has_moved() -> None:
    old = {"pages": [{"name": "p", "elements": [text("a")]}, {"name": "q", "elements": [text("b")]}]}
    new = {"pages": [{"name": "p", "elements": []}, {"name": "q", "elements": [text("a"), text("b")]}]}
    (change,) = differences(old, new)
    assert (change.kind, change.name, change.details) == ("question_moved", "a", {"page": "q"})
    assert change.pointer == "/pages/1/elements/0"


def test_panels_are_compared_too_and_may_be_called_like_a_question() -> None:
    panel = {"type": "panel", "name": "a", "elements": [text("a")]}
    assert changes(form(text("a")), form(panel)) == [("panel_added", "a", ("kept",))]
    hidden = {**panel, "visibleIf": "{b} = 1"}
    assert changes(form(panel), form(hidden)) == [("condition_changed", "a", AGAIN)]


def test_questions_inside_a_group_have_the_name_of_the_group_before_theirs() -> None:
    def group(*inner: Form) -> Form:
        return form({"type": "paneldynamic", "name": "g", "title": "G", "templateElements": list(inner)})

    found = changes(group(text("a"), text("b")), group(text("a", isRequired=True)))
    assert found == [("question_dropped", "g.b", ("dropped",)), ("made_required", "g.a", ("asked_again",))]


def test_what_is_gone_points_into_the_old_definition() -> None:
    (change,) = differences(form(text("a"), text("b")), form(text("a")))
    assert change.pointer == "/pages/0/elements/1"
