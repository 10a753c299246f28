"""Planning a wave."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from server import audit
from server.db import new_id
from server.errors import Detail, Refusal
from server.fieldwork.outreach.reply_forms import refuse_unanswerable
from server.fieldwork.timetable.planning import plan_timetable
from server.fieldwork.waves.instruments import Instrument, instruments, refuse_evidence
from server.fieldwork.waves.periods import write_periods
from server.fieldwork.waves.plans import UNKNOWN_INSTRUMENT, NewWave, checked_plan
from server.models.definitions import Form, FormVersion
from server.models.waves import Wave
from server.scope import EVERYTHING, Scope


def plan_wave(
    connection: Connection, new: NewWave, *, by: str, now: datetime, scope: Scope = EVERYTHING
) -> UUID:
    """Create a planned wave. Without a unit it reaches everything that the planner's scope does.

    Raises:
        Refusal: invalid_fields with every problem.
    """
    instrument = _instrument(connection, new)
    kind = instrument.kind if instrument else None
    values = checked_plan(connection, new, kind, scope, now=now)
    if instrument is None:
        raise Refusal("invalid_fields", details=[UNKNOWN_INSTRUMENT])
    form_version_id = connection.scalar(
        select(FormVersion.id)
        .join(Form, Form.id == FormVersion.form_id)
        .where(Form.key == instrument.form, FormVersion.version == instrument.version)
        .where(FormVersion.status == "published")
        # A share, so that nobody retires the version before this wave has it.
        .with_for_update(of=FormVersion, read=True, key_share=True)
    )
    if form_version_id is None:
        raise Refusal("invalid_fields", details=[Detail("form_not_published", "/instrument")])
    if new.firm_id is None:
        refuse_evidence(connection, form_version_id, instrument.kind)
    refuse_unanswerable(connection, form_version_id, reply=new.reply)
    wave_id = new_id()
    connection.execute(
        insert(Wave).values(
            id=wave_id,
            programme_version_id=instrument.programme_version_id,
            instrument=instrument.kind,
            instrument_name=instrument.name,
            form_version_id=form_version_id,
            firm_id=new.firm_id,
            # Of this wave alone: with one key for all waves the same people would be drawn every time.
            prn_key=secrets.token_bytes(32),
            created_at=now,
            **values,
        )
    )
    write_periods(connection, wave_id)
    plan_timetable(connection, wave_id, now=now, by=by)
    audit.record(connection, [audit.Entry(by, "wave_planned", f"wave:{wave_id}", {"code": new.code})], at=now)
    return wave_id


def _instrument(connection: Connection, new: NewWave) -> Instrument | None:
    wanted = (new.programme, new.instrument)
    return next((each for each in instruments(connection) if (each.programme, each.name) == wanted), None)
