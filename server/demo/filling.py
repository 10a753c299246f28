"""Fills a compiled form as a person does: question by question, seeing only what the answers so far show.

It knows types, not forms: a new form in `form_definitions/` is filled without a line of code here. What a
person would say is the business of `answers.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Protocol

from server.forms.expressions.operations import is_empty
from server.forms.form import Calculated, CompiledForm, Question
from server.forms.problems import Refused
from server.forms.properties import Scalar

_TRIES = 30


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the answers are about.

    Attributes:
        quality: how well people are served there, 0 to 1.
        day: when; also the `today` of the form's expressions.
        weak_side: the theme that is worse than the rest there, a key of `server.demo.remarks.THEMES`, or "".
        variables: values known before the start, as the form's check will get them.
    """

    quality: float
    day: date
    weak_side: str = ""
    variables: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


class Person(Protocol):
    """Who answers."""

    def answer(self, question: Question, scope: Mapping[str, object]) -> Mapping[str, object]:
        """The answer and its companions by name; empty to leave the question blank."""


def filled(form: CompiledForm, occasion: Occasion, person: Person) -> dict[str, object]:
    """Answers to all visible questions, in the order of the form."""
    scope = {name: value for name, value in occasion.variables.items() if name in form.variables}
    answers: dict[str, object] = {}
    for step in form.plan:
        if isinstance(step, Calculated):
            _calculate(scope, step.name, step.expression.value(scope, occasion.day))
        elif step.compute is not None:
            _calculate(scope, step.name, step.compute.value(scope, occasion.day))
        elif _is_asked(step, scope, occasion.day):
            given = _accepted(person, step, scope, occasion.day)
            answers.update(given)
            scope.update(given)
    return {name: answers[name] for name in form.questions if name in answers}


def is_required(question: Question, scope: Mapping[str, object], day: date) -> bool:
    """Whether a blank would be refused."""
    return question.required or (question.required_if is not None and question.required_if.holds(scope, day))


def offered(question: Question, scope: Mapping[str, object], day: date) -> tuple[Scalar, ...]:
    """The choices that can be picked now."""
    hidden = {value for value, condition in question.choice_conditions if not condition.holds(scope, day)}
    control = question.behaviour.control
    choices = control.columns or control.choices
    return tuple(choice.value for choice in choices if choice.value not in hidden)


def accepts(question: Question, value: object) -> bool:
    """Whether the question's type takes the value."""
    if question.behaviour.check is None:
        return False
    try:
        return question.behaviour.check(value) is not None
    except Refused:
        return False


def _is_asked(question: Question, scope: Mapping[str, object], day: date) -> bool:
    if question.companion is not None or question.behaviour.check is None:
        return False
    return all(condition.holds(scope, day) for condition in question.conditions)


def _accepted(
    person: Person, question: Question, scope: Mapping[str, object], day: date
) -> Mapping[str, object]:
    """An answer that the form takes: a person corrects what is refused, and leaves blank what they may."""
    for _ in range(_TRIES):
        given = person.answer(question, scope)
        value = given.get(question.name)
        if value is None:
            if not is_required(question, scope, day):
                return {}
            continue
        merged = {**scope, **given}
        if accepts(question, value) and not any(rule(value, merged, day) for rule in question.validators):
            return given
    return {}


def _calculate(scope: dict[str, object], name: str, value: object) -> None:
    if not is_empty(value):
        scope[name] = value
