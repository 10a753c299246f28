"""What a survey promised about anonymity, and what of an answer follows from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from server.scoring.programmes.calling import CallBack

NEVER, MAY_RING = "never", "may_ring"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The case that an answer opens.

    Attributes:
        asked: they asked to be rung.
        may_ring: whether anybody may be rung at all; if not the case has no number.
    """

    cause: str
    severity: str
    asked: bool
    may_ring: bool


def wanted(call_back: CallBack, values: Mapping[str, object], today: date) -> Wanted | None:
    """What an answer opens, None when nobody waits for anything."""

    def holds(name: str) -> bool:
        condition = getattr(call_back, name)
        return condition is not None and bool(condition.holds(values, today))

    unhappy, asked = holds("when"), holds("ring")
    if not unhappy and not asked:
        return None
    may_ring = asked or (call_back.anonymity == MAY_RING and not holds("declined"))
    severity = "high" if holds("severe") else "normal"
    # Where nobody may be rung there is only something to read.
    return Wanted("dissatisfied" if unhappy else "ring", severity if may_ring else "low", asked, may_ring)
