"""What JSON brings, as a formula reads it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.scoring.arithmetic import Value, exact_value, number_in


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (5, Fraction(5)),
        (0.1, Fraction(1, 10)),
        (92.3, Fraction(923, 10)),
        (1e15, Fraction(10**15)),
        (13800138000, Fraction(13800138000)),
        (Decimal("2.50"), Fraction(5, 2)),
        (Decimal("0E-999999"), Fraction(0)),
        (Decimal("0E+999999"), Fraction(0)),
        ("12.5", "12.5"),
        (True, True),
        (None, None),
        ([1, [0.2, None], "x"], [Fraction(1), [Fraction(1, 5), None], "x"]),
    ],
)
def test_json_is_read_exactly(raw: object, expected: Value) -> None:
    read = exact_value(raw)
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    "raw",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Decimal("1e999999"),
        Decimal("1e-999999"),
        10**700,
        {"a": 1},
        b"1",
    ],
)
def test_what_is_no_value_is_null(raw: object) -> None:
    assert exact_value(raw) is None


def test_a_list_nested_beyond_meaning_ends_in_null() -> None:
    raw: object = 1
    for _ in range(5000):
        raw = [raw]
    assert str(exact_value(raw)).strip("[]") == "None"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 3), Fraction(1, 3)),
        ("12.5", Fraction(25, 2)),
        ("-0.20", Fraction(-1, 5)),
        ("0", Fraction(0)),
        ("007", None),
        ("1,5", None),
        ("1e3", None),
        ("1/3", None),
        (" 1", None),
        ("1\n", None),
        ("٣", None),
        (".5", None),
        ("", None),
        ("9" * 640, None),
        ("9" * 100_000, None),
        (True, None),
        (None, None),
        (["1"], None),
    ],
)
def test_a_number_is_a_number_or_its_decimal_text(value: Value, expected: Fraction | None) -> None:
    assert number_in(value) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_decimals_and_their_texts_are_one_number(number: Decimal) -> None:
    assert (
        exact_value(number)
        == number_in(format(abs(number), "f")) * (-1 if number < 0 else 1)
        == Fraction(number)
    )


@given(st.floats(min_value=-1e15, max_value=1e15).filter(lambda number: number == 0 or abs(number) > 1e-300))
def test_a_float_is_its_shortest_decimal(number: float) -> None:
    assert exact_value(number) == Fraction(repr(number))


@given(st.floats())
def test_no_float_raises(number: float) -> None:
    assert isinstance(exact_value(number), Fraction | None)


@given(st.text("0123456789.-+e_ /", max_size=12))
def test_a_text_that_is_a_number_is_one_as_written(text: str) -> None:
    number = number_in(text)
    assert number is None or number == Fraction(text)
