"""Results of a wave: each unit's n, mean and rank, and the whole wave's.

Every reader gets the same figures: ranks and the overall mean are taken over the whole wave, and a scope
decides only which units are listed. A rank within one's own outlets would be no rank, and a league table is
what a wave is run for: where one stands in it may be told before the owner publishes the whole. It names no
other unit and gives no other unit's score, and three things keep cells of fewer than five customers hidden:

- a survey ranks no such unit, whoever reads: otherwise the gap it leaves in the ranks of its neighbours would
  bound its mean;
- the units' own people see no such mean;
- where whole minus listed leaves one to four answers, they see no total either.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from server.models.organisation import Subject, Unit
from server.models.tallies import SCORE
from server.models.waves import Wave
from server.reports.tallies import tallies
from server.sampling.estimates import Interval, estimate_counted
from server.scope import Scope
from server.scoring.exact import rounded, total
from server.scoring.programmes.vocabulary import OF_PEOPLE, SMALLEST_CELL
from server.scoring.ranks import ranks_from_top

PLACES = 2
FULL_SCORE = Fraction(100)


@dataclass(frozen=True, slots=True)
class UnitResult:
    """One unit's line. `mean` is None without scores, or when the cell is too small to be shown.

    Attributes:
        interval: 95 % interval of the mean, for display; None below two scores.
        rank: in the whole wave; None without a mean, and for a survey's units of fewer than five answers.
        hidden: the mean exists but fewer than five people answered and the reader is the unit's own.
    """

    code: str
    name: str
    name_en: str
    parent: str
    parent_en: str
    n: int
    mean: Decimal | None
    interval: Interval | None
    rank: int | None
    hidden: bool


@dataclass(frozen=True, slots=True)
class WaveResult:
    """The whole wave: n counts scored submissions, `unscored` those where nothing was applicable.

    Attributes:
        mean: None as well where a hidden unit's could be worked out from it.
        units: those within the reader's scope.
        ranked: how many units have a rank, so that a rank reads as "7 of 23".
        unranked_below: answers a unit needs to be ranked; 1 where every mean is.
    """

    n: int
    unscored: int
    mean: Decimal | None
    interval: Interval | None
    units: tuple[UnitResult, ...]
    ranked: int
    unranked_below: int


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
        return total(score * count for score, count in self.scores) / self.n

    def interval(self, scale: Fraction) -> Interval | None:
        """The mean's interval as far as there are scores: none lies below 0 or above the full score.

        A mean beyond either end (deductions, uncapped bonuses) shows that the form has no such end.
        """
        estimate = estimate_counted(self.scores)
        if estimate is None or estimate.interval is None:
            return None
        low, high = estimate.interval.low, estimate.interval.high
        return Interval(max(low, min(0.0, estimate.value)), min(high, max(float(scale), estimate.value)))


def wave_result(
    connection: Connection,
    wave_id: UUID,
    scope: Scope,
    *,
    suppress_small: bool,
    scale: Fraction = FULL_SCORE,
) -> WaveResult:
    """Means over unrounded scores, rounded once (scoring.md law 10); ranks on them (law 11).

    Args:
        scope: whose units are listed; n, mean and ranks are the whole wave's for everybody.
        suppress_small: hide means of fewer than five answers: for surveys, from readers who belong to the
            units themselves. A unit's visits are never suppressed.
        scale: the form's full score, where intervals end.
    """
    instrument = connection.scalar(select(Wave.instrument).where(Wave.id == wave_id))
    cells, unscored = _cells(connection, wave_id)
    whole = _whole(cells.values())
    means = {key: rounded(cell.mean, PLACES) for key, cell in cells.items()}
    least = SMALLEST_CELL if instrument in OF_PEOPLE else 1
    ranks = ranks_from_top({str(key): mean for key, mean in means.items() if cells[key].n >= least})
    units = []
    for row in connection.execute(scope.units(_units(cells))):
        cell = cells[row.subject_id]
        hidden = suppress_small and 0 < cell.n < SMALLEST_CELL
        units.append(
            UnitResult(
                code=row.code,
                name=row.name,
                name_en=row.name_en or row.name,
                parent=row.parent or "",
                parent_en=row.parent_en or row.parent or "",
                n=cell.n,
                mean=None if hidden else means[row.subject_id],
                interval=None if hidden else cell.interval(scale),
                rank=ranks.get(str(row.subject_id)),
                hidden=hidden,
            )
        )
    units.sort(key=lambda unit: (unit.rank is None, unit.rank, unit.code))
    # Total minus what is listed gives the rest: with fewer than five in it, the total is hidden too.
    rest = whole.n - sum(unit.n for unit in units if not unit.hidden)
    tells = suppress_small and 0 < rest < SMALLEST_CELL
    return WaveResult(
        n=whole.n,
        unscored=unscored,
        mean=None if tells else rounded(whole.mean, PLACES),
        interval=None if tells else whole.interval(scale),
        units=tuple(units),
        ranked=len(ranks),
        unranked_below=least,
    )


def _cells(connection: Connection, wave_id: UUID) -> tuple[dict[UUID, _Cell], int]:
    """Equal scores are counted together: exact sums over a million rows stay a few thousand terms."""
    rows = tallies([wave_id], [SCORE])
    query = select(rows.c.subject_id, rows.c.detail, func.sum(rows.c.n)).group_by(
        rows.c.subject_id, rows.c.detail
    )
    cells: defaultdict[UUID, _Cell] = defaultdict(lambda: _Cell([]))
    read: dict[str, Fraction] = {}
    unscored = 0
    for subject_id, raw, count in connection.execute(query):
        if not count:
            continue
        cell = cells[subject_id]
        if not raw:
            unscored += int(count)
            continue
        if raw not in read:
            read[raw] = Fraction(raw)
        cell.scores.append((read[raw], int(count)))
    return dict(cells), unscored


def _whole(cells: Iterable[_Cell]) -> _Cell:
    """All cells as one: outlets share their scores, so there are fewer of them than in the cells together."""
    counts: defaultdict[Fraction, int] = defaultdict(int)
    for cell in cells:
        for score, count in cell.scores:
            counts[score] += count
    return _Cell(list(counts.items()))


def _units(subject_ids: Iterable[UUID]) -> Any:
    parent = Unit.__table__.alias("parent")
    return (
        select(
            Subject.id.label("subject_id"), Unit.code, Unit.name, Unit.name_en,
            parent.c.name.label("parent"), parent.c.name_en.label("parent_en"),
        )
        .join(Unit, Unit.id == Subject.unit_id)
        .join(parent, parent.c.id == Unit.parent_id, isouter=True)
        .where(Subject.id.in_(list(subject_ids)))
    )  # fmt: skip
