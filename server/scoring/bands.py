"""Bands give a score its grade: the lower bound belongs to the band (scoring.md law 11, reading A1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Band:
    """Scores of at least `minimum`, up to the next better band."""

    grade: str
    minimum: Fraction


def grade_of(bands: Sequence[Band], score: Decimal | Fraction | None) -> str | None:
    """The grade of a score; None without a score or below the lowest band. `bands` stand best first."""
    if score is None:
        return None
    return next((band.grade for band in bands if score >= band.minimum), None)
