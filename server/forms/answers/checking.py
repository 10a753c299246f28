"""Answers against a compiled form: what is visible, what the canonical values are, and every error at once.

One walk (walking.py) decides visibility, takes the answers and calculates; what an answer needs (required,
validators, evidence) is judged after it, when every value is known.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server.forms.answers.piping import display_text
from server.forms.answers.walking import Rules, Run, errors_of, unknown, walk
from server.forms.expressions.evaluation import DISPLAY
from server.forms.form import CompiledForm, Question
from server.forms.localised import LocalText
from server.forms.problems import AnswerError, pointer_to


@dataclass(frozen=True, slots=True)
class Inside:
    """One panel or row of a group, or its one object: pointer from the question on, and as of `Checked`."""

    pointer: str
    visible: frozenset[str]
    values: Mapping[str, object]
    disabled: frozenset[str]
    hidden_choices: Mapping[str, Collection[object]]


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome. `values` are canonical; `visible` are names in the order of the form, companions left out.

    `pages` are the positions of the pages with something to see, `inside` the panels, rows or items of each
    group that is asked, `disabled` the questions that are shown and not to be changed now, `hidden_choices`
    what is not offered now. `scope` is all that expressions could read in the end: the variables, the answers
    (hidden ones too, where the form keeps those) and every calculated value.
    """

    values: dict[str, object]
    visible: tuple[str, ...]
    pages: tuple[int, ...]
    errors: tuple[AnswerError, ...]
    inside: Mapping[str, tuple[Inside, ...]] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()
    hidden_choices: Mapping[str, Collection[object]] = field(default_factory=dict)
    scope: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A photo named by an answer."""

    question: str
    id: str
    sha256: str
    size: int
    type: str


def check(
    form: CompiledForm,
    answers: Mapping[str, object],
    *,
    variables: Mapping[str, object],
    today: date,
    fill: bool = False,
) -> Checked:
    """Check all answers.

    Args:
        variables: the values known before the start; undeclared ones are ignored.
        fill: give a name that is absent from the answers its default. Pages do; whoever sends answers in
            bulk has said all there is. A name present with None was left blank and stays so.
    """
    run = Run(answers, _known(form, variables), _rules(form, today, fill=fill))
    walk(run, form.plan)
    shown = [question for name, question in form.questions.items() if name in run.visible]
    wrong = [*errors_of(run, form.questions, form.judged)]
    if len(form.photographed) > 1:
        wrong += _contradictions(form, run.values)
    errors = sorted(wrong, key=lambda error: form.questions[error.question].index)
    return Checked(
        values=run.values,
        visible=tuple(question.name for question in shown),
        pages=tuple(sorted({question.page for question in shown})),
        errors=(*errors, *unknown(answers, form.questions, form.computed)),
        inside=_inside(run, form.questions) if run.inside else {},
        disabled=_disabled(run, form.switched),
        hidden_choices=run.hidden_choices,
        scope=run.scope,
    )


def _known(form: CompiledForm, variables: Mapping[str, object]) -> dict[str, object]:
    """What expressions can read before the first answer."""
    known: dict[str, object] = {name: variables[name] for name in form.variables if name in variables}
    if form.shows_answers:
        known[DISPLAY] = lambda name, value: display_text(form, name, value, form.locale)
    return known


def _rules(form: CompiledForm, today: date, *, fill: bool) -> Rules:
    mode = form.hidden_answers
    return Rules(today, fill, reads_hidden=mode != "onHidden", keeps_hidden=mode == "none")


def _disabled(run: Run, switched: Iterable[Question]) -> frozenset[str]:
    return frozenset(
        question.name
        for question in switched
        if question.enable_if and not question.enable_if.holds(run.scope, run.rules.today)
    )


def _inside(run: Run, questions: Mapping[str, Question]) -> Mapping[str, tuple[Inside, ...]]:
    return {
        name: tuple(
            Inside(
                part,
                frozenset(inner.visible),
                inner.values,
                _disabled(inner, group.switched),
                inner.hidden_choices,
            )
            for part, inner in walks
        )
        for name, walks in run.inside.items()
        if (group := questions[name].group)
    }


def fired(form: CompiledForm, before: Checked, after: Checked, *, today: date) -> dict[str, object]:
    """The answers that `setvalue` triggers write when answers change from `before` to `after`.

    A trigger acts when something it reads has changed and its condition holds now, so a person can still
    answer otherwise afterwards.
    """
    old, new = before.scope, after.scope
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    return {
        setting.target: setting.value
        for setting in form.settings
        if setting.condition.names & changed and setting.condition.holds(new, today)
    }


def closing_text(form: CompiledForm, checked: Checked, *, today: date) -> LocalText | None:
    """What is said at the end: the first of `completedHtmlOnCondition` that holds, else `completedHtml`."""
    endings = (ending.text for ending in form.endings if ending.condition.holds(checked.scope, today))
    return next(endings, form.completed)


def errors_on(form: CompiledForm, page_index: int, checked: Checked) -> tuple[AnswerError, ...]:
    """The errors of one page: the others are asked for when their page comes."""
    questions = form.questions
    return tuple(
        error
        for error in checked.errors
        if error.question in questions and questions[error.question].page == page_index
    )


def attachments(form: CompiledForm, values: Mapping[str, object]) -> tuple[AttachmentRef, ...]:
    """All photos that checked values name, in the order of the form.

    One photo can back up several questions; it is listed with the first of them.
    """
    found: dict[str, AttachmentRef] = {}
    for reference in _all_references(form, values):
        found.setdefault(reference.id, reference)
    return tuple(found.values())


def _all_references(form: CompiledForm, values: Mapping[str, object]) -> Iterator[AttachmentRef]:
    for question in form.photographed:
        for item in _references(values.get(question.name)):
            yield AttachmentRef(question.name, item["id"], item["sha256"], item["size"], item["type"])


def _contradictions(form: CompiledForm, values: Mapping[str, object]) -> Iterator[AnswerError]:
    """One id for two different photos: nobody could say which of them the store should hold."""
    first: dict[str, str] = {}
    for reference in _all_references(form, values):
        if first.setdefault(reference.id, reference.sha256) != reference.sha256:
            companion = form.questions[reference.question].companion
            shown_at = companion.parent if companion else reference.question
            yield AnswerError(shown_at, pointer_to(reference.question), "attachment_contradicts", {})


def _references(value: object) -> list[dict[str, Any]]:
    return value if isinstance(value, list) else []
