"""Before a visit without the app: what has to be read, passed and declared first.

The link of the visit is the key. Nothing here needs a script.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork import responding
from server.fieldwork.responding import Task
from server.fieldwork.visiting import deciding, devices, mine, quizzes
from server.fieldwork.visiting.devices import Holder
from server.fieldwork.visiting.mine import Mine
from server.followup.returning.reading import open_return
from server.http.access import open_to_all
from server.services import services
from server.web.phone.lists import worded
from server.web.phone.whole import quiz_answers, quiz_document
from server.web.presenting import inlined
from server.web.sessions import settle_language
from server.web.visit import returned

blueprint = Blueprint("visit_before", __name__)


def in_front_of(task: Task, token: str) -> Response | None:
    """The page that stands before a visit's form, if one does: it is to be accepted, or came back."""
    found = _found(task) if task.kind == "assignment" else None
    if found is None:
        return None
    _, visit = found
    back = open_return(connection(), task.id, now=services().clock.now())
    if back is not None:
        return returned.show(task, token, back)
    return _before(task, visit, token) if _is_offered(visit) else None


@blueprint.post("/v/<token>/before")
@open_to_all("the link itself is the key")
def decide(token: str) -> AnyResponse:
    """Read, passed, declared: accepted. Or declined, with a reason."""
    task = responding.find_by_token(connection(), token, "assignment", now=services().clock.now())
    found = _found(task) if task else None
    if task is None or found is None or not _is_offered(found[1]):
        return redirect(url_for("respond.open_link", door="v", token=token), 303)
    settle_language(task)
    who, visit = found
    try:
        if request.form.get("act") == "decline":
            with transaction() as open_connection:
                reason, now = request.form.get("reason", ""), services().clock.now()
                deciding.give_back(open_connection, who, visit, reason, now=now)
            return _page("visit/declined.html", task)
        _accept(who, visit)
    except Refusal as refusal:
        told = refusal.details or (Detail(refusal.code, "", refusal.params),)
        _, again = _found(task) or found
        return _before(task, again, token, told, status=refusal.status)
    return redirect(url_for("respond.open_link", door="v", token=token), 303)


def _accept(who: Holder, visit: Mine) -> None:
    """Raises: Refusal: what keeps it from being accepted; a try of the quiz counts all the same."""
    given, now, missing = services(), services().clock.now(), 0
    with transaction() as open_connection:
        deciding.note_briefing(open_connection, who, visit, now=now)
        if visit.quiz and visit.rules.quiz is not None:
            shelved = quizzes.form_of(open_connection, visit.rules.quiz, given.forms)
            answers = quiz_answers(shelved, request.form)
            result = quizzes.take(open_connection, who, visit.rules.quiz, answers, given.forms, now=now)
            missing = len(result) if isinstance(result, tuple) else 0
    if missing:
        raise Refusal("invalid_fields", details=[Detail("quiz_incomplete", "/quiz", {"count": missing})])
    with transaction() as open_connection:
        again = mine.visit_of(open_connection, who.person_id, visit.row.id, now=now)
        deciding.accept(open_connection, who, again, no_ties="no_ties" in request.form, now=now)


def _found(task: Task) -> tuple[Holder, Mine] | None:
    """Who goes and the visit; None where no person is named, or the wave is not theirs to see."""
    who = devices.holder_of_visit(connection(), task.id)
    if who is None:
        return None
    return who, mine.visit_of(connection(), who.person_id, task.id, now=services().clock.now())


def _is_offered(visit: Mine) -> bool:
    """Whether something comes before the form. What was begun before that was so goes on."""
    return visit.state == "offered" and bool(visit.rules.briefing or visit.rules.quiz)


def _before(
    task: Task, visit: Mine, token: str, notices: Sequence[Detail] = (), *, status: int = 200
) -> Response:
    quiz = ""
    if visit.quiz and visit.rules.quiz is not None:
        shelved = quizzes.form_of(connection(), visit.rules.quiz, services().forms)
        quiz = quiz_document(shelved, services().clock.now(), quiz_answers(shelved, request.form))
    scenario = mine.scenario_of(visit)
    return _page(
        "visit/before.html",
        task,
        status=status,
        token=token,
        notices=notices,
        briefing=worded(visit.rules.briefing),
        scenario={name: worded(text) for name, text in scenario.items()} if scenario else None,
        quiz=quiz,
        said=request.form,
    )


def _page(template: str, task: Task, *, status: int = 200, **context: object) -> Response:
    answer = inlined(render_template(template, task=task, **context))
    answer.status_code = status
    return answer
