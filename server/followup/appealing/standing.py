"""Decisions about appeals that look nothing up: who may file when, and who may decide."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from server.errors import Detail
from server.models.appeals import APPEAL, OBJECTION, OPEN
from server.scope import Scope

LONGEST: Final = 1000
# Working days in which an answer is promised.
ANSWERED_IN: Final = 5


@dataclass(frozen=True, slots=True)
class Windows:
    """When a wave may be disputed: its window for facts, and its newest version; None where there is none.

    Attributes:
        seen_from: when everybody may read the version; `appeals_until` when no appeal is taken any more.
    """

    check_closes: datetime | None
    published: bool
    seen_from: datetime | None
    appeals_until: datetime | None

    def stage(self, now: datetime) -> str | None:
        """What may be filed now: an objection to facts, an appeal, or nothing."""
        if self.published:
            starts, ends = self.seen_from, self.appeals_until
            return APPEAL if starts is not None and ends is not None and starts <= now < ends else None
        return OBJECTION if self.check_closes is not None and now < self.check_closes else None


@dataclass(frozen=True, slots=True)
class Imposed:
    """Who imposed what is disputed: the accounts that decided about the report or published it, and how far
    the farthest of them reaches."""

    accounts: frozenset[UUID]
    reach: int


def reach_of(scope: Scope) -> int:
    """How high somebody stands: 0 is the whole organisation, then the level of the highest unit."""
    if scope.unit_paths is None:
        return 0
    return min((path.count("/") for path in scope.unit_paths), default=1000)


def deciding_problems(
    imposed: Imposed, account_id: UUID, scope: Scope, *, above: bool, filed_by_self: bool
) -> Iterable[Detail]:
    """What keeps somebody from deciding.

    Args:
        above: the programme wants somebody above whoever imposed it. Above the whole organisation there is
            nobody: then another person of the same reach decides.
    """
    if account_id in imposed.accounts:
        yield Detail("appeal_imposed")
    elif filed_by_self:
        yield Detail("appeal_own")
    elif above and imposed.reach > 0 and reach_of(scope) >= imposed.reach:
        yield Detail("appeal_above")


def filing_problems(stage: str | None, said: str, *, open_already: bool) -> Iterable[Detail]:
    """What keeps somebody from filing."""
    if stage is None:
        yield Detail("appeal_closed")
    if not said.strip():
        yield Detail("field_required", "/said")
    if len(said) > LONGEST:
        yield Detail("text_too_long", "/said", {"limit": LONGEST})
    if open_already:
        yield Detail("appeal_twice")


def verdict_problems(state: str, verdict: str, answer: str) -> Iterable[Detail]:
    """What is wrong with an answer."""
    if state != OPEN:
        yield Detail("appeal_decided")
    if verdict not in ("upheld", "refused"):
        yield Detail("appeal_verdict", "/verdict")
    if not answer.strip():
        yield Detail("field_required", "/answer")
    if len(answer) > LONGEST:
        yield Detail("text_too_long", "/answer", {"limit": LONGEST})
