"""What drawing would give: worked out at once from a small frame, by the worker from a large one.

What the worker found is kept with the choices that decide a draw, so that whoever opens the page next, or
tries other choices and comes back, need not wait again. Contacts change meanwhile: it is worked out anew when
it is older than a quarter of an hour, and says until then from when it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_change

from server import queue, wire
from server.db import AnyRow
from server.errors import Detail, Refusal
from server.fieldwork.waves.drawing import drawn_from
from server.fieldwork.waves.frames import Planned, customer_frame, is_large
from server.fieldwork.waves.reading import find_wave
from server.models.draws import DrawPreview
from server.scope import EVERYTHING

FRESH: Final = timedelta(minutes=15)
# A worker that has not answered by then is asked again.
PATIENCE: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=1)
DECIDING: Final = ("sampling", "fatigue", "consent_required", "one_per", "rolling")


@dataclass(frozen=True, slots=True)
class Preview:
    """What drawing would give.

    Attributes:
        summary: as `DrawResult.summary`; None while nobody knows, and where there are problems.
        problems: why the choices do not fit the frame.
        made_at: when the worker found it; None for what was worked out now.
        wanted: the worker should be asked, by `ask_preview`.
    """

    summary: Mapping[str, Any] | None
    problems: tuple[Detail, ...] = ()
    made_at: datetime | None = None
    wanted: bool = False

    @property
    def waiting(self) -> bool:
        """Whether there is nothing to show yet."""
        return self.summary is None and not self.problems


def preview(
    connection: Connection, wave: AnyRow, *, now: datetime, settings: Mapping[str, Any] | None = None
) -> Preview:
    """What drawing a planned wave would give, with its own choices or others; writes nothing.

    Args:
        wave: as `find_wave` gives it.
    """
    chosen = wave.settings if settings is None else settings
    if not is_large(connection, wave):
        return _worked_out(connection, wave, chosen, now)
    stored = connection.execute(
        select(*DrawPreview.__table__.columns).where(
            DrawPreview.wave_id == wave.id, DrawPreview.choices == _fingerprint(chosen)
        )
    ).first()
    if stored is None:
        return Preview(None, wanted=True)
    asked_again = stored.made_at is None or stored.made_at < stored.asked_at
    wanted = now - stored.asked_at > (PATIENCE if asked_again else FRESH)
    return Preview(stored.summary, _problems(stored.problems), stored.made_at, wanted)


def ask_preview(connection: Connection, wave_id: UUID, settings: Mapping[str, Any], *, now: datetime) -> None:
    """Have the worker work it out. Those of choices that nobody came back to are forgotten."""
    decisive = _decisive(settings)
    choices = wire.fingerprint(decisive)
    connection.execute(
        delete(DrawPreview).where(DrawPreview.wave_id == wave_id, DrawPreview.asked_at < now - KEPT)
    )
    asked = insert_or_change(DrawPreview).values(
        wave_id=wave_id, choices=choices, settings=decisive, asked_at=now, problems=[]
    )
    connection.execute(
        asked.on_conflict_do_update(index_elements=["wave_id", "choices"], set_={"asked_at": now})
    )
    queue.defer(connection, "preview_draw", wave_id=str(wave_id), choices=choices)


def work_preview(connection: Connection, wave_id: UUID, choices: str, *, now: datetime) -> None:
    """What the worker does; nothing where another one did it, or the wave was drawn or called off."""
    asked = connection.execute(
        select(*DrawPreview.__table__.columns)
        .where(DrawPreview.wave_id == wave_id, DrawPreview.choices == choices)
        .with_for_update()
    ).first()
    if asked is None or (asked.made_at is not None and asked.made_at >= asked.asked_at):
        return
    wave = find_wave(connection, wave_id, EVERYTHING)
    if wave.state != "planned":
        return
    found = _worked_out(connection, wave, asked.settings, now)
    connection.execute(
        update(DrawPreview)
        .where(DrawPreview.wave_id == wave_id, DrawPreview.choices == choices)
        .values(
            made_at=now,
            summary=found.summary,
            problems=[[each.code, each.pointer, dict(each.params)] for each in found.problems],
        )
    )


def _worked_out(connection: Connection, wave: AnyRow, settings: Mapping[str, Any], now: datetime) -> Preview:
    planned = Planned(wave.id, wave.unit_path, wave.programme_version_id, wave.prn_key, settings)
    try:
        result = drawn_from(customer_frame(connection, planned, now=now), planned)
    except Refusal as refusal:
        return Preview(None, tuple(refusal.details))
    return Preview(result.summary())


def _problems(stored: list[Any]) -> tuple[Detail, ...]:
    return tuple(Detail(code, pointer, params) for code, pointer, params in stored)


def _decisive(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: settings[name] for name in DECIDING if name in settings}


def _fingerprint(settings: Mapping[str, Any]) -> str:
    return wire.fingerprint(_decisive(settings))
