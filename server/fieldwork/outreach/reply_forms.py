"""Which forms can be answered by a message: one question with choices, of which every one is a whole answer.

What else such a form asks may be left blank, except that it may take words of one's own beside the answer.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from server.errors import Detail, Refusal
from server.forms import CompiledForm, Question, check
from server.intake.shelf import FormShelf
from server.notify.replies import RING, Scale, Value

TYPES: Final = ("rating", "radiogroup")
# A list that people read in a message and answer with a number.
MOST_CHOICES: Final = 11
_ANY_DAY: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class ReplyQuestion:
    """The one question, and the question that takes words, where the form has one.

    Attributes:
        choices: number -> what is written beside it, by language.
    """

    name: str
    scale: Scale
    choices: dict[int, dict[str, str]]
    comment: Question | None = None

    @property
    def rings(self) -> bool:
        """Whether 9 is free to mean "please ring me"."""
        return int(RING) not in self.scale.numbers

    def listed(self, locale: str) -> str:
        """What to reply, in a few words: `1满意 2一般 3不满意`, or `1-5` where numbers are all there is."""
        numbers = sorted(self.choices)
        if any(self.choices[number] for number in numbers):
            return " ".join(f"{number}{self.choices[number].get(locale, '')}" for number in numbers)
        return f"{numbers[0]}-{numbers[-1]}"


def reply_question(form: CompiledForm) -> ReplyQuestion | None:
    """How a form is answered by a message, or None when it cannot be."""
    asked = [
        each for each in form.questions.values() if not (each.conditions or each.companion or each.group)
    ]
    closed = [each for each in asked if each.type in TYPES]
    if len(closed) != 1 or not 1 < len(closed[0].behaviour.control.choices) <= MOST_CHOICES:
        return None
    [question] = closed
    values = _numbered(question)
    comment = next((each for each in asked if each.type == "comment"), None)
    if not all(_is_whole(form, {question.name: value}) for value in values.values()):
        return None
    choices = {number: _labels(question, value) for number, value in values.items()}
    texts = {text: values[number] for number, labels in choices.items() for text in labels.values()}
    return ReplyQuestion(question.name, Scale(values, texts), choices, comment)


def refuse_unanswerable(connection: Connection, form_version_id: UUID, *, reply: bool) -> None:
    """Raises: Refusal: invalid_fields when a wave takes replies and its form is no such form."""
    if reply and reply_question(FormShelf().get(connection, form_version_id).form) is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_for_replies", "/reply")])


def _numbered(question: Question) -> dict[int, Value]:
    """What people type for each choice: the choices' own numbers, else their places."""
    values = [choice.value for choice in question.behaviour.control.choices]
    if all(isinstance(value, int) for value in values):
        return {int(value): value for value in values}
    return dict(enumerate(values, start=1))


def _labels(question: Question, value: Value) -> dict[str, str]:
    choice = next(each for each in question.behaviour.control.choices if each.value == value)
    if choice.text is None:
        return {}
    texts = {locale: choice.text.in_locale(locale) for locale in ("zh", "en")}
    return {locale: text for locale, text in texts.items() if text != str(value)}


def _is_whole(form: CompiledForm, answers: dict[str, Value]) -> bool:
    return not check(form, answers, variables={}, today=_ANY_DAY).errors
