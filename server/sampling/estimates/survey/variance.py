"""Taylor variances: the spread of linearised totals between first-stage units within strata.

A domain is estimated in the whole sample: units without a member count with zero, since how many members a
sample catches is chance as well. Cutting the file down to the domain would lose that.
"""

import numpy as np

from server.sampling.estimates.survey.adjusting import Adjustment
from server.sampling.estimates.survey.columns import Codes, Floats, summed
from server.sampling.estimates.survey.sample import Indices, Sample


def variance(sample: Sample, rows: Indices, values: Floats, adjustment: Adjustment | None) -> float:
    """Variance of Σ weight · value over the rows; `values` are linearised, one for each of `rows`.

    Source: Särndal, Swensson and Wretman 1992, 5.5 and 4.6: Σ_h (1 - f_h) n_h / (n_h - 1) Σ (t_hi - t̄_h)².
    """
    if adjustment is not None:
        full = np.zeros(len(sample.counts))
        full[rows] = values
        # Also units outside the domain move: what a margin explains is taken from everybody in it.
        rows, values = np.arange(len(full)), adjustment.residuals(full)
        weighted = values * adjustment.weights
    else:
        weighted = values * sample.weights[rows]
    homes, totals, counts = _totals(sample, rows, weighted)
    number = len(sample.units)
    sums = summed(homes, totals * counts, number)
    means = sums / sample.units
    if sample.single_unit == "centre":
        means = np.where(sample.units == 1, sums.sum() / sample.units.sum(), means)
    present = summed(homes, counts, number)
    squares = summed(homes, counts * (totals - means[homes]) ** 2, number)
    squares = squares + (sample.units - present) * means**2
    single = 1.0 if sample.single_unit == "centre" else 0.0
    scale = np.where(sample.units > 1, sample.units / np.maximum(sample.units - 1, 1), single)
    return float(np.sum((1 - sample.fraction) * scale * squares))


def _totals(sample: Sample, rows: Indices, weighted: Floats) -> tuple[Codes, Floats, Floats]:
    """Stratum, total and number of the first-stage units with a row among these, and perhaps of others."""
    if sample.unit is None:
        return sample.stratum[rows], weighted, sample.counts[rows]
    totals = summed(sample.unit[rows], weighted * sample.counts[rows], len(sample.unit_stratum))
    return sample.unit_stratum, totals, np.ones(len(totals))
