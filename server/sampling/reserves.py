"""Which reserve stands in for whom: by a rule fixed before the draw, in the draw's order, never by choice.

A reserve is released for a number that does not exist, for somebody who does not belong to those asked about,
and for a refusal only where the programme allows it. Silence releases nobody: those who answer late would be
exchanged for those who answer at once, and the sample would look better than it is.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from server.sampling.draws import DrawResult

Cause = Literal["hard_bounce", "ineligible", "refusal", "non_response"]
Unreplaced = Literal[
    "reserve_not_for_refusal", "reserve_never_for_silence", "reserves_used_up", "reserve_for_nobody"
]

ALWAYS: Final = frozenset({"hard_bounce", "ineligible"})


@dataclass(frozen=True, slots=True)
class Pool:
    """Those among whom a reserve may stand in for anybody: a stratum, or the frame of a `simple` draw.

    Attributes:
        selected: as the draw lists them.
        reserves: in the order of their release.
        eligible: how many could have been drawn.
        inclusion: π of each of them by the draw alone.
    """

    name: str
    selected: Sequence[str]
    reserves: Sequence[str]
    eligible: int
    inclusion: Fraction

    def inclusion_after(self, reached: int) -> Fraction:
        """π of each eligible member after the first `reached` reserves were released or passed over.

        A member is in the sample by the draw, or else stands among the first reserves with equal chance:
        π + (1 − π) · reached / (eligible − selected); without a list, simply (selected + reached) / eligible.
        Members who were replaced stay in the sample with their outcome: taking them out of it as well would
        count them twice.
        """
        others = self.eligible - len(self.selected)
        return self.inclusion + (1 - self.inclusion) * Fraction(reached, others) if others else self.inclusion


@dataclass(frozen=True, slots=True)
class Release:
    """One reserve that is asked now, for whom, and why."""

    reserve: str
    replaces: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule decides about a pool.

    Attributes:
        releases: new ones, in the order of the reserves.
        unreplaced: member -> why nobody stands in, a code with a sentence.
        passed_over: reserves whose turn came and who may not be asked any more, with the reason.
        reached: how far into the reserves all releases have come, earlier ones included; for
            `Pool.inclusion_after`.
    """

    releases: tuple[Release, ...]
    unreplaced: Mapping[str, Unreplaced]
    passed_over: Mapping[str, str]
    reached: int


@dataclass(frozen=True, slots=True)
class Account:
    """What replacing does to the response rate.

    Attributes:
        drawn: selected by the draw.
        released: reserves asked besides.
        replaced: cause -> members for whom a reserve was asked.
        response: answers per member asked, without those who do not belong to those asked about; refusals and
            dead numbers stay in the divisor. None when nobody is left.
        apparent: answers per member drawn: what a report would claim that forgets the reserves.
    """

    drawn: int
    released: int
    replaced: Mapping[str, int]
    response: Fraction | None
    apparent: Fraction | None

    @property
    def inflation(self) -> Fraction:
        """How much too high the apparent rate is."""
        return (self.apparent or Fraction(0)) - (self.response or Fraction(0))


def pools(result: DrawResult) -> tuple[Pool, ...]:
    """The pools of a draw."""
    if result.plan.pooled:
        eligible = sum(stratum.eligible for stratum in result.strata)
        inclusion = Fraction(len(result.selected), eligible or 1)
        return (Pool("", result.selected, result.reserves, eligible, inclusion),)
    return tuple(
        Pool(each.name, each.selected, each.reserves, each.eligible, each.inclusion) for each in result.strata
    )


def release(
    pool: Pool,
    losses: Mapping[str, Cause],
    released: Mapping[str, str],
    *,
    refusals: bool = False,
    unavailable: Mapping[str, str] | None = None,
) -> Decision:
    """Decide who stands in for the members lost so far; deciding again gives nothing new.

    Args:
        losses: member -> cause; selected members or reserves already released.
        released: earlier releases, member replaced -> reserve.
        refusals: whether the programme has refusals replaced.
        unavailable: reserves who may not be asked any more (opted out since the draw) -> the reason. They are
            passed over and count as reached: the rule must not look for somebody more willing.
    """
    unavailable = unavailable or {}
    gone = set(released.values())
    new = {member: cause for member, cause in losses.items() if member not in released}
    in_sample = {*pool.selected, *gone}
    judged = {member: _refused(member in in_sample, cause, refusals) for member, cause in new.items()}
    waiting = _in_order(pool, (member for member, why_not in judged.items() if why_not is None))
    free = (each for each in pool.reserves if each not in gone and each not in unavailable)
    releases = [Release(reserve, member, new[member]) for member, reserve in zip(waiting, free, strict=False)]
    unreplaced = {member: why_not for member, why_not in judged.items() if why_not is not None}
    unreplaced |= dict.fromkeys(waiting[len(releases) :], "reserves_used_up")
    asked = gone | {each.reserve for each in releases}
    reached = _reached(pool.reserves, asked, exhausted=len(releases) < len(waiting))
    turned = {
        each: unavailable[each] for each in pool.reserves[:reached] if each in unavailable.keys() - asked
    }
    return Decision(tuple(releases), unreplaced, turned, reached)


def account(
    drawn: int, released: int, replaced: Iterable[Cause], *, ineligible: int, answered: int
) -> Account:
    """What replacing did to the response rate.

    Args:
        replaced: the cause of each release.
        ineligible: members asked, replaced or not, who turned out not to belong to those asked about.
        answered: answers from members drawn or released.
    """
    belonging = drawn + released - ineligible
    return Account(
        drawn=drawn,
        released=released,
        replaced=dict(sorted(Counter(replaced).items())),
        response=Fraction(answered, belonging) if belonging > 0 else None,
        apparent=Fraction(answered, drawn) if drawn else None,
    )


def _refused(in_sample: bool, cause: Cause, refusals: bool) -> Unreplaced | None:
    if not in_sample:
        return "reserve_for_nobody"
    if cause == "non_response":
        return "reserve_never_for_silence"
    return None if cause in ALWAYS or refusals else "reserve_not_for_refusal"


def _in_order(pool: Pool, members: Iterable[str]) -> list[str]:
    """As the draw lists them, so that the order in which losses became known does not matter."""
    place = {member: at for at, member in enumerate([*pool.selected, *pool.reserves])}
    return sorted(members, key=place.__getitem__)


def _reached(reserves: Sequence[str], asked: Container[str], *, exhausted: bool) -> int:
    if exhausted:
        return len(reserves)
    return max((at + 1 for at, reserve in enumerate(reserves) if reserve in asked), default=0)
