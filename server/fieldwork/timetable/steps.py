"""A wave's own steps: how many days for review, which reminders, whether there are bulletins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from server import audit
from server.errors import Detail, Refusal
from server.fieldwork.timetable.planning import Replanned, plan_timetable
from server.fieldwork.waves.reading import find_wave_to_run
from server.models.waves import Wave
from server.scope import Scope
from server.scoring.timetabling.codes import TimingWrong
from server.scoring.timetabling.settings import steps_of

SETTING = "timetable"


def set_steps(
    connection: Connection, wave_id: UUID, changes: Mapping[str, Any], scope: Scope, *, by: str, now: datetime
) -> Replanned:
    """Write a wave's steps, as `server.scoring.timetabling.settings.steps_of` takes them, and plan again.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it was
            cancelled, or invalid_fields with every step that means nothing.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    if wave.state == "cancelled":
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    problems = [detail for name, value in changes.items() for detail in _wrong(wave.instrument, name, value)]
    if problems:
        raise Refusal("invalid_fields", details=problems)
    added = {SETTING: dict(changes)}
    connection.execute(update(Wave).where(Wave.id == wave_id).values(settings=Wave.settings.concat(added)))
    entry = audit.Entry(by, "timetable_steps_set", f"wave:{wave_id}", {"steps": dict(changes)})
    audit.record(connection, [entry], at=now)
    return plan_timetable(connection, wave_id, now=now, by=by)


def _wrong(instrument: str, name: str, value: Any) -> list[Detail]:
    try:
        steps_of(instrument, {name: value})
    except TimingWrong as wrong:
        return [Detail(wrong.code, f"/{name}", wrong.params)]
    return []
