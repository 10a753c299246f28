"""What may be asked of a report that goes back, and what an answer is: tables of cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from server.followup.returning.deciding import (
    LATE,
    LONGEST,
    MOST_QUESTIONS,
    Answer,
    Question,
    kind_of_answer,
    link_until,
    return_problems,
    standing,
)
from tests.builders import DAY, NOW

GOOD = Question("greeting", "几点？")


@pytest.mark.parametrize(
    ("questions", "text", "due_at", "codes"),
    [
        ([GOOD], "", NOW + DAY, []),
        ([], "请补照片", NOW + DAY, []),
        ([Question("", "哪天去的？")], "", NOW + DAY, []),
        ([], "", NOW + DAY, ["return_nothing_asked"]),
        ([GOOD], "", NOW, ["return_due_past"]),
        ([Question("gone", "x")], "", NOW + DAY, ["unknown_question"]),
        ([Question("greeting", "")], "", NOW + DAY, ["field_required"]),
        ([Question("greeting", "x" * (LONGEST + 1))], "", NOW + DAY, ["text_too_long"]),
        ([], "x" * (LONGEST + 1), NOW + DAY, ["text_too_long"]),
        ([GOOD] * (MOST_QUESTIONS + 1), "", NOW + DAY, ["return_too_many"]),
    ],
)
def test_what_may_be_asked(
    questions: Sequence[Question], text: str, due_at: datetime, codes: list[str]
) -> None:
    found = return_problems(questions, text, {"greeting"}, due_at=due_at, now=NOW)
    assert [each.code for each in found] == codes


@pytest.mark.parametrize(
    ("before", "kind"), [(None, Answer.OPEN), ("a", Answer.REPLAYED), ("b", Answer.CONFLICT)]
)
def test_the_first_answer_counts(before: str | None, kind: Answer) -> None:
    assert kind_of_answer(before, "a") is kind


MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("answered_at", "now", "found"),
    [
        (None, NOW - MOMENT, "open"),
        (None, NOW, "overdue"),
        (NOW - MOMENT, NOW + DAY, "answered"),
        (NOW, NOW + DAY, "answered_late"),
    ],
)
def test_the_deadline_is_the_first_moment_too_late(
    answered_at: datetime | None, now: datetime, found: str
) -> None:
    assert standing(answered_at, NOW, now=now) == found


def test_a_link_never_opens_for_less_than_before() -> None:
    assert link_until(NOW, NOW + DAY) == NOW + DAY + LATE
    assert link_until(NOW + 90 * DAY, NOW + DAY) == NOW + 90 * DAY
