"""Stratified draws by permanent random numbers; a simple random draw has one stratum.

In each stratum the eligible members stand in the order of their numbers: the first n are selected, the rest
are the reserves. So a larger ratio keeps everybody already selected, in whatever order the frame comes.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.sampling.frame import FrameMember, SamplingError, frame_fingerprint
from server.sampling.random_numbers import check_key, key_commitment, prn

METHOD = "stratified-prn-hmac-sha256-1"  # a new number whenever the same inputs would draw differently

JsonValue = None | int | str | list["JsonValue"] | dict[str, "JsonValue"]


@dataclass(frozen=True, slots=True)
class StratifiedPlan:
    """How many to draw in every stratum: `ratio` of its population, at least `minimum`, at most `cap`."""

    ratio: Fraction | Decimal
    minimum: int = 0
    cap: int | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that contradicts itself."""
        if not 0 <= self.ratio <= 1:
            raise SamplingError("plan_ratio_out_of_range", ratio=str(self.ratio))
        if self.minimum < 0:
            raise SamplingError("plan_minimum_negative", minimum=self.minimum)
        if self.cap is not None and self.cap < self.minimum:
            raise SamplingError("plan_cap_below_minimum", cap=self.cap, minimum=self.minimum)

    def size(self, population: int, eligible: int) -> int:
        """n = min(eligible, cap, max(minimum, ⌈ratio × population⌉)).

        The ratio is of the whole population, not of who is left after exclusions: a promise of 60 % means
        60 % of the outlets. ⌈…⌉ never falls below the promise, and is exact: 0.6 × 5 is 3, not 4.
        """
        exact = Fraction(self.ratio)
        promised = max(self.minimum, -(-exact.numerator * population // exact.denominator))
        return min(eligible, promised if self.cap is None else min(promised, self.cap))


@dataclass(frozen=True, slots=True)
class StratumDraw:
    """What was drawn in one stratum; `selected` and `reserves` stand in the order of their random numbers."""

    name: str
    population: int
    eligible: int
    selected: tuple[str, ...]
    reserves: tuple[str, ...]

    @property
    def inclusion(self) -> Fraction:
        """π of every eligible member: selected over eligible; 0 in a stratum without eligible members."""
        return Fraction(len(self.selected), self.eligible) if self.eligible else Fraction(0)


@dataclass(frozen=True, slots=True)
class DrawResult:
    """A draw with everything that is needed to repeat and to judge it, except the key."""

    plan: StratifiedPlan
    strata: tuple[StratumDraw, ...]
    exclusions: tuple[tuple[str, int], ...]
    frame_fingerprint: str
    key_commitment: str
    method: str = METHOD

    @property
    def selected(self) -> tuple[str, ...]:
        """All selected ids, stratum by stratum, in the order of their numbers."""
        return tuple(member for stratum in self.strata for member in stratum.selected)

    @property
    def reserves(self) -> tuple[str, ...]:
        """All reserves, stratum by stratum, in the order of their release within the stratum."""
        return tuple(member for stratum in self.strata for member in stratum.reserves)

    @property
    def result_fingerprint(self) -> str:
        """SHA-256 over selected and reserves of every stratum, in order."""
        parts = [[stratum.name, stratum.selected, stratum.reserves] for stratum in self.strata]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    def to_json(self) -> dict[str, JsonValue]:
        """The record of the draw. Reserves are only counted and fingerprinted: the key repeats them."""
        return {
            "method": self.method,
            "plan": {
                "ratio": str(Fraction(self.plan.ratio)),
                "minimum": self.plan.minimum,
                "cap": self.plan.cap,
            },
            "keyCommitment": self.key_commitment,
            "frameFingerprint": self.frame_fingerprint,
            "resultFingerprint": self.result_fingerprint,
            "exclusions": dict(self.exclusions),
            "strata": [_stratum_json(stratum) for stratum in self.strata],
        }


def draw(members: Iterable[FrameMember], plan: StratifiedPlan, wave_key: bytes) -> DrawResult:
    """Draw a sample; the same members, plan and key give the same result in any order of the members.

    Raises:
        SamplingError: `frame_duplicate_member`, `wave_key_too_short`.
    """
    check_key(wave_key)
    frame = list(members)
    _refuse_duplicates(frame)
    strata: dict[str, list[FrameMember]] = {}
    for member in frame:
        strata.setdefault(member.stratum, []).append(member)
    reasons = Counter(member.excluded for member in frame if member.excluded is not None)
    return DrawResult(
        plan=plan,
        strata=tuple(_draw_stratum(name, strata[name], plan, wave_key) for name in sorted(strata)),
        exclusions=tuple(sorted(reasons.items())),
        frame_fingerprint=frame_fingerprint(frame),
        key_commitment=key_commitment(wave_key),
    )


def _refuse_duplicates(frame: list[FrameMember]) -> None:
    seen: set[str] = set()
    for member in frame:
        if member.id in seen:
            raise SamplingError("frame_duplicate_member", member=member.id)
        seen.add(member.id)


def _draw_stratum(
    name: str, members: list[FrameMember], plan: StratifiedPlan, wave_key: bytes
) -> StratumDraw:
    # Two ids with one number are a matter of 2^64; the id settles it, so that the order stays total.
    ordered = sorted((prn(wave_key, member.id), member.id) for member in members if member.excluded is None)
    ids = tuple(member_id for _, member_id in ordered)
    size = plan.size(len(members), len(ids))
    return StratumDraw(name, len(members), len(ids), ids[:size], ids[size:])


def _stratum_json(stratum: StratumDraw) -> JsonValue:
    return {
        "stratum": stratum.name,
        "population": stratum.population,
        "eligible": stratum.eligible,
        "selected": list(stratum.selected),
        "reserves": len(stratum.reserves),
        "inclusion": str(stratum.inclusion),
    }
