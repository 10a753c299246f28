"""How many to ask for a wanted precision, what precision a number of people gives, and what messages cost.

Sources: outreach.md 3.1; Cochran, Sampling Techniques (1977), chapter 4. With population N, margin e and z of
the confidence, n = z²S² / (e² + z²S²/N), where S² is N/(N−1)·P(1−P) of a share, or the squared standard
deviation of what a mean is taken of; then times the design effect, and divided by the rates of delivery
and response. Sizes are exact and rounded up; margins are floats, for people to read.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from server.sampling.frame import SamplingError, refuse
from server.sampling.plans import Exact, ceiling


@dataclass(frozen=True, slots=True)
class Measure:
    """What is estimated: a share, or a mean where there is a spread.

    Attributes:
        share: the expected share; one half, where nothing is known, needs the most answers.
        spread: standard deviation of what the mean is taken of.
        confidence: 0.95 for 19 of 20 samples.

    Raises:
        SamplingError: codes `size_…`, the further ones in `others`.
    """

    share: Exact = Decimal("0.5")
    spread: Exact | None = None
    confidence: Exact = Decimal("0.95")

    def __post_init__(self) -> None:
        """Refuse what no number of answers can show."""
        problems = []
        if not 0 < self.share < 1:
            problems.append(SamplingError("size_share_out_of_range", share=str(self.share)))
        if self.spread is not None and self.spread <= 0:
            problems.append(SamplingError("size_spread_not_positive", spread=str(self.spread)))
        if not 0 < self.confidence < 1:
            problems.append(SamplingError("size_confidence_out_of_range", confidence=str(self.confidence)))
        refuse(problems)

    def variance(self, population: int | None) -> Fraction:
        """S² in a population of N (None: very many); N − 1 in the divisor."""
        if self.spread is not None:
            return Fraction(self.spread) ** 2
        of_share = Fraction(self.share) * (1 - Fraction(self.share))
        return of_share if population is None or population == 1 else of_share * population / (population - 1)

    @property
    def z(self) -> Fraction:
        """Quantile of the normal distribution, such as 1.959964 for 95 %."""
        return Fraction(NormalDist().inv_cdf((1 + float(self.confidence)) / 2))


@dataclass(frozen=True, slots=True)
class Expectation:
    """What will become of the messages: the share delivered, the share of those answered, the design effect.

    Raises:
        SamplingError: `size_rate_out_of_range`, `size_design_effect_not_positive`.
    """

    deliverable: Exact = Decimal(1)
    response: Exact = Decimal(1)
    design_effect: Exact = Decimal(1)

    def __post_init__(self) -> None:
        """Refuse rates that are none."""
        rates = (self.deliverable, self.response)
        problems = [
            SamplingError("size_rate_out_of_range", rate=str(rate)) for rate in rates if not 0 < rate <= 1
        ]
        if self.design_effect <= 0:
            problems.append(SamplingError("size_design_effect_not_positive", effect=str(self.design_effect)))
        refuse(problems)

    @property
    def answered(self) -> Fraction:
        """Answers for each message that is sent."""
        return Fraction(self.deliverable) * Fraction(self.response)


ANY_SHARE: Final = Measure()
AS_PLANNED: Final = Expectation()


@dataclass(frozen=True, slots=True)
class Size:
    """How many answers are needed and how many people must be asked for them.

    Attributes:
        reachable: whether there are as many people; otherwise asking all of them gives a wider margin.
    """

    answers: int
    invitations: int
    reachable: bool


def sample_size(
    margin: Exact,
    population: int | None = None,
    measure: Measure = ANY_SHARE,
    expected: Expectation = AS_PLANNED,
) -> Size:
    """The size for one population; None means very many.

    Args:
        margin: half the width of the interval: 0.05 for ±5 percentage points, or in the unit of the mean.

    Raises:
        SamplingError: `size_margin_not_positive`, `size_population_not_positive`.
    """
    _check_population(population)
    if margin <= 0:
        raise SamplingError("size_margin_not_positive", margin=str(margin))
    scatter = measure.z**2 * measure.variance(population)
    correction = Fraction(0) if population is None else scatter / population
    answers = ceiling(scatter / (Fraction(margin) ** 2 + correction) * Fraction(expected.design_effect))
    if population is not None:
        answers = min(answers, population)
    invitations = ceiling(answers / expected.answered)
    return Size(answers, invitations, population is None or invitations <= population)


def sizes_by_stratum(
    margin: Exact,
    populations: Mapping[str, int],
    measure: Measure = ANY_SHARE,
    expected: Expectation = AS_PLANNED,
) -> tuple[dict[str, Size], Size]:
    """The size of each stratum where each is to keep the margin by itself, and their sum.

    For one margin over all strata together, take `sample_size` of the sum of the populations.

    Raises:
        SamplingError: as `sample_size`.
    """
    sizes = {name: sample_size(margin, size, measure, expected) for name, size in populations.items()}
    return sizes, Size(
        sum(size.answers for size in sizes.values()),
        sum(size.invitations for size in sizes.values()),
        all(size.reachable for size in sizes.values()),
    )


def margin_of(
    invited: int,
    population: int | None = None,
    measure: Measure = ANY_SHARE,
    expected: Expectation = AS_PLANNED,
) -> float | None:
    """The margin that asking so many people gives: the inverse of `sample_size`.

    None when no answer is expected. Answers from the whole population leave no margin.

    Raises:
        SamplingError: `size_population_not_positive`, `size_invited_negative`.
    """
    variance = _variance_of_mean(invited, population, measure, expected)
    return None if variance is None else float(measure.z) * math.sqrt(variance)


def margin_of_strata(
    strata: Sequence[tuple[int, int]], measure: Measure = ANY_SHARE, expected: Expectation = AS_PLANNED
) -> float | None:
    """The margin over all strata together, each weighted by its population: e² = z² Σ W_h² v_h.

    None when a stratum with people in it expects no answer: nothing speaks for it.

    Args:
        strata: population and people asked of each.

    Raises:
        SamplingError: as `margin_of`.
    """
    whole = sum(population for population, _ in strata)
    total = Fraction(0)
    for population, invited in strata:
        variance = _variance_of_mean(invited, population, measure, expected)
        if variance is None:
            return None
        total += Fraction(population, whole) ** 2 * variance
    return float(measure.z) * math.sqrt(total) if strata else None


@dataclass(frozen=True, slots=True)
class Messages:
    """What is sent and what it costs; the money in the currency of the price."""

    messages: int
    segments: int
    cost: Decimal


def message_cost(
    people: int, segments: Sequence[int], price: Decimal, response: Exact = Decimal(0)
) -> Messages:
    """What it costs to ask so many people.

    Args:
        people: those selected, and the reserves that are to be counted in.
        segments: of the invitation, then of each reminder, as `server.notify.segments` measures the texts.
        price: of one segment.
        response: share of those asked who answer before the next reminder goes out, and do not get it.
            Without it the result is the most that can be sent.

    Raises:
        SamplingError: `size_rate_out_of_range`.
    """
    if not 0 <= response <= 1:
        raise SamplingError("size_rate_out_of_range", rate=str(response))
    left, sent = Fraction(people), []
    for _ in segments:
        sent.append(ceiling(left))
        left *= 1 - Fraction(response)
    paid = sum(count * each for count, each in zip(sent, segments, strict=True))
    return Messages(sum(sent), paid, paid * price)


def _variance_of_mean(
    invited: int, population: int | None, measure: Measure, expected: Expectation
) -> Fraction | None:
    """S² (deff/n − 1/N), not below 0: a design effect must not give a census a margin."""
    _check_population(population)
    if invited < 0:
        raise SamplingError("size_invited_negative", invited=invited)
    asked = invited if population is None else min(invited, population)
    answers = asked * expected.answered
    if not answers:
        return None
    left_out = Fraction(0) if population is None else Fraction(1, population)
    scatter = Fraction(expected.design_effect) / answers - left_out
    complete = population is not None and answers >= population
    return Fraction(0) if complete or scatter < 0 else measure.variance(population) * scatter


def _check_population(population: int | None) -> None:
    if population is not None and population < 1:
        raise SamplingError("size_population_not_positive", population=population)
