"""How many to draw of each stratum: sizes only, so a plan can be judged before any frame is loaded.

Everything is exact and nothing depends on the order of the strata. Shares of a total keep within the limits
of each stratum and add up to the total, whatever has to be rounded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from math import floor
from typing import Final

from server.sampling.frame import SamplingError, refuse
from server.sampling.plans import DrawPlan

# The only irrational number here, √cost, is cut off at 50 digits: correctly rounded, so alike on any machine.
ROOTS: Final = Context(prec=50)


@dataclass(frozen=True, slots=True)
class Counts:
    """Members of a stratum: all of them, and those who may be drawn."""

    population: int
    eligible: int


@dataclass(frozen=True, slots=True)
class Share:
    """A stratum that takes part in sharing out a total: its weight, and what it gets at least and at most."""

    name: str
    weight: Fraction
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many will be drawn.

    Attributes:
        requested: what the plan asks for, before anybody is found not to be eligible.
        size: what will be drawn.
        by_stratum: stratum -> how many; empty under `simple` and `systematic`, where the draw decides.
    """

    requested: int
    size: int
    by_stratum: Mapping[str, int]


def allocate(plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    """The sizes that a plan gives for these strata.

    Raises:
        SamplingError: `plan_minima_exceed_size`, `plan_spread_missing`, `plan_cost_missing`.
    """
    return _METHODS[plan.method](plan, strata)


def share_out(shares: Sequence[Share], size: int) -> dict[str, int]:
    """Share a total out in proportion to the weights, each share within its limits.

    Where a proportional share would exceed a limit, the limit is given ("take all") and the rest is shared
    out again among the others; what remains is rounded by largest remainder. A total above all upper limits
    gives the upper limits. Where no weight is left, the upper limits are the weights.

    Raises:
        SamplingError: `plan_minima_exceed_size`.
    """
    least = sum(share.least for share in shares)
    if least > size:
        raise SamplingError("plan_minima_exceed_size", needed=least, size=size)
    size = min(size, sum(share.most for share in shares))
    fixed: dict[str, int] = {}
    free = sorted(shares, key=lambda share: share.name)
    while free:
        quotas = _quotas(free, size - sum(fixed.values()))
        settled = _beyond_limits(free, quotas)
        if not settled:
            return fixed | largest_remainder(quotas)
        fixed |= settled
        free = [share for share in free if share.name not in settled]
    return fixed


def largest_remainder(quotas: Mapping[str, Fraction]) -> dict[str, int]:
    """Round quotas that add up to a whole number so that the result does (Hamilton's method).

    Equal remainders go to the larger quota first, then to the name that sorts first.
    """
    result = {name: floor(quota) for name, quota in quotas.items()}
    left = sum(quotas.values(), Fraction(0)) - sum(result.values())
    ranked = sorted(quotas, key=lambda name: (result[name] - quotas[name], -quotas[name], name))
    for name in ranked[: int(left)]:
        result[name] += 1
    return result


def _quotas(shares: Sequence[Share], size: int) -> dict[str, Fraction]:
    weights = {share.name: share.weight for share in shares}
    if not any(weights.values()):
        weights = {share.name: Fraction(share.most) for share in shares}
    whole = sum(weights.values(), Fraction(0))
    return {name: size * weight / whole if whole else Fraction(0) for name, weight in weights.items()}


def _beyond_limits(shares: Sequence[Share], quotas: Mapping[str, Fraction]) -> dict[str, int]:
    """The shares to settle at a limit before the others are shared out again.

    Only the side that weighs more is certain: while more is cut off above than is added below, the common
    factor can only grow, so whoever is above stays above, but whoever is below may still rise.
    """
    above = {share.name: share.most for share in shares if quotas[share.name] > share.most}
    below = {share.name: share.least for share in shares if quotas[share.name] < share.least}
    cut = sum((quotas[name] - most for name, most in above.items()), Fraction(0))
    added = sum((least - quotas[name] for name, least in below.items()), Fraction(0))
    if cut == added:
        return above | below
    return above if cut > added else below


def _all(_plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    sizes = {name: counts.eligible for name, counts in strata.items()}
    return Allocation(sum(counts.population for counts in strata.values()), sum(sizes.values()), sizes)


def _of_the_frame(plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    requested = plan.bounded(sum(counts.population for counts in strata.values()))
    return Allocation(requested, min(requested, sum(counts.eligible for counts in strata.values())), {})


def _of_each_stratum(plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    if plan.size is not None:
        return _proportional(plan, strata)
    requested = {name: plan.bounded(counts.population) for name, counts in strata.items()}
    sizes = {name: min(requested[name], counts.eligible) for name, counts in strata.items()}
    return Allocation(sum(requested.values()), sum(sizes.values()), sizes)


def _proportional(plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    return _shared(plan, strata, {name: Fraction(counts.eligible) for name, counts in strata.items()})


def _neyman(plan: DrawPlan, strata: Mapping[str, Counts]) -> Allocation:
    """n_h in proportion to N_h S_h / √c_h (outreach.md 3.1); N_h are the eligible."""
    names = sorted(name for name, counts in strata.items() if counts.eligible)
    refuse([*_missing("plan_spread_missing", names, plan.spreads), *_missing_costs(plan, names)])
    weights = {
        name: strata[name].eligible
        * Fraction(plan.spreads[name])
        * _cheapness(plan.costs.get(name, Decimal(1)))
        for name in names
    }
    return _shared(plan, strata, weights)


def _missing(code: str, names: Sequence[str], given: Mapping[str, object]) -> list[SamplingError]:
    return [SamplingError(code, stratum=name) for name in names if name not in given]


def _missing_costs(plan: DrawPlan, names: Sequence[str]) -> list[SamplingError]:
    return _missing("plan_cost_missing", names, plan.costs) if plan.costs else []


def _cheapness(cost: Fraction | Decimal) -> Fraction:
    """1/√cost as a decimal fraction: a thousand of them still have a small common denominator."""
    exact = Fraction(cost)
    inverse = ROOTS.divide(Decimal(exact.denominator), Decimal(exact.numerator))
    return Fraction(ROOTS.sqrt(inverse))


def _shared(plan: DrawPlan, strata: Mapping[str, Counts], weights: Mapping[str, Fraction]) -> Allocation:
    requested = plan.asked(sum(counts.population for counts in strata.values()))
    shares = []
    for name, counts in strata.items():
        most = counts.eligible if plan.cap is None else min(plan.cap, counts.eligible)
        shares.append(Share(name, weights.get(name, Fraction(0)), min(plan.minimum, most), most))
    sizes = share_out(shares, requested)
    return Allocation(requested, sum(sizes.values()), sizes)


_METHODS: Final[Mapping[str, Callable[[DrawPlan, Mapping[str, Counts]], Allocation]]] = {
    "all": _all,
    "simple": _of_the_frame,
    "stratified": _of_each_stratum,
    "proportional": _proportional,
    "neyman": _neyman,
    "systematic": _of_the_frame,
}
