"""Warnings about conditions that can be evaluated, and yet can hardly mean what they say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from server.forms.expressions import Expression
from server.forms.expressions.operations import any_of, text_of
from server.forms.expressions.slips import Shape, slips_in
from server.forms.expressions.traps import UNKNOWN_CHOICE, constants_compared
from server.forms.expressions.tree import Name, Path
from server.forms.form import Question
from server.forms.problems import Report

# Pointer and name: a companion stands where its question stands.
_Place = tuple[str, str]

_DECIDING = frozenset(("visibleIf", "requiredIf", "enableIf", "choicesVisibleIf"))
_DECIDING_LISTS = frozenset(("validators", "triggers", "completedHtmlOnCondition"))
_SHAPES: Mapping[str, Shape] = {
    "checkbox": "list",
    "ranking": "list",
    "file": "parts",
    "geolocation": "parts",
    "matrix": "parts",
    "matrixdropdown": "parts",
    "moment": "date",
    "multipletext": "parts",
    "paneldynamic": "parts",
    "rating": "scale",
}
_INPUT_SHAPES: Mapping[str, Shape] = {
    "date": "date",
    "datetime-local": "date",
    "month": "date",
    "number": "number",
    "range": "number",
    "time": "time",
}
# Of a single answer these look for a part of its text, and any part may be meant.
_PART_OF_A_TEXT = ("contains", "notcontains")
_LISTS = ("checkbox", "ranking")
# How many steps of a path lead to one panel, one row, one set of items.
_STEPS = {"list": 1, "rows": 1, "one": 0}


def warn_unlikely(
    report: Report, compiled: Iterable[tuple[str, Expression]], questions: Mapping[str, Question]
) -> None:
    """Conditions that can hardly hold, or hardly fail, with what was probably meant."""
    # A list taken from another question has its conditions compiled again, at the same pointer.
    expressions = dict(compiled)
    groups = {question.pointer: question for question in questions.values() if question.group}
    answers = _Answers(questions, groups)
    _warn_unknown_choices(report, expressions, answers)
    for pointer, expression in expressions.items():
        shape_of = partial(answers.shape, pointer=pointer)
        for slip in slips_in(expression.node, shape_of, is_condition=_decides(pointer)):
            report.warn(pointer, slip.code, column=slip.column, **slip.params)


def _decides(pointer: str) -> bool:
    """Whether the expression there is a condition, and no value that is kept or shown."""
    *_, listed, _place, last = ("", "", *pointer.split("/"))
    return last in _DECIDING or (last == "expression" and listed in _DECIDING_LISTS)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is known of the answers behind a name: questions by name, groups by their pointers too."""

    questions: Mapping[str, Question]
    groups: Mapping[str, Question]

    def find(self, name: str, path: Path, pointer: str) -> tuple[Question, Path] | None:
        """The question whose answer a name in the expression at `pointer` reads, and the path inside it."""
        outer = self._around(pointer) if name in ("panel", "row") else None
        if outer is not None and outer.group is not None and outer.group.word == name:
            return self._inner(outer, path)
        question = self.questions.get(name)
        if question is None or question.group is None:
            return None if question is None else (question, path)
        steps = _STEPS[question.group.answer]
        return self._inner(question, path[steps:]) if len(path) > steps else (question, path)

    def _inner(self, outer: Question, path: Path) -> tuple[Question, Path] | None:
        inner = outer.group.questions.get(str(path[0])) if outer.group is not None and path else None
        return None if inner is None else (inner, path[1:])

    def _around(self, pointer: str) -> Question | None:
        """The group in which an expression stands."""
        while pointer:
            pointer = pointer.rpartition("/")[0]
            question = self.groups.get(pointer)
            if question is not None:
                return question
        return None

    def shape(self, name: Name, pointer: str) -> Shape:
        """What the answers look like that the name reads."""
        found = self.find(name.name, name.path, pointer)
        if found is None or found[1]:
            return ""
        question = found[0]
        if question.type == "text":
            return _INPUT_SHAPES.get(question.behaviour.control.attributes.get("type", ""), "")
        return _SHAPES.get(question.type, "")


def _warn_unknown_choices(report: Report, expressions: Mapping[str, Expression], answers: _Answers) -> None:
    """A comparison with something that is no choice of the question: never true, or never false."""
    met: dict[_Place, Question] = {}

    @cache
    def known_to(place: _Place, path: Path) -> list[object]:
        return _values(met[place], path)

    # Forms ask for the same constant in hundreds of conditions, and a list may have a thousand choices.
    # True is 1 to a cache, so the type is part of the question.
    @cache
    def is_known(place: _Place, path: Path, constant: str | float | bool, _kind: str) -> bool:
        known = known_to(place, path)
        return not known or any_of(known, [constant])

    for pointer, expression in expressions.items():
        for compared in constants_compared(expression.node):
            found = answers.find(compared.name, compared.path, pointer)
            if found is None or (compared.operator in _PART_OF_A_TEXT and found[0].type not in _LISTS):
                continue
            question, path = found
            place, constant = (question.pointer, question.name), compared.constant
            met[place] = question
            if not is_known(place, path, constant, type(constant).__name__):
                near = report.suggest(text_of(constant), map(text_of, known_to(place, path)))
                report.warn(
                    pointer,
                    UNKNOWN_CHOICE,
                    column=compared.column,
                    name=question.name,
                    value=text_of(constant)[:64],
                    suggestion=near,
                )


def _values(question: Question, path: Path) -> list[object]:
    """The answers that can stand at the path; [] when anything can."""
    control = question.behaviour.control
    if question.type == "matrix" and len(path) == 1:
        return [column.value for column in control.columns]
    if question.group is not None or path:
        return []
    if question.type == "boolean":
        return list(question.behaviour.answers.values())
    return [choice.value for choice in control.choices]
