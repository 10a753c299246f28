"""A form's own pages on this machine, for whoever writes it: no database, no store, nothing is kept.

The pages, their check and their steps are those that people get (`filling`); only the answers live in the
memory of this one process, for the one person in front of it.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from flask import Blueprint, Flask, Response, current_app, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server import config
from server.clock import SystemClock
from server.fieldwork.responding import Task
from server.forms import closing_text
from server.http import headers
from server.http.access import open_to_all
from server.http.locale import locale
from server.intake.prepare import Incoming, Prepared, prepare
from server.intake.shelf import FormShelf, ShelvedForm, shelved_form
from server.keys import KeyRing
from server.notify.gateways.choosing import gateway_for
from server.services import EXTENSION, Services
from server.storage.memory import MemoryStore
from server.web import filling, presenting
from server.web.filling import Filling
from server.web.presenting import render_respondent

OWN_MACHINE = "it listens on this machine only, for the person who started it, and keeps nothing"
PREVIEW = "preview"
NOBODY = UUID(int=0)
# Pages of visits draw evidence and photos; those of surveys do not.
LAYOUTS = {"invitation": "respond/page.html", "assignment": "visit/page.html"}

blueprint = Blueprint("preview", __name__)


@dataclass(slots=True)
class _Preview:
    """The form on show and the answers so far."""

    shelved: ShelvedForm
    task: Task
    answers: dict[str, Any] = field(default_factory=dict)


def create_preview(definition: Mapping[str, Any], variables: Mapping[str, Any]) -> Flask:
    """An application of the form's pages alone.

    Raises:
        server.forms.FormInvalid: for a definition with errors.
    """
    app = Flask("server", static_folder="web/static", template_folder="web/templates")
    app.extensions[EXTENSION] = _services()
    shelved = shelved_form(NOBODY, PREVIEW, 1, definition)
    app.extensions[PREVIEW] = _Preview(shelved, _task(shelved, variables))
    headers.install(app)
    presenting.install(app)
    app.before_request(_ask_nobody)
    app.register_blueprint(blueprint)
    return app


def _services() -> Services:
    """What pages take from the application, none of it reaching anything outside this process."""
    key = Fernet.generate_key().decode()
    settings = config.load(
        {
            "ANFANG_HOME": tempfile.gettempdir() + "/anfang-preview",
            "ANFANG_KEYS": key,
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "S3_ENDPOINT_URL": "http://127.0.0.1:1",
            "S3_ACCESS_KEY_ID": "none",
            "S3_SECRET_ACCESS_KEY": "none",
            "SECRET_KEY": key,
        }
    )
    keys, clock = KeyRing(settings.keys), SystemClock()
    gateway = gateway_for(settings, keys, clock)
    return Services(settings, clock, keys, MemoryStore(), gateway, {}, FormShelf())


def _task(shelved: ShelvedForm, variables: Mapping[str, Any]) -> Task:
    now = SystemClock().now()
    questions = shelved.form.questions.values()
    visit = any(question.evidence or question.type == "file" for question in questions)
    unit = str(variables.get("unit", ""))
    return Task(
        kind="assignment" if visit else "invitation",
        id=NOBODY,
        wave_id=NOBODY,
        wave_state="launched",
        form_version_id=NOBODY,
        subject_id=NOBODY,
        unit_name=unit,
        unit_name_en=unit,
        timezone="Asia/Shanghai",
        submission_id=NOBODY,
        variables=variables,
        locale=shelved.form.locale,
        large_type=False,
        opens_at=now,
        expires_at=now + timedelta(days=365),
        started_at=now,
        completed_at=None,
    )


def _ask_nobody() -> None:
    # As where the database is away: nobody is signed in, and no page asks whether this is the demo.
    g.broken = True


def _preview() -> _Preview:
    preview: _Preview = current_app.extensions[PREVIEW]
    return preview


def _filling() -> Filling:
    preview = _preview()
    return Filling(preview.task, preview.shelved, preview.answers, locale(), {})


@blueprint.get("/")
@open_to_all(OWN_MACHINE)
def begin() -> AnyResponse:
    return redirect(f"/{next(iter(_filling().pages()), 0) + 1}", 303)


@blueprint.get("/again")
@open_to_all(OWN_MACHINE)
def again() -> AnyResponse:
    _preview().answers = {}
    return redirect("/", 303)


@blueprint.get("/<int:number>")
@open_to_all(OWN_MACHINE)
def show_page(number: int) -> AnyResponse:
    """Any page, also one that the answers so far hide."""
    form, index = _filling(), number - 1
    pages = range(len(form.shelved.form.pages))
    if index not in pages:
        return redirect("/", 303)
    errors = form.page_errors(index) if "check" in request.args else ()
    return render_respondent(
        "preview/page.html",
        form.task,
        layout=LAYOUTS[form.task.kind],
        **form.drawn(index, errors),
        all_pages=pages,
        action=request.path,
    )


@blueprint.post("/<int:number>")
@open_to_all(OWN_MACHINE)
def take_page(number: int) -> AnyResponse:
    form, index = _filling(), number - 1
    said = filling.read_page(form, index, request.form, {})
    _preview().answers = said.laid_over(form.answers)
    after = replace(form, answers=_preview().answers)
    step = filling.step(form, after, index, request.form)
    if step.index is None:
        return redirect("/done", 303)
    asked, anchor = "?check=1" if step.check else "", f"#{step.anchor}" if step.anchor else ""
    return redirect(f"/{step.index + 1}{asked}{anchor}", 303)


@blueprint.get("/done")
@open_to_all(OWN_MACHINE)
def done() -> Response:
    """What would be stored, and how it would score."""
    form = _filling()
    checked = form.checked
    prepared = prepare(Incoming(NOBODY, form.whole()), form.ask)
    sheet = prepared.sheet.to_json() if isinstance(prepared, Prepared) and prepared.sheet else None
    closing = closing_text(form.shelved.form, checked, today=form.ask.today)
    outcome = {"values": checked.values, "visible": checked.visible, "sheet": sheet}
    return render_respondent(
        "preview/done.html",
        form.task,
        closing=closing.in_locale(form.locale) if closing else "",
        errors=checked.errors,
        outcome=json.dumps(outcome, ensure_ascii=False, indent=2),
    )
