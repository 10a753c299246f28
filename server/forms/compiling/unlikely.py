"""Warnings about conditions that can be evaluated, and yet can hardly mean what they say."""

from collections.abc import Iterable, Mapping

from server.forms.expressions import Expression
from server.forms.expressions.operations import equal
from server.forms.expressions.traps import UNKNOWN_CHOICE, constants_compared
from server.forms.form import Question
from server.forms.problems import Report


def warn_unknown_choices(
    report: Report, expressions: Iterable[tuple[str, Expression]], questions: Mapping[str, Question]
) -> None:
    """A comparison with something that is no choice of the question: never true, or never false."""
    for pointer, expression in expressions:
        for compared in constants_compared(expression.node):
            question = questions.get(compared.name)
            known = _values(question, compared.path) if question else []
            if known and not any(equal(value, compared.constant) for value in known):
                near = report.suggest(str(compared.constant), map(str, known))
                report.warn(
                    pointer,
                    UNKNOWN_CHOICE,
                    column=compared.column,
                    name=compared.name,
                    value=str(compared.constant)[:64],
                    suggestion=near,
                )


def _values(question: Question, path: tuple[str | int, ...]) -> list[object]:
    """The answers that can stand at the path; [] when anything can."""
    control = question.behaviour.control
    if question.type == "matrix" and len(path) == 1:
        return [column.value for column in control.columns]
    if question.group is not None or path or question.type == "boolean":
        return []
    return [choice.value for choice in control.choices]
