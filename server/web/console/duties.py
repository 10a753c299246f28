"""The ledger of duties: what was done and missed, one's own list, the list of a Monday, excuses."""

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.compiled import programme_of
from server.fieldwork.duties import correcting, doing, files, keeping, reading
from server.fieldwork.duties.owed import doer_of, find_owed, state_of
from server.http import headers
from server.http.access import identity, requires
from server.scoring.duties.standing import Week
from server.scoring.programmes.definition import Duty
from server.services import services
from server.storage.photos import PhotoRefused
from server.web.presenting import page

blueprint = Blueprint("duties", __name__)

ZONE = ZoneInfo("Asia/Shanghai")
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
DAY = timedelta(days=1)
SETTING = "setting."
FIELD = "field."


@dataclass(frozen=True, slots=True)
class Shown:
    """An occurrence with the duty of its version, how it stands, and its files."""

    row: AnyRow
    duty: Duty
    state: str
    files: tuple[AnyRow, ...] = ()


@blueprint.get("/console/duties")
@requires("duties.read")
def index() -> Response:
    kept = keeping.kept_programmes(connection())
    key = request.args.get("programme", "")
    chosen = next((each for each in kept if each.key == key), kept[0] if kept else None)
    month, now, scope = _month(), services().clock.now(), identity().scope
    duty = request.args.get("duty", "") if chosen else ""
    shown = None
    if chosen is not None:
        wanted = _wanted(chosen, month, duty, request.args.get("after", ""))
        shown = reading.ledger_page(connection(), wanted, scope, now=now)
    return page(
        "console/duties.html",
        kept=kept,
        chosen=chosen,
        month=month,
        earlier=_other_month(month, -1),
        later=_other_month(month, 1),
        duty=duty,
        shown=shown,
        total=reading.ledger_total(connection(), wanted, scope, now=now) if chosen else None,
        startable=_startable(kept) if identity().may("duties.manage") else [],
        today=_today(now),
    )


@blueprint.post("/console/duties/start")
@requires("duties.manage")
def start() -> Response:
    who, now = identity(), services().clock.now()
    settings = {
        name.removeprefix(SETTING): value.strip()
        for name, value in request.form.items()
        if name.startswith(SETTING) and value.strip()
    }
    new = keeping.NewLedger(request.form.get("key", ""), _date("starts_on"), settings)
    with transaction() as open_connection:
        keeping.start_keeping(open_connection, new, who.scope, by=who.actor, now=now)
    return redirect(url_for("console.duties.index", programme=new.key), 303)


@blueprint.post("/console/duties/stop")
@requires("duties.manage")
def stop() -> Response:
    who, key = identity(), request.form.get("key", "")
    with transaction() as open_connection:
        keeping.stop_keeping(open_connection, key, who.scope, by=who.actor, now=services().clock.now())
    return redirect(url_for("console.duties.index", programme=key), 303)


@blueprint.get("/console/duties/subject")
@requires("duties.read")
def subject() -> Response:
    chosen = keeping.kept_programme(connection(), request.args.get("programme", ""))
    month, code = _month(), request.args.get("subject", "")
    wanted = _wanted(chosen, month, request.args.get("duty", ""))
    rows = reading.subject_rows(connection(), wanted, code, identity().scope)
    headers.allow_store()
    return page(
        "console/duties_subject.html",
        chosen=chosen,
        month=month,
        earlier=_other_month(month, -1),
        later=_other_month(month, 1),
        subject=code,
        name=rows[0].subject_name if rows else code,
        rows=_shown(rows),
    )


@blueprint.get("/console/duties/week")
@requires("duties.read")
def week() -> Response:
    now = services().clock.now()
    shown = Week.of(_given_day(request.args.get("day", "")) or _today(now))
    scope, after = identity().scope, request.args.get("after", "")
    units, rest = reading.week_list(connection(), shown, scope, now=now, after=after)
    listed = [(each.unit, _grouped(each.due), _grouped(each.missed)) for each in units]
    return page("console/duties_week.html", week=shown, units=listed, after=rest, now=now)


@blueprint.get("/console/duties/mine")
@requires("duties.do")
def mine() -> Response:
    return _my_page()


@blueprint.post("/console/duties/<uuid:occurrence_id>/done")
@requires("duties.do")
def done(occurrence_id: UUID) -> Response:
    request.max_content_length = files.LARGEST_VIDEO + files.MOST_FILES * 1024
    who, now = identity(), services().clock.now()
    typed = {
        name.removeprefix(FIELD): value for name, value in request.form.items() if name.startswith(FIELD)
    }
    deed = doing.Deed(request.form.get("note", ""), request.form.get("signed_by", ""), typed)
    try:
        _take_files(occurrence_id)
        with transaction() as open_connection:
            doing.mark_done(open_connection, occurrence_id, deed, doer_of(open_connection, who), now=now)
    except PhotoRefused as refused:
        wrong = Refusal("invalid_fields", details=[Detail(refused.code, "/file")])
        return _my_page(refused=wrong, about=occurrence_id)
    except Refusal as refusal:
        if refusal.code == "not_found":
            raise
        return _my_page(refused=refusal, about=occurrence_id)
    return redirect(url_for("console.duties.mine"), 303)


@blueprint.post("/console/duties/<uuid:occurrence_id>/undo")
@requires("duties.do")
def undo(occurrence_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        with transaction() as open_connection:
            doing.take_back(open_connection, occurrence_id, doer_of(open_connection, who), now=now)
    except Refusal as refusal:
        if refusal.code == "not_found":
            raise
        return _my_page(refused=refusal, about=occurrence_id)
    return redirect(url_for("console.duties.mine"), 303)


@blueprint.post("/console/duties/<uuid:occurrence_id>/sign")
@requires("duties.do")
def sign(occurrence_id: UUID) -> Response:
    who, name = identity(), request.form.get("signed_by", "")
    try:
        with transaction() as open_connection:
            doer = doer_of(open_connection, who)
            doing.sign(open_connection, occurrence_id, name, doer, now=services().clock.now())
    except Refusal as refusal:
        if refusal.code == "not_found":
            raise
        return _my_page(refused=refusal, about=occurrence_id)
    return redirect(url_for("console.duties.mine"), 303)


@blueprint.post("/console/duties/enter")
@requires("duties.do")
def enter() -> Response:
    who, now = identity(), services().clock.now()
    key, _, duty = request.form.get("duty", "").partition("/")
    typed = {
        name.removeprefix(FIELD): value for name, value in request.form.items() if name.startswith(FIELD)
    }
    new = doing.NewEntry(
        programme=key,
        duty=duty,
        subject=request.form.get("subject", "").strip(),
        due_on=_date("due_on"),
        note=request.form.get("note", ""),
        fields=typed,
    )
    try:
        with transaction() as open_connection:
            doing.enter(open_connection, new, doer_of(open_connection, who), now=now)
    except Refusal as refusal:
        wrong = Refusal("invalid_fields", details=[Detail("unknown_unit", "/subject", {"unit": new.subject})])
        return _my_page(refused=wrong if refusal.code == "not_found" else refusal)
    return redirect(url_for("console.duties.mine"), 303)


@blueprint.post("/console/duties/<uuid:occurrence_id>/excuse")
@requires("duties.manage")
def excuse(occurrence_id: UUID) -> Response:
    who, reason, now = identity(), request.form.get("reason", ""), services().clock.now()
    with transaction() as open_connection:
        correcting.excuse(open_connection, occurrence_id, reason, who.scope, by=who.actor, now=now)
    return _back_to(occurrence_id)


@blueprint.post("/console/duties/<uuid:occurrence_id>/correct")
@requires("duties.manage")
def correct(occurrence_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    correction = correcting.Correction(request.form.get("verdict", ""), request.form.get("reason", ""))
    with transaction() as open_connection:
        correcting.correct(open_connection, occurrence_id, correction, who.scope, by=who.actor, now=now)
    return _back_to(occurrence_id)


@blueprint.get("/console/duties/files/<uuid:file_id>")
@requires("duties.read")
def file(file_id: UUID) -> Response:
    found = files.find_file(connection(), file_id, identity().scope)
    address = files.link_of(services().store, found)
    if address is None:
        raise Refusal("not_found")
    return redirect(address, 303)


def _take_files(occurrence_id: UUID) -> None:
    """Each file a transaction of its own: one that is refused must not lose the others."""
    who, now = identity(), services().clock.now()
    for sent in request.files.getlist("file"):
        with closing(sent):
            data = sent.read(files.LARGEST_VIDEO + 1)
        if data:
            with transaction() as open_connection:
                doer = doer_of(open_connection, who)
                files.add_file(open_connection, services().store, occurrence_id, data, doer, now=now)


def _my_page(*, refused: Refusal | None = None, about: UUID | None = None) -> Response:
    """One's own list, with what was wrong at the duty that was meant."""
    now = services().clock.now()
    rows = _shown(reading.my_duties(connection(), doer_of(connection(), identity()), now=now))
    return page(
        "console/duties_mine.html",
        status=refused.status if refused else 200,
        open=[each for each in rows if each.state == "open"],
        upcoming=[each for each in rows if each.state == "upcoming"],
        done=[each for each in rows if each.state in ("done", "done_late")],
        events=keeping.event_duties(connection()),
        today=_today(now),
        notices=(refused.details or (refused,)) if refused else (),
        about=about,
        typed=request.form,
    )


def _shown(rows: Sequence[AnyRow]) -> list[Shown]:
    now, found = services().clock.now(), []
    by_row: dict[UUID, list[AnyRow]] = {}
    for each in files.files_of(connection(), [row.id for row in rows]):
        by_row.setdefault(each.occurrence_id, []).append(each)
    for row in rows:
        duties = programme_of(connection(), row.programme_version_id).duties
        found.append(Shown(row, duties[row.duty], state_of(row, now), tuple(by_row.get(row.id, ()))))
    return found


def _grouped(rows: tuple[AnyRow, ...]) -> list[tuple[Duty, list[Shown]]]:
    """Occurrences of one duty together: five drills of a week are one line with five days."""
    grouped: dict[tuple[UUID, str], list[Shown]] = {}
    now = services().clock.now()
    for row in rows:
        duty = programme_of(connection(), row.programme_version_id).duties[row.duty]
        grouped.setdefault((row.programme_id, row.duty), []).append(Shown(row, duty, state_of(row, now)))
    return [(each[0].duty, each) for each in grouped.values()]


def _startable(kept: tuple[keeping.Kept, ...]) -> list[keeping.Startable]:
    running = {each.key for each in kept if each.ledger.stopped_at is None}
    return [each for each in keeping.startable(connection()) if each.key not in running]


def _wanted(chosen: keeping.Kept, month: date, duty: str, after: str = "") -> reading.Wanted:
    return reading.Wanted(chosen.programme_id, month, _other_month(month, 1) - DAY, duty, after)


def _back_to(occurrence_id: UUID) -> Response:
    row = find_owed(connection(), occurrence_id, identity().scope)
    month = f"{row.due_on:%Y-%m}"
    address = url_for("console.duties.subject", programme=row.programme, subject=row.subject, month=month)
    return redirect(address, 303)


def _month() -> date:
    """The month that the address names, else this one."""
    found = MONTH.fullmatch(request.args.get("month", ""))
    if found and int(found[1]):
        return date(int(found[1]), int(found[2]), 1)
    return _today(services().clock.now()).replace(day=1)


def _other_month(month: date, by: int) -> date:
    years, place = divmod(month.month - 1 + by, 12)
    return date(month.year + years, place + 1, 1)


def _today(now: datetime) -> date:
    return now.astimezone(ZONE).date()


def _given_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date(name: str) -> date:
    found = _given_day(request.form.get(name, ""))
    if found is None:
        raise Refusal("invalid_fields", details=[Detail("date_invalid", f"/{name}")])
    return found
