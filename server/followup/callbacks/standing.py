"""Who or what a case was about, from the steps that people took: two people before it lands on an employee.

A proposal counts for nothing. Another person confirms it, or changes it with a reason: a change that names
an employee is a proposal again, since only one person has said so. What is confirmed can be disputed for some
days, and somebody who had no part in it decides. Steps are added and never taken away. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

PERSON: Final = "person"
# What a case may be waiting for, and what may come of it.
NONE, PROPOSED, CONFIRMED, DISPUTED, OVERTURNED = "none", "proposed", "confirmed", "disputed", "overturned"
STATES: Final = (NONE, PROPOSED, CONFIRMED, DISPUTED, OVERTURNED)
# Which step is possible in which state.
POSSIBLE: Final[Mapping[str, frozenset[str]]] = {
    NONE: frozenset({"proposed"}),
    PROPOSED: frozenset({"confirmed", "changed"}),
    CONFIRMED: frozenset({"disputed"}),
    DISPUTED: frozenset({"upheld", "dismissed"}),
    OVERTURNED: frozenset({"proposed"}),
}
# As a fact of a settlement: what is disputed waits and counts nowhere.
FACT_STATES: Final = {CONFIRMED: "confirmed", DISPUTED: "pending", OVERTURNED: "overturned"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step; a confirmation, dispute or decision repeats what it is about."""

    step: str
    axis: str
    person_id: UUID | None
    grave: bool
    account_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How an attribution stands.

    Attributes:
        about: the last step that says who or what it was; None before the first.
        settled_at: when it was confirmed.
        parties: whoever had a part in it since it was last proposed: none of them decides about it.
        disputed: somebody has disputed it before; one dispute is heard.
    """

    state: str = NONE
    about: Step | None = None
    settled_at: datetime | None = None
    parties: frozenset[UUID] = frozenset()
    disputed: bool = False

    def disputable_until(self, days: int) -> datetime | None:
        """The last moment for a dispute, None where nothing can be disputed."""
        if self.state != CONFIRMED or self.settled_at is None:
            return None
        return self.settled_at + timedelta(days=days)


def standing(steps: Sequence[Step]) -> Standing:
    """How it stands after these steps, in their order."""
    now = Standing()
    for step in steps:
        now = _after(now, step)
    return now


def _after(now: Standing, step: Step) -> Standing:
    parties = now.parties | {step.account_id}
    if step.step == "proposed":
        return Standing(PROPOSED, step, None, frozenset({step.account_id}))
    if step.step == "changed":
        # The one who changes it to an employee is the only one who says so yet.
        state = PROPOSED if step.axis == PERSON else CONFIRMED
        proposer = frozenset({step.account_id}) if state == PROPOSED else parties
        return Standing(state, step, None if state == PROPOSED else step.at, proposer)
    about = now.about
    if step.step == "confirmed":
        return Standing(CONFIRMED, about, step.at, parties)
    if step.step == "dismissed":
        # It has been looked at: the clock for disputes does not start anew.
        return Standing(CONFIRMED, about, now.settled_at, parties, disputed=True)
    state = {"disputed": DISPUTED, "upheld": OVERTURNED}[step.step]
    return Standing(state, about, now.settled_at, parties, disputed=True)


def refused(now: Standing, step: Step, *, dispute_days: int) -> str | None:
    """Why a step is not possible, as a code of `errors.json`; None when it is."""
    if step.step not in POSSIBLE[now.state]:
        return "attribution_moved"
    if step.step in ("confirmed", "changed", "upheld", "dismissed") and step.account_id in now.parties:
        return "attribution_same_person"
    if step.step == "disputed":
        until = now.disputable_until(dispute_days)
        if now.disputed or until is None or step.at >= until:
            return "attribution_dispute_over"
    return None
