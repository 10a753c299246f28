"""Numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.phones import CODES, PhoneError, masked, normalise


@pytest.mark.parametrize(
    "typed",
    [
        "13812345678",
        " 138 1234 5678 ",
        "138-1234-5678",
        "138—1234—5678",
        "１３８１２３４５６７８",
        "+86 138 1234 5678",
        "＋８６ 138１2345678",
        "+86 (0)138 1234 5678",
        "008613812345678",
        "8613812345678",
        "\u200e13812345678\u202c",
        "138\u30001234\u00a05678",
    ],
)
def test_one_number_in_many_dresses(typed: str) -> None:
    assert normalise(typed, mobile_only=True) == "+8613812345678"


def test_landlines_and_other_countries() -> None:
    assert normalise("0871-63123456") == "+8687163123456"
    assert normalise("+1 650 253 0000") == "+16502530000"
    assert normalise("020 7183 8750", region="GB") == "+442071838750"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "phone_empty"),
        (" \u3000\u200b", "phone_empty"),
        ("1381234567", "phone_invalid"),
        ("138123456789", "phone_invalid"),
        ("12345", "phone_invalid"),
        ("+", "phone_characters"),
        ("----", "phone_invalid"),
        ("1-800-FLOWERS", "phone_characters"),
        ("1.3812345678E+10", "phone_characters"),
        ("١٣٨١٢٣٤٥٦٧٨", "phone_characters"),
        ("13812345678、13912345678", "phone_characters"),
        ("1" * 41, "phone_characters"),
        ("0871-63123456", "phone_not_mobile"),
    ],
)
def test_what_is_no_mobile_number(typed: str, code: str) -> None:
    with pytest.raises(PhoneError) as caught:
        normalise(typed, mobile_only=True)
    assert caught.value.code == code
    assert code in CODES


@given(st.text(max_size=60))
def test_any_text_gives_a_number_or_a_code_that_does_not_repeat_it(text: str) -> None:
    outcome = _normalised_or_code(text)
    assert outcome in CODES or normalise(outcome) == outcome


def _normalised_or_code(text: str) -> str:
    try:
        return normalise(text)
    except PhoneError as error:
        return str(error)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613812345678", "138****5678"),
        ("+16502530000", "65****00"),
        ("+47123", "****"),
        ("nobody", "****"),
        ("", "****"),
    ],
)
def test_masking(number: str, shown: str) -> None:
    assert masked(number) == shown


@given(st.from_regex(r"1[0-9]{9,11}", fullmatch=True))
def test_the_short_way_for_plain_numbers_says_what_the_library_says(typed: str) -> None:
    def said(text: str) -> str:
        try:
            return normalise(text, mobile_only=True)
        except PhoneError as error:
            return error.code

    # A space takes the long way.
    assert said(typed) == said(f" {typed}") == said(f"+86{typed}")
