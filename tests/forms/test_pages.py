"""The way of a page without JavaScript: fields to answers, check of one page, the page drawn again."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from server.forms import (
    AttachmentRef,
    CompiledForm,
    ElementView,
    PageView,
    attachments,
    check,
    compile_form,
    errors_on,
    page_answers,
    page_logic,
    shown,
    view,
)

TODAY = date(2026, 5, 1)
PHOTO: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-00000000000a",
    "sha256": "0" * 64,
    "size": 10,
    "type": "image/jpeg",
}
FIELD = f"{PHOTO['id']};{PHOTO['sha256']};10;image/jpeg"
YES = {"value": 1, "text": {"default": "Yes", "zh": "是"}}
NO = {"value": 0, "text": {"default": "No", "zh": "否"}}
DEFINITION = {
    "title": {"default": "Visit", "zh": "到访"},
    "variables": [{"name": "unit"}],
    "pages": [
        {
            "name": "hidden",
            "visibleIf": "{unit} empty",
            "elements": [{"type": "text", "name": "x", "title": "X"}],
        },
        {
            "name": "start",
            "title": {"default": "At {unit}", "zh": "{unit}到访"},
            "elements": [
                {
                    "type": "text",
                    "name": "age",
                    "title": "Age",
                    "inputType": "number",
                    "min": 0,
                    "isRequired": True,
                },
                {
                    "type": "radiogroup",
                    "name": "clean",
                    "title": "Clean?",
                    "choices": [YES, NO],
                    "showOtherItem": True,
                    "evidence": {"photo": "onFail", "note": "onFail", "failOn": ["0"]},
                },
                {"type": "checkbox", "name": "seen", "title": "Seen", "choices": [1, "b"]},
                {"type": "matrix", "name": "m", "title": "M", "rows": ["r 1"], "columns": [1, 2]},
                {"type": "boolean", "name": "ok", "title": "OK?"},
            ],
        },
        {
            "name": "more",
            "elements": [
                {
                    "type": "panel",
                    "name": "p",
                    "title": "Why",
                    "visibleIf": "{clean} = 0",
                    "elements": [
                        {
                            "type": "comment",
                            "name": "why",
                            "title": "Why is “{clean}” your answer?",
                            "isRequired": True,
                        }
                    ],
                },
                {"type": "text", "name": "end", "title": "End", "isRequired": True},
            ],
        },
    ],
}


class Posted:
    """Form fields as a web framework hands them over."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def getlist(self, key: str) -> list[str]:
        return list(self._fields.get(key, ()))


def compiled() -> CompiledForm:
    return compile_form(DEFINITION)


def drawn(page: int, answers: Mapping[str, object], locale: str = "en", **options: Any) -> PageView:
    form, variables = compiled(), {"unit": "North"}
    checked = check(form, answers, variables=variables, today=TODAY)
    return view(form, page, shown(checked, answers, **options), locale=locale, variables=variables)


def element(page: PageView, name: str) -> ElementView:
    return next(item for item in page.elements if item.name == name)


def test_fields_become_answers_in_the_types_of_the_form() -> None:
    fields = Posted(
        {
            "age": ["41"],
            "clean": ["0"],
            "clean-note": ["dusty"],
            "clean-photo": [FIELD],
            "seen": ["1", "b"],
            "m[r 1]": ["2"],
            "ok": ["false"],
            "csrf": ["not an answer"],
        }
    )
    answers = page_answers(compiled(), 1, fields)
    assert {name: value for name, value in answers.items() if value is not None} == {
        "age": 41,
        "clean": 0,
        "clean-note": "dusty",
        "clean-photo": [PHOTO],
        "seen": [1, "b"],
        "m": {"r 1": 2},
        "ok": False,
    }


def test_what_is_left_empty_clears_the_draft() -> None:
    answers = page_answers(compiled(), 1, Posted({"age": [""], "seen": []}))
    assert set(answers.values()) == {None}
    assert set(answers) == {
        "age", "clean", "clean-Comment", "clean-note", "clean-photo", "clean-nophoto", "seen", "m", "ok",
    }  # fmt: skip


def test_mangled_fields_are_refused_and_shown_again() -> None:
    fields = Posted({"age": ["1_000"], "clean": ["7"], "clean-photo": ["rubbish"], "ok": ["maybe"]})
    typed = page_answers(compiled(), 1, fields)
    checked = check(compiled(), typed, variables={"unit": "North"}, today=TODAY)
    codes = [(error.question, error.code) for error in errors_on(compiled(), 1, checked)]
    assert codes == [("age", "number_invalid"), ("clean", "choice_unknown"), ("ok", "answer_type")]
    assert element(drawn(1, typed), "age").value == "1_000"


def test_a_page_is_checked_for_itself() -> None:
    form, variables = compiled(), {"unit": "North"}
    checked = check(form, {}, variables=variables, today=TODAY)
    assert [error.question for error in errors_on(form, 2, checked)] == ["end"]
    assert checked.pages[0] == 1
    assert check(form, {}, variables={}, today=TODAY).pages == (0, 1, 2)


def test_a_page_counts_only_what_is_visible() -> None:
    page = drawn(2, {"clean": 0})
    assert (page.number, page.count, page.previous, page.next) == (2, 2, 1, None)
    assert [item.kind for item in page.elements] == ["panel", "comment", "text"]
    assert [item.kind for item in drawn(2, {"clean": 1}).elements if not item.hidden] == ["text"]


def test_titles_speak_the_readers_language_and_carry_values() -> None:
    assert drawn(1, {}).title == "At North"
    assert drawn(1, {}, locale="zh-CN").title == "North到访"
    assert element(drawn(2, {"clean": 0}, locale="zh-CN"), "why").title == "Why is “否” your answer?"


def test_choices_rows_and_values_are_ready_to_draw() -> None:
    page = drawn(1, {"clean": 0, "seen": ["b"], "m": {"r 1": 2}, "ok": True, "age": 7})
    assert [(c.value, c.label, c.checked) for c in element(page, "clean").choices] == [
        ("1", "Yes", False),
        ("0", "No", True),
        ("other", "Other (please describe)", False),
    ]
    assert [choice.checked for choice in element(page, "seen").choices] == [False, True]
    (row,) = element(page, "m").rows
    assert (row.field, [choice.checked for choice in row.choices]) == ("m[r 1]", [False, True])
    assert [choice.checked for choice in element(page, "ok").choices] == [True, False]
    assert dict(element(page, "age").attributes) == {"type": "number", "inputmode": "decimal", "min": "0"}


def test_evidence_says_what_is_due() -> None:
    failed = element(drawn(1, {"clean": 0, "clean-photo": [PHOTO]}), "clean").evidence
    passed = element(drawn(1, {"clean": 1}), "clean").evidence
    assert failed is not None
    assert passed is not None
    assert (failed.failed, failed.photo_needed, failed.note_needed) == (True, True, True)
    assert (passed.failed, passed.photo_needed, passed.note_needed) == (False, False, False)
    assert [photo.field_value for photo in failed.photos] == [FIELD]


def test_errors_stand_at_their_element_only_when_asked_for() -> None:
    answers: dict[str, object] = {"clean": 0}
    assert element(drawn(1, answers), "clean").errors == ()
    errors = element(drawn(1, answers, with_errors=True), "clean").errors
    assert [error.code for error in errors] == ["evidence_photo_missing", "evidence_note_missing"]


def test_conditions_travel_as_trees() -> None:
    logic = page_logic(compiled(), 2, {"clean": 0}, variables={"unit": "North"}, today=TODAY)
    assert logic["values"] == {"clean": 0}
    assert logic["show"] == {"why": [["=", ["name", "clean", []], ["value", 0.0]]]}


def test_attachments_are_listed_with_their_question() -> None:
    answers = {"clean": 0, "clean-photo": [PHOTO]}
    values = check(compiled(), answers, variables={"unit": "North"}, today=TODAY).values
    expected = AttachmentRef("clean-photo", PHOTO["id"], PHOTO["sha256"], 10, "image/jpeg")
    assert attachments(compiled(), values) == (expected,)
