"""Answers against a compiled form: what is visible, what the canonical values are, and every error at once.

One run walks the plan in dependency order: decide visibility, take the answer, calculate. A hidden question's
answer is gone for everything that follows (`clearInvisibleValues: "onHidden"`), so checking the result again
changes nothing. What an answer needs (required, validators, evidence) is judged after the walk, when every
value is known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from server.forms.demands import is_other, located, unmet
from server.forms.expressions.operations import is_empty
from server.forms.form import Calculated, CompiledForm, Question
from server.forms.problems import AnswerError, Fault, Refused, pointer_to
from server.forms.suggestions import nearest

MAX_UNKNOWN = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome. `values` are canonical; `visible` are names in the order of the form, companions left out.

    `pages` are the positions of the pages with something to see.
    """

    values: dict[str, object]
    visible: tuple[str, ...]
    pages: tuple[int, ...]
    errors: tuple[AnswerError, ...]


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A photo named by an answer."""

    question: str
    id: str
    sha256: str
    size: int
    type: str


class _Run:
    """The state of one check. `scope` is what expressions read: variables and values."""

    __slots__ = ("answers", "faults", "scope", "today", "values", "visible")

    def __init__(self, answers: Mapping[str, object], scope: dict[str, object], today: date) -> None:
        self.answers = answers
        self.scope = scope
        self.today = today
        self.values: dict[str, object] = {}
        self.visible: set[str] = set()
        self.faults: dict[str, tuple[Fault, ...]] = {}


def check(
    form: CompiledForm, answers: Mapping[str, object], *, variables: Mapping[str, object], today: date
) -> Checked:
    """Check all answers. `variables` are the values known before the start; undeclared ones are ignored."""
    run = _Run(answers, {name: variables[name] for name in form.variables if name in variables}, today)
    for step in form.plan:
        if isinstance(step, Calculated):
            _calculate(run, step)
        elif step.companion is not None:
            if step.name in answers:
                _take_companion(run, step)
        elif not step.conditions or _is_shown(run, step):
            run.visible.add(step.name)
            _take(run, step)
    shown = [question for name, question in form.questions.items() if name in run.visible]
    errors = sorted(_errors(run, form), key=lambda error: form.questions[error.question].index)
    return Checked(
        values=run.values,
        visible=tuple(question.name for question in shown),
        pages=tuple(sorted({question.page for question in shown})),
        errors=(*errors, *_unknown(form, answers)),
    )


def check_page(
    form: CompiledForm,
    page_index: int,
    answers: Mapping[str, object],
    *,
    variables: Mapping[str, object],
    today: date,
) -> Checked:
    """Like `check`, with the errors of one page only: the others are asked for when their page comes."""
    checked = check(form, answers, variables=variables, today=today)
    questions = form.questions
    mine = (e for e in checked.errors if e.question in questions and questions[e.question].page == page_index)
    return replace(checked, errors=tuple(mine))


def visible_pages(
    form: CompiledForm, answers: Mapping[str, object], *, variables: Mapping[str, object], today: date
) -> tuple[int, ...]:
    """Positions of the pages with something to see."""
    return check(form, answers, variables=variables, today=today).pages


def first_page(form: CompiledForm, *, variables: Mapping[str, object], today: date) -> int:
    """Position of the page a fresh form opens with."""
    return next(iter(visible_pages(form, {}, variables=variables, today=today)), 0)


def attachments(form: CompiledForm, values: Mapping[str, object]) -> tuple[AttachmentRef, ...]:
    """All photos that checked values name, in the order of the form."""
    return tuple(
        AttachmentRef(
            question.name, reference["id"], reference["sha256"], reference["size"], reference["type"]
        )
        for question in form.questions.values()
        if question.type == "file"
        for reference in _references(values.get(question.name))
    )


def _references(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []


def _calculate(run: _Run, step: Calculated) -> None:
    value = step.expression.value(run.scope, run.today)
    if not is_empty(value):
        run.scope[step.name] = value
        if step.included:
            run.values[step.name] = value


def _is_shown(run: _Run, question: Question) -> bool:
    return all(condition.holds(run.scope, run.today) for condition in question.conditions)


def _take(run: _Run, question: Question) -> None:
    if question.compute is not None:
        value = question.compute.value(run.scope, run.today)
        if not is_empty(value):
            run.values[question.name] = run.scope[question.name] = value
        return
    raw = run.answers.get(question.name)
    accept = question.behaviour.check
    if question.choice_conditions:
        raw = _without_hidden(run, question, raw)
    if accept is None or raw is None or (not raw and is_empty(raw)):
        return
    try:
        value = accept(raw)
    except Refused as refused:
        run.faults[question.name] = refused.faults
        return
    if value is not None:
        run.values[question.name] = run.scope[question.name] = value


def _without_hidden(run: _Run, question: Question, raw: object) -> object:
    """The answer without choices that are hidden now, as SurveyJS clears them.

    This comes before the type's check: what is left must still satisfy `minSelectedChoices`.
    """
    hidden = [
        choice
        for choice, condition in question.choice_conditions
        if not condition.holds(run.scope, run.today)
    ]
    if isinstance(raw, list):
        return [item for item in raw if item not in hidden]
    return None if raw in hidden else raw


def _take_companion(run: _Run, question: Question) -> None:
    """Companions live while their verdict has an answer, the text beside "other" while "other" is chosen."""
    companion = question.companion
    answer = run.values.get(companion.parent) if companion else None
    if answer is None or companion is None:
        return
    if companion.role == "comment" and not is_other(answer):
        return
    _take(run, question)


def _errors(run: _Run, form: CompiledForm) -> Iterator[AnswerError]:
    """All errors in the order of the form; what is wrong with a companion stands with its question."""
    for question in form.judged:
        name = question.name
        if name not in run.visible or name in run.faults:
            continue
        if question.judged_when_present or name not in run.values:
            yield from unmet(question, run.values, run.scope, run.today)
    for name, faults in run.faults.items():
        companion = form.questions[name].companion
        yield from located(companion.parent if companion else name, name, faults)


def _unknown(form: CompiledForm, answers: Mapping[str, object]) -> Iterator[AnswerError]:
    strangers = sorted(answers.keys() - form.questions.keys() - form.computed)
    for name in strangers[:MAX_UNKNOWN]:
        near = nearest(name, form.names)
        yield AnswerError(
            "", pointer_to(name[:64]), "unknown_question", {"name": name[:64], "suggestion": near}
        )
