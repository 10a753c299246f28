"""Weights fitted to known totals of the population: post-stratification and raking, with trimming.

Both work on cells, the joint values of all margin columns: rows of a cell get the same factor.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from server.sampling.estimates.definition.design import Adjusting
from server.sampling.estimates.problems import Complaints, DataInvalid, Place
from server.sampling.estimates.survey.columns import Codes, Columns, Floats, summed
from server.sampling.estimates.survey.sample import Sample, grouped

# Trimming moves the margins, fitting moves weights out of the bounds: so often it is tried to meet both.
TRIM_ROUNDS = 50
# So many tolerances a weight may lie beyond its bounds.
SLACK = 10
# Eigenvalues of cross products below this are those of levels that depend on others.
DEPENDENT = 1e-10


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Adjusted weights and what variances need to know of them.

    Attributes:
        weights: of every row, adjusted.
        base: of every row, before fitting and after trimming.
        cell: code of each row's cell.
        levels: for each margin the level of each cell.
        sizes: number of levels of each margin.
        inverse: of the regression on all levels with the base weights.
    """

    counts: Floats
    weights: Floats
    base: Floats
    cell: Codes
    levels: tuple[Codes, ...]
    sizes: tuple[int, ...]
    inverse: Floats
    report: dict[str, Any] = field(default_factory=dict)

    def residuals(self, values: Floats) -> Floats:
        """What the margins do not explain of the values: residuals of a regression with the base weights.

        With one margin that is the difference from the mean of the post-stratum.
        Source: Deville and Särndal 1992; R's survey does so after calibrate() and postStratify().
        """
        sums = summed(self.cell, values * self.base * self.counts, len(self.levels[0]))
        pairs = list(zip(self.levels, self.sizes, strict=True))
        coefficients = self.inverse @ np.concatenate([summed(level, sums, size) for level, size in pairs])
        fitted = np.zeros(len(sums))
        start = 0
        for level, size in pairs:
            fitted += coefficients[start + level]
            start += size
        return values - fitted[self.cell]


def _inverse(cell_base: Floats, levels: tuple[Codes, ...], sizes: tuple[int, ...]) -> Floats:
    """Generalised inverse of the cross products of all levels, weighted by the cells' base weights."""
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    products = np.zeros((sum(sizes), sum(sizes)))
    for first, level in zip(starts, levels, strict=True):
        for second, other in zip(starts, levels, strict=True):
            np.add.at(products, (first + level, second + other), cell_base)
    # Margins share their sum, so the levels depend on each other: the fit is unique, coefficients are not.
    # Scaled to ones on the diagonal, that is told from rare categories.
    scale = 1 / np.sqrt(np.diag(products))
    inverse = np.linalg.pinv(products * np.outer(scale, scale), rcond=DEPENDENT, hermitian=True)
    return np.asarray(inverse * np.outer(scale, scale), np.float64)


def adjust(sample: Sample, columns: Columns, adjusting: Adjusting, complaints: Complaints) -> Adjustment:
    """Fit the weights.

    Raises:
        DataInvalid: a category is without a total or without rows, or no weights fit.
    """
    margins = [grouped(columns, margin.by) for margin in adjusting.margins]
    targets = []
    for margin, groups in zip(adjusting.margins, margins, strict=True):
        for value in sorted(set(groups.labels) - margin.totals.keys()):
            complaints.add("margin_value_unknown", Place(column=", ".join(margin.by)), value=value)
        for value in sorted(margin.totals.keys() - set(groups.labels)):
            complaints.add("margin_value_absent", Place(column=", ".join(margin.by)), value=value)
        targets.append(np.array([margin.totals.get(value, 1.0) for value in groups.labels]))
    complaints.settle()
    cell, levels = _cells([groups.codes for groups in margins])
    fit = _Fit(sample, adjusting, cell, levels, tuple(targets), complaints)
    return fit.adjustment()


def _cells(margins: list[Codes]) -> tuple[Codes, tuple[Codes, ...]]:
    """Joint cells of the margins, and each cell's level in every margin."""
    cell = np.zeros(len(margins[0]), np.intp)
    for codes in margins:
        cell = np.unique(cell * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    first = np.unique(cell, return_index=True)[1]
    return cell.astype(np.int32), tuple(codes[first] for codes in margins)


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Base weights and those that fit, rounds taken, the largest relative difference from a margin left."""

    base: Floats
    weights: Floats
    rounds: int
    worst: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """One sample being fitted to its margins."""

    sample: Sample
    adjusting: Adjusting
    cell: Codes
    levels: tuple[Codes, ...]
    targets: tuple[Floats, ...]
    complaints: Complaints

    def adjustment(self) -> Adjustment:
        first = self._fitted(self.sample.weights)
        made, trimmed = (
            (first, 0) if self.adjusting.trim is None else self._trimmed(first, self.adjusting.trim)
        )
        factors = made.weights / self.sample.weights
        report = {
            "method": "raking" if self.adjusting.raking else "postStratification",
            "rounds": made.rounds,
            "largestDifference": made.worst,
            "smallestFactor": float(factors.min()),
            "largestFactor": float(factors.max()),
            "trimmed": trimmed,
        }
        sizes = tuple(map(len, self.targets))
        return Adjustment(
            counts=self.sample.counts,
            weights=made.weights,
            base=made.base,
            cell=self.cell,
            levels=self.levels,
            sizes=sizes,
            inverse=_inverse(self._by_cell(made.base), self.levels, sizes),
            report=report,
        )

    def _trimmed(self, fitted: _Fitted, trim: tuple[float, float]) -> tuple[_Fitted, int]:
        """Weights within the bounds that fit, and the number of rows that were ever outside."""
        low, high = (bound * _median(fitted.weights, self.sample.counts) for bound in trim)
        # Weights that meet the totals to a tolerance meet bounds no better.
        slack = SLACK * self.adjusting.tolerance
        ever = np.zeros(len(self.cell), bool)
        for _ in range(TRIM_ROUNDS):
            outside = (fitted.weights < low * (1 - slack)) | (fitted.weights > high * (1 + slack))
            if not outside.any():
                return fitted, int(self.sample.counts[ever].sum())
            ever |= outside
            fitted = self._fitted(np.clip(fitted.weights, low, high))
        said = {"low": f"{low:.6g}", "high": f"{high:.6g}"}
        self.complaints.add("trimming_unsettled", rounds=TRIM_ROUNDS, **said)
        raise DataInvalid(self.complaints.problems)

    def _by_cell(self, weights: Floats) -> Floats:
        return summed(self.cell, weights * self.sample.counts, len(self.levels[0]))

    def _fitted(self, base: Floats) -> _Fitted:
        """Fit the margins in turn until all hold.

        Source: Deming and Stephan 1940 (iterative proportional fitting).
        """
        sums = self._by_cell(base)
        factors = np.ones(len(sums))
        worst, done = math.inf, 0
        while worst > self.adjusting.tolerance:
            if done == self.adjusting.rounds:
                self.complaints.add("raking_unsettled", rounds=done, difference=f"{worst:.3g}")
                self.complaints.stop()
            for level, target in zip(self.levels, self.targets, strict=True):
                factors *= (target / summed(level, sums * factors, len(target)))[level]
            worst, done = self._difference(sums * factors), done + 1
        return _Fitted(base, base * factors[self.cell], done, worst)

    def _difference(self, fitted: Floats) -> float:
        pairs = zip(self.levels, self.targets, strict=True)
        return max(
            float(np.max(np.abs(summed(level, fitted, len(target)) / target - 1))) for level, target in pairs
        )


def _median(weights: Floats, counts: Floats) -> float:
    """Median over all rows of the file."""
    order = np.argsort(weights)
    reached = np.cumsum(counts[order])
    return float(weights[order[np.searchsorted(reached, reached[-1] / 2)]])
