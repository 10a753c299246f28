"""Answers that say nothing about quality: what was done, when, at which window. One row for each type."""

from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType

from server.demo.filling import Occasion, accepts, is_required, offered
from server.forms.form import Question
from server.forms.properties import Scalar
from server.forms.types.selections import NONE, OTHER

SPECIAL = (NONE, OTHER)
_SKIPPED = 0.2

_Habit = Callable[[Random, Question, tuple[Scalar, ...], Occasion], object]


def by_habit(
    rng: Random, question: Question, scope: Mapping[str, object], occasion: Occasion
) -> Mapping[str, object]:
    """The answer by its name; empty where a blank is allowed, now and then."""
    habit = _HABITS.get(question.type)
    if habit is None or (not is_required(question, scope, occasion.day) and rng.random() < _SKIPPED):
        return {}
    choices = tuple(value for value in offered(question, scope, occasion.day) if value not in SPECIAL)
    value = habit(rng, question, choices, occasion)
    return {} if value is None else {question.name: value}


def _one(rng: Random, _question: Question, choices: tuple[Scalar, ...], _occasion: Occasion) -> object:
    """Lists begin with what is common, so earlier choices come more often."""
    return (
        rng.choices(choices, [1 / place**1.4 for place in range(1, len(choices) + 1)])[0] if choices else None
    )


def _some(rng: Random, _question: Question, choices: tuple[Scalar, ...], _occasion: Occasion) -> object:
    chosen = rng.sample(choices, min(len(choices), rng.choice((1, 1, 2))))
    return [value for value in choices if value in chosen] or None


def _rows(rng: Random, question: Question, choices: tuple[Scalar, ...], _occasion: Occasion) -> object:
    return {str(row.value): rng.choice(choices) for row in question.behaviour.control.rows} or None


def _yes_or_no(rng: Random, question: Question, _choices: tuple[Scalar, ...], _occasion: Occasion) -> object:
    value = rng.random() < 0.35
    return value if accepts(question, value) else None


def _typed(rng: Random, question: Question, _choices: tuple[Scalar, ...], occasion: Occasion) -> object:
    """Numbers within their limits, dates of the day; telephone and mail addresses stay blank."""
    attributes = question.behaviour.control.attributes
    kind = attributes.get("type", "text")
    if kind == "number":
        least = int(float(attributes.get("min", 0)))
        most = int(float(attributes.get("max", least + 8)))
        return rng.randint(least, min(most, least + 12))
    if kind == "date":
        return occasion.day.isoformat()
    if kind == "month":
        return f"{occasion.day:%Y-%m}"
    return f"{rng.randint(1, 6)}号窗口" if kind == "text" else None


_HABITS: Mapping[str, _Habit] = MappingProxyType(
    {
        "radiogroup": _one,
        "dropdown": _one,
        "rating": _one,
        "checkbox": _some,
        "matrix": _rows,
        "boolean": _yes_or_no,
        "text": _typed,
    }
)
