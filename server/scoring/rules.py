"""The compiled form of a `scoring` definition: everything that turns checked answers into a sheet."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from server.scoring.bands import Band
from server.scoring.definitions import SectionRule
from server.scoring.lines import PreparedLine


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """Made once per form version by `compile_scoring`, then shared by every submission."""

    method: str
    scale: Fraction
    places: int
    not_applicable: str
    blank: str
    cap_bonus: bool
    grade_on: str
    band_edge: str
    bands: tuple[Band, ...]
    sections: tuple[SectionRule, ...]
    lines: tuple[PreparedLine, ...]

    def readings(self) -> Mapping[str, str]:
        """The named policies this sheet was computed by, so that it can be explained years later."""
        return {
            "bands": f"{self.band_edge}_bound_inclusive",
            "blank": self.blank,
            "capBonus": "true" if self.cap_bonus else "false",
            "gradeOn": self.grade_on,
            "method": self.method,
            "notApplicable": self.not_applicable,
            "rounding": f"half_up_{self.places}",
        }
