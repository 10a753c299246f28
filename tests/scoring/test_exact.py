"""Numbers: read, kept and written without losing anything."""

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.exact import answered_number, exact_text, parse_exact, rounded, total

FRACTIONS = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**6)


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        (Fraction("46.125"), 2, "46.13"),
        (Fraction("-46.125"), 2, "-46.13"),
        (Fraction("78.125"), 2, "78.13"),
        (Fraction(2, 3) * 100, 2, "66.67"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("-0.004"), 2, "0.00"),
        (Decimal("99.995"), 2, "100.00"),
        (Decimal("92.5"), 0, "93"),
        (Fraction(0), 2, "0.00"),
        (Decimal("123456789012345678901234567890.125"), 2, "123456789012345678901234567890.13"),
    ],
)
def test_rounds_half_up_once(value: Decimal | Fraction, places: int, expected: str) -> None:
    assert str(rounded(value, places)) == expected


def test_null_stays_null() -> None:
    assert rounded(None, 2) is None


def test_the_callers_decimal_context_does_not_decide_about_a_score() -> None:
    with localcontext(Context(prec=3)):
        assert str(rounded(Fraction("1234.565"), 2)) == "1234.57"


@given(FRACTIONS, st.integers(0, 6))
def test_agrees_with_decimal_where_decimal_is_exact(value: Fraction, places: int) -> None:
    wide = Context(prec=200)
    reference = wide.divide(Decimal(value.numerator), Decimal(value.denominator))
    expected = reference.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=wide)
    assert rounded(value, places) == expected


@given(FRACTIONS)
def test_text_of_a_fraction_reads_back_to_the_same_fraction(value: Fraction) -> None:
    assert Fraction(exact_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction("79.6"), "79.6"),
        (Fraction(8, 9), "8/9"),
        (Fraction("-0.05"), "-0.05"),
        (Fraction(12), "12"),
        (Fraction(1, 8), "0.125"),
    ],
)
def test_text_of_a_fraction(value: Fraction, text: str) -> None:
    assert exact_text(value) == text


@given(st.lists(FRACTIONS, max_size=30))
def test_total_is_the_sum_in_any_order(values: list[Fraction]) -> None:
    assert total(values) == sum(values, Fraction(0)) == total(reversed(values))


@pytest.mark.parametrize(
    "value", [0.1, True, None, "1e3", "１", "1_000", "", " 1", "+1", "1.", "9" * 13, 10**12, []]
)
def test_a_definition_may_not_write_numbers_that_are_not_exact(value: object) -> None:
    assert parse_exact(value) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "x", None, 1e300])
def test_answers_that_are_no_number(value: object) -> None:
    assert answered_number(value) is None


def test_an_answered_float_is_what_was_typed() -> None:
    assert answered_number(92.3) == Fraction("92.3")
