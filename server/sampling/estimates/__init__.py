"""Estimates from samples, with what can be said of their error.

`simple` has the intervals that pages show beside rates and means and needs nothing but Python. `survey` has
estimates from a sampling design (weights, strata, clusters, finite populations); it is imported by its own
name, since NumPy and SciPy would cost every web process most of a second and 50 MB.
"""

from server.sampling.estimates.simple import (
    Interval,
    MeanEstimate,
    estimate_counted,
    estimate_mean,
    t_quantile,
    wilson,
)

__all__ = [
    "Interval",
    "MeanEstimate",
    "estimate_counted",
    "estimate_mean",
    "t_quantile",
    "wilson",
]
