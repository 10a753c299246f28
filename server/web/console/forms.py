"""Forms and their versions: saving drafts, trying them out, publishing, retiring, moving waves."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions import trials, versions
from server.fieldwork.definitions.trials import UNIT_NAMES
from server.fieldwork.organisation.units import reaches_all
from server.fieldwork.responding import Kind
from server.fieldwork.waves import moving
from server.fieldwork.waves.reading import may_run
from server.forms import compile_form
from server.forms.authoring.differences import differences
from server.http.access import identity, requires
from server.http.locale import LOCALES, locale
from server.scope import Scope
from server.services import services
from server.web.presenting import page

blueprint = Blueprint("forms", __name__)

MOST_CHANGES_SHOWN = 100
LONGEST_TITLE_SHOWN = 80
LONGEST_VARIABLE = 200
TRIALS: dict[str, Kind] = {"survey": "invitation", "visit": "assignment"}


@blueprint.get("/console/forms")
@requires("forms.read")
def index() -> AnyResponse:
    return _index({}, ())


@blueprint.post("/console/forms")
@requires("forms.edit")
def save() -> AnyResponse:
    """Save an uploaded file as draft, of a new form or of one that there is."""
    given = request.form
    try:
        draft = versions.NewDraft(
            key=given.get("key", "").strip(),
            content=_uploaded(),
            note=given.get("note", ""),
            replaces=given.get("replaces", ""),
        )
        with transaction() as open_connection:
            version = versions.save_draft(
                open_connection, draft, identity().scope, by=identity().actor, now=services().clock.now()
            )
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        if "replaces" in given:
            return _form_page(given.get("key", ""), refusal.details, status=422)
        return _index(given.to_dict(), refusal.details, status=422)
    return redirect(url_for("console.forms.version", key=draft.key, number=version), 303)


@blueprint.get("/console/forms/<key>")
@requires("forms.read")
def show(key: str) -> AnyResponse:
    return _form_page(key, ())


@blueprint.get("/console/forms/<key>/<int:number>")
@requires("forms.read")
def version(key: str, number: int) -> AnyResponse:
    return _version_page(key, number)


@blueprint.get("/console/forms/<key>/<int:number>/definition")
@requires("forms.read")
def definition(key: str, number: int) -> AnyResponse:
    """The definition as a file to go on with."""
    row = versions.find_version(connection(), key, number, identity().scope)
    text = json.dumps(row.content, ensure_ascii=False, indent=2) + "\n"
    response = AnyResponse(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{row.key}-{row.version}.json"'
    return response


@blueprint.post("/console/forms/<key>/<int:number>/publish")
@requires("forms.publish")
def publish(key: str, number: int) -> AnyResponse:
    return _change(key, number, versions.publish)


@blueprint.post("/console/forms/<key>/<int:number>/retire")
@requires("forms.publish")
def retire(key: str, number: int) -> AnyResponse:
    return _change(key, number, versions.retire)


@blueprint.post("/console/forms/<key>/<int:number>/delete")
@requires("forms.edit")
def delete(key: str, number: int) -> AnyResponse:
    return _change(key, number, versions.delete_draft, gone=True)


@blueprint.post("/console/forms/<key>/<int:number>/try")
@requires("forms.read")
def try_out(key: str, number: int) -> AnyResponse:
    """Start a walk through the pages, with what the form is told before the start."""
    row = versions.find_version(connection(), key, number, identity().scope)
    if versions.has_errors(versions.problems_of(row.content)):
        raise Refusal("invalid_fields", details=[Detail("form_has_errors")])
    given = {name: request.form.get(f"variable-{name}", "") for name, _ in _variables(row.content)}
    told = {name: value[:LONGEST_VARIABLE] for name, value in given.items() if value}
    kind = TRIALS.get(request.form.get("as", ""), "invitation")
    with transaction() as open_connection:
        ref = trials.start(open_connection, row.id, kind, told, now=services().clock.now())
    return redirect(url_for("trials.begin", ref=ref), 303)


@blueprint.post("/console/forms/<key>/<int:number>/waves/<uuid:wave_id>")
@requires("waves.plan")
def move_wave(key: str, number: int, wave_id: UUID) -> AnyResponse:
    """Let a wave ask by this version from now on."""

    def move(open_connection: Connection, row: AnyRow, scope: Scope, *, by: str, now: datetime) -> None:
        moving.move_to_version(open_connection, wave_id, row.id, scope, by=by, now=now)

    return _change(key, number, move)


class _Change(Protocol):
    def __call__(
        self, open_connection: Connection, row: AnyRow, scope: Scope, /, *, by: str, now: datetime
    ) -> None: ...


def _change(key: str, number: int, change: _Change, *, gone: bool = False) -> AnyResponse:
    """Do one thing to a version and show it again, with the reason when it cannot be done."""
    scope = identity().scope
    try:
        with transaction() as open_connection:
            row = versions.find_version(open_connection, key, number, scope)
            if request.form.get("hash", row.content_hash) != row.content_hash:
                raise Refusal("conflict")
            if request.form.get("confirmed") != "yes":
                raise Refusal("invalid_fields", details=[Detail("confirmation_needed", "/confirmed")])
            change(open_connection, row, scope, by=identity().actor, now=services().clock.now())
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _version_page(key, number, refusal.details, status=422)
    if gone:
        return redirect(url_for("console.forms.index"), 303)
    return redirect(url_for("console.forms.version", key=key, number=number), 303)


def _index(values: Mapping[str, str], details: Sequence[Detail], status: int = 200) -> AnyResponse:
    rows = versions.list_versions(connection(), identity().scope)
    return page(
        "console/forms.html",
        status=status,
        forms=[(key, list(group)) for key, group in groupby(rows, key=lambda row: row.key)],
        values=values,
        errors=_by_field(details),
        whole=reaches_all(connection(), identity().scope),
        title_of=title_of,
    )


def _form_page(key: str, details: Sequence[Detail], status: int = 200) -> AnyResponse:
    scope = identity().scope
    rows = versions.list_versions(connection(), scope, key=key)
    if not rows:
        raise Refusal("not_found")
    return page(
        "console/form.html",
        status=status,
        rows=rows,
        waves=moving.waves_of_form(connection(), key, scope),
        values=request.form,
        errors=_by_field(details),
        whole=reaches_all(connection(), scope),
        title_of=title_of,
    )


def _version_page(key: str, number: int, details: Sequence[Detail] = (), status: int = 200) -> AnyResponse:
    scope = identity().scope
    row = versions.find_version(connection(), key, number, scope)
    problems = versions.problems_of(row.content)
    usable = not versions.has_errors(problems)
    before = _before(key, number) if usable else None
    changes = differences(before.content, row.content) if before else ()
    waves = moving.waves_of_form(connection(), key, scope)
    return page(
        "console/form_version.html",
        status=status,
        row=row,
        problems=sorted(problems, key=lambda problem: problem.severity),
        usable=usable,
        before=before,
        changes=changes[:MOST_CHANGES_SHOWN],
        more_changes=max(len(changes) - MOST_CHANGES_SHOWN, 0),
        variables=_variables(row.content),
        kind=_kind(row.content) if usable else None,
        waves=waves,
        movable={wave.id for wave in waves if _may_move(wave, row)},
        notices=details,
        whole=reaches_all(connection(), scope),
        title_of=title_of,
    )


def _may_move(wave: AnyRow, row: AnyRow) -> bool:
    """Whether the reader may let the wave ask by this version instead of its own."""
    if row.status != "published" or wave.version == row.version or wave.state not in moving.MOVABLE:
        return False
    return identity().may("waves.plan") and may_run(connection(), wave, identity().scope)


def _before(key: str, number: int) -> AnyRow | None:
    """The version that this one follows, with its content."""
    scope = identity().scope
    earlier = [
        row.version
        for row in versions.list_versions(connection(), scope, key=key)
        if row.version < number and row.status != "draft"
    ]
    return versions.find_version(connection(), key, max(earlier), scope) if earlier else None


def title_of(row: AnyRow) -> str:
    """A form's title in the reader's language. A draft may have anything in its place, or nothing."""
    texts = row.title if isinstance(row.title, dict) else {"default": row.title}
    candidates = (texts.get(locale()), texts.get("default"), *texts.values())
    found = [text for text in candidates if isinstance(text, str) and text]
    return found[0][:LONGEST_TITLE_SHOWN] if found else str(row.key)


def _uploaded() -> object:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Refusal("invalid_fields", details=[Detail("file_absent", "/file")])
    return versions.read_definition(file.read(versions.LARGEST_DEFINITION + 1))


def _kind(content: Mapping[str, Any]) -> str:
    """Whose pages to try a form with first: whatever asks for photos is a visit."""
    questions = compile_form(content).questions.values()
    return "visit" if any(question.type == "file" for question in questions) else "survey"


def _variables(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the form knows before the start: names, each with something to try it with."""
    listed = content.get("variables")
    names = (
        [each.get("name") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    unit = UNIT_NAMES[LOCALES.index(locale())]
    return [(name, unit if name == "unit" else "") for name in names if isinstance(name, str)]


def _by_field(details: Sequence[Detail]) -> dict[str, Detail]:
    return {each.pointer.removeprefix("/"): each for each in details}
