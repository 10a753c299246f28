"""What the reader of a standard has to say: codes and parameters; sentences live at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# understood: taken over as it stands; assumed: taken over in a reading that somebody should confirm;
# left_out: named here and nowhere else; error: unreadable or contradicting, not fit to be published.
Kind = Literal["understood", "assumed", "left_out", "error"]

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "standard_title": ("text",),
    "standard_heading": ("text",),
    "standard_header": ("columns",),
    "standard_header_again": (),
    "standard_header_absent": (),
    "standard_column_described": ("header",),
    "standard_column_filled": ("header",),
    "standard_column_to_fill": ("header",),
    "standard_method_given": ("method",),
    "standard_method_guessed": ("method", "found", "of"),
    "standard_section": ("section",),
    "standard_section_worth": ("section", "points"),
    "standard_section_empty": ("section",),
    "standard_section_points_unread": ("section", "text"),
    "standard_item_verdict": ("name", "points"),
    "standard_item_levels": ("name", "points", "levels"),
    "standard_item_earned": ("name", "points"),
    "standard_item_lost": ("name", "points"),
    "standard_item_lost_freely": ("name",),
    "standard_item_bonus": ("name", "points"),
    "standard_item_unscored": ("name",),
    "standard_item_veto": ("name",),
    "standard_item_more": ("name",),
    "standard_shared": ("name", "points", "rows"),
    "standard_shared_section": ("section", "points"),
    "standard_shared_blank": ("above",),
    "standard_each": ("points",),
    "standard_points_unread": ("text",),
    "standard_points_negative": ("text",),
    "standard_deduction_unread": ("text",),
    "standard_deduction_above": ("deduction", "points"),
    "standard_deduction_below": ("deduction", "points"),
    "standard_award_differs": ("award", "points"),
    "standard_photo_on_fail": (),
    "standard_recording": (),
    "standard_codes_prefixed": ("example",),
    "standard_subtotal": ("points",),
    "standard_total": ("points",),
    "standard_total_unread": ("text",),
    "standard_total_blank": ("text",),
    "standard_text": ("text",),
    "standard_sum_section": ("section", "declared", "sum"),
    "standard_sum_each": ("each", "count", "declared"),
    "standard_sum_total": ("declared", "sum"),
    "standard_full_marks_assumed": ("points",),
    "standard_without_items": (),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the report. `row` counts as Excel does, from 1; None for the table as a whole."""

    row: int | None
    kind: Kind
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def note(row: int | None, kind: Kind, code: str, **params: str | int) -> Note:
    """A line of the report, with its parameters by name."""
    return Note(row, kind, code, params)
