"""One address for everybody, and a code of one's own: where links in messages are forbidden.

`/c` shows two fields on GET. POST redeems what was typed and goes on at `/a/<ref>/…`, exactly as a link does.
Wrong, expired and foreign codes get the same answer, and so does a code with another phone's digits.

`/check` says whether a survey is ours, for whoever doubts a message: the word it tells is typed there.
"""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from server.db import transaction
from server.fieldwork.outreach import check_words, guessing
from server.fieldwork.outreach.keys import code_hashes
from server.fieldwork.responding import find_by_hashes
from server.http.access import open_to_all
from server.http.visitor import visitor_address
from server.services import services
from server.web import respond
from server.web.presenting import render_respondent
from server.web.sessions import closed, settle_language, with_language

THE_CODE = "the code that is typed is the key; limits count the guesses"
WHOEVER_DOUBTS = "whoever doubts a message must be able to ask; limits count the guesses"

blueprint = Blueprint("codes", __name__)


@blueprint.get("/c")
@open_to_all(THE_CODE)
def form() -> AnyResponse:
    return _page("")


@blueprint.post("/c")
@open_to_all(THE_CODE)
def redeem() -> AnyResponse:
    """Counted before it is looked at, and taken back when it is right; a blank is no guess."""
    if not (_said("code") and _said("phone")):
        return _page("empty", status=422)
    given, now = services(), services().clock.now()
    hashes = code_hashes(given.keys, request.form.get("code", ""), request.form.get("phone", ""))
    try:
        with transaction() as connection:
            guess = guessing.count_guess(connection, guessing.CODES, visitor_address(), given.keys, now)
            task = find_by_hashes(connection, hashes, now=now)
            if task is None:
                return _page("wrong", status=422)
            guessing.take_back(connection, guess)
            settle_language(task)
            return closed(task) or respond.enter(connection, task)
    except guessing.TooManyGuesses as many:
        response = _page("busy", status=429)
        response.headers["Retry-After"] = str(many.retry_after)
        return response


@blueprint.get("/check")
@open_to_all(WHOEVER_DOUBTS)
def check_form() -> AnyResponse:
    return _check_page("")


@blueprint.post("/check")
@open_to_all(WHOEVER_DOUBTS)
def check() -> AnyResponse:
    if not _said("word"):
        return _check_page("empty", status=422)
    given, now = services(), services().clock.now()
    try:
        with transaction() as connection:
            guess = guessing.count_guess(connection, guessing.WORDS, visitor_address(), given.keys, now)
            survey = check_words.find_survey(connection, request.form.get("word", ""), now=now)
            if survey is not None:
                guessing.take_back(connection, guess)
    except guessing.TooManyGuesses as many:
        response = _check_page("busy", status=429)
        response.headers["Retry-After"] = str(many.retry_after)
        return response
    return _check_page("known" if survey else "unknown", survey=survey)


def _said(name: str) -> bool:
    return bool(request.form.get(name, "").strip())


def _check_page(answer: str, *, status: int = 200, survey: check_words.Known | None = None) -> Response:
    return render_respondent(
        "respond/check.html",
        None,
        status=status,
        answer=answer,
        survey=survey,
        typed=request.form.get("word", "")[:40],
        action=with_language(request.path),
    )


def _page(problem: str, *, status: int = 200) -> Response:
    typed = {name: request.form.get(name, "")[:40] for name in ("code", "phone")}
    return render_respondent(
        "respond/code.html",
        None,
        status=status,
        problem=problem,
        typed=typed,
        action=with_language(request.path),
    )
