"""Preparing and publishing a wave, its versions, and what everybody reads of it."""

from collections.abc import Sequence
from datetime import datetime, time
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts.identity import Identity
from server.db import connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.waves.reading import find_wave_to_run
from server.followup.appealing.filing import NewAppeal, add_evidence, file_appeal, windows_of
from server.followup.appealing.reading import appeals_of_lines
from server.followup.publishing import publishing, reading
from server.followup.publishing.checking import check_of, open_check
from server.followup.publishing.publishing import NewPublication, Publisher
from server.http.access import identity, requires
from server.http.problems import json_response
from server.services import services
from server.storage.photos import PhotoRefused
from server.web.console.fields import Fields, photos_sent
from server.web.console.showing import find_shown_wave
from server.web.presenting import page

blueprint = Blueprint("publications", __name__)


@blueprint.get("/console/waves/<uuid:wave_id>/publication")
@requires("scores.publish")
def prepare(wave_id: UUID) -> Response:
    return _prepare_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/publication")
@requires("scores.publish")
def propose(wave_id: UUID) -> Response:
    who, given = publisher(), services()
    try:
        with transaction() as open_connection:
            if request.form.get("go") == "check":
                open_check(open_connection, wave_id, who.scope, by=who.actor, now=who.now)
            else:
                wave = find_wave_to_run(open_connection, wave_id, who.scope)
                new = _asked(wave_id, ZoneInfo(wave.timezone))
                publishing.propose(open_connection, given.forms, new, who)
    except Refusal as refusal:
        return _told(wave_id, refusal)
    return redirect(url_for("console.publications.prepare", wave_id=wave_id), 303)


@blueprint.get("/console/publications/<uuid:publication_id>")
@requires("scores.publish")
def show(publication_id: UUID) -> Response:
    return _version_page(publication_id)


@blueprint.get("/console/publications/<uuid:publication_id>.json")
@requires("scores.publish")
def proof(publication_id: UUID) -> Response:
    """A version with its place in the audit chain: `flask audit prove` checks the file without us."""
    row = reading.find_version(connection(), publication_id, identity().scope)
    find_wave_to_run(connection(), row.wave_id, identity().scope)
    sealed = audit.proof(
        connection(), "wave_published", f"wave:{row.wave_id}", number=row.number, snapshot=row.snapshot_hash
    )
    shown = {"snapshot": row.snapshot, "hash": row.snapshot_hash, "number": row.number, "sealed": sealed}
    answer = json_response(shown)
    name = f"{row.snapshot['wave']['code']}-{row.number}.json"
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


@blueprint.post("/console/publications/<uuid:publication_id>")
@requires("scores.publish")
def decide(publication_id: UUID) -> Response:
    who, given = publisher(), services()
    row = reading.find_version(connection(), publication_id, who.scope)
    try:
        with transaction() as open_connection:
            if request.form.get("go") == "withdraw":
                publishing.withdraw(open_connection, publication_id, who)
            else:
                publishing.agree(open_connection, given.forms, publication_id, who)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _version_page(publication_id, refusal.details)
    return redirect(url_for("console.publications.prepare", wave_id=row.wave_id), 303)


@blueprint.get("/console/waves/<uuid:wave_id>/published")
@requires("results.read")
def published(wave_id: UUID) -> Response:
    """What everybody reads: the newest version, limited to their own units."""
    return _published_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/published")
@requires("appeals.file")
def dispute_line(wave_id: UUID) -> Response:
    """Appeal against a line of the ledger."""
    who, given = identity(), services()
    now, pictures = given.clock.now(), photos_sent()
    try:
        new = NewAppeal(said=request.form.get("said", ""), by=who.actor, line_id=_line())
        with transaction() as open_connection:
            appeal_id = file_appeal(open_connection, new, who.scope, now=now)
            for data in pictures:
                add_evidence(
                    open_connection, given.store, appeal_id, data, rules=given.settings.photos, now=now
                )
    except PhotoRefused as refused:
        return _published_page(wave_id, [Detail(refused.code)])
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _published_page(wave_id, refusal.details)
    return redirect(url_for("console.publications.published", wave_id=wave_id, _anchor="ledger"), 303)


def _line() -> UUID:
    try:
        return UUID(request.form.get("line", ""))
    except ValueError:
        raise Refusal("not_found") from None


def _published_page(wave_id: UUID, errors: Sequence[Detail] = ()) -> Response:
    who, now = identity(), services().clock.now()
    wave = find_shown_wave(wave_id)
    shown = reading.visible(connection(), wave_id, who.scope, now=now)
    money = reading.money_of(connection(), shown, who.scope) if shown else ()
    windows = windows_of(connection(), wave_id)
    disputed = appeals_of_lines(connection(), [line.id for line in money], who.scope)
    return page(
        "console/published.html",
        status=422 if errors else 200,
        wave=wave,
        shown=shown,
        money=money,
        appeals={appeal.ledger_line_id: appeal for appeal in disputed},
        may_appeal=windows.published and windows.stage(now) is not None and who.may("appeals.file"),
        errors=errors,
        values=request.form,
    )


def publisher() -> Publisher:
    """Whoever is signed in, as publications and appeals know them."""
    who: Identity = identity()
    if who.account_id is None:
        raise Refusal("forbidden")
    return Publisher(who.account_id, who.actor, who.scope, services().clock.now())


def _asked(wave_id: UUID, zone: ZoneInfo) -> NewPublication:
    fields = Fields(request.form)
    day = fields.optional_day("visible_from")
    fields.refuse()
    visible_from = datetime.combine(day, time.min, zone) if day else None
    return NewPublication(
        wave_id, fields.text("read"), visible_from, fields.text("reason"), fields.text("alone")
    )


def _told(wave_id: UUID, refusal: Refusal) -> Response:
    if refusal.code == "conflict":
        return _prepare_page(wave_id, [Detail("publication_changed")], status=refusal.status)
    if refusal.code != "invalid_fields":
        raise refusal
    return _prepare_page(wave_id, refusal.details, status=refusal.status)


def _prepare_page(wave_id: UUID, errors: Sequence[Detail] = (), *, status: int = 200) -> Response:
    who, now = identity(), services().clock.now()
    wave = find_wave_to_run(connection(), wave_id, who.scope)
    shown = publishing.preview(connection(), services().forms, wave_id, who.scope, now=now)
    return page(
        "console/publication.html",
        status=status,
        wave=wave,
        preview=shown,
        snapshot=shown.gathered.snapshot,
        rules=programme_of(connection(), wave.programme_version_id).publication,
        check=check_of(connection(), wave_id),
        versions=reading.versions(connection(), wave_id, who.scope),
        errors=errors,
        values=request.form,
        now=now,
    )


def _version_page(publication_id: UUID, errors: Sequence[Detail] = ()) -> Response:
    who = identity()
    row = reading.find_version(connection(), publication_id, who.scope)
    wave = find_wave_to_run(connection(), row.wave_id, who.scope)
    return page(
        "console/publication_version.html",
        status=422 if errors else 200,
        wave=wave,
        version=row,
        snapshot=row.snapshot,
        own=row.proposed_by == who.account_id,
        errors=errors,
    )
