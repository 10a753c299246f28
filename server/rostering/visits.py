"""What is to be done: one visit of one outlet within a window of days."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from server.coordinates import Point
from server.rostering.codes import RosterError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PEAK, OFF_PEAK = SLOTS = ("peak", "off_peak")

# Where not everything can be placed, more of these first; the reasons are those of a coverage plan.
IMPORTANCE = {"must": 4, "parent": 3, "unseen": 2, "oldest": 1, "random": 0}


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to be placed.

    Attributes:
        parent: the path of the outlet's sub-branch, each code followed by a slash (`C01/D03/B12/`).
        first, last: the days of the window, both included.
        position: WGS-84.
        weekdays: of `WEEKDAYS`.
        closed: days of the window on which the outlet does not open.
        slots: the parts of the day, of `SLOTS`, that the task allows.
        certificates: whoever goes holds all of these on the day.
        minutes: how long it takes; summed up in the load, not a limit.
        fee: in yuan, for a worker with the factor 1.
        reason: why the outlet was chosen, see `IMPORTANCE`; anything else counts as `random`.
    """

    id: str
    outlet: str
    parent: str
    first: date
    last: date
    position: Point | None = None
    weekdays: frozenset[str] = frozenset(WEEKDAYS)
    closed: frozenset[date] = frozenset()
    slots: frozenset[str] = frozenset(SLOTS)
    certificates: frozenset[str] = frozenset()
    minutes: int = 30
    fee: Decimal = Decimal(0)
    reason: str = "random"

    def __post_init__(self) -> None:
        """Refuse a visit that contradicts itself."""
        if self.last < self.first:
            raise RosterError("window_reversed", visit=self.id)
        if unknown := self.weekdays - frozenset(WEEKDAYS):
            raise RosterError("weekday_unknown", visit=self.id, weekday=min(unknown))
        if not self.slots or self.slots - frozenset(SLOTS):
            raise RosterError("slots_missing", visit=self.id)
        if self.fee < 0 or self.minutes < 0:
            raise RosterError("number_negative", name="fee" if self.fee < 0 else "minutes")

    @property
    def importance(self) -> int:
        """The more, the later it is left open."""
        return IMPORTANCE.get(self.reason, 0)

    def lies_in(self, places: frozenset[str]) -> bool:
        """Whether the outlet is one of these, or stands below one of the paths (they end with a slash)."""
        return any(
            place == self.outlet or (place.endswith("/") and self.parent.startswith(place))
            for place in places
        )
