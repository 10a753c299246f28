"""Decisions about returned reports that look nothing up: what may be asked, and what an answer is."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from server.errors import Detail

MOST_QUESTIONS: Final = 30
LONGEST: Final = 500
# A phone that comes back after the deadline is listened to; this long, its link opens.
LATE: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Question:
    """What a reviewer asks about an item; about the whole report where `question` is ""."""

    question: str
    text: str


class Answer(Enum):
    """What an answer to a return is."""

    REPLAYED = "replayed"  # it came before, and gets what it got then
    CONFLICT = "conflict"  # another one came before
    OPEN = "open"  # it is the first


def return_problems(
    questions: Sequence[Question], text: str, known: Collection[str], *, due_at: datetime, now: datetime
) -> Iterable[Detail]:
    """What is wrong with a return, by the fields of its form.

    Args:
        known: the names of the form's questions.
    """
    if not questions and not text:
        yield Detail("return_nothing_asked", "/text")
    if len(text) > LONGEST:
        yield Detail("text_too_long", "/text", {"limit": LONGEST})
    if len(questions) > MOST_QUESTIONS:
        yield Detail("return_too_many", "/questions", {"limit": MOST_QUESTIONS})
    for index, each in enumerate(questions):
        pointer = f"/questions/{index}"
        if each.question and each.question not in known:
            yield Detail("unknown_question", pointer, {"name": each.question, "suggestion": ""})
        elif not each.text:
            yield Detail("field_required", pointer)
        elif len(each.text) > LONGEST:
            yield Detail("text_too_long", pointer, {"limit": LONGEST})
    if due_at <= now:
        yield Detail("return_due_past", "/due_on")


def link_until(expires_at: datetime, due_at: datetime) -> datetime:
    """How long the visitor's link opens: never shorter than before."""
    return max(expires_at, due_at + LATE)


def kind_of_answer(answered_with: str | None, content_hash: str) -> Answer:
    """What an answer of this content is; `answered_with` is the content that came before, if any."""
    if answered_with is None:
        return Answer.OPEN
    return Answer.REPLAYED if answered_with == content_hash else Answer.CONFLICT


def standing(answered_at: datetime | None, due_at: datetime, *, now: datetime) -> str:
    """`open`, `overdue`, `answered` or `answered_late`; the deadline is the first moment too late."""
    if answered_at is None:
        return "open" if now < due_at else "overdue"
    return "answered" if answered_at < due_at else "answered_late"
