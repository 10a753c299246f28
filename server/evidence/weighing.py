"""How much a visit's evidence is worth: every rule is asked, and what they found becomes one number.

The number is 100 times the product of (1 - weight / 100), exact. Each code counts once, with its heaviest
doubt: ten suspect photos are one reason, not ten. So all the small ones together (clock, order, haste, short
notes, suspect photos) leave more than one that weighs fifty does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from server.evidence import pictures, positions, timing, wording
from server.evidence.doubts import DOUBTS
from server.evidence.visit import Doubt, Found, Rules, Visit

RULES: Final[tuple[Callable[[Visit, Rules], Iterator[Found]], ...]] = (
    positions.far_away,
    positions.fixes_identical,
    positions.travel_impossible,
    timing.stay_short,
    timing.outside_window,
    timing.outside_hours,
    timing.clock_apart,
    timing.moments_out_of_order,
    timing.answers_hasty,
    pictures.photo_other_time,
    pictures.photo_reused,
    pictures.photo_alike,
    pictures.photo_suspect,
    wording.narrative_copied,
    wording.narrative_short,
)


@dataclass(frozen=True, slots=True)
class Confidence:
    """What a visit's evidence is worth, 0 to 100, and why it is not more."""

    score: Fraction
    doubts: tuple[Doubt, ...]


def weigh(visit: Visit, rules: Rules) -> Confidence:
    """Everything that may be doubted about a visit. A doubt that a programme weighs 0 is not raised."""
    doubts = tuple(
        Doubt(found.code, weight, found.params, found.where)
        for rule in RULES
        for found in rule(visit, rules)
        if (weight := weight_of(found.code, rules))
    )
    return Confidence(confidence_of((doubt.code, doubt.weight) for doubt in doubts), doubts)


def weight_of(code: str, rules: Rules) -> Fraction:
    """What a doubt weighs in a programme, of a hundred."""
    return rules.weights.get(code, Fraction(DOUBTS[code]))


def confidence_of(doubts: Iterable[tuple[str, Fraction]]) -> Fraction:
    """What is left of a hundred after these doubts, each a code and its weight."""
    heaviest: dict[str, Fraction] = {}
    for code, weight in doubts:
        heaviest[code] = max(weight, heaviest.get(code, Fraction(0)))
    return 100 * _left(heaviest)


def _left(heaviest: Mapping[str, Fraction]) -> Fraction:
    left = Fraction(1)
    for weight in heaviest.values():
        left *= 1 - weight / 100
    return left
