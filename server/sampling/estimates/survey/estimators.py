"""What is estimated: every kind is a total, or a ratio of two totals, of numbers made from a row's answers.

A mean is the ratio of Σ w·y to Σ w, a share the mean of 0 and 1, the NPS the mean of -100, 0 and 100.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from server.sampling.estimates.definition.design import Asked, Scalar
from server.sampling.estimates.definition.vocabulary import SHARES
from server.sampling.estimates.simple import Interval
from server.sampling.estimates.survey import intervals
from server.sampling.estimates.survey.adjusting import Adjustment
from server.sampling.estimates.survey.columns import Columns, Floats
from server.sampling.estimates.survey.intervals import Basis
from server.sampling.estimates.survey.sample import Indices, Sample
from server.sampling.estimates.survey.variance import variance

FEW = 30
LARGE_CV = 0.3
WIDE_POINTS = 15
PROMOTERS_FROM = 9
DETRACTORS_TO = 6


@dataclass(frozen=True, slots=True)
class Laid:
    """A design laid over rows, with the final weights."""

    sample: Sample
    columns: Columns
    adjustment: Adjustment | None
    confidence: float

    @property
    def weights(self) -> Floats:
        """Of every row."""
        return self.sample.weights if self.adjustment is None else self.adjustment.weights


@dataclass(frozen=True, slots=True)
class Quantity:
    """Numbers of every row: `upper` is summed, over `lower` unless that is None; NaN where not answered."""

    upper: Floats
    lower: Floats | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its error; None where the sample cannot tell.

    Attributes:
        n: answers behind it. missing: rows of the domain without an answer.
        design_effect: variance over that of a simple random sample of the same n.
        effective_n: n over the design effect.
        flags: reasons to be careful, see docs/estimates.md.
    """

    value: float | None
    error: float | None
    interval: Interval | None
    method: str
    n: int
    missing: int
    degrees: int
    design_effect: float | None = None
    effective_n: float | None = None
    flags: tuple[str, ...] = ()

    @property
    def variation(self) -> float | None:
        """Coefficient of variation: the error as a part of the value."""
        return None if self.error is None or not self.value else self.error / abs(self.value)


@dataclass(frozen=True, slots=True)
class Linear:
    """A value and how each row moves it: `values` are linearised, one for each of `rows`."""

    value: float
    rows: Indices
    values: Floats


def quantity_of(asked: Asked, columns: Columns) -> Quantity:
    """The numbers that an estimate sums."""
    return _QUANTITIES[asked.kind](asked, columns)


def _mean(asked: Asked, columns: Columns) -> Quantity:
    values = columns.numbers[asked.of]
    return Quantity(values, np.ones_like(values))


def _share(asked: Asked, columns: Columns) -> Quantity:
    known = columns.values[asked.of]
    wanted = {_text(value) for value in asked.values}
    by_code = np.array([math.nan if value == "" else float(value in wanted) for value in known])
    values = by_code[columns.codes[asked.of]]
    return Quantity(values, np.ones_like(values))


def _top_box(asked: Asked, columns: Columns) -> Quantity:
    answers = columns.numbers[asked.of]
    values = np.where(np.isnan(answers), math.nan, answers > asked.scale - asked.boxes)
    return Quantity(values, np.ones_like(values))


def _nps(asked: Asked, columns: Columns) -> Quantity:
    answers = columns.numbers[asked.of]
    points = 100.0 * (answers >= PROMOTERS_FROM) - 100.0 * (answers <= DETRACTORS_TO)
    return Quantity(np.where(np.isnan(answers), math.nan, points), np.ones_like(answers))


_QUANTITIES: Mapping[str, Callable[[Asked, Columns], Quantity]] = {
    "mean": _mean,
    "total": lambda asked, columns: Quantity(columns.numbers[asked.of], None),
    "ratio": lambda asked, columns: Quantity(columns.numbers[asked.of], columns.numbers[asked.over or ""]),
    "proportion": _share,
    "top_box": _top_box,
    "nps": _nps,
}


def _text(value: Scalar) -> str:
    """A value as files have it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def rows_where(columns: Columns, where: Mapping[str, tuple[Scalar, ...]]) -> Indices:
    """The rows that have one of the values in every column named."""
    inside = np.ones(len(columns.counts), bool)
    for name, values in where.items():
        wanted = {_text(value) for value in values}
        inside &= np.array([value in wanted for value in columns.values[name]])[columns.codes[name]]
    return np.flatnonzero(inside)


def answered(quantity: Quantity, rows: Indices) -> Indices:
    """Those of the rows that have all numbers."""
    blank = np.isnan(quantity.upper[rows])
    if quantity.lower is not None:
        blank |= np.isnan(quantity.lower[rows])
    return rows[~blank]


def linearised(laid: Laid, quantity: Quantity, rows: Indices) -> Linear | None:
    """The value over rows that are answered, and its linearisation; None where there is none.

    Source: Särndal, Swensson and Wretman 1992, 5.5: (y - R x) / X̂ for a ratio, y for a total.
    """
    weighted = laid.weights[rows] * laid.sample.counts[rows]
    upper = quantity.upper[rows]
    total = float(weighted @ upper)
    if quantity.lower is None:
        return Linear(total, rows, upper)
    below = float(weighted @ quantity.lower[rows])
    if below == 0:
        return None
    ratio = total / below
    return Linear(ratio, rows, (upper - ratio * quantity.lower[rows]) / below)


def standard_error(laid: Laid, linear: Linear) -> float:
    """Root of the Taylor variance."""
    return math.sqrt(variance(laid.sample, linear.rows, linear.values, laid.adjustment))


def estimate(laid: Laid, asked: Asked, quantity: Quantity, rows: Indices) -> Estimate:
    """One estimate in the domain of these rows; all others stay in the sample.

    Args:
        quantity: `quantity_of` the estimate, made once for all domains.
    """
    used = answered(quantity, rows)
    counts = laid.sample.counts
    n, all_rows = int(counts[used].sum()), int(counts[rows].sum())
    linear = linearised(laid, quantity, used) if n else None
    if linear is None:
        return Estimate(None, None, None, "", n, all_rows - n, 0, flags=("no_answers",))
    degrees = laid.sample.degrees_of(used)
    error = standard_error(laid, linear)
    whole = error == 0 and bool((laid.sample.fraction[laid.sample.stratum[used]] == 1).all())
    # One unit deviates from its own ratio by nothing, which is no precision. A census has none to lose.
    if laid.sample.units_of(used) < 2 and quantity.lower is not None and not whole:
        return Estimate(
            linear.value, None, None, "", n, all_rows - n, degrees, flags=("few_answers", "no_error")
        )
    basis = Basis(linear.value, error, degrees, n, laid.confidence)
    census = ("census", Interval(linear.value, linear.value))
    method, interval = census if whole else _interval(laid, asked, basis, used)
    effect = _design_effect(laid, quantity, linear, error**2)
    made = Estimate(
        value=linear.value,
        error=error,
        interval=interval,
        method=method,
        n=n,
        missing=all_rows - n,
        degrees=degrees,
        design_effect=effect,
        effective_n=n / effect if effect else None,
    )
    return _flagged(made, asked)


def _interval(laid: Laid, asked: Asked, basis: Basis, rows: Indices) -> tuple[str, Interval | None]:
    """The method asked for, else the one that suits, and its interval; None without degrees of freedom."""
    if asked.kind not in SHARES:
        method = "t"
    else:
        method = asked.interval or ("wilson" if _is_simple(laid, rows) else "logit")
    if method == "logit" and not 0 < basis.value < 1:
        method = "korn_graubard"
    if basis.degrees < 1:
        return method, None
    return method, _INTERVALS[method](basis)


_INTERVALS: Mapping[str, Callable[[Basis], Interval]] = {
    "t": intervals.around,
    "wilson": intervals.wilson_effective,
    "logit": intervals.logit,
    "korn_graubard": intervals.korn_graubard,
}


def _is_simple(laid: Laid, rows: Indices) -> bool:
    """Whether the sample is a simple random one: one stratum, no clusters, one weight for all."""
    weights = laid.weights
    simple = laid.sample.unit is None and len(laid.sample.units) == 1 and laid.adjustment is None
    return simple and len(rows) > 0 and bool(np.ptp(weights) <= 1e-9 * weights[0])


def _design_effect(laid: Laid, quantity: Quantity, linear: Linear, found: float) -> float | None:
    """Variance over that of a simple random sample of n from the same population.

    Without finite populations in the design the comparison is with an infinite one: a scale of the weights
    then says nothing of the population.
    """
    rows = linear.rows
    counts = laid.sample.counts[rows]
    weighted = laid.weights[rows] * counts
    n, size = float(counts.sum()), float(weighted.sum())
    if n < 2:
        return None
    mean = 0.0 if quantity.lower is not None else float(weighted @ linear.values) / size
    spread = float(weighted @ (linear.values - mean) ** 2) / size * n / (n - 1)
    simple = size**2 * spread / n
    if laid.sample.finite and size > n:
        simple *= 1 - n / size
    return found / simple if simple > 0 else None


def _flagged(made: Estimate, asked: Asked) -> Estimate:
    flags = []
    if made.n < FEW:
        flags.append("few_answers")
    if asked.kind != "nps" and made.variation is not None and made.variation > LARGE_CV:
        flags.append("large_variation")
    points = {"nps": 1, **dict.fromkeys(SHARES, 100)}.get(asked.kind, 0)
    if made.interval is None:
        flags.append("no_interval")
    elif (made.interval.high - made.interval.low) / 2 * points > WIDE_POINTS:
        flags.append("wide_interval")
    return replace(made, flags=tuple(flags))
