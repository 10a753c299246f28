"""One number of the subjects below: mean, sum, least, greatest, how many (scoring.md law 10)."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from server.scoring.arithmetic import number_in
from server.scoring.calendar import Period
from server.scoring.exact import total
from server.scoring.programmes.definition import Measure, RollUp
from server.scoring.settling.facts import Subject
from server.scoring.settling.scopes import World


def rolled_up(
    world: World, measure: Measure, source: RollUp, subject: Subject, period: Period
) -> tuple[Fraction | None, int]:
    """The number, None when no subject below has one (a count is 0), and how many had."""
    below = world.ground.programme.measures[source.of].of
    part = "published" if measure.published_parts else "raw"
    cells = (
        world.cells.get(source.of, other, period.id)
        for other in world.ground.below.get((subject.id, below), ())
    )
    values = [value for cell in cells if (value := number_in(cell.part(part))) is not None]
    if source.by == "count":
        return Fraction(len(values)), len(values)
    return (_WAYS[source.by](values) if values else None), len(values)


def _mean(values: Sequence[Fraction]) -> Fraction:
    return total(values) / len(values)


_WAYS: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "mean": _mean,
    "sum": total,
    "min": min,
    "max": max,
}
