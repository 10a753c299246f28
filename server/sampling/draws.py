"""Draws by permanent random numbers: everybody has a number of their own, fixed by the key of the wave.

The eligible members stand in the order of their numbers: the first n are selected, the next are the reserves.
So a larger ratio keeps everybody already selected, in whatever order the frame comes. Systematic draws go
through a list in the caller's order instead, from a start that the key fixes.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter
from typing import Any, Final

from server.sampling.allocation import Allocation, Counts, allocate
from server.sampling.frame import FrameMember, SamplingError, frame_fingerprint
from server.sampling.plans import DrawPlan, JsonValue, ceiling
from server.sampling.random_numbers import check_key, derived_key, key_commitment, prn

VERSION: Final = (
    2  # of the record and of the algorithms: a new one whenever the same inputs would draw differently
)
NUMBERS: Final = 1 << 64  # the random numbers are 0 … 2^64 − 1


@dataclass(frozen=True, slots=True)
class StratumDraw:
    """What was drawn in one stratum; `selected` and `reserves` stand in the order of their random numbers.

    Attributes:
        population: everybody in the stratum.
        excluded: reason -> members who may not be drawn for it: the loss of coverage.
        inclusion: π of every eligible member; an excluded one has 0.
    """

    name: str
    population: int
    excluded: tuple[tuple[str, int], ...]
    eligible: int
    selected: tuple[str, ...]
    reserves: tuple[str, ...]
    inclusion: Fraction

    @property
    def coverage(self) -> Fraction:
        """The share of the population that the sample can speak for."""
        return Fraction(self.eligible, self.population)

    def to_json(self) -> dict[str, JsonValue]:
        return {
            "stratum": self.name,
            "population": self.population,
            "excluded": dict(self.excluded),
            "eligible": self.eligible,
            "coverage": str(self.coverage),
            "selected": list(self.selected),
            "reserves": len(self.reserves),
            "inclusion": str(self.inclusion),
        }


@dataclass(frozen=True, slots=True)
class DrawResult:
    """A draw with everything that is needed to repeat and to judge it, except the key.

    Attributes:
        requested: what the plan asks for, before anybody is found not to be eligible.
        exclusions: reason -> members, over the whole frame.
        reserves: all reserves in the order of their release: stratum by stratum, or under `simple` over the
            whole frame.
    """

    plan: DrawPlan
    requested: int
    strata: tuple[StratumDraw, ...]
    exclusions: tuple[tuple[str, int], ...]
    reserves: tuple[str, ...]
    frame_fingerprint: str
    key_commitment: str

    @property
    def method(self) -> str:
        """Method and version, such as `stratified-prn-hmac-sha256-2`."""
        return f"{self.plan.method}-prn-hmac-sha256-{VERSION}"

    @property
    def selected(self) -> tuple[str, ...]:
        """All selected ids, stratum by stratum, in the order of their numbers."""
        return tuple(member for stratum in self.strata for member in stratum.selected)

    @property
    def result_fingerprint(self) -> str:
        """SHA-256 over selected and reserves of every stratum, in order, and the order of release."""
        return _digest([_parts(self.strata), self.reserves])

    def inclusions(self, members: Iterable[FrameMember]) -> dict[str, Fraction]:
        """Id -> π of members of this draw's frame; 0 for the excluded. One over π is the weight.

        Raises:
            KeyError: for a stratum that the frame does not have.
        """
        by_stratum = {stratum.name: stratum.inclusion for stratum in self.strata}
        return {
            member.id: Fraction(0) if member.excluded is not None else by_stratum[member.stratum]
            for member in members
        }

    def to_json(self) -> dict[str, JsonValue]:
        """The record of the draw. Reserves are only counted and fingerprinted: the key repeats them."""
        return {
            "version": VERSION,
            "method": self.method,
            "plan": self.plan.to_json(),
            "keyCommitment": self.key_commitment,
            "frameFingerprint": self.frame_fingerprint,
            "resultFingerprint": self.result_fingerprint,
            "requested": self.requested,
            "population": sum(stratum.population for stratum in self.strata),
            "eligible": sum(stratum.eligible for stratum in self.strata),
            "selected": len(self.selected),
            "reserves": len(self.reserves),
            "exclusions": dict(self.exclusions),
            "strata": [stratum.to_json() for stratum in self.strata],
        }

    def summary(self) -> dict[str, Any]:
        """As `summary_of` its record."""
        return summary_of(self.to_json())


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the number of those selected in the place of their ids: what people look at."""
    strata = [{**stratum, "selected": len(stratum["selected"])} for stratum in record["strata"]]
    return {**record, "strata": strata}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Ids in the order of their numbers, and π by stratum."""

    selected: set[str]
    reserves: list[str]
    inclusion: Mapping[str, Fraction]


def draw(members: Iterable[FrameMember], plan: DrawPlan, wave_key: bytes) -> DrawResult:
    """Draw a sample; the same members, plan and key give the same result in any order of the members.

    Raises:
        SamplingError: `frame_duplicate_member`, `wave_key_too_short`; otherwise as `allocate`.
    """
    check_key(wave_key)
    frame = list(members)
    _refuse_duplicates(frame)
    strata: dict[str, list[FrameMember]] = {name: [] for name in sorted({each.stratum for each in frame})}
    for member in frame:
        strata[member.stratum].append(member)
    allocation = allocate(plan, {name: _counts(inside) for name, inside in strata.items()})
    ordered = _in_order(frame, wave_key)
    chosen = _METHODS[plan.method](ordered, plan, allocation, wave_key)
    return DrawResult(
        plan=plan,
        requested=allocation.requested,
        strata=_report(strata, ordered, chosen),
        exclusions=_reasons(frame),
        reserves=tuple(chosen.reserves),
        frame_fingerprint=frame_fingerprint(frame),
        key_commitment=key_commitment(wave_key),
    )


def digest_of_strata(strata: Iterable[StratumDraw]) -> str:
    """The `resultFingerprint` of records of version 1."""
    return _digest(_parts(strata))


def _parts(strata: Iterable[StratumDraw]) -> list[object]:
    return [[stratum.name, stratum.selected, stratum.reserves] for stratum in strata]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


def _in_order(frame: Iterable[FrameMember], key: bytes) -> list[FrameMember]:
    """The eligible in the order of their numbers.

    Two ids with one number are a matter of 2^64; the id settles it, so that the order stays total. Sorted
    twice rather than by pairs: the pairs of a million members are a hundred megabytes.
    """
    ordered = sorted((each for each in frame if each.excluded is None), key=attrgetter("id"))
    ordered.sort(key=lambda member: prn(key, member.id))
    return ordered


def _refuse_duplicates(frame: list[FrameMember]) -> None:
    seen: set[str] = set()
    for member in frame:
        if member.id in seen:
            raise SamplingError("frame_duplicate_member", member=member.id)
        seen.add(member.id)


def _counts(members: list[FrameMember]) -> Counts:
    return Counts(len(members), sum(member.excluded is None for member in members))


def _reasons(members: Iterable[FrameMember]) -> tuple[tuple[str, int], ...]:
    found = Counter(member.excluded for member in members if member.excluded is not None)
    return tuple(sorted(found.items()))


def _by_stratum(ordered: Iterable[FrameMember]) -> dict[str, list[str]]:
    """Stratum -> ids, in the order given; strata in the order of their names."""
    strata: dict[str, list[str]] = {}
    for member in ordered:
        strata.setdefault(member.stratum, []).append(member.id)
    return {name: strata[name] for name in sorted(strata)}


def _kept(plan: DrawPlan, rest: list[str], selected: int) -> list[str]:
    """The reserves of a pool: all the rest, or ⌈ratio × selected⌉ of it."""
    return rest if plan.reserves is None else rest[: ceiling(Fraction(plan.reserves) * selected)]


def _from_strata(
    ordered: list[FrameMember], plan: DrawPlan, allocation: Allocation, _wave_key: bytes
) -> _Chosen:
    selected: set[str] = set()
    reserves: list[str] = []
    inclusion = {}
    for name, ids in _by_stratum(ordered).items():
        size = allocation.by_stratum[name]
        selected.update(ids[:size])
        reserves += _kept(plan, ids[size:], size)
        inclusion[name] = Fraction(size, len(ids))
    return _Chosen(selected, reserves, inclusion)


def _from_the_frame(
    ordered: list[FrameMember], plan: DrawPlan, allocation: Allocation, _wave_key: bytes
) -> _Chosen:
    ids = [member.id for member in ordered]
    reserves = _kept(plan, ids[allocation.size :], allocation.size)
    return _Chosen(set(ids[: allocation.size]), reserves, _alike(ordered, allocation))


def _along_the_list(
    ordered: list[FrameMember], plan: DrawPlan, allocation: Allocation, wave_key: bytes
) -> _Chosen:
    """Every k-th of the list, k = N/n kept as a fraction, from a random start in [0, k).

    Those who stand at the same place of the list are shuffled by numbers of a key of their own: the members'
    permanent numbers order the reserves, and must not depend on who was selected.
    """
    listed = _in_order(ordered, derived_key(wave_key, "systematic order"))
    listed.sort(key=attrgetter("order"))
    listed.sort(key=attrgetter("stratum"))
    start, size = prn(derived_key(wave_key, "systematic start"), ""), allocation.size
    places = ((start + step * NUMBERS) * len(listed) // (size * NUMBERS) for step in range(size))
    selected = {listed[place].id for place in places}
    reserves: list[str] = []
    for ids in _by_stratum(ordered).values():
        rest = [member_id for member_id in ids if member_id not in selected]
        reserves += _kept(plan, rest, len(ids) - len(rest))
    return _Chosen(selected, reserves, _alike(ordered, allocation))


def _alike(ordered: list[FrameMember], allocation: Allocation) -> Mapping[str, Fraction]:
    """The same π for every eligible member of the frame."""
    inclusion = Fraction(allocation.size, len(ordered) or 1)
    return dict.fromkeys((member.stratum for member in ordered), inclusion)


def _report(
    strata: Mapping[str, list[FrameMember]], ordered: list[FrameMember], chosen: _Chosen
) -> tuple[StratumDraw, ...]:
    eligible, kept = _by_stratum(ordered), set(chosen.reserves)
    report = []
    for name, members in strata.items():
        ids = eligible.get(name, [])
        report.append(
            StratumDraw(
                name=name,
                population=len(members),
                excluded=_reasons(members),
                eligible=len(ids),
                selected=tuple(each for each in ids if each in chosen.selected),
                reserves=tuple(each for each in ids if each in kept),
                inclusion=chosen.inclusion.get(name, Fraction(0)),
            )
        )
    return tuple(report)


_METHODS: Final[Mapping[str, Callable[[list[FrameMember], DrawPlan, Allocation, bytes], _Chosen]]] = {
    "all": _from_strata,
    "simple": _from_the_frame,
    "stratified": _from_strata,
    "proportional": _from_strata,
    "neyman": _from_strata,
    "systematic": _along_the_list,
}
