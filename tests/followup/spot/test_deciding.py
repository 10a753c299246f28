"""Who may be fined how much, and what is shown to who signs: tables of cases."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from server.followup.spot.deciding import Fault, faults_of, fine_problems, standing
from server.scoring.programmes.visiting import Fine
from tests.builders import DAY, NOW

RULES = Fine(Fraction(20), Fraction(200))


@pytest.mark.parametrize(
    ("rules", "item", "person", "amount", "codes"),
    [
        (RULES, "greeting", "T01", "20", []),
        (RULES, "greeting", "李娜", "200", []),
        (RULES, "greeting", "T01", "19.99", ["fine_bounds"]),
        (RULES, "greeting", "T01", "200.01", ["fine_bounds"]),
        (RULES, "greeting", "T01", "50.005", ["fine_bounds"]),
        (RULES, "greeting", "", "50", ["field_required"]),
        (RULES, "greeting", "x" * 61, "50", ["text_too_long"]),
        (RULES, "gone", "T01", "50", ["unknown_question"]),
        (None, "greeting", "T01", "50", ["fine_none"]),
    ],
)
def test_fines_keep_to_the_programmes_bounds(
    rules: Fine | None, item: str, person: str, amount: str, codes: list[str]
) -> None:
    found = fine_problems(rules, {"greeting"}, item, person, Decimal(amount))
    assert [each.code for each in found] == codes


def test_faults_are_items_that_lost_something_each_once() -> None:
    lines = [("greeting", "1"), ("queue", "0"), ("grid.a", "0.5"), ("grid.b", "1")]
    sheet = {"lines": [{"item": item, "lost": lost} for item, lost in lines]}
    answers = {"greeting": "no", "queue": "yes", "grid": {"a": "x"}}
    assert faults_of(sheet, answers) == [Fault("greeting", "no"), Fault("grid", None)]
    assert faults_of(None, answers) == []


@pytest.mark.parametrize(
    ("signed_at", "refused_at", "now", "found"),
    [
        (None, None, NOW, "asked"),
        (None, None, NOW + DAY, "expired"),
        (NOW, None, NOW + 9 * DAY, "signed"),
        (None, NOW, NOW + 9 * DAY, "refused"),
    ],
)
def test_how_a_request_stands(
    signed_at: datetime | None, refused_at: datetime | None, now: datetime, found: str
) -> None:
    assert standing(signed_at, refused_at, NOW + DAY, now=now) == found
