"""Draws of rolling waves: of yesterday's events at one unit, each with the same chance, whenever it arrives.

An event is drawn when its permanent random number lies below the rate, so an event that arrives days late
has the chance it would have had in time, and no small unit is rounded up to "everybody". Where a quota holds
back, the lowest numbers are taken.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from server.sampling.frame import FrameMember, SamplingError, frame_fingerprint
from server.sampling.plans import JsonValue
from server.sampling.random_numbers import check_key, key_commitment, prn
from server.sampling.verification import Difference

METHOD = "rolling-prn-hmac-sha256-1"  # a new number whenever the same inputs would draw differently

NUMBERS = 2**64
PLACES = Decimal(1).scaleb(-12)


@dataclass(frozen=True, slots=True)
class RollingPlan:
    """The chance of each event, and how many may be drawn at most; None for no limit."""

    rate: Fraction | Decimal
    quota: int | None = None

    def __post_init__(self) -> None:
        """Refuse a plan that draws nobody or contradicts itself."""
        if not 0 < self.rate <= 1:
            raise SamplingError("plan_ratio_out_of_range", ratio=str(self.rate))
        if self.quota is not None and self.quota < 0:
            raise SamplingError("plan_size_negative", size=self.quota)

    def takes(self, number: int) -> bool:
        """Whether a permanent random number lies below the rate, exactly."""
        exact = Fraction(self.rate)
        return number * exact.denominator < exact.numerator * NUMBERS

    def inclusion(self, eligible: int) -> str:
        """π of each of so many eligible events, as text that `Fraction` reads.

        Without a quota in the way it is the rate. Otherwise it is E[min(quota, X)] / n with X binomial
        (n, rate), to 12 places.
        """
        if self.quota is None or eligible <= self.quota:
            return str(Fraction(self.rate))
        if self.quota == 0 or self.rate == 1:
            return str(Fraction(self.quota, eligible))
        with localcontext() as context:
            context.prec = 40
            rate = Fraction(self.rate)
            chance = Decimal(rate.numerator) / Decimal(rate.denominator)
            return str((_expected(eligible, chance, self.quota) / eligible).quantize(PLACES))


def _expected(n: int, chance: Decimal, quota: int) -> Decimal:
    """E[min(quota, X)], from the binomial probabilities below the quota."""
    probability, odds = (1 - chance) ** n, chance / (1 - chance)
    below = reached = Decimal(0)
    for count in range(quota):
        below += probability
        reached += count * probability
        probability *= odds * (n - count) / (count + 1)
    return reached + quota * (1 - below)


@dataclass(frozen=True, slots=True)
class RollingResult:
    """One draw with everything that is needed to repeat and to judge it, except the key.

    Attributes:
        selected, rest: ids of the eligible events in the order of their numbers.
        over_quota: how many of `rest` only the quota held back.
    """

    plan: RollingPlan
    population: int
    selected: tuple[str, ...]
    rest: tuple[str, ...]
    over_quota: int
    exclusions: tuple[tuple[str, int], ...]
    frame_fingerprint: str
    key_commitment: str

    @property
    def eligible(self) -> int:
        return len(self.selected) + len(self.rest)

    @property
    def inclusion(self) -> str:
        """π of every eligible event, as text that `Fraction` reads."""
        return self.plan.inclusion(self.eligible)

    @property
    def result_fingerprint(self) -> str:
        """SHA-256 over the selected and the rest, in order."""
        parts = json.dumps([self.selected, self.rest], separators=(",", ":"))
        return hashlib.sha256(parts.encode()).hexdigest()

    def to_json(self) -> dict[str, JsonValue]:
        """The record of the draw; the rest is only fingerprinted, since the key repeats it."""
        return {
            "method": METHOD,
            "plan": {"rate": str(Fraction(self.plan.rate)), "quota": self.plan.quota},
            "keyCommitment": self.key_commitment,
            "frameFingerprint": self.frame_fingerprint,
            "resultFingerprint": self.result_fingerprint,
            "exclusions": dict(self.exclusions),
            "population": self.population,
            "eligible": self.eligible,
            "selected": list(self.selected),
            "overQuota": self.over_quota,
            "inclusion": self.inclusion,
        }


def draw_rolling(members: Iterable[FrameMember], plan: RollingPlan, wave_key: bytes) -> RollingResult:
    """Draw from the events of one unit and day; the same in whatever order they come.

    Raises:
        SamplingError: `frame_duplicate_member`, `wave_key_too_short`.
    """
    check_key(wave_key)
    frame = list(members)
    for member, count in Counter(each.id for each in frame).items():
        if count > 1:
            raise SamplingError("frame_duplicate_member", member=member)
    ordered = sorted((prn(wave_key, each.id), each.id) for each in frame if each.excluded is None)
    wanted = sum(plan.takes(number) for number, _ in ordered)
    size = wanted if plan.quota is None else min(wanted, plan.quota)
    ids = tuple(member_id for _, member_id in ordered)
    reasons = Counter(each.excluded for each in frame if each.excluded is not None)
    return RollingResult(
        plan=plan,
        population=len(frame),
        selected=ids[:size],
        rest=ids[size:],
        over_quota=wanted - size,
        exclusions=tuple(sorted(reasons.items())),
        frame_fingerprint=frame_fingerprint(frame),
        key_commitment=key_commitment(wave_key),
    )


def verify_rolling(record: object, members: Iterable[FrameMember], wave_key: bytes) -> list[Difference]:
    """Draw again by the record's plan and compare; an empty list confirms the draw.

    Raises:
        SamplingError: `record_malformed` for what is no record of this method; otherwise as `draw_rolling`.
    """
    if not isinstance(record, dict) or record.get("method") != METHOD:
        raise SamplingError("record_malformed", field="method")
    if record.get("keyCommitment") != key_commitment(wave_key):
        return [Difference("/keyCommitment", record.get("keyCommitment"), key_commitment(wave_key))]
    again = draw_rolling(members, _plan(record.get("plan")), wave_key).to_json()
    return [
        Difference(f"/{name}", record.get(name), again.get(name))
        for name in sorted({*record, *again})
        if record.get(name) != again.get(name)
    ]


def _plan(data: object) -> RollingPlan:
    rate = data.get("rate") if isinstance(data, dict) else None
    quota = data.get("quota") if isinstance(data, dict) else None
    # Bounded before it is read: "1/3" is a rate, a million digits are an attack.
    if not isinstance(rate, str) or len(rate) > 40:
        raise SamplingError("record_malformed", field="plan/rate")
    if quota is not None and (isinstance(quota, bool) or not isinstance(quota, int)):
        raise SamplingError("record_malformed", field="plan/quota")
    try:
        return RollingPlan(Fraction(rate), quota)
    except (ValueError, ZeroDivisionError):
        raise SamplingError("record_malformed", field="plan/rate") from None
