"""A report that came back, without the app: what is asked, the items that it is asked about, a name below."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork import responding
from server.fieldwork.carrying import PageAnswers
from server.fieldwork.responding import Task
from server.fieldwork.visiting import telling
from server.fieldwork.visiting.telling import LONGEST_NAME, Declaration
from server.followup.returning import reading
from server.followup.returning.answering import Answered, Corrected, answer_return
from server.followup.returning.reading import Returned
from server.forms import AnswerError
from server.forms.pages.view import ElementView
from server.http.access import open_to_all
from server.http.locale import locale
from server.intake import uploads
from server.intake.prepare import Rejected
from server.services import services
from server.web import filling, page_buttons, page_photos
from server.web.filling import Filling
from server.web.presenting import inlined
from server.web.sessions import settle_language

UNSIGNED = Detail("declaration_unsigned", "/declared")

blueprint = Blueprint("visit_returned", __name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A return with the report as it stands. Where the whole of it is meant, every item may be corrected."""

    task: Task
    token: str
    back: Returned
    form: Filling

    def means(self, name: str) -> bool:
        """Whether a question, or what it is a companion of, is asked about."""
        question = self.form.shelved.form.questions.get(name)
        item = question.companion.parent if question and question.companion else name
        items = {each.question for each in self.back.questions} - {""}
        return item in items or not items

    def elements(self, errors: Sequence[AnswerError]) -> Iterator[ElementView]:
        """What is drawn, page by page."""
        for index in self.form.pages():
            view = self.form.page_view(index, [each for each in errors if self._page_of(each) == index])
            yield from (element for element in view.elements if self.means(element.name))

    def titles(self) -> dict[str, str]:
        """Question -> its title, with the outlet's name where another answer would stand."""
        return {
            name: question.title.render(locale(), lambda _: self.task.unit_name)
            for name, question in self.form.shelved.form.questions.items()
        }

    def _page_of(self, error: AnswerError) -> int:
        return filling.page_of(self.form, (error,))


def show(task: Task, token: str, back: Returned) -> Response:
    """What is asked."""
    return _page(Asked(task, token, back, filling.report_of(connection(), task, locale())))


@blueprint.post("/v/<token>/answer")
@open_to_all("the link itself is the key")
def answer(token: str) -> AnyResponse:
    """Take what was corrected. A photo that came with a page that is not right yet is kept with it."""
    now = services().clock.now()
    task = responding.find_by_token(connection(), token, "assignment", now=now)
    back = reading.open_return(connection(), task.id, now=now) if task else None
    if task is None or back is None:
        return redirect(url_for("respond.open_link", door="v", token=token), 303)
    settle_language(task)
    page_photos.expect()
    with transaction() as open_connection:
        form = filling.report_of(open_connection, task, locale())
        return _take(open_connection, Asked(task, token, back, form))


def _take(open_connection: Connection, asked: Asked) -> Response:
    corrected, errors = _corrected(open_connection, asked)
    if page_buttons.pressed(request.form):
        return _page(corrected, errors)
    name = request.form.get("declared", "").strip()[:LONGEST_NAME]
    wrong = (*corrected.form.wrong, *errors)
    if wrong or not name:
        return _page(corrected, wrong, None if name else UNSIGNED, status=422)
    now, task = services().clock.now(), asked.task
    sent = Corrected(asked.back.id, corrected.form.whole(), by=task.actor)
    found = answer_return(open_connection, services().forms, sent, now=now)
    if isinstance(found, Rejected):
        raise Refusal("invalid_answers", details=found.errors)
    telling.declare(open_connection, task, Declaration(name, now), now=now)
    return _receipt(open_connection, corrected, found)


def _corrected(open_connection: Connection, asked: Asked) -> tuple[Asked, tuple[AnswerError, ...]]:
    """The report with what was posted about the items asked for, and the files that were not taken."""
    refused: list[AnswerError] = []
    for index in asked.form.pages():
        arrived = page_photos.take(open_connection, asked.form, index)
        refused += page_photos.refusals(asked.form, index, arrived.refused)
        page = filling.read_page(asked.form, index, request.form, arrived.references)
        asked = replace(asked, form=replace(asked.form, answers=_laid_over(asked, page)))
    standing = uploads.standings(open_connection, asked.task.submission_id)
    return replace(asked, form=replace(asked.form, photos=standing)), tuple(refused)


def _laid_over(asked: Asked, page: PageAnswers) -> Mapping[str, Any]:
    cleared = {name for name in page.cleared if asked.means(name)}
    said = {name: value for name, value in page.answers.items() if asked.means(name)}
    return {name: value for name, value in asked.form.answers.items() if name not in cleared} | said


def _page(
    asked: Asked, errors: Sequence[AnswerError] = (), problem: Detail | None = None, *, status: int = 200
) -> Response:
    elements = list(asked.elements(errors))
    shown = {each.name for each in elements}
    html = render_template(
        "visit/returned.html",
        task=asked.task,
        token=asked.token,
        back=asked.back,
        titles=asked.titles(),
        view={"elements": elements},
        elsewhere=[each for each in errors if asked.form.shown_at(each.question) not in shown],
        photo_standings=asked.form.photos,
        film_bytes=uploads.LARGEST_PHOTO,
        today=services().clock.now(),
        problem=problem,
        said=request.form,
    )
    response = inlined(html)
    response.status_code = status
    return response


def _receipt(open_connection: Connection, asked: Asked, found: Answered) -> Response:
    named = uploads.named_photos(open_connection, asked.task.wave_id, asked.task.submission_id)
    html = render_template(
        "visit/receipt.html",
        task=asked.task,
        received_at=found.answered_at,
        completed_text="",
        posted=True,
        photos=filling.titled(asked.form, named),
    )
    return inlined(html)
