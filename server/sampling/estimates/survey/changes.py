"""The change of an estimate between two waves, with its margin.

In one file both waves are domains of one sample, so what they share (the same outlets visited twice, the same
clusters) is in the error. Estimates from two files are taken as independent.
"""

import math
from dataclasses import dataclass

import numpy as np

from server.sampling.estimates.definition.design import Asked, Change
from server.sampling.estimates.simple import Interval, t_quantile
from server.sampling.estimates.survey.estimators import (
    Estimate,
    Laid,
    Linear,
    answered,
    estimate,
    linearised,
    quantity_of,
    rows_where,
    standard_error,
)
from server.sampling.estimates.survey.sample import Indices


@dataclass(frozen=True, slots=True)
class Changed:
    """A difference: `margin` is the half width of its interval, `clear` whether it exceeds the margin."""

    before: Estimate
    after: Estimate
    value: float | None
    error: float | None
    interval: Interval | None
    margin: float | None
    degrees: int

    @property
    def clear(self) -> bool | None:
        """None where there is no margin to judge by."""
        if self.value is None or self.margin is None:
            return None
        return abs(self.value) > self.margin


def change_within(laid: Laid, asked: Asked, change: Change, rows: Indices) -> Changed:
    """The difference between two values of a column, both in the domain of these rows."""
    inside = [
        np.intersect1d(rows, rows_where(laid.columns, {change.of: (wave,)}), assume_unique=True)
        for wave in (change.before, change.after)
    ]
    quantity = quantity_of(asked, laid.columns)
    before, after = (estimate(laid, asked, quantity, each) for each in inside)
    used = [answered(quantity, each) for each in inside]
    lines = [linearised(laid, quantity, each) if len(each) else None for each in used]
    if before.error is None or after.error is None or lines[0] is None or lines[1] is None:
        return Changed(before, after, _difference(before, after), None, None, None, 0)
    joint = Linear(
        lines[1].value - lines[0].value,
        np.concatenate(used),
        np.concatenate((-lines[0].values, lines[1].values)),
    )
    error = standard_error(laid, joint)
    degrees = laid.sample.degrees_of(joint.rows)
    return _changed(before, after, error, degrees, laid.confidence)


def change_between(before: Estimate, after: Estimate, confidence: float = 0.95) -> Changed:
    """The difference of estimates from two independent samples.

    Source of the degrees of freedom: Satterthwaite 1946, rounded down.
    """
    if before.error is None or after.error is None or min(before.degrees, after.degrees) < 1:
        return Changed(before, after, _difference(before, after), None, None, None, 0)
    parts = [(each.error or 0.0) ** 2 for each in (before, after)]
    squares = sum(part**2 / each.degrees for part, each in zip(parts, (before, after), strict=True))
    degrees = int(sum(parts) ** 2 / squares) if squares else before.degrees + after.degrees
    return _changed(before, after, math.sqrt(sum(parts)), degrees, confidence)


def _changed(before: Estimate, after: Estimate, error: float, degrees: int, confidence: float) -> Changed:
    value = _difference(before, after)
    if value is None or degrees < 1:
        return Changed(before, after, value, error, None, None, degrees)
    margin = t_quantile((1 + confidence) / 2, degrees) * error
    return Changed(before, after, value, error, Interval(value - margin, value + margin), margin, degrees)


def _difference(before: Estimate, after: Estimate) -> float | None:
    return None if before.value is None or after.value is None else after.value - before.value
