"""What may be doubted about a visit, and how much each doubt usually weighs, of a hundred."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

DOUBTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "far_away": 40,
        "fixes_identical": 30,
        "travel_impossible": 40,
        "stay_short": 25,
        "outside_window": 25,
        "outside_hours": 30,
        "clock_apart": 10,
        "moments_out_of_order": 15,
        "photo_other_time": 25,
        "photo_reused": 50,
        "photo_alike": 35,
        "photo_suspect": 10,
        "narrative_copied": 30,
        "narrative_short": 10,
        "answers_hasty": 15,
    }
)
