"""How far two people who looked at the same report agree: counted from their steps, nothing is looked up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from server.followup.reviewing.deciding import ENDS
from server.scoring.means import mean

CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody did with a report. `score` is that of the answers in front of them, or made by them."""

    submission_pk: UUID
    number: int
    act: str
    account_id: UUID
    score: Fraction | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a second person said the same as the first.

    Attributes:
        apart: mean points by which second people corrected scores; None where they corrected none.
    """

    looks: int
    agreed: int
    apart: Fraction | None

    @property
    def share(self) -> Fraction:
        return Fraction(self.agreed, self.looks)


@dataclass(frozen=True, slots=True)
class _Second:
    """A second look: whether it agreed, and by how many points it corrected, if it did."""

    first: UUID
    agreed: bool
    moved: Fraction | None


def agreement_of(steps: Iterable[Step]) -> Mapping[UUID, Agreement]:
    """By the account that looked first: how often the next person decided the same.

    Args:
        steps: of whole reviews. Whoever corrects says that a report is right like this, so that approving it
            agrees; a correction by the second person does not.
    """
    by_report: defaultdict[UUID, list[Step]] = defaultdict(list)
    for step in steps:
        if step.act in (*ENDS, CORRECT):
            by_report[step.submission_pk].append(step)
    looks: defaultdict[UUID, list[_Second]] = defaultdict(list)
    for own in by_report.values():
        for second in _seconds(sorted(own, key=lambda step: step.number)):
            looks[second.first].append(second)
    return {
        first: Agreement(len(own), sum(each.agreed for each in own), mean(each.moved for each in own))
        for first, own in looks.items()
    }


def _seconds(steps: Sequence[Step]) -> Iterator[_Second]:
    for first, second in pairwise(steps):
        if first.account_id != second.account_id:
            said = "approve" if first.act == CORRECT else first.act
            yield _Second(first.account_id, said == second.act, _moved(first, second))


def _moved(first: Step, second: Step) -> Fraction | None:
    if second.act != CORRECT or first.score is None or second.score is None:
        return None
    return abs(second.score - first.score)
