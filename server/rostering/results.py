"""A roster as it is handed back, with everything that is needed to judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A placement of an earlier roster. One that was `accepted` stays, whatever the rules say now."""

    visit: str
    worker: str
    day: date
    slot: str
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """Yuan, to the cent. `kilometres` is the straight way to the outlet, None where a position is missing."""

    fee: Decimal
    travel: Decimal
    kilometres: Decimal | None

    @property
    def total(self) -> Decimal:
        """What the visit costs."""
        return self.fee + self.travel


@dataclass(frozen=True, slots=True)
class Placement:
    """Who goes where, when. The day and slot of a firm's visit are a proposal: it dispatches itself.

    Attributes:
        kept: the same worker, day and slot as before.
        doubts: of an accepted placement, the codes of `REASONS` that would forbid it today.
    """

    visit: str
    worker: str
    day: date
    slot: str
    cost: Cost
    accepted: bool = False
    kept: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """`people` workers fail by this rule first, `alone` of them by nothing else; see `REASONS`."""

    code: str
    people: int
    alone: int


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The mildest step that would place the visit while all others stay as they are.

    Attributes:
        codes: the rules of `RELAXATIONS` that stand in the way of `worker`, all of them.
        people: how many workers would do with the same step.
        params: `day` the first possible day of who is locked out, `names` the certificates that are missing,
            `limit` the cap that would be enough, by code.
    """

    codes: tuple[str, ...]
    worker: str
    people: int
    params: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Open:
    """A visit that nobody can do: `people` workers were looked at, the reasons add up to them."""

    visit: str
    people: int
    reasons: tuple[Reason, ...]
    relaxation: Relaxation | None


@dataclass(frozen=True, slots=True)
class Load:
    """What one worker got. `room` is what is left of the caps, None without a limit."""

    worker: str
    visits: int
    minutes: int
    kilometres: Decimal
    cost: Decimal
    room: int | None


@dataclass(frozen=True, slots=True)
class Quota:
    """`off_peak`, `weekend`, or the promised `share` of a firm (`worker`), in visits.

    `possible` is the most that the chosen workers allow (for a share: that the firm could do at all). A
    quota falls short only where reaching it would leave more visits open.
    """

    code: str
    needed: int
    reached: int
    possible: int
    worker: str | None = None

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.reached >= self.needed


@dataclass(frozen=True, slots=True)
class Proof:
    """How good the choice of workers is, in yuan with balance and changes counted in.

    `exact` says that no roster places more, reaches more of the quotas, or costs less; else `cost` lies
    above the best one that places as many by at most `cost - bound`.
    """

    method: str
    exact: bool
    cost: Decimal
    bound: Decimal


@dataclass(frozen=True, slots=True)
class Roster:
    """Placements and open visits by id of the visit, loads by id of the worker, visits by Monday."""

    placed: tuple[Placement, ...]
    open: tuple[Open, ...]
    loads: tuple[Load, ...]
    quotas: tuple[Quota, ...]
    weeks: tuple[tuple[date, int], ...]
    proof: Proof

    def of(self, worker: str) -> tuple[str, ...]:
        """The ids of the visits of one worker or firm."""
        return tuple(placement.visit for placement in self.placed if placement.worker == worker)

    def held(self) -> tuple[Held, ...]:
        """The placements as the next roster takes them."""
        return tuple(Held(one.visit, one.worker, one.day, one.slot, one.accepted) for one in self.placed)
