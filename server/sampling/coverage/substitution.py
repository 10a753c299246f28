"""Who is visited instead of an outlet that cannot be: first in its own sub-branch, then by the next number.

A re-check has no substitute: another outlet keeps the number of visits, not the promise. What a loss breaks
is said beside the substitute, so that nobody has to work it out later.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.sampling.coverage.choosing.room import Room
from server.sampling.coverage.choosing.selection import Candidate, Numbers
from server.sampling.coverage.feasibility.need import Need, need_of, visit_budget
from server.sampling.coverage.inputs import Wave
from server.sampling.coverage.planning import numbers_of
from server.sampling.frame import SamplingError
from server.sampling.plans import JsonValue


class Cause(StrEnum):
    """Why an outlet of the plan cannot be visited."""

    CLOSED = "closed"
    REFUSED = "refused_entry"
    MOVED = "moved"
    UNSAFE = "unsafe"


class Where(StrEnum):
    """Where the substitute comes from."""

    SAME_PARENT = "same_parent"
    ELSEWHERE = "elsewhere"
    NOBODY = "nobody"


class Broken(StrEnum):
    """A promise that the plan no longer keeps after the substitution."""

    RECHECK = "recheck"
    PARENT = "parent"
    SHARE = "share"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Substitution:
    """One loss. `substitute` is None where nobody is left, or neither money nor firms reach further.

    Attributes:
        reason: why the lost outlet was in the plan.
        broken: promises that are broken once this loss is dealt with, earlier ones included.
    """

    lost: str
    cause: Cause
    reason: str
    substitute: str | None
    where: Where
    broken: tuple[Broken, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """For the record of the plan and the audit trail."""
        return {
            "lost": self.lost,
            "cause": self.cause,
            "reason": self.reason,
            "substitute": self.substitute,
            "where": self.where,
            "broken": list(self.broken),
        }


def substitute(
    wave: Wave, wave_key: bytes, chosen: Mapping[str, str], losses: Mapping[str, str]
) -> tuple[Substitution, ...]:
    """Substitutes for all losses, in the order of the lost ids; the same whatever order they are given in.

    Args:
        wave: as it was planned.
        chosen: the plan now, id to reason, with earlier substitutes and without what was lost earlier.
        losses: id to cause (`Cause`). What was lost earlier stands here, too, so that it does not come back;
            it gets no second substitute.

    Raises:
        SamplingError: `coverage_not_in_plan` when no loss is in the plan, `coverage_cause_unknown`.
    """
    need = need_of(wave)
    plan = _Plan(wave, need, numbers_of(need.frame, wave_key), chosen, losses)
    known = {one.id for one in need.frame.candidates}
    lost = sorted(outlet for outlet in losses if outlet in chosen and outlet in known)
    if losses and not lost:
        raise SamplingError("coverage_not_in_plan", outlet=min(losses))
    return tuple(plan.replace(outlet, chosen[outlet]) for outlet in lost)


class _Plan:
    """The plan while its losses are replaced one after another."""

    def __init__(
        self, wave: Wave, need: Need, numbers: Numbers, chosen: Mapping[str, str], losses: Mapping[str, str]
    ) -> None:
        self._wave, self._need, self._numbers = wave, need, numbers
        self._known = {one.id: one for one in need.frame.candidates}
        self._causes = {outlet: _cause(text) for outlet, text in losses.items()}
        self._now = {self._known[outlet] for outlet in chosen if outlet in self._known} - set(
            self._lost_candidates()
        )

    def replace(self, outlet: str, reason: str) -> Substitution:
        """The best substitute there is, taken into the plan."""
        lost = self._known[outlet]
        found = self._stand_in(lost)
        if found is not None:
            self._now.add(found)
        where = Where.NOBODY
        if found is not None:
            where = Where.SAME_PARENT if found.parent == lost.parent else Where.ELSEWHERE
        name = found.id if found else None
        return Substitution(outlet, self._causes[outlet], reason, name, where, tuple(self._broken()))

    def _lost_candidates(self) -> list[Candidate]:
        return [self._known[outlet] for outlet in self._causes if outlet in self._known]

    def _stand_in(self, lost: Candidate) -> Candidate | None:
        """The first whom money and firms allow: the own sub-branch, what the year lacks, turn, number."""
        left = set(self._need.frame.candidates) - self._now - set(self._lost_candidates())
        room = Room(self._wave.capacity.firms)
        for parent, count in sorted(self._counts().items()):
            for _ in range(count):
                room.reserve(parent)
        spent = sum(one.fee for one in self._now)
        for one in sorted(left, key=lambda one: (one.parent != lost.parent, *self._rank(one))):
            dear = self._wave.in_money and spent + one.fee > visit_budget(self._wave, self._need.frame)
            if not dear and room.copy().reserve(one.parent):
                return one
        return None

    def _rank(self, one: Candidate) -> tuple[int, int, str]:
        return one.turn, self._numbers.rest(one), one.id

    def _counts(self) -> Counter[str]:
        return Counter(one.parent for one in self._now)

    def _broken(self) -> Iterable[Broken]:
        """Promises the plan does not keep; an outlet that closed is promised no more."""
        closed = [one for one in self._lost_candidates() if self._causes[one.id] is Cause.CLOSED]
        open_now = [one for one in self._need.frame.candidates if one not in closed]
        sizes, counts = Counter(one.parent for one in open_now), self._counts()
        if any(one.must and one not in self._now for one in open_now):
            yield Broken.RECHECK
        quota = self._need.promises.quota
        if any(counts[parent] < min(quota[parent], size) for parent, size in sizes.items()):
            yield Broken.PARENT
        if len(self._now) < self._need.promises.size:
            yield Broken.SHARE
        if sum(one.wanted for one in self._now) < self._need.promises.new:
            yield Broken.YEAR


def _cause(text: str) -> Cause:
    try:
        return Cause(text)
    except ValueError:
        raise SamplingError("coverage_cause_unknown", cause=text) from None
