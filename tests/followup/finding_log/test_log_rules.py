"""What a programme tells apart, and what keeps an entry of the log out, as tables."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from server.followup.finding_log.deciding import (
    LONGEST,
    NewFinding,
    Words,
    problems_of,
    verdict_problems,
    words_of,
)

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
WORDS = Words({"praise": {}}, {"settlement": {}}, {})
ME, OTHER = "account:zhao", frozenset({"account:qian"})


def test_what_a_programme_tells_apart() -> None:
    content = {
        "instruments": [
            {"name": "log", "kind": "log", "title": {"default": "台账"}}, {"name": "visit", "kind": "visit"},
        ],
        "measures": {
            "name": "pre", "title": "预评", "findings": {"where": "{finding.source} = 'monitoring'"},
            "deduct": {"sections": [{"name": "settlement", "title": {"default": "清算"}, "points": 20}]},
        },
        "rules": [
            {"title": {"default": "表扬"}, "when": "{finding.kind}='praise' and {finding.source} <> 'media'"},
            {"title": {"default": "通报"}, "when": "{finding.kind} <> 'breach'", "exempt": "{x} = 'no'"},
            {"name": "c", "title": {"default": "再表扬"}, "when": "{finding.kind} = 'praise'"},
        ],
    }  # fmt: skip
    words = words_of(content)
    assert words.kinds == {"praise": {"default": "表扬"}, "breach": {"default": "通报"}}
    assert words.sections == {"settlement": {"default": "清算"}}
    assert words.sources == {"monitoring": {}, "media": {}, "log": {"default": "台账"}}
    assert words_of({}) == Words({}, {}, {})


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"kind": "praise", "section": "settlement", "points": Decimal("0.5"), "due": TODAY}, []),
        ({"subject": " "}, ["field_required"]),
        ({"said": " "}, ["field_required"]),
        ({"said": "x" * (LONGEST + 1)}, ["text_too_long"]),
        ({"person": "x" * 101}, ["text_too_long"]),
        ({"day": TODAY + DAY}, ["finding_future"]),
        ({"due": TODAY - DAY}, ["finding_due"]),
        ({"kind": "prais"}, ["finding_kind"]),
        ({"section": "x"}, ["finding_section"]),
        ({"points": Decimal(-1)}, ["finding_amount"]),
        ({"amount": Decimal(10_000_000)}, ["finding_amount"]),
    ],
)
def test_what_is_wrong_with_an_entry(changes: dict[str, Any], codes: list[str]) -> None:
    new = NewFinding(**{"subject": "B101", "day": TODAY, "said": "客户来信表扬", **changes})
    assert [each.code for each in problems_of(new, WORDS, TODAY)] == codes


@pytest.mark.parametrize(
    ("state", "selves", "verdict", "reason", "eyes", "codes"),
    [
        ("pending", OTHER, "confirmed", "", 2, []),
        ("pending", OTHER, "rejected", "证据不足", 2, []),
        ("pending", OTHER, "rejected", "", 2, ["field_required"]),
        ("pending", {ME}, "confirmed", "", 2, ["finding_own"]),
        ("pending", {ME}, "confirmed", "", 1, []),
        ("confirmed", OTHER, "rejected", "录像查清", 2, []),
        ("rejected", OTHER, "confirmed", "", 2, ["field_required"]),
        ("confirmed", OTHER, "confirmed", "x", 2, ["finding_verdict"]),
        ("pending", OTHER, "pending", "x", 2, ["finding_verdict"]),
        ("pending", OTHER, "confirmed", "x" * (LONGEST + 1), 2, ["text_too_long"]),
    ],
)
def test_who_decides_about_an_entry(
    state: str, selves: Any, verdict: str, reason: str, eyes: int, codes: list[str]
) -> None:
    found = verdict_problems(state, ME, selves, verdict, reason, eyes=eyes)
    assert [each.code for each in found] == codes
