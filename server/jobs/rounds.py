"""What the worker does about rounds: draws, timetables, duties, imports, leavers."""

from datetime import datetime
from uuid import UUID

import structlog

from server.db import connection, db, transaction
from server.errors import Refusal
from server.fieldwork.contacts.imports import runs as import_runs
from server.fieldwork.contacts.rolling import drawing as rolling
from server.fieldwork.contacts.rolling import inviting as rolling_invitations
from server.fieldwork.definitions import trials
from server.fieldwork.duties import files as duty_files
from server.fieldwork.duties import forms as duty_forms
from server.fieldwork.duties import generating
from server.fieldwork.outreach import inviting
from server.fieldwork.people import leaving
from server.fieldwork.timetable import firing
from server.fieldwork.timetable import planning as timetables
from server.fieldwork.waves import drawing, previews, reserves
from server.fieldwork.waves import states as waves
from server.scope import EVERYTHING
from server.services import services

log = structlog.get_logger()


def preview_draw(wave_id: str, choices: str) -> None:
    with transaction() as open_connection:
        previews.work_preview(open_connection, UUID(wave_id), choices, now=services().clock.now())


def draw_wave(wave_id: str, by: str) -> None:
    """A wave that cannot be drawn any more is let go; its page says what is wrong with its choices."""
    try:
        with transaction() as open_connection:
            drawing.draw_wave(open_connection, UUID(wave_id), EVERYTHING, by=by, now=services().clock.now())
    except Refusal as refusal:
        log.warning("draw_refused", wave_id=wave_id, code=refusal.code)
    with transaction() as open_connection:
        drawing.end_draw(open_connection, UUID(wave_id))


def close_waves() -> None:
    with transaction() as open_connection:
        waves.close_due(open_connection, now=services().clock.now())


def plan_timetables() -> None:
    """A transaction a wave: planning locks it, and nobody should wait for all of them."""
    now, years = services().clock.now(), set[tuple[str, int]]()
    for wave_id in timetables.waves_to_plan(connection(), now=now):
        with transaction() as open_connection:
            years |= timetables.plan_wave(open_connection, wave_id, now=now)[1]
    for programme, year in sorted(years):
        with transaction() as open_connection:
            timetables.plan_year(open_connection, programme, year, now=now)


def fire_entry(entry_id: str, occurs_at: str) -> None:
    with transaction() as open_connection:
        firing.fire_entry(
            open_connection, UUID(entry_id), datetime.fromisoformat(occurs_at), now=services().clock.now()
        )


def release_reserves() -> None:
    with transaction() as open_connection:
        reserves.release_reserves(open_connection, now=services().clock.now())


def sweep_trials() -> None:
    with transaction() as open_connection:
        trials.sweep(open_connection, now=services().clock.now())


def keep_duties() -> None:
    """A stretch of days a transaction, so that a clock that was down for long catches up in order."""
    waiting = True
    while waiting:
        with transaction() as open_connection:
            waiting = generating.keep_next(open_connection, now=services().clock.now())


def follow_duty_forms() -> None:
    with transaction() as open_connection:
        duty_forms.follow_forms(open_connection, now=services().clock.now())


def inspect_duty_file(file_id: str) -> None:
    duty_files.inspect_file(db.engine, services().store, UUID(file_id), services().clock)


def import_rows(run_id: str) -> None:
    import_runs.work_run(db.engine, services().keys, services().clock, UUID(run_id))


def draw_rolling_waves() -> None:
    """A transaction for each wave's draw and for each batch of its invitations."""
    given, now = services(), services().clock.now()
    for wave_id in rolling.rolling_waves(connection(), now=now):
        with transaction() as open_connection:
            rolling.draw_night(open_connection, wave_id, now=now)
        invited = inviting.BATCH
        while invited == inviting.BATCH:
            with transaction() as open_connection:
                invited = rolling_invitations.invite_drawn(
                    open_connection, wave_id, given.keys, public_url=given.settings.public_url, now=now
                )


def close_leavers() -> None:
    with transaction() as open_connection:
        leaving.close_leavers(open_connection, now=services().clock.now())
