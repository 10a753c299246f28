"""What a visit costs with a worker: the fee, and the way there and back. Reckoned in whole cents."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from server.coordinates import metres
from server.rostering.codes import RosterError
from server.rostering.results import Cost
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import Worker

MOST_CENTS = 10**9  # ten million yuan for one visit: beyond it is a mistake of units


@dataclass(frozen=True, slots=True)
class Price:
    """Cents, and the straight way in kilometres, None where a position is missing."""

    fee: int
    travel: int
    kilometres: float | None

    @property
    def total(self) -> int:
        """Both together."""
        return self.fee + self.travel

    def cost(self) -> Cost:
        """For people: yuan, and kilometres to 100 m."""
        way = None if self.kilometres is None else Decimal(f"{self.kilometres:.1f}")
        return Cost(yuan(self.fee), yuan(self.travel), way)


def price(visit: Visit, worker: Worker, rules: Rules) -> Price:
    """What the visit costs with this worker.

    Raises:
        RosterError: `money_out_of_range`.
    """
    way = None
    if visit.position is not None and worker.home is not None:
        way = metres(worker.home, visit.position) / 1000
    travel = 0
    if worker.cost_per_km:
        reckoned = float(rules.unknown_km) if way is None else way
        travel = round(2 * reckoned * float(worker.cost_per_km) * 100)
    found = Price(_fee(visit.fee, worker.fee_factor), travel, way)
    if found.total > MOST_CENTS:
        raise RosterError("money_out_of_range")
    return found


def cents(amount: Decimal) -> int:
    """Yuan in cents, half up."""
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def yuan(amount: int) -> Decimal:
    """Cents in yuan."""
    return Decimal(amount).scaleb(-2)


@lru_cache(maxsize=4096)
def _fee(fee: Decimal, factor: Decimal) -> int:
    # Few different fees meet few factors, tens of thousands of times in one roster.
    return cents(fee * factor)
