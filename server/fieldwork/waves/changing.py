"""Changing one's mind about a wave: editing its plan before the draw, calling it off before the launch."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, update

from server import audit
from server.db import AnyRow
from server.errors import Refusal
from server.fieldwork.outreach.reply_forms import refuse_unanswerable
from server.fieldwork.timetable.planning import plan_timetable
from server.fieldwork.waves.periods import write_periods
from server.fieldwork.waves.plans import NewWave, checked_plan
from server.fieldwork.waves.reading import find_wave_to_run
from server.fieldwork.waves.running import checked_reason
from server.fieldwork.waves.states import refuse_while_drawn
from server.models.waves import Wave
from server.scope import Scope

CANCELLABLE = ("planned", "drawn")


def edit_wave(
    connection: Connection, wave_id: UUID, new: NewWave, scope: Scope, *, by: str, now: datetime
) -> None:
    """Put a new plan in the place of the old one.

    The questionnaire, the firm and the key of the random numbers stay: with a fresh key for every saving,
    one could go on until a draw pleases.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state when it is no
            longer `planned`, or invalid_fields with every problem.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    _refuse_unless(wave, ("planned",))
    refuse_while_drawn(wave, now)
    values = checked_plan(connection, new, wave.instrument, scope, now=now, itself=wave_id)
    refuse_unanswerable(connection, wave.form_version_id, reply=new.reply)
    before = {name: getattr(wave, name) for name in values}
    changed = {name: [before[name], value] for name, value in values.items() if before[name] != value}
    if not changed:
        return
    moved = connection.execute(
        update(Wave).where(Wave.id == wave_id, Wave.state == "planned").values(**values)
    )
    if moved.rowcount != 1:  # drawn or cancelled since it was read
        raise Refusal("wrong_state", state=wave.state, needed="planned")
    write_periods(connection, wave_id)
    plan_timetable(connection, wave_id, now=now, by=by)
    entry = audit.Entry(by, "wave_edited", f"wave:{wave_id}", {"changed": _as_json(changed)})
    audit.record(connection, [entry], at=now)


def cancel_wave(
    connection: Connection, wave_id: UUID, reason: str, scope: Scope, *, by: str, now: datetime
) -> None:
    """Call a wave off before anybody was asked. It stays in the list with the reason, for good.

    Raises:
        Refusal: not_found, forbidden when the wave reaches beyond the scope, wrong_state once it was
            launched, or invalid_fields without a reason or with a too long one.
    """
    wave = find_wave_to_run(connection, wave_id, scope)
    _refuse_unless(wave, CANCELLABLE)
    refuse_while_drawn(wave, now)
    given = checked_reason(reason)
    moved = connection.execute(
        update(Wave)
        .where(Wave.id == wave_id, Wave.state.in_(CANCELLABLE))
        .values(state="cancelled", cancelled_at=now, cancel_reason=given)
    )
    if moved.rowcount != 1:  # launched or cancelled since it was read
        raise Refusal("wrong_state", state=wave.state, needed="drawn")
    entry = audit.Entry(by, "wave_cancelled", f"wave:{wave_id}", {"state": wave.state, "reason": given})
    audit.record(connection, [entry], at=now)


def _refuse_unless(wave: AnyRow, states: tuple[str, ...]) -> None:
    if wave.state not in states:
        raise Refusal("wrong_state", state=wave.state, needed=states[-1])


def _as_json(changed: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Old and new values by column; what JSON has no kind for becomes text."""
    return {name: [_plain(value) for value in pair] for name, pair in changed.items()}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | dict) else str(value)
