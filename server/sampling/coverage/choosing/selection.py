"""Chooses outlets so that every promise is kept with as few visits as can be.

Re-checks come first, then what each sub-branch still lacks, then the unseen, then the longest unvisited,
then chance. Each sub-branch's lack is reserved before anything else is given away, so a choice never has to
be taken back. Counts chosen by sub-branch under such reservations and the firms' limits are the bases of a
matroid: going through the outlets in order and taking whoever still fits is exact, not a rule of thumb.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from server.sampling.coverage.choosing.room import Room
from server.sampling.coverage.inputs import Firm, Outlet, Requirement, Wave, Year
from server.sampling.plans import ceiling


class Reason(StrEnum):
    """Why an outlet is in the plan."""

    MUST = "must"
    PARENT = "parent"
    UNSEEN = "unseen"
    OLDEST = "oldest"
    RANDOM = "random"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open outlet as the choice sees it.

    Attributes:
        wanted: a visit would bring the year's coverage forward.
        turn: smaller comes earlier; outlets with the same turn are told apart by chance alone.
        fee: in the frame's smallest unit of money.
    """

    id: str
    parent: str
    must: bool
    wanted: bool
    turn: int
    fee: int


@dataclass(frozen=True)
class Frame:
    """The open outlets of a wave, in the order of their ids; `places` decimals make money whole."""

    candidates: tuple[Candidate, ...]
    places: int

    @cached_property
    def sizes(self) -> Counter[str]:
        """Open outlets of each sub-branch."""
        return Counter(candidate.parent for candidate in self.candidates)

    @cached_property
    def musts(self) -> Counter[str]:
        """Outlets to be re-checked in each sub-branch."""
        return Counter(candidate.parent for candidate in self.candidates if candidate.must)

    @cached_property
    def others(self) -> tuple[Candidate, ...]:
        """Everybody who need not be re-checked."""
        return tuple(candidate for candidate in self.candidates if not candidate.must)

    @cached_property
    def wanted(self) -> int:
        """How many outlets the year still lacks and this wave could reach."""
        return sum(candidate.wanted for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class Promises:
    """The requirement in numbers: least visits in each sub-branch, in all, and to outlets the year lacks."""

    quota: dict[str, int]
    size: int
    new: int = 0

    def reserved(self, frame: Frame) -> dict[str, int]:
        """What each sub-branch gets at least: its quota, or its re-checks if they are more."""
        return {parent: max(count, frame.musts[parent]) for parent, count in self.quota.items()}


Order = Callable[[Candidate], int]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Chance, in two independent runs: for what the sub-branches lack, and for the rest.

    With one run, those passed over in their sub-branch would be known to have large numbers, and no exact
    probability could be told for anybody.
    """

    parent: Order
    rest: Order


@dataclass(slots=True)
class Choice:
    """Who was chosen and why, in the order of choosing. `short`: the firms have no room for all promises."""

    reasons: dict[str, Reason] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    new: int = 0
    short: bool = False

    def take(self, candidate: Candidate, reason: Reason) -> None:
        """Put an outlet into the plan."""
        self.reasons[candidate.id] = reason
        self.counts[candidate.parent] += 1
        self.new += candidate.wanted


def by_id(frame: Frame) -> Numbers:
    """The order of ids instead of chance, where only counts matter."""
    places = {candidate.id: place for place, candidate in enumerate(frame.candidates)}
    return Numbers(lambda candidate: places[candidate.id], lambda candidate: places[candidate.id])


def frame_of(wave: Wave) -> Frame:
    """The frame on the wave's first day."""
    capacity = wave.capacity
    among = [outlet for outlet in wave.outlets if outlet.is_open(wave.year.starts)]
    fees = [capacity.fee_of(outlet).normalize() for outlet in among]
    limits = [value.normalize() for value in (capacity.money, capacity.video_fee) if value is not None]
    places = max((_decimals(value) for value in (*fees, *limits)), default=0)
    return Frame(
        tuple(
            _candidate(outlet, wave.requirement, wave.year, int(fee.scaleb(places)))
            for outlet, fee in zip(among, fees, strict=True)
        ),
        places,
    )


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def promises_of(frame: Frame, requirement: Requirement) -> Promises:
    """Quotas and size; what the year needs is worked out from the waves to come (`outlook`)."""
    each = requirement.share if requirement.share_in_each else Fraction(0)
    quota = {
        parent: min(size, max(requirement.per_parent, ceiling(each * size)))
        for parent, size in frame.sizes.items()
    }
    size = max(requirement.at_least, ceiling(requirement.share * len(frame.candidates)))
    return Promises(quota, size)


def ground(frame: Frame, promises: Promises, firms: tuple[Firm, ...]) -> Room:
    """Room where re-checks and quotas are reserved, as far as firms have it (`Room.shortages` tells)."""
    room = Room(firms)
    for parent, count in sorted(promises.reserved(frame).items()):
        for _ in range(count):
            room.reserve(parent)
    return room


def choose(frame: Frame, promises: Promises, reserved: Room, numbers: Numbers) -> Choice:
    """The smallest choice that keeps the promises; what firms cannot carry is left out and marked `short`."""
    choice = Choice()
    for candidate in frame.candidates:
        if candidate.must:
            choice.take(candidate, Reason.MUST)
    _fill_parents(frame, promises, choice, numbers)
    rest = [one for one in frame.others if one.id not in choice.reasons]
    rest.sort(key=lambda one: (one.turn, numbers.rest(one), one.id))
    _fill_up(rest, promises, choice, reserved.copy())
    choice.short = len(choice.reasons) < promises.size or choice.new < promises.new
    return choice


def _candidate(outlet: Outlet, requirement: Requirement, year: Year, fee: int) -> Candidate:
    wanted = requirement.yearly is not None and not outlet.seen_this_year and year.counts(outlet)
    if requirement.yearly is None or wanted:
        turn = 0
    else:
        turn = 1 + (outlet.last_visit.toordinal() if outlet.last_visit else 0)
    return Candidate(outlet.id, outlet.parent, requirement.must_visit(outlet), wanted, turn, fee)


def _fill_parents(frame: Frame, promises: Promises, choice: Choice, numbers: Numbers) -> None:
    lacking = {
        parent: count - choice.counts[parent]
        for parent, count in promises.quota.items()
        if count > choice.counts[parent]
    }
    among = [one for one in frame.others if one.parent in lacking]
    for candidate in sorted(among, key=lambda one: (one.turn, numbers.parent(one), one.id)):
        if lacking[candidate.parent]:
            lacking[candidate.parent] -= 1
            choice.take(candidate, Reason.PARENT)


def _fill_up(rest: Sequence[Candidate], promises: Promises, choice: Choice, room: Room) -> None:
    seen: list[Candidate] = []
    passed: set[int] = set()
    for candidate in rest:
        lacks_new = candidate.wanted and choice.new < promises.new
        if len(choice.reasons) >= promises.size and not lacks_new:
            passed.add(candidate.turn)
        elif room.reserve(candidate.parent):
            choice.take(candidate, Reason.UNSEEN if candidate.wanted else Reason.OLDEST)
            if not candidate.wanted:
                seen.append(candidate)
    for candidate in seen:
        # Where some with the same day were passed over, the number decided and not the day.
        if candidate.turn in passed or not candidate.turn:
            choice.reasons[candidate.id] = Reason.RANDOM
