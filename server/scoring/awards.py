"""How an answer earns points: one class for each way, all exact, none knows weights or sections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from server.scoring.exact import ZERO, answered_number, exact_text, total


class Award(Protocol):
    """Points for answers that passed the form's check."""

    @property
    def rule(self) -> str:
        """Why the line shows its points, one of `sheet.LINE_RULES`."""

    def best(self) -> Fraction:
        """Possible points before the weight (scoring.md law 7)."""

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """Points for the answer's keys, before the weight; None when the answer cannot be scored."""


@dataclass(frozen=True, slots=True)
class BestChoice:
    """A single choice: the points of the choice, out of the best choice."""

    points: Mapping[str, Fraction]
    rule: str = "choice"

    def best(self) -> Fraction:
        """The best choice, never less than nothing."""
        return max([ZERO, *self.points.values()])

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """The points of the one choice."""
        return self.points.get(keys[0]) if len(keys) == 1 else None


@dataclass(frozen=True, slots=True)
class SumOfChoices:
    """A multiple choice: the sum of what is ticked, out of the sum of all positive choices."""

    points: Mapping[str, Fraction]
    rule: str = "sum"

    def best(self) -> Fraction:
        """All positive choices together."""
        return total(value for value in self.points.values() if value > 0)

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """The sum of the ticked choices."""
        if any(key not in self.points for key in keys):
            return None
        return total(self.points[key] for key in keys)


@dataclass(frozen=True, slots=True)
class NumberItself:
    """A number that is its own points, out of the largest number the question takes."""

    maximum: Fraction
    rule: str = "value"

    def best(self) -> Fraction:
        """The largest answer."""
        return max(ZERO, self.maximum)

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """The number."""
        return answered_number(keys[0]) if len(keys) == 1 else None


@dataclass(frozen=True, slots=True)
class NumberDeducted:
    """Points to take off, as a checker writes them (扣分): positive in the form, a loss on the sheet."""

    rule: str = "value"

    def best(self) -> Fraction:
        """Nothing can be gained."""
        return ZERO

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """The number, negative."""
        value = answered_number(keys[0]) if len(keys) == 1 else None
        return None if value is None else min(ZERO, -value)


@dataclass(frozen=True, slots=True)
class DeductedFrom:
    """An item's own marks, less what each reason that was ticked takes off, never below nothing."""

    marks: Fraction
    losses: Award
    rule: str = "deducted"

    def best(self) -> Fraction:
        """All marks."""
        return self.marks

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """What is left; nothing ticked takes nothing off."""
        lost = self.losses.earned(keys) if keys else ZERO
        return None if lost is None else max(ZERO, self.marks + lost)


@dataclass(frozen=True, slots=True)
class Rescaled:
    """A number or rating spread evenly over 0 to `scale`: `low` earns nothing, `high` everything."""

    low: Fraction
    high: Fraction
    scale: Fraction
    rule: str = "rescaled"

    def best(self) -> Fraction:
        """The top of the scale."""
        return self.scale

    def earned(self, keys: Sequence[str]) -> Fraction | None:
        """The number's place between low and high, on the scale."""
        value = answered_number(keys[0]) if len(keys) == 1 else None
        return None if value is None else (value - self.low) / (self.high - self.low) * self.scale


def choice_key(value: object) -> str:
    """A choice's value as the key of its award: true → "true", 5.0 → "5", "no" → "no"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    number = answered_number(value) if isinstance(value, int | float) else None
    return str(value) if number is None else exact_text(number)


def answer_keys(answer: object) -> tuple[str, ...]:
    """The keys of an answer; several for a multiple choice."""
    return (
        tuple(choice_key(value) for value in answer)
        if isinstance(answer, list | tuple)
        else (choice_key(answer),)
    )
