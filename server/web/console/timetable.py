"""The timetable: what fired and what comes, over all waves and for each; own entries; notices."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from server.db import AnyRow, connection, transaction
from server.errors import Detail, Refusal
from server.fieldwork.definitions.programmes import list_programmes
from server.fieldwork.organisation.units import list_units, reaches_all
from server.fieldwork.timetable import own, steps, years
from server.fieldwork.timetable.agenda import Item, Stretch, agenda, find_entry, unknown_years
from server.fieldwork.timetable.notices import list_notices, settle_notice
from server.fieldwork.timetable.planning import AFTERMATH, plan_timetable, plan_year
from server.fieldwork.waves.reading import find_wave_to_run, may_run
from server.fieldwork.waves.states import BEGUN
from server.http.access import identity, requires
from server.scoring.timetabling.settings import Steps, steps_of
from server.services import services
from server.web.console.showing import find_shown_wave
from server.web.presenting import page

blueprint = Blueprint("timetable", __name__)

ZONE = "Asia/Shanghai"
MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,3}", re.ASCII)
# Preparations come before the first day.
BEFORE = timedelta(days=60)
# Who works with notices; the others act by personal link.
ADDRESSED = ("coordinator", "reviewer", "owner", "supervisor", "branch_manager", "evaluated_body", "firm")
STEP_NUMBERS = ("field_days", "review", "facts_check", "publication", "feedback")
DEFAULTS = {
    "every": "week", "weekday": "mon", "time": "09:00", "day": "5", "count": "3", "free_days": "next",
    "role": "coordinator",
}  # fmt: skip


@blueprint.get("/console/timetable")
@requires("waves.read")
def index() -> Response:
    now = services().clock.now()
    month = _month(request.args.get("month", ""), now)
    end, who = _month(_shifted(month, 1), now), identity()
    # What is over at midnight of the first stands on the last day of this month.
    stretch = Stretch(month, end + end.resolution, now)
    found = agenda(connection(), who.scope, stretch)
    # A branch that read when the visits begin would wait for them.
    items = [each for each in found if who.may("waves.follow") or each.entry.wave_state in (None, *BEGUN)]
    return page(
        "console/timetable.html",
        wave=None,
        month=month,
        earlier=_shifted(month, -1),
        later=_shifted(month, 1),
        days=_by_day([item for item in items if month <= shown_at(item) < end]),
        today=now.astimezone(ZoneInfo(ZONE)).date(),
        unknown=unknown_years(connection(), ZONE, stretch),
        notices=list_notices(connection(), who.scope, who.roles),
    )


@blueprint.get("/console/waves/<uuid:wave_id>/timetable")
@requires("waves.read")
def wave(wave_id: UUID) -> Response:
    return _wave_page(wave_id)


@blueprint.post("/console/waves/<uuid:wave_id>/timetable")
@requires("timetable.plan")
def set_wave_steps(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    try:
        changes = _steps()
        with transaction() as open_connection:
            steps.set_steps(open_connection, wave_id, changes, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _wave_page(wave_id, details=refusal.details)
    return redirect(url_for("console.timetable.wave", wave_id=wave_id), 303)


@blueprint.post("/console/waves/<uuid:wave_id>/timetable/plan")
@requires("timetable.plan")
def plan(wave_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        find_wave_to_run(open_connection, wave_id, who.scope)
        plan_timetable(open_connection, wave_id, now=now, by=who.actor)
    return redirect(url_for("console.timetable.wave", wave_id=wave_id), 303)


@blueprint.get("/console/timetable/new")
@requires("timetable.plan")
def new() -> Response:
    return _form({**DEFAULTS, **request.args.to_dict()}, wave_id=_wave_id(request.args.get("wave", "")))


@blueprint.post("/console/timetable/new")
@requires("timetable.plan")
def create() -> Response:
    wave_id = _wave_id(request.form.get("wave", ""))
    return _posted(wave_id, None)


@blueprint.get("/console/timetable/<uuid:entry_id>/edit")
@requires("timetable.plan")
def edit(entry_id: UUID) -> Response:
    entry = find_entry(connection(), entry_id, identity().scope)
    if entry.origin != "own" or entry.cancelled_at is not None:
        raise Refusal("conflict")
    values = {**DEFAULTS, **entry.rule, "title": entry.title["default"], "role": entry.roles[0]}
    return _form(values, wave_id=entry.wave_id, entry=entry)


@blueprint.post("/console/timetable/<uuid:entry_id>/edit")
@requires("timetable.plan")
def save(entry_id: UUID) -> Response:
    entry = find_entry(connection(), entry_id, identity().scope)
    return _posted(entry.wave_id, entry)


@blueprint.post("/console/timetable/<uuid:entry_id>/cancel")
@requires("timetable.plan")
def cancel(entry_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        own.cancel_entry(open_connection, entry_id, who.scope, by=who.actor, now=now)
    return _back(entry_id)


@blueprint.post("/console/timetable/<uuid:entry_id>/restore")
@requires("timetable.plan")
def restore(entry_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        own.restore_entry(open_connection, entry_id, who.scope, by=who.actor, now=now)
    return _back(entry_id)


@blueprint.post("/console/notices/<uuid:notice_id>/done")
@requires("waves.read")
def settle(notice_id: UUID) -> Response:
    who, now = identity(), services().clock.now()
    with transaction() as open_connection:
        settle_notice(open_connection, notice_id, who.scope, who.roles, by=who.actor, now=now)
    back = "console.today.show" if request.args.get("next") == "today" else "console.timetable.index"
    return redirect(url_for(back), 303)


@blueprint.get("/console/timetable/years")
@requires("waves.read")
def year_list() -> Response:
    programmes = _programmes()
    key = request.args.get("programme") or next(iter(programmes), "")
    wanted = request.args.get("year", "")
    if wanted and not YEAR.fullmatch(wanted):
        raise Refusal("not_found")
    found = None
    if key:
        year = int(wanted) if wanted else None
        found = years.programme_year(connection(), key, year, identity().scope, now=services().clock.now())
    return page(
        "console/timetable_year.html",
        programmes=programmes,
        found=found,
        plans=identity().may("timetable.plan") and reaches_all(connection(), identity().scope),
    )


@blueprint.post("/console/timetable/years")
@requires("timetable.plan")
def plan_programme() -> Response:
    key, year = request.form.get("programme", ""), request.form.get("year", "")
    if not YEAR.fullmatch(year):
        raise Refusal("not_found")
    with transaction() as open_connection:
        if not reaches_all(open_connection, identity().scope):
            raise Refusal("forbidden")
        plan_year(open_connection, key, int(year), now=services().clock.now(), by=identity().actor)
    return redirect(url_for("console.timetable.year_list", programme=key, year=year), 303)


def _posted(wave_id: UUID | None, entry: AnyRow | None) -> Response:
    """The form of an entry: shown again with the next times, or with what is wrong, or saved."""
    who, now, values = identity(), services().clock.now(), request.form.to_dict()
    wanted = own.NewEntry(
        title=values.get("title", ""),
        role=values.get("role", ""),
        rule=values,
        wave_id=wave_id,
        unit_code=values.get("unit") or None,
    )
    try:
        if values.get("act") == "preview":
            times = own.preview_entry(connection(), wanted, who.scope, now=now)
            return _form(values, wave_id=wave_id, entry=entry, times=times)
        with transaction() as open_connection:
            if entry is None:
                own.add_entry(open_connection, wanted, who.scope, by=who.actor, now=now)
            else:
                own.change_entry(open_connection, entry.id, wanted, who.scope, by=who.actor, now=now)
    except Refusal as refusal:
        if refusal.code != "invalid_fields":
            raise
        return _form(values, wave_id=wave_id, entry=entry, details=refusal.details)
    return redirect(_address(wave_id), 303)


def _form(
    values: Mapping[str, str],
    *,
    wave_id: UUID | None,
    entry: AnyRow | None = None,
    times: Sequence[datetime] | None = None,
    details: Sequence[Detail] = (),
) -> Response:
    scope = identity().scope
    found = find_wave_to_run(connection(), wave_id, scope) if wave_id else None
    return page(
        "console/timetable_entry.html",
        status=422 if details else 200,
        wave=found,
        entry=entry,
        values={**DEFAULTS, **values},
        zone=found.timezone if found else ZONE,
        roles=ADDRESSED,
        units=[] if found else [unit for unit in list_units(connection(), scope) if unit.level != "outlet"],
        whole=reaches_all(connection(), scope),
        times=times,
        errors={each.pointer.removeprefix("/"): each for each in details},
    )


def _wave_page(wave_id: UUID, *, details: Sequence[Detail] = ()) -> Response:
    scope, now = identity().scope, services().clock.now()
    found = find_shown_wave(wave_id)
    stretch = Stretch(found.opens_at - BEFORE, found.closes_at + AFTERMATH, now)
    return page(
        "console/timetable.html",
        status=422 if details else 200,
        wave=found,
        runs=may_run(connection(), found, scope),
        days=_by_day(agenda(connection(), scope, stretch, wave_id=wave_id)),
        today=now.astimezone(ZoneInfo(found.timezone)).date(),
        unknown=unknown_years(connection(), found.timezone, Stretch(found.opens_at, found.closes_at, now)),
        notices=list_notices(connection(), scope, identity().roles, wave_id=wave_id),
        values=request.form.to_dict() if details else _step_values(found),
        errors={each.pointer.removeprefix("/"): each for each in details},
    )


def _step_values(found: AnyRow) -> dict[str, str]:
    chosen: Steps = steps_of(found.instrument, found.settings.get(steps.SETTING, {}))
    return {
        "remind": ", ".join(map(str, chosen.remind)),
        "remind_at": chosen.remind_at.isoformat("minutes"),
        "bulletin": chosen.bulletin,
        **{name: str(getattr(chosen, name)) for name in STEP_NUMBERS},
    }


def _steps() -> dict[str, Any]:
    """The posted steps.

    Raises:
        Refusal: invalid_fields for what is no number.
    """
    form = request.form
    reminders = [each for each in re.split(r"[,，、\s]+", form.get("remind", "").strip()) if each]
    wrong = [name for name in STEP_NUMBERS if not WHOLE.fullmatch(form.get(name, "").strip())]
    if not all(WHOLE.fullmatch(each) for each in reminders):
        wrong.append("remind")
    if wrong:
        raise Refusal("invalid_fields", details=[Detail("field_whole_number", f"/{name}") for name in wrong])
    return {
        "remind": [int(each) for each in reminders],
        "remind_at": form.get("remind_at", ""),
        "bulletin": form.get("bulletin", ""),
        **{name: int(form[name]) for name in STEP_NUMBERS},
    }


def _programmes() -> dict[str, dict[str, str]]:
    """Key -> title of what is published, each programme once."""
    rows = list_programmes(connection(), identity().scope)
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.status == "published":
            title = row.title if isinstance(row.title, dict) else {"default": row.title}
            found.setdefault(row.key, title)
    return found


def _by_day(items: Sequence[Item]) -> list[tuple[date, list[tuple[str, Item]]]]:
    """Items day by day with the hour, on the clocks of their own zones."""
    days: dict[date, list[tuple[str, Item]]] = {}
    for item in items:
        there = shown_at(item).astimezone(ZoneInfo(item.entry.timezone))
        hour = "24:00" if there.microsecond else f"{there:%H:%M}"
        days.setdefault(there.date(), []).append((hour, item))
    return sorted(days.items())


def shown_at(item: Item) -> datetime:
    """Midnight is the end of the day before, for what is over then."""
    return item.at - item.at.resolution if item.at == item.entry.due_at else item.at


def _month(text: str, now: datetime) -> datetime:
    """The first moment of the month that is shown."""
    read = MONTH.fullmatch(text)
    today = now.astimezone(ZoneInfo(ZONE))
    year, month = (int(read[1]), int(read[2])) if read else (today.year, today.month)
    return datetime(max(year, 1970), month, 1, tzinfo=ZoneInfo(ZONE))


def _shifted(month: datetime, by: int) -> str:
    whole = month.year * 12 + month.month - 1 + by
    return f"{whole // 12:04d}-{whole % 12 + 1:02d}"


def _wave_id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Refusal("not_found") from None


def _address(wave_id: UUID | None) -> str:
    if wave_id is None:
        return url_for("console.timetable.index")
    return url_for("console.timetable.wave", wave_id=wave_id)


def _back(entry_id: UUID) -> Response:
    return redirect(_address(find_entry(connection(), entry_id, identity().scope).wave_id), 303)
