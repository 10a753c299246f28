"""What a coverage plan is made from: the outlets, what is promised, what can be paid for, and the year.

The caller copies these from its tables; nothing here reads a clock or a database. Shares are fractions of 1.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from server.sampling.frame import SamplingError, refuse

# code -> names of its parameters. They refuse, or say why a plan fails; sentences stand in `errors.json`.
CODES: dict[str, tuple[str, ...]] = {
    "coverage_ratio_out_of_range": ("field", "ratio"),
    "coverage_number_negative": ("field", "number"),
    "coverage_waves_out_of_order": ("wave",),
    "coverage_not_in_plan": ("outlet",),
    "coverage_cause_unknown": ("cause",),
    "coverage_infeasible": (),
    "coverage_no_outlets": ("day",),
    "coverage_more_than_open": ("needed", "outlets"),
    "coverage_over_visits": ("over", "needed", "budget"),
    "coverage_over_money": ("over", "needed", "budget"),
    "coverage_no_firm": ("count", "parents"),
    "coverage_firms_too_small": ("firms", "room", "needed"),
    "coverage_firms_new": ("needed", "reachable"),
    "coverage_year_out_of_reach": ("target", "reachable", "outlets"),
}


@dataclass(frozen=True, slots=True)
class Outlet:
    """One outlet as it stands before the wave.

    Attributes:
        parent: the sub-branch.
        opened: first day on which it can be visited; None = long ago.
        closed: first day on which it no longer can; None = not known to close.
        last_score: of the previous period; None = it has none.
        last_visit: whenever it was; None = never.
        seen_this_year: a visit of this year counts towards the year's share.
        again: must be visited whatever its score, since its last visit was void or somebody ordered it.
        fee: of one visit, where it is not the usual one.
    """

    id: str
    parent: str
    opened: date | None = None
    closed: date | None = None
    last_score: Decimal | None = None
    last_visit: date | None = None
    seen_this_year: bool = False
    again: bool = False
    fee: Decimal | None = None

    def is_open(self, day: date) -> bool:
        """Whether it can be visited on that day."""
        return (self.opened is None or self.opened <= day) and (self.closed is None or day < self.closed)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What is promised for a wave, and with it for the year. The defaults promise nothing.

    Attributes:
        share: of all open outlets, rounded up.
        share_in_each: A31 read as `each`: the share is due in every sub-branch, rounded up there.
        per_parent: in each sub-branch at least so many, or all where it has fewer.
        recheck_at_most: everybody with this score or less last time.
        exclusive: A30 read as `exclusive`: the score itself is not re-checked.
        yearly: share of the outlets open at the year's end that the year's last wave must have reached; with
            it the unseen come first, then those whose last visit is longest ago.
        video: so many outlets get a video check besides.
        at_least: so many visits, whatever the rest says.
    """

    share: Fraction = Fraction(0)
    per_parent: int = 0
    recheck_at_most: Decimal | None = None
    exclusive: bool = False
    yearly: Fraction | None = None
    video: int = 0
    share_in_each: bool = False
    at_least: int = 0

    def __post_init__(self) -> None:
        """Refuse shares that are none and counts below nothing."""
        ratios = (_wrong_ratio(name, getattr(self, name)) for name in ("share", "yearly"))
        counts = (_wrong_count(name, getattr(self, name)) for name in ("per_parent", "video", "at_least"))
        refuse([wrong for wrong in (*ratios, *counts) if wrong])

    def must_visit(self, outlet: Outlet) -> bool:
        """Whether the outlet is to be re-checked."""
        if outlet.again:
            return True
        if self.recheck_at_most is None or outlet.last_score is None:
            return False
        if self.exclusive:
            return outlet.last_score < self.recheck_at_most
        return outlet.last_score <= self.recheck_at_most


@dataclass(frozen=True, slots=True)
class Firm:
    """Who makes visits (own staff are a firm too): how many, and in which sub-branches (None = in all)."""

    id: str
    visits: int
    parents: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse a capacity below nothing."""
        wrong = _wrong_count("visits", self.visits)
        refuse([wrong] if wrong else [])


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the wave may cost; None = no limit. Fees that an outlet names itself come before `fee`.

    Attributes:
        video_fee: of one video check, taken from `money` first.
        firms: who visits; empty = whoever, wherever.
    """

    visits: int | None = None
    money: Decimal | None = None
    fee: Decimal = Decimal(0)
    video_fee: Decimal = Decimal(0)
    firms: tuple[Firm, ...] = ()

    def __post_init__(self) -> None:
        """Refuse limits and fees below nothing."""
        wrong = (_wrong_count(name, getattr(self, name)) for name in ("visits", "money", "fee", "video_fee"))
        refuse([one for one in wrong if one])

    def fee_of(self, outlet: Outlet) -> Decimal:
        """What a visit there costs."""
        return self.fee if outlet.fee is None else outlet.fee


@dataclass(frozen=True, slots=True)
class LaterWave:
    """A wave of the same year after this one; `visits` is what it can make, None = no limit."""

    name: str
    starts: date
    ends: date
    visits: int | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """When this wave is and which follow it in the year.

    Attributes:
        starts: the day for which the frame is taken.
        ends: the last day of visits.
        later: the remaining waves in order. Without any, this wave is the year's last.
        recheck_rate: share of visited outlets that the next wave must visit again; None = as many as now.
    """

    starts: date
    ends: date
    later: tuple[LaterWave, ...] = ()
    recheck_rate: Fraction | None = None

    def __post_init__(self) -> None:
        """Refuse waves that overlap or stand in another order than that of their days."""
        found = [SamplingError("coverage_waves_out_of_order", wave="")] if self.ends < self.starts else []
        for before, wave in zip([self.ends, *(wave.ends for wave in self.later)], self.later, strict=False):
            if wave.starts <= before or wave.ends < wave.starts:
                found.append(SamplingError("coverage_waves_out_of_order", wave=wave.name))
        counts = (_wrong_count("visits", wave.visits) for wave in self.later)
        others = (_wrong_ratio("recheck_rate", self.recheck_rate), *counts)
        refuse([*found, *(wrong for wrong in others if wrong)])

    @property
    def closes(self) -> date:
        """The last day on which an outlet can be reached this year."""
        return self.later[-1].ends if self.later else self.ends

    @property
    def last_frame(self) -> date:
        """The day for which the frame of the year's last wave is taken."""
        return self.later[-1].starts if self.later else self.starts

    def counts(self, outlet: Outlet) -> bool:
        """Whether the outlet counts at the year's end: still open then, and a wave could reach it."""
        return outlet.is_open(self.closes) and outlet.is_open(self.last_frame)


@dataclass(frozen=True, slots=True)
class Wave:
    """All that is known before a wave is planned; the outlets stand in the order of their ids.

    Raises:
        SamplingError: `frame_duplicate_member`.
    """

    outlets: tuple[Outlet, ...]
    requirement: Requirement
    capacity: Capacity
    year: Year

    def __post_init__(self) -> None:
        """Nothing may depend on the order in which the outlets came."""
        ordered = sorted(self.outlets, key=lambda outlet: outlet.id)
        for one, other in pairwise(ordered):
            if one.id == other.id:
                raise SamplingError("frame_duplicate_member", member=one.id)
        object.__setattr__(self, "outlets", tuple(ordered))

    @property
    def in_money(self) -> bool:
        """Whether the budget is in money."""
        return self.capacity.money is not None

    @property
    def video_money(self) -> Decimal:
        """What the video checks cost."""
        return self.requirement.video * self.capacity.video_fee

    def asking(self, requirement: Requirement) -> "Wave":
        """The same wave with other promises."""
        return replace(self, requirement=requirement)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something to be said to people: a code and its parameters; the sentence is made at the edge."""

    code: str
    params: dict[str, int | str | tuple[str, ...]]


def state(code: str, **params: int | str | tuple[str, ...]) -> Statement:
    """A statement, written as it reads."""
    return Statement(code, params)


def percent(share: Fraction) -> str:
    """60 or 58.3: cut, not rounded, so that a share that is shown as kept is kept."""
    tenths = share * 1000 // 1
    whole, rest = divmod(int(tenths), 10)
    return f"{whole}.{rest}" if rest else str(whole)


def _wrong_ratio(name: str, ratio: Fraction | None) -> SamplingError | None:
    if ratio is None or 0 <= ratio <= 1:
        return None
    return SamplingError("coverage_ratio_out_of_range", field=name, ratio=str(ratio))


def _wrong_count(name: str, number: int | Decimal | None) -> SamplingError | None:
    if number is None or number >= 0:
        return None
    return SamplingError("coverage_number_negative", field=name, number=str(number))
