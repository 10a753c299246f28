from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.forms import CompiledForm, compile_form
from server.forms.answers.migrating import migrated
from server.forms.problems import Refused

Element = dict[str, Any]


def form(*elements: Element) -> CompiledForm:
    titled = [{"title": each["name"], **each} for each in elements]
    return compile_form({"title": "T", "pages": [{"name": "page", "elements": titled}]})


def one_of(*choices: str, kind: str = "radiogroup", **more: Any) -> Element:
    return {"type": kind, "name": "q", "choices": list(choices), **more}


def text(**more: Any) -> Element:
    return {"type": "text", "name": "q", **more}


def rating(most: int) -> Element:
    return {"type": "rating", "name": "q", "rateMax": most}


OTHER = text(name="other")


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (one_of("a", "b"), one_of("b", "a", "c"), "a"),
        (one_of("a"), one_of("a", kind="dropdown"), "a"),
        (text(), {"type": "comment", "name": "q"}, "words"),
        (text(inputType="date"), text(), "2026-05-04"),
        (text(), text(isRequired=True), "words"),
        (text(), text(visibleIf="{other} notempty"), "words"),
        (rating(5), rating(5), 4),
        (one_of("a", "b", kind="checkbox"), one_of("b", "a", kind="checkbox"), ["a", "b"]),
    ],
)
def test_an_answer_that_still_fits_is_kept(old: Element, new: Element, answer: object) -> None:
    moved = migrated(form(old, OTHER), form(OTHER, new), {"q": answer})
    assert (moved.answers, moved.dropped, moved.asked_again) == ({"q": answer}, (), ())


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (one_of("a", "b"), one_of("aa", "b"), "a"),
        (one_of("a", "b", kind="checkbox"), one_of("aa", "b", kind="checkbox"), ["a", "b"]),
        (one_of("a"), one_of("a", kind="checkbox"), "a"),
        (text(inputType="number"), text(), 5),
        (text(), text(inputType="number"), "5"),
        (text(), text(maxLength=3), "words"),
        (rating(5), rating(10), 4),
        (rating(5), text(inputType="number"), 4),
        ({"type": "boolean", "name": "q"}, {"type": "boolean", "name": "q", "valueTrue": "yes"}, True),
    ],
)
def test_an_answer_that_says_something_else_now_is_asked_again(
    old: Element, new: Element, answer: object
) -> None:
    moved = migrated(form(old), form(new), {"q": answer})
    assert (moved.answers, moved.dropped, moved.asked_again) == ({}, ("q",), ("q",))


@pytest.mark.parametrize(
    "new", [OTHER, {"type": "html", "name": "q", "html": "words"}, text(name="Q")], ids=["gone", "html", "Q"]
)
def test_an_answer_without_a_question_is_named_and_not_asked(new: Element) -> None:
    moved = migrated(form(text()), form(new), {"q": "words"})
    assert (moved.answers, moved.dropped, moved.asked_again) == ({}, ("q",), ())


def test_what_was_emptied_stays_empty_and_loses_nothing() -> None:
    moved = migrated(form(text(), OTHER), form(text()), {"q": None, "other": None})
    assert (moved.answers, moved.dropped) == ({"q": None}, ())


def test_words_beside_a_choice_go_with_their_own_question() -> None:
    old = one_of("a", "b", showOtherItem=True)
    answers = {"q": "other", "q-Comment": "by bus"}
    kept = migrated(form(old), form(one_of("a", showOtherItem=True)), answers)
    assert kept.answers == answers
    gone = migrated(form(old), form(one_of("a")), answers)
    assert (gone.answers, gone.dropped, gone.asked_again) == ({}, ("q", "q-Comment"), ("q",))


def test_a_row_that_is_gone_costs_the_matrix() -> None:
    def matrix(*rows: str) -> Element:
        return {"type": "matrix", "name": "q", "rows": list(rows), "columns": ["1", "2"]}

    moved = migrated(form(matrix("a", "b")), form(matrix("a")), {"q": {"a": "1", "b": "2"}})
    assert moved.asked_again == ("q",)


def panel(*inside: Element) -> Element:
    titled = [{"title": each["name"], **each} for each in inside]
    return {"type": "paneldynamic", "name": "p", "templateElements": titled}


def test_each_part_of_a_panel_is_carried_by_itself() -> None:
    old, new = panel(text(name="x"), text(name="y")), panel(text(name="x"), text(name="y", maxLength=1))
    moved = migrated(form(old), form(new), {"p": [{"x": "first", "y": "1"}, {"x": "second", "y": "22"}]})
    assert moved.answers == {"p": [{"x": "first", "y": "1"}, {"x": "second"}]}
    assert (moved.dropped, moved.asked_again) == (("p[1].y",), ("p[1].y",))


def test_a_row_and_a_column_that_are_gone_cost_themselves_only() -> None:
    def table(rows: list[str], columns: list[str]) -> Element:
        cells = [{"name": name, "title": name, "cellType": "text"} for name in columns]
        return {"type": "matrixdropdown", "name": "m", "rows": rows, "columns": cells}

    answers = {"m": {"a": {"x": "1", "y": "2"}, "b": {"x": "3"}}}
    moved = migrated(form(table(["a", "b"], ["x", "y"])), form(table(["a"], ["x"])), answers)
    assert moved.answers == {"m": {"a": {"x": "1"}}}
    assert (moved.dropped, moved.asked_again) == (("m[a].y", "m[b]"), ())


def test_items_are_carried_one_by_one() -> None:
    def items(*names: str, **more: Any) -> Element:
        return {"type": "multipletext", "name": "t", "items": [{"name": each, **more} for each in names]}

    moved = migrated(form(items("a", "b")), form(items("a")), {"t": {"a": "1", "b": "2"}})
    assert (moved.answers, moved.dropped) == ({"t": {"a": "1"}}, ("t.b",))


KINDS: tuple[Element, ...] = (
    text(),
    text(inputType="number"),
    text(inputType="date"),
    text(maxLength=2),
    {"type": "comment", "name": "q"},
    one_of("a", "b", "c"),
    one_of("b", "c", "d", kind="dropdown"),
    one_of("a", "b", kind="checkbox"),
    one_of("a", "b", kind="checkbox", maxSelectedChoices=1),
    {"type": "boolean", "name": "q"},
    rating(3),
    rating(5),
    {"type": "matrix", "name": "q", "rows": ["a", "b"], "columns": ["1", "2"]},
)
FORMS = tuple(form(kind) for kind in KINDS)
forms = st.sampled_from(FORMS)
answers_of_any_kind = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 6),
    st.sampled_from(["", "a", "b", "d", "2026-05-04", "words"]),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2", "3"]), max_size=2),
)
answers = st.dictionaries(st.sampled_from(["q", "stranger"]), answers_of_any_kind, max_size=2)


def fits(form: CompiledForm, given_answers: Mapping[str, object]) -> bool:
    """Whether each answer passes the check of its question's type."""
    for name, answer in given_answers.items():
        check = form.questions[name].behaviour.check
        assert check is not None
        try:
            if answer not in (None, "", [], {}):
                check(answer)
        except Refused:
            return False
    return True


@given(forms, forms, answers)
def test_whatever_is_kept_fits_and_whatever_is_not_is_named(
    old: CompiledForm, new: CompiledForm, given_answers: dict[str, object]
) -> None:
    moved = migrated(old, new, given_answers)
    assert fits(new, moved.answers)
    assert all(moved.answers[name] == given_answers[name] for name in moved.answers)
    said = {name for name, answer in given_answers.items() if answer not in (None, "", [], {})}
    assert said <= {*moved.answers, *moved.dropped}
    assert not {*moved.answers} & {*moved.dropped}
    assert set(moved.asked_again) <= set(moved.dropped)
    assert set(moved.asked_again) <= new.questions.keys()


@given(forms, answers_of_any_kind)
def test_the_same_version_keeps_every_answer_that_fits(same: CompiledForm, answer: object) -> None:
    given_answers = {"q": answer}
    moved = migrated(same, same, given_answers)
    if fits(same, given_answers):
        assert (moved.answers, moved.dropped, moved.asked_again) == (given_answers, (), ())


@given(forms, forms, answers)
def test_carrying_over_twice_changes_nothing_more(
    old: CompiledForm, new: CompiledForm, given_answers: dict[str, object]
) -> None:
    once = migrated(old, new, given_answers)
    again = migrated(new, new, once.answers)
    assert (again.answers, again.dropped) == (once.answers, ())
