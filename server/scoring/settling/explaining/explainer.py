"""What every part of an explanation asks for: the steps behind a number, and behind what a formula reads."""

from collections.abc import Sequence
from typing import Protocol

from server.scoring.arithmetic import Formula
from server.scoring.calendar import Period
from server.scoring.programmes import definition as language
from server.scoring.programmes.definition import Measure
from server.scoring.settling.explaining.tree import Explanation
from server.scoring.settling.scopes import Place, Scope, World


class Explainer(Protocol):
    """Explains numbers, each of them once."""

    @property
    def world(self) -> World:
        """The settlement that is explained."""

    def number(self, measure: Measure, subject: str, period: Period) -> Explanation:
        """A number with the steps behind it; only a reference where it stands above already."""

    def numbers(self, measure: Measure, places: Sequence[Place]) -> tuple[Explanation, ...]:
        """Several numbers of a measure: a few with the steps behind them, many with a sentence each."""

    def reads(self, scope: Scope, *formulas: Formula | None) -> tuple[Explanation, ...]:
        """The values of all names that formulas read, in the order in which they are written."""


# Sources whose numbers are points unless the definition names another unit.
_IN_POINTS = (language.Scores, language.Lost, language.FindingSum, language.Deduct)


def unit_of(measure: Measure) -> str:
    """The unit of a measure: its own, or points where nothing else can be meant."""
    if measure.unit or not isinstance(measure.source, _IN_POINTS):
        return measure.unit
    match measure.source:
        case language.Scores(mean="count") | language.Lost(mean="count") | language.FindingSum(sum=None):
            return ""
        case language.Scores(value=value) if value is not None:
            return ""
        case _:
            return "points"
