"""Means and sums over scores: null takes no part, and n is always known beside a mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.scoring.exact import ONE, ZERO, total


@dataclass(frozen=True, slots=True)
class Mean:
    """An unrounded mean and the number of values it was taken over (0 goes with None)."""

    value: Fraction | None
    n: int


def mean_of(values: Iterable[Decimal | Fraction | None]) -> Mean:
    """Mean of the values that are there; null is not zero (scoring.md law 4)."""
    present = [Fraction(value) for value in values if value is not None]
    return Mean(total(present) / len(present) if present else None, len(present))


def mean(values: Iterable[Decimal | Fraction | None]) -> Fraction | None:
    """The value of `mean_of` alone, for places that show n from elsewhere."""
    return mean_of(values).value


def pooled(
    parts: Iterable[tuple[Decimal | Fraction, Decimal | Fraction]], scale: Decimal | Fraction
) -> Fraction | None:
    """All points earned over all points possible, on the scale: the `pooled` option of scoring.md law 10."""
    pairs = [(Fraction(earned), Fraction(possible)) for earned, possible in parts]
    possible = total(pair[1] for pair in pairs)
    return total(pair[0] for pair in pairs) / possible * Fraction(scale) if possible else None


def composite(parts: Iterable[tuple[Decimal | Fraction | None, Decimal | Fraction]]) -> Fraction | None:
    """Sum of value times factor; one missing part leaves the whole without a score (scoring.md law 4)."""
    result, seen = ZERO, False
    for value, factor in parts:
        if value is None:
            return None
        result, seen = result + Fraction(value) * Fraction(factor), True
    return result if seen else None


def plain(*values: Decimal | Fraction | None) -> tuple[tuple[Decimal | Fraction | None, Fraction], ...]:
    """Parts of a `composite` whose points are simply added, such as 50 + 45 + 5."""
    return tuple((value, ONE) for value in values)
