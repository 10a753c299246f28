"""What can be wrong with a `scoring` definition: codes and parameters; sentences live at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "scoring_not_object": (),
    "scoring_unknown_property": ("property", "suggestion"),
    "scoring_missing_property": ("property",),
    "scoring_wrong_type": ("expected",),
    "scoring_not_exact": (),
    "scoring_not_positive": (),
    "scoring_unknown_option": ("value", "options"),
    "scoring_without_method": (),
    "nothing_scored": (),
    "section_duplicate": ("section",),
    "section_unknown": ("section", "suggestion"),
    "section_missing": (),
    "section_unreachable": ("section",),
    "section_weight_missing": ("section",),
    "section_points_missing": ("section",),
    "weights_do_not_add_up": ("sum", "expected"),
    "points_do_not_add_up": ("sum", "expected"),
    "points_unreachable": ("section", "possible", "declared"),
    "points_above_section": ("section", "possible", "declared"),
    "band_duplicate": ("grade",),
    "band_same_minimum": ("minimum",),
    "band_gap": ("minimum",),
    "band_unreachable": ("grade", "minimum", "scale"),
    "item_not_scorable": ("item",),
    "awards_missing": (),
    "awards_and_scale": (),
    "awards_not_for_type": ("awards",),
    "award_unknown_choice": ("choice", "suggestion"),
    "award_missing": ("choice",),
    "award_positive": ("choice",),
    "award_for_na": ("choice",),
    "deduct_from_twice": (),
    "na_unknown_choice": ("choice", "suggestion"),
    "range_missing": ("item",),
    "row_unknown": ("row", "suggestion"),
    "bonus_negative": (),
    "critical_without_answers": (),
    "critical_unknown_choice": ("choice", "suggestion"),
    "critical_without_level": (),
    "critical_without_section": (),
    "critical_without_bands": (),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One contradiction in a definition, at an RFC 6901 pointer."""

    pointer: str
    code: str
    severity: Severity = "error"
    params: Mapping[str, str | int] = field(default_factory=dict)


class ScoringInvalid(ValueError):
    """A definition that must not be published; carries every problem found, warnings included."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems in the order of the definition."""
        super().__init__(", ".join(f"{problem.pointer}: {problem.code}" for problem in problems))
        self.problems = problems


class AnswerNotScorable(ValueError):
    """An answer that the checked form cannot have let through; the caller skipped the check."""

    def __init__(self, item: str, answer: str) -> None:
        """Name the item and the answer, both from the caller's own data."""
        super().__init__(f"{item}: {answer}")
        self.item = item
        self.answer = answer
