"""Confidence intervals of design-based estimates, for shares those that stay between 0 and 1."""

import math
from dataclasses import dataclass
from importlib import import_module
from statistics import NormalDist

from server.sampling.estimates.simple import Interval, t_quantile

# An error that would take more answers is rounding: known totals explain the share wholly.
MOST_ANSWERS = 1e12


@dataclass(frozen=True, slots=True)
class Basis:
    """What an interval is made from: value and its standard error, degrees of freedom, answers behind it."""

    value: float
    error: float
    degrees: int
    n: int
    confidence: float

    @property
    def tail(self) -> float:
        """Probability left out at each end."""
        return (1 - self.confidence) / 2


def around(basis: Basis) -> Interval:
    """Value ± t · standard error."""
    reach = t_quantile(1 - basis.tail, basis.degrees) * basis.error
    return Interval(basis.value - reach, basis.value + reach)


def logit(basis: Basis) -> Interval:
    """Of a share strictly between 0 and 1: ± t on the scale of log odds, so that it stays between them."""
    share = basis.value
    centre = math.log(share / (1 - share))
    reach = t_quantile(1 - basis.tail, basis.degrees) * basis.error / (share * (1 - share))
    return Interval(_expit(centre - reach), _expit(centre + reach))


def korn_graubard(basis: Basis) -> Interval:
    """Of any share: Clopper and Pearson's interval with an effective sample size.

    Source: Korn and Graubard 1998, as R's svyciprop(method = "beta") has it. A share of 0 or 1 has no
    variance to judge by; its effective size is the number of answers. Few degrees of freedom lower both.
    """
    share, n = basis.value, _effective(basis)
    if n > MOST_ANSWERS:
        return Interval(share, share)
    n *= (t_quantile(1 - basis.tail, max(basis.n - 1, 1)) / t_quantile(1 - basis.tail, basis.degrees)) ** 2
    hits, misses = n * share, n * (1 - share)
    low = 0.0 if share == 0 else _beta_quantile(hits, misses + 1, basis.tail)
    high = 1.0 if share == 1 else _beta_quantile(hits + 1, misses, 1 - basis.tail)
    return Interval(low, high)


def wilson_effective(basis: Basis) -> Interval:
    """Of any share of a simple random sample: Wilson's interval, with a larger n in a finite population."""
    # s² = p(1-p)n/(n-1) stands in the error; the interval is about p(1-p)/n.
    share, n = basis.value, _effective(basis)
    if 0 < share < 1:
        n *= basis.n / (basis.n - 1)
    if n > MOST_ANSWERS:
        return Interval(share, share)
    z = NormalDist().inv_cdf(1 - basis.tail)
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if share == 0 else (centre - spread) / scale
    high = 1.0 if share == 1 else (centre + spread) / scale
    return Interval(low, high)


def _beta_quantile(first: float, second: float, probability: float) -> float:
    # Half a second of start-up that only this interval needs; SciPy has no types that would be lost.
    return float(import_module("scipy.special").betaincinv(first, second, probability))


def _effective(basis: Basis) -> float:
    """Answers of a simple random sample that would have this error."""
    if basis.value in (0, 1):
        return float(basis.n)
    return basis.value * (1 - basis.value) / basis.error**2 if basis.error > 0 else math.inf


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
