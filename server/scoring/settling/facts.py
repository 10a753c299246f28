"""What a settlement is computed from, as values. `fact_reading` makes them from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from server.scoring.arithmetic import Value

Fields = Mapping[str, Value]
# The source of findings about orders that were late or given back.
OF_ORDERS = "order"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged. `above` are its ancestors by kind."""

    id: str
    kind: str
    name: str
    attributes: Fields
    roles: Mapping[str, str]
    parent: str
    starts: date
    ends: date

    def overlaps(self, first: date, last: date) -> bool:
        """Whether it was there for a day of these at least."""
        return self.starts <= last and first <= self.ends


@dataclass(frozen=True, slots=True)
class Line:
    """Points lost on one item of a submission: its own points, and their worth on the published scale."""

    item: str
    code: str
    section: str
    points: Fraction
    on_scale: Fraction
    key: bool
    kind: str
    listed_as_hardware: bool

    @property
    def identity(self) -> str:
        """What makes two lost points the same fault."""
        return self.code or self.item


@dataclass(frozen=True, slots=True)
class Score:
    """An approved submission. `raw` is on the scale, None when nothing was applicable; `sections` of 100."""

    id: str
    instrument: str
    subject: str
    wave: str
    day: date
    raw: Fraction | None
    published: Decimal | None
    earned: Fraction
    possible: Fraction
    scale: Fraction
    states_scale: bool
    n: int
    rater: str
    lines: tuple[Line, ...]
    sections: Mapping[str, Fraction | None]
    grade: str
    critical: tuple[str, ...]
    bonus: Fraction
    fields: Fields

    def on(self, scale: Fraction | None) -> Fraction | None:
        """The score on another scale; as it is where either scale is unknown."""
        if self.raw is None or scale is None or not self.states_scale:
            return self.raw
        return self.raw * scale / self.scale

    @property
    def faults(self) -> frozenset[str]:
        """The items that lost points."""
        return frozenset(line.identity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Finding:
    """A confirmed fault or praise."""

    id: str
    subject: str
    day: date
    item: str
    code: str
    section: str
    points: Fraction | None
    source: str
    kind: str
    person: str
    amount: Fraction | None
    fields: Fields

    @property
    def identity(self) -> str:
        """What makes two findings the same fault, of the same person where one is named."""
        return f"{self.code or self.item}\n{self.person}"


@dataclass(frozen=True, slots=True)
class Duty:
    """Something due on a day, done or not."""

    duty: str
    subject: str
    day: date
    done: bool
    person: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something handed in for a date of the calendar."""

    date: str
    subject: str
    period: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """An amount that a person has named. `about` is a finding, a submission or a period."""

    rule: str
    subject: str
    about: str
    amount: Fraction
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction by hand, with its reason."""

    measure: str
    subject: str
    period: str
    amount: Fraction
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """A ledger line that an appeal took away: its rule fires, and nobody pays or gains."""

    line: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Past:
    """A number of an earlier settlement, or imported: then `source` names the file."""

    measure: str
    subject: str
    period: str
    value: Value
    grade: str | None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a settlement is computed from; what was not approved or confirmed is not among it."""

    as_of: date
    year: int
    parameters: Mapping[str, Value]
    policies: Mapping[str, str]
    subjects: Mapping[str, Subject]
    wave_ends: Mapping[str, date]
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]
    indicators: Mapping[tuple[str, str, str], Value]
    duties: tuple[Duty, ...]
    deliveries: tuple[Delivery, ...]
    decisions: Mapping[tuple[str, str, str], Decision]
    waivers: Mapping[str, Waiver]
    adjustments: tuple[Adjustment, ...]
    history: tuple[Past, ...]
    fingerprint: str = field(default="")
