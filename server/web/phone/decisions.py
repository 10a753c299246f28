"""What the holder of a phone says to a visit: read, accepted, given back, asked; and the quiz before it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.datastructures import MultiDict

from server import catalogue
from server.db import AnyRow, connection, transaction
from server.errors import Refusal
from server.fieldwork.visiting import deciding, quizzes, threads
from server.fieldwork.visiting.mine import Mine, visit_of
from server.http.locale import locale
from server.services import services
from server.web.phone.knowing import THE_DEVICE, answer, done, holder, told
from server.web.phone.lists import shown
from server.web.phone.whole import quiz_answers, quiz_document


class AcceptSchema(Schema):
    """`no_ties`: the declaration that neither the visitor nor anybody close works there."""

    class Meta:
        unknown = RAISE

    no_ties = fields.Boolean(required=True)


class ReasonSchema(Schema):
    """Why a visit is given back."""

    class Meta:
        unknown = RAISE

    reason = fields.String(required=True, validate=validate.Length(max=2_000))


class LineSchema(Schema):
    """A line to the desk."""

    class Meta:
        unknown = RAISE

    said = fields.String(required=True, validate=validate.Length(max=4_000))


class QuizSchema(Schema):
    """The fields of a quiz as a form would post them."""

    class Meta:
        unknown = RAISE

    answers = fields.List(
        fields.List(fields.String(), validate=validate.Length(equal=2)),
        required=True,
        validate=validate.Length(max=5_000),
    )


def install(blueprint: Blueprint) -> None:
    at = "/visits/<uuid:assignment_id>"
    blueprint.post(f"{at}/briefed")(THE_DEVICE(briefed))
    blueprint.post(f"{at}/accept")(THE_DEVICE(accept))
    blueprint.post(f"{at}/give-back")(THE_DEVICE(give_back))
    blueprint.get(f"{at}/thread")(THE_DEVICE(thread))
    blueprint.post(f"{at}/thread")(THE_DEVICE(say))
    blueprint.get(f"{at}/quiz")(THE_DEVICE(quiz))
    blueprint.post(f"{at}/quiz")(THE_DEVICE(take_quiz))


def briefed(assignment_id: UUID) -> Response:
    who, now = holder(), services().clock.now()
    with transaction() as open_connection:
        visit = visit_of(open_connection, who.person_id, assignment_id, now=now)
        deciding.note_briefing(open_connection, who, visit, now=now)
    return _again(assignment_id)


def accept(assignment_id: UUID) -> Response:
    who, now, body = holder(), services().clock.now(), told(AcceptSchema())
    with transaction() as open_connection:
        visit = visit_of(open_connection, who.person_id, assignment_id, now=now)
        deciding.accept(open_connection, who, visit, no_ties=body["no_ties"], now=now)
    return _again(assignment_id)


def give_back(assignment_id: UUID) -> Response:
    who, now, body = holder(), services().clock.now(), told(ReasonSchema())
    with transaction() as open_connection:
        visit = visit_of(open_connection, who.person_id, assignment_id, now=now)
        deciding.give_back(open_connection, who, visit, body["reason"], now=now)
    return done()


def thread(assignment_id: UUID) -> Response:
    """The talk with the desk; looking at it reads it."""
    visit = _visit(assignment_id)
    with transaction() as open_connection:
        threads.mark_read(open_connection, visit.row.id, by_desk=False, now=services().clock.now())
        found = threads.lines(open_connection, visit.row.id)
    return answer({"lines": [_line(line) for line in found]})


def say(assignment_id: UUID) -> Response:
    who, now, body = holder(), services().clock.now(), told(LineSchema())
    with transaction() as open_connection:
        visit = visit_of(open_connection, who.person_id, assignment_id, now=now)
        threads.say(open_connection, visit.row.id, body["said"], author=who.actor, from_desk=False, now=now)
    return thread(assignment_id)


def quiz(assignment_id: UUID) -> Response:
    """The questions, as the HTML of their fields."""
    visit = _visit(assignment_id)
    if visit.rules.quiz is None:
        raise Refusal("not_found")
    shelved = quizzes.form_of(connection(), visit.rules.quiz, services().forms)
    return answer({"html": quiz_document(shelved, services().clock.now()), "passed": not visit.quiz})


def take_quiz(assignment_id: UUID) -> Response:
    """Percent, by module as well, and whether that is enough; or what was left out."""
    who, now, body = holder(), services().clock.now(), told(QuizSchema())
    visit = _visit(assignment_id)
    if visit.rules.quiz is None:
        raise Refusal("not_found")
    shelved = quizzes.form_of(connection(), visit.rules.quiz, services().forms)
    posted = MultiDict((name, value) for name, value in body["answers"])
    answers = quiz_answers(shelved, posted)
    with transaction() as open_connection:
        result = quizzes.take(open_connection, who, visit.rules.quiz, answers, services().forms, now=now)
    if isinstance(result, tuple):
        return answer({"missing": [error.question for error in result]}, 422)
    modules = {name: str(each) for name, each in result.modules.items()}
    return answer({"percent": str(result.percent), "modules": modules, "passed": result.passed})


def _visit(assignment_id: UUID) -> Mine:
    who = holder()
    return visit_of(connection(), who.person_id, assignment_id, now=services().clock.now())


def _again(assignment_id: UUID) -> Response:
    return answer(shown(_visit(assignment_id)))


def _line(line: AnyRow) -> Mapping[str, Any]:
    """The desk has one name: who sits there is nobody's business."""
    return {
        "id": str(line.id),
        "mine": not line.from_desk,
        "said": line.said,
        "at": line.at.isoformat(),
        "who": catalogue.text("phone.desk" if line.from_desk else "phone.me", locale()),
    }
