"""A sampling design as it was read: how the sample was drawn, how its weights are adjusted, what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SEPARATOR = "|"
"""Between the values of several columns in the label of a stratum, a cell or a domain."""

Scalar = str | int | float


@dataclass(frozen=True, slots=True)
class Extent:
    """Population or sampling fraction of the strata: a column, one number for all, or a number each."""

    column: str | None = None
    number: float | None = None
    by_stratum: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Margin:
    """Known population totals by the values of one or more columns; `pointer` is where they stand."""

    pointer: str
    by: tuple[str, ...]
    totals: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Adjusting:
    """Post-stratification (one margin) or raking (several), with trimming relative to the median weight."""

    margins: tuple[Margin, ...]
    raking: bool
    tolerance: float
    rounds: int
    trim: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of an estimate between two values of a column, such as two waves."""

    of: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One estimate, in the whole sample, in a domain, or in every domain of `by`."""

    name: str
    kind: str
    of: str
    over: str | None = None
    values: tuple[Scalar, ...] = ()
    scale: int = 0
    boxes: int = 2
    interval: str | None = None
    where: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class OutcomesAsked:
    """Which column has the state of an invitation, and how states become AAPOR dispositions."""

    of: str
    states: Mapping[str, str]
    undeliverable: str = "UO"
    eligible: float | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Design:
    """A design without errors."""

    weight: str | None = None
    probability: str | None = None
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    nested: bool = False
    population: Extent | None = None
    fraction: Extent | None = None
    single_unit: str = "error"
    confidence: float = 0.95
    missing: frozenset[str] = frozenset(("", "NA"))
    adjusting: Adjusting | None = None
    estimates: tuple[Asked, ...] = ()
    outcomes: OutcomesAsked | None = None
