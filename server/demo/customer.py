"""A customer who answers a survey: a mood, a side they rate lower, now and then a line about it."""

from collections.abc import Mapping
from random import Random

from server.demo.filling import Occasion, is_required, offered
from server.demo.grades import grades, is_not_applicable, label, pick
from server.demo.habits import SPECIAL, by_habit
from server.demo.remarks import remark, theme_of
from server.forms.form import Question
from server.forms.properties import Scalar

_NOT_MET = 0.05


class Customer:
    """One person at one outlet; rates, complains and forgets like one."""

    def __init__(self, rng: Random, occasion: Occasion) -> None:
        self._rng = rng
        self._occasion = occasion
        # A few come out furious, more of them where service is poor: ratings have a long tail, not one hump.
        furious = rng.random() < 0.02 + 0.16 * (1 - occasion.quality)
        self._mood = rng.gauss(0.0, 0.1) - (0.45 if furious else 0.0)
        self._rated: list[tuple[float, str]] = []

    def answer(self, question: Question, scope: Mapping[str, object]) -> Mapping[str, object]:
        """Ratings by mood, comments and reasons by the lowest rating, the rest by habit."""
        value: object
        if question.type == "comment":
            value = self._comment(is_required(question, scope, self._occasion.day))
        elif question.behaviour.control.rows:
            value = self._rows(question, scope)
        elif question.type == "checkbox":
            value = self._reasons(question, scope)
        else:
            value = self._rating(question, scope, _words(question))
        if value is None and question.type != "comment":
            return by_habit(self._rng, question, scope, self._occasion)
        return {} if value is None else {question.name: value}

    def _rows(self, question: Question, scope: Mapping[str, object]) -> object:
        rows = [str(row.value) for row in question.behaviour.control.rows]
        given = {row: self._rating(question, scope, f"{row} {label(question, row)}") for row in rows}
        return {row: value for row, value in given.items() if value is not None} or None

    def _rating(self, question: Question, scope: Mapping[str, object], words: str) -> Scalar | None:
        choices = offered(question, scope, self._occasion.day)
        worth = grades(question, choices)
        if not worth:
            return None
        away = [value for value in choices if is_not_applicable(question, value)]
        if away and self._rng.random() < _NOT_MET:
            return away[0]
        theme = theme_of(words)
        value = pick(self._rng, worth, self._level(theme))
        self._rated.append((worth[value], theme))
        return value

    def _level(self, theme: str) -> float:
        """What this person thinks of one side, 0 to 1 before it is cut off at the ends."""
        weaker = 0.1 if theme and theme == self._occasion.weak_side else 0.0
        return 0.45 + 0.55 * self._occasion.quality - weaker + self._mood + self._rng.gauss(0.0, 0.08)

    def _reasons(self, question: Question, scope: Mapping[str, object]) -> list[Scalar] | None:
        """The reasons that belong to what was rated low; None when the list is about something else."""
        low = {theme for level, theme in self._rated if theme and level <= 0.5}
        choices = offered(question, scope, self._occasion.day)
        fitting = [value for value in choices if theme_of(label(question, value)) in low]
        return [value for value in fitting if value not in SPECIAL] or None

    def _comment(self, required: bool) -> str | None:
        """Unhappy customers write more often; what they write is about what they rated lowest."""
        level = sum(level for level, _ in self._rated) / len(self._rated) if self._rated else 0.8
        if not required and self._rng.random() > 0.5 - 0.35 * level:
            return None
        _, worst = min((pair for pair in self._rated if pair[1]), default=(level, ""))
        # A reason that the form insists on is a complaint, however kind the rest was.
        return remark(self._rng, 0.0 if required else level, worst)


def _words(question: Question) -> str:
    """The question's Chinese title and its name, which is English by custom."""
    parts = question.title.parts
    pieces = parts.get("zh-cn") or parts.get("zh") or parts.get("default") or ("",)
    return " ".join(("".join(pieces[::2]), question.name))
