"""The moments of a visit as a drawing, and its positions around the outlet as another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from server.db import AnyRow
from server.evidence.visit import MOMENTS
from server.followup.doubts.whereabouts import Whereabouts

# Of the drawing of moments, in its own units: how wide, and the room beside the first and the last.
WIDTH, ROOM = 640, 40
# Of the drawing of positions: half its side, and the room that it leaves at its edge.
HALF, EDGE = 120, 12
NAMED: Final = (*MOMENTS, "photo", "sent")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment on the time line: how far to the right, and when on the outlet's clocks."""

    x: float
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dot:
    """A position in the drawing: to the right and down from its middle, and how wide it may be.

    `kind` is empty where the phone told it between the moments that have a name.
    """

    x: float
    y: float
    r: float
    kind: str


@dataclass(frozen=True, slots=True)
class Around:
    """Positions around the outlet, which is the middle. `r` draws the `radius` within which they agree.

    Attributes:
        reach: metres from the middle to the edge.
    """

    dots: Sequence[Dot]
    r: float
    radius: int
    reach: int


def marks_of(moments: Sequence[AnyRow], zone: ZoneInfo) -> list[Mark]:
    """Where each moment stands between the first and the last."""
    if not moments:
        return []
    first, last = moments[0].happened_at, moments[-1].happened_at
    whole = (last - first).total_seconds() or 1
    return [
        Mark(
            round(ROOM + (WIDTH - 2 * ROOM) * (each.happened_at - first).total_seconds() / whole, 1),
            each.kind,
            each.happened_at.astimezone(zone),
        )
        for each in moments
    ]


def around(found: Whereabouts | None) -> Around | None:
    """The positions of a visit, as large as all of them fit."""
    if found is None:
        return None
    reach = max(found.radius, *(max(abs(fix.east), abs(fix.north)) for fix in found.fixes))
    scale = (HALF - EDGE) / reach
    dots = [
        Dot(
            round(fix.east * scale, 1),
            round(-fix.north * scale, 1),
            round(min(HALF, (fix.accuracy or 0) * scale), 1),
            fix.kind if fix.kind in NAMED else "",
        )
        for fix in found.fixes
    ]
    return Around(dots, round(found.radius * scale, 1), found.radius, round(reach))
