"""What is risky, and what an act leads to: tables of cases, nothing is looked up."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from uuid import UUID

import pytest

from server.errors import Detail
from server.followup.reviewing.deciding import (
    LONGEST,
    Outcome,
    Signs,
    Standing,
    Wish,
    outcome_of,
    risk_of,
)
from server.scoring.programmes.reviewing import Review

ANN, BEN = UUID(int=1), UUID(int=2)
QUIET = Signs(0, 100, 80, 0, None, "", revised=False, drawn=Fraction(99, 100))
TWO = Review(required=True, second=30)
ONE = replace(TWO, eyes=1)
ALONE = replace(TWO, alone=True)
FRESH = Standing("waiting", False, None, None)
DRAWN = replace(FRESH, second_look=True)


def proposed(act: str, by: UUID = ANN) -> Standing:
    return Standing("second", False, act, by)


@pytest.mark.parametrize(
    ("signs", "look", "points", "codes"),
    [
        (QUIET, 100, 5, ["every"]),
        (QUIET, 99, 0, []),
        (replace(QUIET, drawn=Fraction(1, 10)), 11, 5, ["drawn"]),
        (replace(QUIET, critical=1), 0, 40, ["critical"]),
        (replace(QUIET, critical=4), 0, 60, ["critical"]),
        (replace(QUIET, confidence=30, doubts=2), 0, 70, ["doubts"]),
        # Doubts that were dismissed, or are too light for the programme, put nobody at risk.
        (replace(QUIET, confidence=30), 0, 0, []),
        (replace(QUIET, confidence=80, doubts=1), 0, 0, []),
        (replace(QUIET, apart=Fraction(-15)), 0, 25, ["outlier"]),
        (replace(QUIET, apart=Fraction(1499, 100)), 0, 0, []),
        (replace(QUIET, revised=True), 0, 10, ["revised"]),
        (
            replace(QUIET, critical=1, confidence=10, doubts=1, apart=Fraction(20)),
            0,
            100,
            ["doubts", "critical", "outlier"],
        ),
    ],
)
def test_what_speaks_for_looking(signs: Signs, look: int, points: int, codes: list[str]) -> None:
    risk = risk_of(signs, replace(TWO, look=look))
    assert (risk.points, [each["code"] for each in risk.reasons]) == (points, codes)
    assert risk.looked_at is bool(codes)


def said(standing: Standing, wish: Wish, rules: Review) -> tuple[object, ...] | list[str]:
    found = outcome_of(standing, wish, rules)
    if isinstance(found, Outcome):
        return found.state, found.proposed, found.proposed_by, found.final, found.alone
    assert isinstance(found, Sequence)
    return [each.code for each in found if isinstance(each, Detail)]


def done(state: str, *, alone: bool = False) -> tuple[object, ...]:
    return state, None, None, True, alone


def waits(act: str, by: UUID = ANN) -> tuple[object, ...]:
    return "second", act, by, False, False


BACK = ("waiting", None, None, False, False)


@pytest.mark.parametrize(
    ("standing", "wish", "rules", "expected"),
    [
        (FRESH, Wish("approve", ANN), TWO, done("approved")),
        (DRAWN, Wish("approve", ANN), TWO, waits("approve")),
        # The drawn share asks for a second person even where one is enough to take a report out.
        (DRAWN, Wish("approve", ANN), ONE, waits("approve")),
        (proposed("approve"), Wish("approve", BEN), TWO, done("approved")),
        (proposed("approve"), Wish("approve", ANN), TWO, ["review_second"]),
        (FRESH, Wish("exclude", ANN, "店庆日"), TWO, waits("exclude")),
        (FRESH, Wish("exclude", ANN, "店庆日"), ONE, done("excluded")),
        (FRESH, Wish("reject", ANN, "没有去"), ONE, done("rejected")),
        (proposed("reject"), Wish("reject", BEN, "没有去"), TWO, done("rejected")),
        (FRESH, Wish("reject", ANN), TWO, ["field_required"]),
        # Who disagrees proposes something else, and somebody has to agree with that.
        (proposed("reject"), Wish("approve", BEN), TWO, waits("approve", BEN)),
        (proposed("reject"), Wish("exclude", ANN, "x"), TWO, waits("exclude")),
        (proposed("approve"), Wish("hold", BEN, "等录像"), TWO, ("held", None, None, False, False)),
        (Standing("held", False, None, None), Wish("release", BEN), TWO, BACK),
        (FRESH, Wish("release", ANN), TWO, ["review_act"]),
        (FRESH, Wish("reopen", ANN, "x"), TWO, ["review_act"]),
        (Standing("rejected", False, None, None), Wish("reopen", BEN, "录像到了"), TWO, BACK),
        (Standing("approved", False, None, None), Wish("approve", BEN), TWO, ["review_act"]),
        (FRESH, Wish("correct", ANN, "照片显示有"), TWO, waits("approve")),
        (FRESH, Wish("correct", ANN, "照片显示有"), ONE, BACK),
        # A correction never counts by itself: who is alone says so when approving what they corrected.
        (FRESH, Wish("correct", ANN, "照片显示有", "县里只有一人"), TWO, waits("approve")),
        (DRAWN, Wish("correct", ANN, "照片显示有", "县里只有一人"), ALONE, waits("approve")),
        (
            proposed("approve"),
            Wish("approve", ANN, alone="县里只有一人"),
            ALONE,
            done("approved", alone=True),
        ),
        (proposed("approve"), Wish("approve", ANN, alone="县里只有一人"), TWO, ["review_alone"]),
        (FRESH, Wish("publish", ANN), TWO, ["review_act"]),
        (FRESH, Wish("approve", ANN, "x" * (LONGEST + 1)), TWO, ["text_too_long"]),
        (DRAWN, Wish("approve", ANN, alone="县里只有一人"), ALONE, done("approved", alone=True)),
        (FRESH, Wish("reject", ANN, "没有去", "县里只有一人"), ALONE, done("rejected", alone=True)),
        (FRESH, Wish("reject", ANN, "没有去", "县里只有一人"), TWO, ["review_alone"]),
        # Nobody is marked as alone where one person was enough.
        (FRESH, Wish("approve", ANN, alone="县里只有一人"), ALONE, done("approved")),
    ],
)
def test_what_an_act_leads_to(standing: Standing, wish: Wish, rules: Review, expected: object) -> None:
    assert said(standing, wish, rules) == expected
