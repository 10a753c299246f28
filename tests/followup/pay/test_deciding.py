"""What a visit brings, what may be claimed, who may decide: tables of cases."""

from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from server.followup.pay.deciding import (
    Due,
    HandedIn,
    Waiting,
    amount_problems,
    claim_problems,
    decision_problems,
    due_for,
    sums,
)
from server.models.visits import OUTCOMES
from server.scoring.programmes.visiting import Pay

PAY = Pay(fee=Fraction(80), attempt=Fraction("30.005"), expenses=Fraction(50))
FEE, ATTEMPT = Due("fee", Decimal("80.00")), Due("attempt", Decimal("30.01"))
FAILED = tuple(outcome for outcome in OUTCOMES if outcome != "done")


@pytest.mark.parametrize(
    ("outcome", "reported", "proof", "due"),
    [
        ("done", True, False, FEE),
        (None, True, False, FEE),
        ("done", False, True, None),
        (None, False, True, None),
        *((outcome, False, True, ATTEMPT) for outcome in FAILED),
        *((outcome, True, False, None) for outcome in FAILED),
    ],
)
def test_what_a_visit_brings(outcome: str | None, *, reported: bool, proof: bool, due: Due | None) -> None:
    assert due_for(PAY, HandedIn(outcome, reported, proof)) == due
    assert due_for(None, HandedIn(outcome, reported, proof)) is None


def test_nothing_is_proposed_where_an_attempt_brings_nothing() -> None:
    free = Pay(fee=Fraction(80), attempt=Fraction(0), expenses=Fraction(0))
    assert due_for(free, HandedIn("closed", False, True)) is None


@pytest.mark.parametrize(
    ("amount", "good"),
    [("0.01", True), ("999999.99", True), ("0", False), ("-3", False), ("1.005", False), ("1000000", False)],
)
def test_amounts_are_whole_fen_above_nothing(amount: str, *, good: bool) -> None:
    assert (not list(amount_problems(Decimal(amount)))) is good


@pytest.mark.parametrize(
    ("most", "claimed", "amount", "codes"),
    [
        ("50", "0", "50", []),
        ("50", "20", "30", []),
        ("50", "20", "30.01", ["expense_too_high"]),
        ("50", "60", "1", ["expense_too_high"]),
        ("0", "0", "1", ["expense_none"]),
        ("50", "0", "0", ["pay_amount"]),
    ],
)
def test_expenses_stay_within_what_the_programme_pays(
    most: str, claimed: str, amount: str, codes: list[str]
) -> None:
    found = claim_problems(Decimal(most), Decimal(claimed), Decimal(amount))
    assert [each.code for each in found] == codes


SELVES = frozenset({"account:1", "account:2", f"person:{UUID(int=9)}"})


@pytest.mark.parametrize(
    ("proposed_by", "person", "decided", "codes"),
    [
        ("system:pay", 5, False, []),
        ("account:3", 5, False, []),
        ("account:11", 5, False, []),
        ("account:1", 5, False, ["pay_own"]),
        ("account:3 for account:2", 5, False, ["pay_own"]),
        ("system:pay", 9, False, ["pay_own"]),
        ("account:1", 9, True, ["pay_decided"]),
    ],
)
def test_nobody_decides_about_what_is_their_own(
    proposed_by: str, person: int, codes: list[str], *, decided: bool
) -> None:
    line = Waiting(UUID(int=1), UUID(int=person), "fee", Decimal(1), proposed_by, decided)
    assert [each.code for each in decision_problems([line], SELVES)] == codes


def test_sums_are_by_kind() -> None:
    lines = [("fee", Decimal("0.10")), ("bonus", Decimal(5)), ("fee", Decimal("0.20"))]
    assert dict(sums(lines)) == {"fee": Decimal("0.30"), "bonus": Decimal(5)}
