"""Every code of a roster with the names of its parameters; the sentences stand in `texts/*/roster.json`.

The key of a text is the code behind what it is about: `problem_…`, `reason_…`, `relax_…`, `quota_…`.
"""

# What is wrong with the input itself.
PROBLEMS: dict[str, tuple[str, ...]] = {
    "accepted_unknown": ("visit", "worker"),
    "duplicate_visit": ("visit",),
    "duplicate_worker": ("worker",),
    "horizon_too_long": ("days", "most"),
    "money_out_of_range": (),
    "number_negative": ("name",),
    "share_out_of_range": ("name",),
    "shares_exceed": ("percent",),
    "slots_missing": ("visit",),
    "weekday_unknown": ("visit", "weekday"),
    "window_reversed": ("visit",),
}

# Why somebody cannot take a visit, in the order in which one person is counted once: first what nothing
# mends, then the person's own rules, last what the rest of the roster has used up.
REASONS: dict[str, tuple[str, ...]] = {
    "no_day": ("people", "alone"),
    "identified": ("people", "alone"),
    "conflict": ("people", "alone"),
    "recent_wave": ("people", "alone"),
    "locked_out": ("people", "alone"),
    "certificate": ("people", "alone"),
    "territory": ("people", "alone"),
    "rating": ("people", "alone"),
    "unavailable": ("people", "alone"),
    "no_people": ("people", "alone"),
    "twice": ("people", "alone"),
    "people_full": ("people", "alone"),
    "per_parent": ("people", "alone"),
    "share": ("people", "alone"),
    "full": ("people", "alone"),
    "day_full": ("people", "alone"),
}

# What may be proposed, the mildest first. A conflict and a blown cover are never negotiable, a window without
# a day is a mistake of the plan, and who goes twice to one outlet in one wave tells nothing new.
RELAXATIONS: dict[str, tuple[str, ...]] = {
    "day_full": ("worker", "limit"),
    "full": ("worker", "limit"),
    "share": ("worker", "limit"),
    "per_parent": ("worker", "limit"),
    "unavailable": ("worker",),
    "territory": ("worker",),
    "rating": ("worker",),
    "certificate": ("worker", "names"),
    "locked_out": ("worker", "day"),
    "recent_wave": ("worker",),
}

QUOTAS: dict[str, tuple[str, ...]] = {
    "off_peak": ("needed", "reached", "possible"),
    "weekend": ("needed", "reached", "possible"),
    "share": ("needed", "reached", "possible", "worker"),
}


class RosterError(ValueError):
    """Visits, workers or rules that make no sense: a stable code of `PROBLEMS` and its parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Carry the code; sentences live at the edge."""
        super().__init__(f"{code} {params}")
        self.code = code
        self.params = params
