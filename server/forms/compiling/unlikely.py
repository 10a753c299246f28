"""Warnings about conditions that can be evaluated, and yet can hardly mean what they say."""

from collections.abc import Iterable, Mapping
from functools import cache

from server.forms.expressions import Expression
from server.forms.expressions.operations import any_of
from server.forms.expressions.traps import UNKNOWN_CHOICE, constants_compared
from server.forms.form import Question
from server.forms.problems import Report


def warn_unknown_choices(
    report: Report, expressions: Iterable[tuple[str, Expression]], questions: Mapping[str, Question]
) -> None:
    """A comparison with something that is no choice of the question: never true, or never false."""

    @cache
    def known_to(name: str, path: tuple[str | int, ...]) -> list[object]:
        return _values(questions[name], path) if name in questions else []

    # Forms ask for the same constant in hundreds of conditions, and a list may have a thousand choices.
    # True is 1 to a cache, so the type is part of the question.
    @cache
    def is_known(name: str, path: tuple[str | int, ...], constant: str | float | bool, _kind: str) -> bool:
        known = known_to(name, path)
        return not known or any_of(known, [constant])

    for pointer, expression in expressions:
        for compared in constants_compared(expression.node):
            if compared.operator in _PART_OF_A_TEXT and not _answers_with_a_list(
                questions.get(compared.name)
            ):
                continue
            name, path, constant = compared.name, compared.path, compared.constant
            if not is_known(name, path, constant, type(constant).__name__):
                near = report.suggest(str(constant), map(str, known_to(name, path)))
                report.warn(
                    pointer,
                    UNKNOWN_CHOICE,
                    column=compared.column,
                    name=name,
                    value=str(constant)[:64],
                    suggestion=near,
                )


# Of a single answer these look for a part of its text, and any part may be meant.
_PART_OF_A_TEXT = ("contains", "notcontains")


def _answers_with_a_list(question: Question | None) -> bool:
    return question is not None and question.type in ("checkbox", "ranking")


def _values(question: Question, path: tuple[str | int, ...]) -> list[object]:
    """The answers that can stand at the path; [] when anything can."""
    control = question.behaviour.control
    if question.type == "matrix" and len(path) == 1:
        return [column.value for column in control.columns]
    if question.group is not None or path or question.type == "boolean":
        return []
    return [choice.value for choice in control.choices]
