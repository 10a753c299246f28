"""The definition language of forms: lint and compile definitions, check answers, draw pages. Pure.

    form = compile_form(definition)
    checked = check(form, answers, variables={"unit": "…"}, today=date(2026, 5, 1))

See docs/forms.md for the language. A new question type is a row of `types.QUESTION_TYPES`, a new function a
row of `expressions.functions.FUNCTIONS`, a new validator a row of `validators.VALIDATOR_TYPES`.
"""

from server.forms.answers.checking import (
    AttachmentRef,
    Checked,
    attachments,
    check,
    closing_text,
    errors_on,
    fired,
)
from server.forms.answers.fields import page_answers
from server.forms.answers.piping import display_text
from server.forms.codes import MESSAGES
from server.forms.compiling.definition import compile_form, lint
from server.forms.form import CompiledForm, Question
from server.forms.pages.drawing import view
from server.forms.pages.logic import page_logic
from server.forms.pages.view import (
    ChoiceView,
    ElementView,
    EvidenceView,
    GroupView,
    PageView,
    PhotoView,
    RowView,
    Shown,
    shown,
)
from server.forms.problems import AnswerError, FormInvalid, Problem

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
    "GroupView",
    "PageView",
    "PhotoView",
    "Problem",
    "Question",
    "RowView",
    "Shown",
    "attachments",
    "check",
    "closing_text",
    "compile_form",
    "display_text",
    "errors_on",
    "fired",
    "lint",
    "page_answers",
    "page_logic",
    "shown",
    "view",
]
