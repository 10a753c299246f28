"""Trying a form out with the pages that people will get, marked as a trial on every one of them.

Nothing here reaches submissions, sheets, photos or the audit log: the answers live in the trial's own row, a
photo is taken note of and thrown away, and the end shows what would have been stored.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.db import connection, transaction
from server.errors import Refusal
from server.fieldwork.definitions import trials
from server.fieldwork.definitions.trials import Trial
from server.forms import FormInvalid, display_text
from server.http.access import open_to_all
from server.http.locale import locale
from server.intake.prepare import Incoming, Prepared, prepare
from server.intake.uploads import LARGEST_PHOTO
from server.services import services
from server.storage.photos import PhotoRefused
from server.storage.videos import media_type_of_file
from server.web import filling
from server.web.filling import Filling
from server.web.presenting import page, render_respondent

THE_ADDRESS = "the address is the key: it was made for one trial, and nothing real can be reached from it"
LAYOUTS = {"invitation": "respond/page.html", "assignment": "visit/page.html"}

blueprint = Blueprint("trials", __name__)


@blueprint.get("/try/<ref>")
@open_to_all(THE_ADDRESS)
def begin(ref: str) -> AnyResponse:
    pages = _filling(_trial(ref)).pages()
    if not pages:  # all of them wait for something that this trial was not told
        return redirect(url_for("trials.done", ref=ref), 303)
    return redirect(url_for("trials.show_page", ref=ref, number=pages[0] + 1), 303)


@blueprint.get("/try/<ref>/<int:number>")
@open_to_all(THE_ADDRESS)
def show_page(ref: str, number: int) -> AnyResponse:
    form = _filling(_trial(ref))
    index = number - 1
    if index not in form.pages():
        raise Refusal("not_found")
    errors = form.page_errors(index) if "check" in request.args else ()
    return render_respondent(
        "trial/page.html",
        form.task,
        layout=LAYOUTS[form.task.kind],
        status=422 if errors else 200,
        **form.drawn(index, errors),
        action=request.path,
    )


@blueprint.post("/try/<ref>/<int:number>")
@open_to_all(THE_ADDRESS)
def take_page(ref: str, number: int) -> AnyResponse:
    trial = _trial(ref)
    form, index = _filling(trial), number - 1
    if index not in form.pages():
        raise Refusal("not_found")
    said = filling.read_page(form, index, request.form, _photos(form))
    with transaction() as open_connection:
        after = replace(form, answers=trials.save(open_connection, trial, said))
    step = filling.step(form, after, index, request.form)
    if step.index is None:
        return redirect(url_for("trials.done", ref=ref), 303)
    check = 1 if step.check else None
    place = url_for(
        "trials.show_page", ref=ref, number=step.index + 1, check=check, _anchor=step.anchor or None
    )
    return redirect(place, 303)


@blueprint.get("/try/<ref>/done")
@open_to_all(THE_ADDRESS)
def done(ref: str) -> AnyResponse:
    """What would have been stored, and how it would have scored."""
    form = _filling(_trial(ref))
    prepared = prepare(Incoming(form.task.submission_id, form.whole()), form.ask)
    if not isinstance(prepared, Prepared):
        wrong = filling.page_of(form, form.checked.errors)
        return redirect(url_for("trials.show_page", ref=ref, number=wrong + 1, check=1), 303)
    return page(
        "console/form_tried.html",
        shelved=form.shelved,
        answers=_readable(form, form.checked.values),
        sheet=prepared.sheet,
        again=url_for("trials.begin", ref=ref),
    )


@blueprint.route("/try/<ref>/<int:number>/decline", methods=["GET", "POST"])
@open_to_all(THE_ADDRESS)
def decline(ref: str, number: int) -> AnyResponse:
    """The page on which a customer declines; nobody's number is told here."""
    task = _trial(ref).task
    declined = request.method == "POST"
    return render_respondent(
        "respond/declined.html", task, declined=declined, action="" if declined else request.path
    )


def _trial(ref: str) -> Trial:
    found = trials.find(connection(), ref, now=services().clock.now())
    if found is None:
        raise Refusal("not_found")
    return found


def _filling(trial: Trial) -> Filling:
    try:
        shelved = services().forms.get(connection(), trial.task.form_version_id)
    except FormInvalid:
        # Somebody saved other contents over the draft since the trial began.
        raise Refusal("draft_has_errors") from None
    return Filling(trial.task, shelved, trial.answers, locale(), {})


def _photos(form: Filling) -> Mapping[str, list[Any]]:
    """Photos that came with a page, named as if they were kept."""
    found: dict[str, list[Any]] = {}
    for name, file in request.files.items(multi=True):
        field = name.removesuffix("-file")
        question = form.shelved.form.questions.get(field)
        data = file.read(LARGEST_PHOTO + 1)
        if not data or question is None or question.type != "file":
            continue
        try:
            media_type = media_type_of_file(data)
        except PhotoRefused:
            continue
        digest = hashlib.sha256(data).hexdigest()
        reference = {"id": str(uuid4()), "sha256": digest, "size": len(data), "type": media_type}
        found.setdefault(field, []).append(reference)
    return found


def _readable(form: Filling, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each answer as people read it, under the title they saw."""
    compiled = form.shelved.form

    def shown(name: str) -> str:
        value = form.variables.get(name) if name in compiled.variables else answers.get(name)
        return display_text(compiled, name, value, form.locale)

    titles = {
        name: question.title.render(form.locale, shown) for name, question in compiled.questions.items()
    }
    return [(titles.get(name) or name, shown(name)) for name in answers]
