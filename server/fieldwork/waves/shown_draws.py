"""What one reader may see of a wave's draw, or of what drawing would give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from server.fieldwork.waves.audience import is_drawn
from server.fieldwork.waves.drawing import stored_draw
from server.fieldwork.waves.previews import Preview, preview
from server.fieldwork.waves.reading import find_wave, may_run
from server.models.organisation import Unit
from server.sampling.draws import summary_of
from server.scope import Scope


@dataclass(frozen=True, slots=True)
class ShownDraw:
    """A draw as one reader may see it.

    Attributes:
        summary: with the strata of the reader's own outlets; None for a preview that nobody knows yet.
        exclusions: reason -> people. The record counts them over the whole wave, so None for readers who see
            a part of it.
        drawn_at: None for a preview.
        preview: what drawing would give, while the wave is planned.
    """

    summary: Mapping[str, Any] | None
    exclusions: Mapping[str, int] | None
    drawn_at: datetime | None = None
    preview: Preview | None = None

    @property
    def whole(self) -> bool:
        return self.exclusions is not None


def shown_draw(connection: Connection, wave_id: UUID, scope: Scope, *, now: datetime) -> ShownDraw | None:
    """What a reader sees of the draw, or of its preview while the wave is planned; None where there is none.

    Raises:
        Refusal: not_found when there is no such wave within the scope.
    """
    wave = find_wave(connection, wave_id, scope)
    if wave.kind != "survey" or not is_drawn(wave.settings):
        return None
    drawn: Mapping[str, Any] | None
    stored = stored_draw(connection, wave_id)
    if stored is not None:
        drawn, ahead = summary_of(stored.record), None
    elif wave.state == "planned":
        ahead = preview(connection, wave, now=now)
        drawn = ahead.summary
    else:
        return None
    drawn_at = stored.drawn_at if stored is not None else None
    if drawn is None:
        return ShownDraw(None, None, None, ahead)
    if may_run(connection, wave, scope):
        return ShownDraw(drawn, drawn["exclusions"], drawn_at, ahead)
    mine = set(connection.scalars(scope.units(select(Unit.code))))
    strata = [stratum for stratum in drawn["strata"] if stratum["stratum"] in mine]
    return ShownDraw({**_without_the_whole(drawn), "strata": strata}, None, drawn_at, ahead)


def _without_the_whole(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader of some outlets may see: no counts of all, and no strata of others in the plan."""
    whole = ("population", "eligible", "selected", "reserves", "requested", "exclusions")
    plan = {name: value for name, value in record["plan"].items() if name not in ("spreads", "costs")}
    return {name: value for name, value in record.items() if name not in whole} | {"plan": plan}
