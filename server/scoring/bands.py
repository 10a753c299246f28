"""Bands give a score its grade: the lower bound belongs to the band (scoring.md law 11, reading A1).

Under the other reading of A1 an edge belongs to the band below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Band:
    """Scores of at least `minimum`, up to the next better band."""

    grade: str
    minimum: Fraction


EDGES = ("lower", "upper")


class Edged(Protocol):
    """Whatever begins at a score."""

    @property
    def minimum(self) -> Fraction:
        """The lowest score of the band."""


_Band = TypeVar("_Band", bound=Edged)


def band_of(bands: Sequence[_Band], score: Decimal | Fraction | None, edge: str = "lower") -> _Band | None:
    """The band of a score; None without a score or below the lowest. `bands` stand best first.

    Args:
        edge: `lower`, or `upper` where 90 is in the band that ends at 90. The lowest band keeps its own.
    """
    if score is None:
        return None
    lowest = bands[-1] if bands else None
    for band in bands:
        if score > band.minimum or (score == band.minimum and (edge == "lower" or band is lowest)):
            return band
    return None


def grade_of(bands: Sequence[Band], score: Decimal | Fraction | None, edge: str = "lower") -> str | None:
    """The grade of a score, as `band_of`."""
    band = band_of(bands, score, edge)
    return None if band is None else band.grade
