"""What providers' codes mean, as data."""

import json
from typing import get_args

import pytest

from server.notify.gateways.meanings import (
    FOLDER,
    PERMANENT,
    Meaning,
    dialect,
    dialects,
    meaning_of,
)
from server.notify.protocol import RefusalCode

# What must be done about a code: the table that Twilio's file was made to fulfil.
TABLE = {
    "misconfigured": [20003, 21703, 21704, 21705, 21606, 21612, 30002, 30018, 30024, 30032, 30034],
    "blocked_country": [21408],
    "throttled": [20429, 21611, 30001, 30022, 30023],
    "invalid_number": [21211, 21614, 21217, 21401, 30005, 30006],
    "opted_out": [21610],
    "unreachable": [30003, 30008, 30017, 30410],
    "blocked_content": [30004, 30007],
    "refused": [21602, 21617],
}


def test_each_dialect_says_where_it_comes_from_and_each_of_our_words_has_a_duration() -> None:
    assert dialects() == ["cmpp", "smtp", "twilio"]
    for name in dialects():
        read = dialect(name)
        assert len(read.source) > 40
        assert {"delivered", "undelivered"} <= set(read.states.values())
        content = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert all(about for listed in content["codes"].values() for about in listed.values())
    assert set(PERMANENT) == set(get_args(RefusalCode))


@pytest.mark.parametrize(("word", "codes"), TABLE.items())
def test_twilios_codes_are_sorted_by_what_must_be_done(word: RefusalCode, codes: list[int]) -> None:
    assert {meaning_of("twilio", str(code)).code for code in codes} == {word}


@pytest.mark.parametrize(
    ("gateway", "code", "expected", "permanent"),
    [
        ("twilio", "29999", "refused", True),
        ("twilio", None, "misconfigured", False),
        ("http", "MK:0001", "invalid_number", True),
        ("http", "MK:0012", "unreachable", True),
        ("http", "MK:", "unreachable", True),
        ("http", "MK", "refused", True),
        ("file", "MBBLACK", "opted_out", True),
        ("inbox", "REJECTD", "blocked_content", True),
        ("http", "Throttling.User", "throttled", False),
        ("http", "isp.SYSTEM_ERROR", "unknown", True),
        ("http", "", "refused", True),
    ],
)
def test_a_code_means_what_its_dialect_lists_and_otherwise_a_refusal_for_good(
    gateway: str, code: str | None, expected: RefusalCode, permanent: bool
) -> None:
    assert meaning_of(gateway, code) == Meaning(expected, permanent)


@pytest.mark.parametrize(
    ("gateway", "code", "bad"),
    [
        ("twilio", "30005", True),
        ("http", "MK:0001", True),
        # Switched off or out of credit is not gone.
        ("twilio", "30003", False),
        ("http", "MK:0013", False),
    ],
)
def test_only_numbers_that_nothing_reaches_are_bad(gateway: str, code: str, bad: bool) -> None:
    assert (meaning_of(gateway, code).code == "invalid_number") is bad


def test_only_refusals_for_the_providers_own_reasons_may_be_tried_again() -> None:
    assert {word for word, permanent in PERMANENT.items() if not permanent} == {
        "misconfigured",
        "throttled",
        "retry",
    }
