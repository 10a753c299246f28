"""Intervals shown beside rates and means. Floats: they inform people and never reach a score or money."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from statistics import NormalDist

# From here on the expansion alone is right to twelve digits.
EXPANDED_FROM = 300
MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """A range for a share (0 to 1) or a mean (in its own unit)."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A sample mean with its n; without spread to judge by (n < 2) there is no error and no interval."""

    value: float
    n: int
    standard_error: float | None
    interval: Interval | None


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval | None:
    """Wilson score interval of a share; None without trials.

    Raises:
        ValueError: unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials}")
    if trials == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # The ends are exact at 0 and 1; rounding errors must not show "-0.0 %" or more than everybody.
    low = 0.0 if successes == 0 else (centre - spread) / scale
    high = 1.0 if successes == trials else (centre + spread) / scale
    return Interval(low, high)


def estimate_mean(
    values: Sequence[Decimal | Fraction], population: int | None = None, confidence: float = 0.95
) -> MeanEstimate | None:
    """Mean of a simple random sample with a t interval and finite population correction; None without values.

    `population` is the number of subjects the sample was drawn from; None means very many.

    Raises:
        ValueError: when the population is smaller than the sample.
    """
    return estimate_counted([(value, 1) for value in values], population, confidence)


def estimate_counted(
    counted: Sequence[tuple[Decimal | Fraction, int]], population: int | None = None, confidence: float = 0.95
) -> MeanEstimate | None:
    """Like `estimate_mean`, of values that each occur a number of times: a million answers are few values.

    Raises:
        ValueError: when the population is smaller than the sample.
    """
    n = sum(count for _, count in counted)
    if population is not None and population < n:
        raise ValueError(f"sample of {n} from {population}")
    if n == 0:
        return None
    numbers = [(float(value), count) for value, count in counted]
    centre = math.fsum(number * count for number, count in numbers) / n
    if n == 1:
        return MeanEstimate(centre, n, None, None)
    variance = math.fsum(count * (number - centre) ** 2 for number, count in numbers) / (n - 1)
    correction = 1.0 if population is None else 1 - n / population
    error = math.sqrt(variance / n * correction)
    reach = t_quantile((1 + confidence) / 2, n - 1) * error
    return MeanEstimate(centre, n, error, Interval(centre - reach, centre + reach))


@lru_cache(maxsize=4096)
def t_quantile(probability: float, degrees: int) -> float:
    """Quantile of Student's t, to ten digits.

    Sources: Abramowitz and Stegun 26.7.5 (Cornish-Fisher), and 26.7.3 and 26.7.4 for the exact probability
    by which it is mended where the degrees of freedom are too few for the expansion.

    Raises:
        ValueError: unless 0 < probability < 1 and degrees >= 1.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"quantile {probability} of t with {degrees} degrees of freedom")
    if degrees == 1:
        return math.tan(math.pi * (probability - 0.5))
    if degrees == 2:
        return (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    quantile = _expanded(NormalDist().inv_cdf(probability), degrees)
    if degrees > EXPANDED_FROM:
        return quantile
    for _ in range(MOST_STEPS):
        step = (_t_probability(quantile, degrees) - probability) / _t_density(quantile, degrees)
        quantile -= step
        if abs(step) < 1e-13 * (1 + abs(quantile)):
            break
    return quantile


def _expanded(z: float, degrees: int) -> float:
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / float(degrees) ** power for power, term in enumerate(terms, start=1))


def _t_probability(t: float, degrees: int) -> float:
    """P(T <= t), a finite sum for whole degrees of freedom."""
    angle = math.atan(t / math.sqrt(degrees))
    square = math.cos(angle) ** 2
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for power in range(3 if odd else 2, degrees - 1, 2):
        term *= square * (power - 1) / power
        total += term
    inside = math.sin(angle) * total
    return 0.5 + ((angle + inside) / math.pi if odd else inside / 2)


def _t_density(t: float, degrees: int) -> float:
    logarithm = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    return math.exp(logarithm - (degrees + 1) / 2 * math.log1p(t * t / degrees)) / math.sqrt(
        degrees * math.pi
    )
