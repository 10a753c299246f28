"""Decisions about reviews that look nothing up: what is risky, and what an act leads to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from server.errors import Detail
from server.models.reviews import APPROVED, DECIDED_STATES, EXCLUDED, HELD, REJECTED, SECOND, WAITING
from server.scoring.programmes.reviewing import Review

ENDS: Final[Mapping[str, str]] = {"approve": APPROVED, "exclude": EXCLUDED, "reject": REJECTED}
# What people are told about afterwards, or have to understand a year later.
WITH_A_NOTE: Final = ("exclude", "reject", "hold", "reopen")
LONGEST: Final = 500
# Long enough to read sixty items with their photos; whoever goes on keeps it.
CLAIM: Final = timedelta(minutes=30)
MOST_RISK: Final = 100
CRITICAL, MOST_CRITICAL, OUTLYING, REVISED, DRAWN = 40, 60, 25, 10, 5


@dataclass(frozen=True, slots=True)
class Signs:
    """What is known of a report before anybody looks.

    Attributes:
        critical: items that failed and strike out more than themselves.
        confidence: 0 to 100, where its evidence was weighed; `review` is below which somebody looks.
        doubts: that nobody has decided about.
        apart: points between its score and what the outlet, or the wave, had before; None without a mean.
        against: "own" or "wave": whose mean that is.
        revised: its answers were changed after it was handed in.
        drawn: 0 to below 1, the report's own random number.
    """

    critical: int
    confidence: int | None
    review: int
    doubts: int
    apart: Fraction | None
    against: str
    revised: bool
    drawn: Fraction


@dataclass(frozen=True, slots=True)
class Risk:
    """0 to 100, and why. `looked_at`: a person decides, not a rule."""

    points: int
    reasons: tuple[dict[str, Any], ...]
    looked_at: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How a review stands before an act."""

    state: str
    second_look: bool
    proposed: str | None
    proposed_by: UUID | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do. `alone` says why nobody else looks at it."""

    act: str
    account_id: UUID
    note: str = ""
    alone: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a review stands after an act. `final`: it is decided; `alone`: by one person instead of two."""

    state: str
    proposed: str | None
    proposed_by: UUID | None
    final: bool
    alone: bool


def risk_of(signs: Signs, rules: Review) -> Risk:
    """What speaks for looking at a report, the heaviest reason first."""
    found: list[tuple[int, dict[str, Any]]] = []
    if signs.critical:
        points = min(MOST_CRITICAL, CRITICAL * signs.critical)
        found.append((points, {"code": "critical", "n": signs.critical}))
    if signs.doubts and signs.confidence is not None and signs.confidence < signs.review:
        reason = {"code": "doubts", "n": signs.doubts, "confidence": signs.confidence}
        found.append((MOST_RISK - signs.confidence, reason))
    if signs.apart is not None and abs(signs.apart) >= rules.outlier:
        reason = {"code": "outlier", "points": f"{float(signs.apart):+.2f}", "against": signs.against}
        found.append((OUTLYING, reason))
    if signs.revised:
        found.append((REVISED, {"code": "revised"}))
    if not found and signs.drawn * 100 < rules.look:
        drawn = {"code": "drawn", "share": rules.look}
        found.append((DRAWN, drawn if rules.look < MOST_RISK else {"code": "every"}))
    found.sort(key=lambda each: -each[0])
    points = min(MOST_RISK, sum(weight for weight, _ in found))
    return Risk(points, tuple(reason for _, reason in found), bool(found))


def outcome_of(standing: Standing, wish: Wish, rules: Review) -> Outcome | Sequence[Detail]:
    """What an act leads to, or what keeps somebody from it."""
    problems = list(_problems(standing, wish))
    if problems:
        return problems
    if wish.act in ENDS:
        return _decided(standing, wish, rules)
    if wish.act == "correct" and (rules.eyes > 1 or standing.second_look):
        # Whoever corrects has looked, and says that it is right like this: somebody else agrees. Who is
        # alone says so when approving what they corrected.
        return Outcome(SECOND, "approve", wish.account_id, final=False, alone=False)
    state = HELD if wish.act == "hold" else WAITING
    return Outcome(state, None, None, final=False, alone=False)


def _problems(standing: Standing, wish: Wish) -> Iterable[Detail]:
    over = standing.state in DECIDED_STATES
    fits = {"reopen": over, "release": standing.state == HELD}.get(wish.act, not over)
    known = wish.act in (*ENDS, "hold", "release", "correct", "reopen")
    if not known or not fits:
        yield Detail("review_act", "/act")
    if wish.act in WITH_A_NOTE and not wish.note.strip():
        yield Detail("field_required", "/note")
    for pointer, said in (("/note", wish.note), ("/alone", wish.alone)):
        if len(said) > LONGEST:
            yield Detail("text_too_long", pointer, {"limit": LONGEST})


def _decided(standing: Standing, wish: Wish, rules: Review) -> Outcome | Sequence[Detail]:
    agreed = standing.proposed == wish.act and standing.proposed_by != wish.account_id
    takes_two = standing.state == SECOND or standing.second_look
    if agreed or not (takes_two or (wish.act != "approve" and rules.eyes > 1)):
        return Outcome(ENDS[wish.act], None, None, final=True, alone=False)
    if wish.alone.strip():
        if not rules.alone:
            return [Detail("review_alone", "/alone")]
        return Outcome(ENDS[wish.act], None, None, final=True, alone=True)
    if (standing.proposed, standing.proposed_by) == (wish.act, wish.account_id):
        return [Detail("review_second", "/act")]
    return Outcome(SECOND, wish.act, wish.account_id, final=False, alone=False)
