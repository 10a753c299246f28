"""A sample as its design drew it: weights, strata, first-stage units, the part of the population they are.

Only the first stage counts: below it units may have been drawn in any way (ultimate clusters), which errs on
the safe side where the first stage takes a large part of the population.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.sampling.estimates.definition.design import SEPARATOR, Design, Extent
from server.sampling.estimates.problems import Complaints, Place
from server.sampling.estimates.survey.columns import Codes, Columns, Floats, summed

# A sampling fraction this near to 1 is a census that lost its last digits in a file.
WHOLE = 1e-9
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by the joint values of some columns: a code for each row, -1 where a value is missing."""

    codes: Codes
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with their place in the design.

    Attributes:
        counts: how many equal rows each row stands for.
        weights: the design's weights.
        stratum: code of each row's stratum.
        unit: code of each row's first-stage unit; None where every row is one.
        unit_stratum: code of each unit's stratum.
        units: first-stage units of each stratum, all of them, in whatever domain.
        fraction: the part of each stratum's population that was drawn, 0 where it is taken as infinite.
    """

    counts: Floats
    weights: Floats
    stratum: Codes
    unit: Codes | None
    unit_stratum: Codes
    units: Floats
    fraction: Floats
    strata: tuple[str, ...]
    finite: bool
    single_unit: str

    @property
    def degrees(self) -> int:
        """Degrees of freedom of the whole sample."""
        return int(self.units.sum()) - len(self.units)

    def degrees_of(self, rows: Indices) -> int:
        """Degrees of freedom of a domain: its units less its strata."""
        return self.units_of(rows) - len(np.unique(self.stratum[rows]))

    def units_of(self, rows: Indices) -> int:
        """First-stage units with a row among these."""
        return int(self.counts[rows].sum()) if self.unit is None else len(np.unique(self.unit[rows]))


def grouped(columns: Columns, names: Sequence[str]) -> Groups:
    """Rows by the values of these columns; all in one group without columns."""
    if not names:
        return Groups(np.zeros(len(columns.counts), np.int32), ("",))
    joint = np.zeros(len(columns.counts), np.int64)
    blank = np.zeros(len(columns.counts), bool)
    for name in names:
        values = columns.values[name]
        blank |= columns.codes[name] == (values.index("") if "" in values else -1)
        # Made dense after each column, so that many columns of many values never overflow.
        joint = np.unique(joint * len(values) + columns.codes[name], return_inverse=True)[1].astype(np.int64)
    used, first, dense = np.unique(np.where(blank, -1, joint), return_index=True, return_inverse=True)
    labels = [_label(columns, names, row) for row in first[used >= 0]]
    order = sorted(range(len(labels)), key=labels.__getitem__)
    # The place of each code in the order of the labels; that of -1 stands last.
    place = np.empty(len(labels) + 1, np.int32)
    place[order], place[-1] = np.arange(len(labels)), -1
    return Groups(place[dense - int(used[0] < 0)], tuple(labels[each] for each in order))


def _label(columns: Columns, names: Sequence[str], row: int) -> str:
    return SEPARATOR.join(columns.values[name][columns.codes[name][row]] for name in names)


def build_sample(design: Design, columns: Columns, complaints: Complaints) -> Sample:
    """Lay the design over the rows.

    Raises:
        DataInvalid: when rows contradict the design.
    """
    strata = grouped(columns, design.strata)
    unit, unit_stratum = _units(design, columns, strata, complaints)
    counts = columns.counts.astype(np.float64)
    homes = (strata.codes, counts) if unit is None else (unit_stratum, np.ones(len(unit_stratum)))
    units = summed(homes[0], homes[1], len(strata.labels))
    fraction = _fractions(design, columns, strata, units, complaints)
    if design.single_unit == "error":
        for code in np.flatnonzero((units == 1) & (fraction < 1)):
            complaints.add("stratum_single_unit", stratum=strata.labels[code] or "–")
    complaints.settle()
    return Sample(
        counts=counts,
        weights=_weights(design, columns, strata, fraction),
        stratum=strata.codes,
        unit=unit,
        unit_stratum=unit_stratum,
        units=units,
        fraction=fraction,
        strata=strata.labels,
        finite=design.population is not None or design.fraction is not None,
        single_unit=design.single_unit,
    )


def _units(
    design: Design, columns: Columns, strata: Groups, complaints: Complaints
) -> tuple[Codes | None, Codes]:
    if design.cluster is None:
        return None, np.empty(0, np.int32)
    clusters: Codes = columns.codes[design.cluster]
    joint = clusters.astype(np.int64) * len(strata.labels) + strata.codes
    found, unit = np.unique(joint, return_inverse=True)
    cluster_of, stratum_of = np.divmod(found, len(strata.labels))
    if not design.nested:
        names, times = np.unique(cluster_of, return_counts=True)
        for code in names[times > 1]:
            homes = [strata.labels[each] for each in stratum_of[cluster_of == code]]
            name = columns.values[design.cluster][code]
            complaints.add(
                "cluster_in_two_strata",
                Place(column=design.cluster),
                cluster=name,
                strata=", ".join(homes[:5]),
            )
    return unit.astype(np.int32), stratum_of.astype(np.int32)


def _fractions(
    design: Design, columns: Columns, strata: Groups, units: Floats, complaints: Complaints
) -> Floats:
    """n/N of every stratum: of first-stage units drawn and there."""
    if design.population is None:
        if design.fraction is None:
            return np.zeros(len(units))
        fraction = _by_stratum(design.fraction, columns, strata, complaints)
    else:
        population = _by_stratum(design.population, columns, strata, complaints)
        fraction = units / population
        for code in np.flatnonzero(fraction > 1 + WHOLE):
            stratum, there = strata.labels[code] or "–", f"{population[code]:g}"
            complaints.add(
                "stratum_population_small", stratum=stratum, population=there, units=int(units[code])
            )
    return np.where(fraction > 1 - WHOLE, 1.0, fraction)


def _by_stratum(extent: Extent, columns: Columns, strata: Groups, complaints: Complaints) -> Floats:
    """The number of every stratum; infinite where it is missing, so that all problems are found."""
    if extent.number is not None:
        return np.full(len(strata.labels), extent.number)
    if extent.column is not None:
        given = columns.numbers[extent.column]
        low, high = np.full(len(strata.labels), np.inf), np.full(len(strata.labels), -np.inf)
        np.minimum.at(low, strata.codes, given)
        np.maximum.at(high, strata.codes, given)
        for code in np.flatnonzero(low < high):
            complaints.add(
                "stratum_population_differs", Place(column=extent.column), stratum=strata.labels[code] or "–"
            )
        return high
    for name in strata.labels:
        if name not in extent.by_stratum:
            complaints.add("stratum_population_missing", stratum=name or "–")
    # A total over the strata that were drawn would be read as one over all.
    for name in sorted(extent.by_stratum.keys() - set(strata.labels)):
        complaints.add("stratum_absent", stratum=name or "–")
    return np.array([extent.by_stratum.get(name, np.inf) for name in strata.labels])


def _weights(design: Design, columns: Columns, strata: Groups, fraction: Floats) -> Floats:
    """As given, 1/π, or N/n of the stratum; 1 for all where the design says nothing."""
    if design.weight is not None:
        return columns.numbers[design.weight]
    if design.probability is not None:
        return 1 / columns.numbers[design.probability]
    known = design.population is not None or design.fraction is not None
    return 1 / fraction[strata.codes] if known else np.ones(len(columns.counts))
