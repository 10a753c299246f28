"""How good each choice of a question is, from 0 to 1, and picking one to fit a level."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from random import Random

from server.demo.chance import clamp
from server.forms.form import Question
from server.forms.properties import Scalar

# For questions without points: what a choice's own words say.
_WORDS = (
    ("非常不满意", 0.0),
    ("很不满意", 0.0),
    ("不太满意", 0.25),
    ("不满意", 0.25),
    ("一般", 0.5),
    ("非常满意", 1.0),
    ("很满意", 1.0),
    ("比较满意", 0.75),
    ("满意", 0.75),
)


def is_not_applicable(question: Question, value: Scalar) -> bool:
    """Whether the choice means that the question does not apply."""
    scoring = question.scoring or {}
    return "naValue" in scoring and str(scoring["naValue"]) == str(value)


def label(question: Question, value: Scalar) -> str:
    """What a Chinese reader sees for a choice, row or column."""
    control = question.behaviour.control
    every = (*control.choices, *control.columns, *control.rows)
    return next(
        (choice.text.in_locale("zh") for choice in every if choice.value == value and choice.text), ""
    )


def grades(question: Question, choices: Iterable[Scalar]) -> dict[Scalar, float]:
    """The worth of each choice that has one: by its points, by its place on a scale, or by its words."""
    wanted = [value for value in choices if not is_not_applicable(question, value)]
    worth = next((found for read in _READERS if (found := read(question, wanted))), {})
    least, most = min(worth.values(), default=0.0), max(worth.values(), default=0.0)
    if most <= least:
        return {}
    return {value: (points - least) / (most - least) for value, points in worth.items()}


def pick(rng: Random, worth: Mapping[Scalar, float], level: float) -> Scalar:
    """A choice next to the level, above or below it so that many picks have the level as their mean."""
    steps = sorted(worth.items(), key=lambda item: item[1])
    wanted = clamp(level, 0.0, 1.0)
    below = [step for step in steps if step[1] <= wanted][-1]
    above = next(step for step in steps if step[1] >= wanted)
    if above[1] == below[1]:
        return below[0]
    share = (wanted - below[1]) / (above[1] - below[1])
    return above[0] if rng.random() < share else below[0]


def _by_evidence(question: Question, values: list[Scalar]) -> dict[Scalar, float]:
    """Good or bad, where the form says what needs proof; some such items are recorded without points."""
    failing = question.evidence.failing if question.evidence else frozenset()
    return {value: 0.0 if value in failing else 1.0 for value in values} if failing else {}


def _by_points(question: Question, values: list[Scalar]) -> dict[Scalar, float]:
    awards = (question.scoring or {}).get("awards")
    if not isinstance(awards, dict):
        return {}
    points = {str(value): float(Fraction(str(raw))) for value, raw in awards.items()}
    return {value: points[str(value)] for value in values if str(value) in points}


def _by_scale(question: Question, values: list[Scalar]) -> dict[Scalar, float]:
    if question.type != "rating":
        return {}
    return {value: float(place) for place, value in enumerate(values)}


def _by_words(question: Question, values: list[Scalar]) -> dict[Scalar, float]:
    found = ((value, _word_grade(label(question, value))) for value in values)
    worth = {value: grade for value, grade in found if grade is not None}
    return worth if len(worth) == len(values) else {}


def _word_grade(text: str) -> float | None:
    return next((grade for words, grade in _WORDS if words in text), None)


_READERS = (_by_evidence, _by_points, _by_scale, _by_words)
