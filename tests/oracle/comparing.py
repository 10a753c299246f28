"""What is the same for both sides, though they write it differently."""

import math
from typing import Any

# JavaScript and C round the last digit of a power differently.
_LAST_DIGITS = 1e-14


def same(ours: Any, theirs: Any) -> bool:
    """Whether two results as JSON are the same: 5 and 5.0 are, 1 and true are not."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return math.isclose(ours, theirs, rel_tol=_LAST_DIGITS)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    return bool(ours == theirs)
