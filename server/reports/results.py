"""Results of a wave: each unit's n, mean and rank, and the whole wave's."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.models.organisation import Subject, Unit
from server.models.submissions import ScoreSheet
from server.sampling.estimates import Interval, estimate_counted
from server.scope import Scope
from server.scoring.exact import rounded
from server.scoring.ranks import ranks_from_top

PLACES = 2
SMALLEST_CELL = 5


@dataclass(frozen=True, slots=True)
class UnitResult:
    """One unit's line. `mean` is None without scores, or when the cell is too small to be shown.

    Attributes:
        interval: 95 % interval of the mean, for display; None below two scores.
        hidden: the mean exists but fewer than five people answered and the reader is the unit's own. It has
            no rank either, and the others are ranked without it.
    """

    code: str
    name: str
    name_en: str
    parent: str
    n: int
    mean: Decimal | None
    interval: Interval | None
    rank: int | None
    hidden: bool


@dataclass(frozen=True, slots=True)
class WaveResult:
    """The whole wave: n counts scored submissions, `unscored` those where nothing was applicable.

    `mean` is None as well where a hidden unit's could be worked out from it.
    """

    n: int
    unscored: int
    mean: Decimal | None
    interval: Interval | None
    units: tuple[UnitResult, ...]


@dataclass
class _Cell:
    scores: list[tuple[Fraction, int]]

    @property
    def n(self) -> int:
        return sum(count for _, count in self.scores)

    @property
    def mean(self) -> Fraction | None:
        if not self.scores:
            return None
        return sum((score * count for score, count in self.scores), Fraction(0)) / self.n

    def interval(self) -> Interval | None:
        estimate = estimate_counted(self.scores)
        return estimate.interval if estimate else None


def wave_result(connection: Connection, wave_id: UUID, scope: Scope, *, suppress_small: bool) -> WaveResult:
    """Means over unrounded scores, rounded once (scoring.md law 10).

    Args:
        suppress_small: hide means of fewer than five answers: for surveys, from readers who belong to the
            units themselves. A unit's visits are never suppressed.
    """
    cells, unscored = _cells(connection, wave_id, scope)
    whole = _Cell([score for cell in cells.values() for score in cell.scores])
    small = {key for key, cell in cells.items() if suppress_small and 0 < cell.n < SMALLEST_CELL}
    shown = {key: cell for key, cell in cells.items() if key not in small}
    means = {key: rounded(cell.mean, PLACES) for key, cell in shown.items()}
    ranks = ranks_from_top({str(key): mean for key, mean in means.items()})
    units = [
        UnitResult(
            code=row.code,
            name=row.name,
            name_en=row.name_en or row.name,
            parent=row.parent or "",
            n=cells[row.subject_id].n,
            mean=means.get(row.subject_id),
            interval=shown[row.subject_id].interval() if row.subject_id in shown else None,
            rank=ranks.get(str(row.subject_id)),
            hidden=row.subject_id in small,
        )
        for row in connection.execute(scope.units(_units(cells)))
    ]
    units.sort(key=lambda unit: (unit.rank is None, unit.rank, unit.code))
    # Total minus what is shown gives the hidden rest: with fewer than five in it, the total is hidden too.
    tells = 0 < sum(cells[key].n for key in small) < SMALLEST_CELL
    return WaveResult(
        n=whole.n,
        unscored=unscored,
        mean=None if tells else rounded(whole.mean, PLACES),
        interval=None if tells else whole.interval(),
        units=tuple(units),
    )


def _cells(connection: Connection, wave_id: UUID, scope: Scope) -> tuple[dict[UUID, _Cell], int]:
    """Equal scores are counted in the database: exact sums over a million rows stay a few thousand terms."""
    query = (
        select(ScoreSheet.subject_id, ScoreSheet.raw, func.count())
        .join(Subject, Subject.id == ScoreSheet.subject_id)
        .where(ScoreSheet.wave_id == wave_id)
        .group_by(ScoreSheet.subject_id, ScoreSheet.raw)
    )
    cells: defaultdict[UUID, _Cell] = defaultdict(lambda: _Cell([]))
    unscored = 0
    for subject_id, raw, count in connection.execute(scope.subjects(query)):
        cell = cells[subject_id]
        if raw is None:
            unscored += count
        else:
            cell.scores.append((Fraction(raw), count))
    return dict(cells), unscored


def _units(subject_ids: Iterable[UUID]) -> Any:
    parent = Unit.__table__.alias("parent")
    return (
        select(
            Subject.id.label("subject_id"), Unit.code, Unit.name, Unit.name_en, parent.c.name.label("parent")
        )
        .join(Unit, Unit.id == Subject.unit_id)
        .join(parent, parent.c.id == Unit.parent_id, isouter=True)
        .where(Subject.id.in_(list(subject_ids)))
    )
