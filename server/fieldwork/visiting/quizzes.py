"""Questions about a briefing, to be passed once: so much overall, and so much in each module.

The questions are a form with a score sheet; its sections are the modules. Source: MSPA's certification, 80 %
overall and no module under 50 % (practice.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from server import audit
from server.db import new_id
from server.errors import Refusal
from server.fieldwork.visiting.devices import Holder
from server.forms import check
from server.forms.problems import AnswerError
from server.intake.shelf import FormShelf, ShelvedForm
from server.models.definitions import Form, FormVersion
from server.models.visits import QuizAttempt
from server.scoring.exact import rounded
from server.scoring.programmes.visiting import Quiz
from server.scoring.score import score
from server.scoring.sheet import ScoreSheet

# Whoever guesses without reading needs more than these.
MOST_A_DAY: Final = 5
A_DAY: Final = timedelta(days=1)
PLACES: Final = 2
WHOLE: Final = Fraction(100)


@dataclass(frozen=True, slots=True)
class Result:
    """Percent overall and by module, and whether that is enough."""

    percent: Decimal
    modules: Mapping[str, Decimal]
    passed: bool


def judged(sheet: ScoreSheet, quiz: Quiz) -> Result:
    """What a sheet says against the bounds of a quiz. A module in which nothing counts is no hurdle."""
    modules = {
        section.name: section.earned * WHOLE / section.possible
        for section in sheet.sections
        if section.possible > 0
    }
    overall = sheet.earned * WHOLE / sheet.possible if sheet.possible > 0 else Fraction(0)
    enough = overall >= quiz.overall and all(each >= quiz.module for each in modules.values())
    return Result(_shown(overall), {name: _shown(each) for name, each in modules.items()}, enough)


def _shown(percent: Fraction) -> Decimal:
    shown = rounded(percent, PLACES)
    return Decimal(0) if shown is None else shown


def passed(connection: Connection, person_id: UUID) -> frozenset[tuple[str, int]]:
    """The quizzes that somebody has passed: the form's key and version."""
    found = connection.execute(
        select(Form.key, FormVersion.version)
        .join(FormVersion, FormVersion.form_id == Form.id)
        .join(QuizAttempt, QuizAttempt.form_version_id == FormVersion.id)
        .where(QuizAttempt.person_id == person_id, QuizAttempt.passed)
        .distinct()
    )
    return frozenset((row.key, row.version) for row in found)


def form_of(connection: Connection, quiz: Quiz, forms: FormShelf) -> ShelvedForm:
    """The form of a quiz.

    Raises:
        Refusal: not_found while it is not published.
    """
    found = forms.find(connection, quiz.form, quiz.version)
    if found is None or found.rules is None:
        raise Refusal("not_found")
    return found


def take(
    connection: Connection,
    holder: Holder,
    quiz: Quiz,
    answers: Mapping[str, Any],
    forms: FormShelf,
    *,
    now: datetime,
) -> Result | tuple[AnswerError, ...]:
    """Judge one try and keep it; answers that are not complete are no try.

    Raises:
        Refusal: not_found, or too_many_attempts after `MOST_A_DAY` within a day.
    """
    shelved = form_of(connection, quiz, forms)
    tried = connection.scalar(
        select(func.count())
        .select_from(QuizAttempt)
        .where(QuizAttempt.person_id == holder.person_id)
        .where(QuizAttempt.form_version_id == shelved.form_version_id, QuizAttempt.at > now - A_DAY)
    )
    if (tried or 0) >= MOST_A_DAY:
        raise Refusal("too_many_attempts", minutes=24 * 60)
    checked = check(shelved.form, answers, variables={}, today=now.date())
    if checked.errors or shelved.rules is None:
        return checked.errors
    result = judged(score(shelved.rules, checked.values, checked.visible), quiz)
    attempt_id = new_id()
    connection.execute(
        insert(QuizAttempt).values(
            id=attempt_id,
            person_id=holder.person_id,
            form_version_id=shelved.form_version_id,
            percent=result.percent,
            modules={name: str(each) for name, each in result.modules.items()},
            passed=result.passed,
            at=now,
        )
    )
    detail = {"form": quiz.form, "percent": str(result.percent), "passed": result.passed}
    audit.record(connection, [audit.Entry(holder.actor, "quiz_taken", holder.actor, detail)], at=now)
    return result
