"""The definition language of forms: lint and compile definitions, check answers, draw pages. Pure.

    form = compile_form(definition)
    checked = check(form, answers, variables={"unit": "…"}, today=date(2026, 5, 1))

See docs/forms.md for the language. A new question type is a row of `types.QUESTION_TYPES`, a new function a
row of `expressions.functions.FUNCTIONS`, a new validator a row of `validators.VALIDATOR_TYPES`.
"""

from server.forms.checking import (
    AttachmentRef,
    Checked,
    attachments,
    check,
    check_page,
    first_page,
    visible_pages,
)
from server.forms.codes import MESSAGES
from server.forms.compiling import compile_form, lint
from server.forms.fields import page_answers
from server.forms.form import CompiledForm, Question
from server.forms.problems import AnswerError, FormInvalid, Problem
from server.forms.view import (
    ChoiceView,
    ElementView,
    EvidenceView,
    PageView,
    PhotoView,
    RowView,
    Shown,
    conditions,
    display_text,
    shown,
    view,
)

__all__ = [
    "MESSAGES",
    "AnswerError",
    "AttachmentRef",
    "Checked",
    "ChoiceView",
    "CompiledForm",
    "ElementView",
    "EvidenceView",
    "FormInvalid",
    "PageView",
    "PhotoView",
    "Problem",
    "Question",
    "RowView",
    "Shown",
    "attachments",
    "check",
    "check_page",
    "compile_form",
    "conditions",
    "display_text",
    "first_page",
    "lint",
    "page_answers",
    "shown",
    "view",
    "visible_pages",
]
