"""The end of a visit without the app: whoever made it signs that it is true, and with that hands it in."""

from flask import Blueprint, Response, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork import responding
from server.fieldwork.responding import Task
from server.fieldwork.visiting import reporting, telling
from server.fieldwork.visiting.telling import LONGEST_NAME, Declaration
from server.http.access import open_to_all
from server.http.locale import locale
from server.services import services
from server.web import filling
from server.web.presenting import render_respondent
from server.web.sessions import THE_SESSION, page_address, while_open

blueprint = Blueprint("visit_signing", __name__)


@blueprint.get("/a/<ref>/sign")
@open_to_all(THE_SESSION)
@while_open
def ask(ref: str, task: Task) -> AnyResponse:
    """What is signed. Answers that do not pass are shown before anybody signs them."""
    _refuse_customers(task)
    form, _ = filling.load(connection(), task, locale())
    if form.wrong:
        return redirect(page_address(ref, filling.page_of(form, form.wrong), check=True), 303)
    return _shown(ref, task)


@blueprint.post("/a/<ref>/sign")
@open_to_all(THE_SESSION)
@while_open
def sign(ref: str, task: Task) -> AnyResponse:
    """Hand in with a name. Pressed twice it is the receipt both times."""
    _refuse_customers(task)
    try:
        with transaction() as open_connection:
            reporting.lock(open_connection, task)
            wrong = _handed_in(open_connection, task)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _shown(ref, task, refusal.details[0], status=refusal.status)
    done = url_for("respond.done", ref=ref) if wrong is None else page_address(ref, wrong, check=True)
    return redirect(done, 303)


def _handed_in(open_connection: Connection, task: Task) -> int | None:
    """Hand in; the page that keeps it from that, if one does.

    Raises:
        Refusal: invalid_fields without a name; nothing is handed in then.
    """
    now = services().clock.now()
    if responding.received_at(open_connection, task) is not None:
        return None
    form, _ = filling.load(open_connection, task, locale())
    outcome = filling.hand_in(open_connection, form)
    if isinstance(outcome, tuple):
        return filling.page_of(form, outcome)
    name = request.form.get("declared", "")[:LONGEST_NAME]
    telling.declare(open_connection, task, Declaration(name, now), now=now)
    reporting.witness(open_connection, task, now=now)
    return None


def _refuse_customers(task: Task) -> None:
    """Raises: Refusal: not_found for a customer's answers, which nobody signs."""
    if task.kind != "assignment":
        raise Refusal("not_found")


def _shown(ref: str, task: Task, problem: Detail | None = None, *, status: int = 200) -> Response:
    form, _ = filling.load(connection(), task, locale())
    return render_respondent(
        "visit/sign.html",
        task,
        status=status,
        back=page_address(ref, form.pages()[-1]),
        today=services().clock.now(),
        problem=problem,
        said=request.form,
    )
