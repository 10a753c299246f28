"""A compiled programme: what settlement works with. Every formula is parsed, every name is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TypeAlias
from zoneinfo import ZoneInfo

from server.scoring.arithmetic import Formula
from server.scoring.calendar import Calendar
from server.scoring.programmes.calling import CallBack
from server.scoring.programmes.reviewing import Orders, Publication, Review
from server.scoring.programmes.visiting import PLAIN, Visits

Text: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or word that a bank may change; without a default the facts must set it."""

    name: str
    type: str
    title: Text
    help: Text
    unit: str
    default: object
    minimum: Fraction | None
    maximum: Fraction | None
    options: Mapping[str, Text]
    reading: str


@dataclass(frozen=True, slots=True)
class SubjectKind:
    """What is judged: outlet, person, firm. `above` are the kinds over it, nearest first."""

    name: str
    title: Text
    above: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyItems:
    """Items that a notice has made key from a day on (重点整治项目)."""

    items: frozenset[str]
    starts: date
    ends: date | None
    notice: Text

    def names(self, item: str, code: str, day: date) -> bool:
        """Whether an item is key on a day."""
        listed = item in self.items or (code != "" and code in self.items)
        return listed and self.starts <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Scores:
    """Submissions' scores, and what one number is made of them."""

    instruments: frozenset[str]
    where: Formula | None
    value: Formula | None
    section: str
    mean: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Points lost in each submission, by formula over its lines; `visits` says which submissions count."""

    instruments: frozenset[str]
    visits: Formula | None
    where: Formula | None
    sum: Formula
    mean: str


@dataclass(frozen=True, slots=True)
class FindingSum:
    """Confirmed findings, added up or counted (`sum` is None)."""

    where: Formula | None
    sum: Formula | None


@dataclass(frozen=True, slots=True)
class Deduct:
    """Full marks of sections, less confirmed findings."""

    where: Formula | None
    sum: Formula
    sections: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Indicator:
    """An imported number or word."""

    name: str


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression."""

    formula: Formula


@dataclass(frozen=True, slots=True)
class Weighted:
    """Sum of value × weight ÷ `of`. Parameters may decide the weights."""

    parts: tuple[tuple[str, Formula], ...]
    of: Fraction
    renormalise: bool
    reports_remainder: bool


@dataclass(frozen=True, slots=True)
class Added:
    """Sum of measures as they are."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RollUp:
    """One number of the subjects below."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Rank:
    """A place among subjects of a kind; `within` is an ancestor's kind, `attribute` one of the subject."""

    of: str
    top: bool
    within: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Previous:
    """The same measure of an earlier period; how many back is a formula, since A21 may decide it."""

    of: str
    back: Formula


@dataclass(frozen=True, slots=True)
class Streak:
    """For how many periods on end something has held."""

    condition: Formula


@dataclass(frozen=True, slots=True)
class Duties:
    """Duties done of those due: `of` is rate, done or due. No names mean all duties."""

    duties: frozenset[str]
    where: Formula | None
    of: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Whether something was handed in by a date of the calendar."""

    date: str


Source: TypeAlias = (
    Scores
    | Lost
    | FindingSum
    | Deduct
    | Indicator
    | Computed
    | Weighted
    | Added
    | RollUp
    | Rank
    | Previous
    | Streak
    | Duties
    | Deliveries
)


@dataclass(frozen=True, slots=True)
class GradeBand:
    """A band and the value it stands for, such as a fee in percent; parameters may decide both."""

    grade: str
    minimum: Formula
    value: Formula | None
    title: Text


@dataclass(frozen=True, slots=True)
class Forced:
    """A grade that a condition forces, whatever the score (第26条)."""

    when: Formula
    grade: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A named number, one a subject and period. `reads` are the measures it is computed from."""

    name: str
    title: Text
    of: str
    per: str
    unit: str
    source: Source
    places: int
    scale: Fraction
    declares_scale: bool
    bands: tuple[GradeBand, ...]
    grade_on: str
    forced: tuple[Forced, ...]
    eligible: Formula | None
    minimum: Formula | None
    floor: Fraction | None
    cap: Fraction | None
    published_parts: bool
    reads: frozenset[str]
    readings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Points short of a target, each at a price (scoring.md: 1000 + 1.5 × 200)."""

    target: Formula
    score: Formula
    base: Formula
    per_point: Formula
    double: Formula | None
    both: Formula | None
    once: str


@dataclass(frozen=True, slots=True)
class Decided:
    """An amount that a person names within a range."""

    lowest: Formula
    highest: Formula


@dataclass(frozen=True, slots=True)
class Within:
    """A stretch of time, counted from the day of settlement."""

    months: Formula | None
    days: Formula | None
    working_days: Formula | None


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done, by whom, within what time or by which date.

    `from_event` counts the time from the end of the period, or the day of the event, not from the settlement.
    """

    do: str
    title: Text
    to: str
    within: Within | None
    from_event: bool
    due: Formula | None
    note: Text


@dataclass(frozen=True, slots=True)
class Rule:
    """A consequence. At most one of amount, shortfall and decided; without any it only acts."""

    name: str
    title: Text
    clause: str
    kind: str
    per: str
    when: Formula | None
    exempt: Formula | None
    direction: str
    amount: Formula | None
    shortfall: Shortfall | None
    decided: Decided | None
    unit: str
    places: int
    floor: Fraction | None
    cap: Fraction | None
    payee: str
    actions: tuple[Action, ...]
    reads: frozenset[str]
    readings: frozenset[str]


@dataclass(frozen=True, slots=True)
class DutyField:
    """What the ledger notes with a duty that was done: an amount, a count, a word."""

    name: str
    title: Text
    type: str
    unit: str
    required: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again about each subject of a kind, and how it is proved.

    `by` is the role that does it, "" for the person who is the subject. `each` is "person", or the kind below
    that has one of its own each. `opens` and `due` count the days of the period on which it falls, `grace`
    the days after it in which it still counts. `starts` and `ends` are days of every year or dates.
    """

    name: str
    title: Text
    help: Text
    of: str
    by: str
    each: str
    every: str
    days: frozenset[str]
    opens: Formula | None
    due: Formula | None
    grace: Formula | None
    times: Formula | None
    counted: bool
    starts: str
    ends: str
    proof: frozenset[str]
    instrument: str
    fields: tuple[DutyField, ...]
    delivers: str


@dataclass(frozen=True, slots=True)
class Programme:
    """A whole scheme. `order` lists the measures so that each comes after those it reads.

    What stands together reads its own earlier periods, as a running balance does, and is computed period by
    period.

    `instruments` are their kinds by name, `call_backs` what follows the answers to some of them, `visits` how
    the visits of some are made, `review` and `publication` what becomes of reports,
    `orders` how long putting right takes.
    """

    title: Text
    parameters: Mapping[str, Parameter]
    policies: Mapping[str, str]
    kinds: Mapping[str, SubjectKind]
    calendar: Calendar
    zone: ZoneInfo
    date_titles: Mapping[str, Text]
    instruments: Mapping[str, str]
    call_backs: Mapping[str, CallBack]
    visits: Mapping[str, Visits]
    review: Review
    publication: Publication
    orders: Orders
    key_items: tuple[KeyItems, ...]
    duties: Mapping[str, Duty]
    measures: Mapping[str, Measure]
    order: tuple[tuple[str, ...], ...]
    rules: tuple[Rule, ...]

    def visits_of(self, instrument: str | None) -> Visits:
        """How an instrument's visits are made; plainly, where it says nothing."""
        return self.visits.get(instrument or "", PLAIN)

    def related(self, kind: str, other: str) -> bool:
        """Whether one kind is the other or stands above it, either way."""
        return kind == other or other in self.kinds[kind].above or kind in self.kinds[other].above
