"""How often a second person said the same as the first."""

from fractions import Fraction
from uuid import UUID

import pytest

from server.followup.reviewing.agreeing import Agreement, Step, agreement_of

ANN, BEN, CAY = UUID(int=1), UUID(int=2), UUID(int=3)
REPORT, OTHER = UUID(int=10), UUID(int=11)


def step(number: int, who: UUID, act: str, score: str | None = "90", of: UUID = REPORT) -> Step:
    return Step(of, number, act, who, None if score is None else Fraction(score))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step(1, ANN, "approve")], {}),
        ([step(1, ANN, "approve"), step(2, BEN, "approve")], {ANN: Agreement(1, 1, None)}),
        ([step(2, BEN, "approve"), step(1, ANN, "approve")], {ANN: Agreement(1, 1, None)}),
        ([step(1, ANN, "reject"), step(2, BEN, "approve")], {ANN: Agreement(1, 0, None)}),
        ([step(1, ANN, "correct"), step(2, BEN, "approve")], {ANN: Agreement(1, 1, None)}),
        (
            [step(1, ANN, "approve"), step(2, BEN, "correct", "86.5")],
            {ANN: Agreement(1, 0, Fraction("3.5"))},
        ),
        ([step(1, ANN, "approve", None), step(2, BEN, "correct")], {ANN: Agreement(1, 0, None)}),
        # Holding a report says nothing of it.
        ([step(1, ANN, "hold"), step(2, BEN, "approve")], {}),
        # The same person twice is no second look.
        ([step(1, ANN, "correct"), step(2, ANN, "approve")], {}),
        (
            [step(1, ANN, "reject"), step(2, BEN, "approve"), step(3, CAY, "approve")],
            {ANN: Agreement(1, 0, None), BEN: Agreement(1, 1, None)},
        ),
        (
            [
                step(1, ANN, "approve"),
                step(2, BEN, "approve"),
                step(1, ANN, "approve", of=OTHER),
                step(2, BEN, "correct", "80", of=OTHER),
            ],
            {ANN: Agreement(2, 1, Fraction(10))},
        ),
    ],
)
def test_agreement(steps: list[Step], expected: dict[UUID, Agreement]) -> None:
    assert agreement_of(steps) == expected


def test_a_share_is_exact() -> None:
    assert Agreement(3, 1, None).share == Fraction(1, 3)
