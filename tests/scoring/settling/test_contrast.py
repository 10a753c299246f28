"""The difference between two settlements: what moved, and ledger lines that are reversed, never edited."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import wire
from server.scoring.settling.contrast import Contrast, NotComparable, contrast, totals
from server.scoring.settling.settlement import settle

SCHEME: dict[str, Any] = {
    "title": "t",
    "subjects": [{"name": "bank"}, {"name": "outlet", "parent": "bank"}],
    "instruments": [{"name": "visit", "kind": "visit"}],
    "measures": [
        {
            "name": "year_score",
            "of": "outlet",
            "per": "year",
            "scores": "visit",
            "bands": [{"grade": "good", "min": "90"}, {"grade": "poor", "min": "0"}],
        },
        {"name": "place", "of": "outlet", "per": "year", "rank": "year_score"},
    ],
    "rules": [
        {
            "name": "fine",
            "for": "outlet",
            "per": "year",
            "direction": "penalty",
            "payee": "subject",
            "shortfall": {"target": "90", "score": "{year_score}", "base": "1000", "perPoint": "200"},
            "actions": [{"do": "notify", "within": {"days": 3}}],
        },
        {
            "name": "prize",
            "for": "outlet",
            "per": "year",
            "direction": "reward",
            "payee": "bank",
            "when": "{place} = 1",
            "amount": "500",
        },
    ],
}
OUTLETS = ("a", "b", "c")
Scores = dict[str, list[str]]


def facts(scores: Scores, as_of: str = "2026-12-31") -> dict[str, Any]:
    return {
        "asOf": as_of,
        "subjects": [
            {"id": "bank", "kind": "bank"},
            *({"id": each, "kind": "outlet", "parent": "bank"} for each in OUTLETS),
        ],
        "scores": [
            {
                "id": f"{outlet}{index}",
                "instrument": "visit",
                "subject": outlet,
                "date": "2026-03-01",
                "score": score,
            }
            for outlet, own in scores.items()
            for index, score in enumerate(own)
        ],
    }


def result(scores: Scores, as_of: str = "2026-12-31") -> Any:
    """A settlement as it is read back from a file."""
    return json.loads(json.dumps(settle(SCHEME, facts(scores, as_of)).to_json()))


def between(before: Scores, after: Scores) -> Contrast:
    return contrast(result(before), settle(SCHEME, facts(after)))


BEFORE = {"a": ["89", "87"], "b": ["92"], "c": ["85"]}


def test_an_upheld_appeal_moves_numbers_grades_and_ranks() -> None:
    found = between(BEFORE, {"a": ["89", "95"], "b": ["92"], "c": ["85"]})
    moved = {(move.measure, move.subject): move.to_json() for move in found.moves}
    assert set(moved) == {("year_score", "a"), ("place", "a")}
    assert moved["year_score", "a"]["from"] == {"raw": "88", "published": "88.00", "grade": "poor"}
    assert moved["year_score", "a"]["to"] == {"raw": "92", "published": "92.00", "grade": "good"}
    assert moved["place", "a"]["to"] == {"raw": "1", "published": "1"}


def test_lines_are_unchanged_new_gone_or_changed() -> None:
    found = between(BEFORE, {"a": ["95"], "b": ["88"], "c": ["86"]})
    assert {line.id: line.change for line in found.lines} == {
        "fine/a/2026": "gone",
        "fine/c/2026": "changed",
        "prize/b/2026": "gone",
        "fine/b/2026": "new",
        "prize/a/2026": "new",
    }
    same = between(BEFORE, {**BEFORE, "c": ["85", "85"]})
    assert {line.change for line in same.lines} == {"unchanged"}
    assert same.entries == ()


def test_a_contra_line_repeats_the_old_one_below_nothing() -> None:
    old = next(line for line in result(BEFORE)["ledger"] if line["id"] == "fine/c/2026")
    entries = between(BEFORE, {**BEFORE, "c": ["86"]}).entries
    assert [entry["id"] for entry in entries] == ["contra:fine/c/2026", "fine/c/2026"]
    assert entries[0] == {
        **old,
        "id": "contra:fine/c/2026",
        "amount": "-2000.00",
        "reverses": "fine/c/2026",
    }
    assert (entries[1]["amount"], "reverses" in entries[1]) == ("1800.00", False)


def test_the_totals_of_a_difference_are_what_is_still_to_pay() -> None:
    found = between(BEFORE, {**BEFORE, "c": ["86"]}).to_json()
    outlet = {"kind": "outlet", "id": "c"}
    assert found["totals"] == [{"payee": outlet, "unit": "yuan", "direction": "penalty", "amount": "-200.00"}]


def test_what_a_prize_loses_comes_to_nothing_for_a_common_payee() -> None:
    found = between(BEFORE, {"a": ["95"], "b": ["92"], "c": ["85"]}).to_json()
    assert all(total["payee"] != {"kind": "bank", "id": "bank"} for total in found["totals"])


def test_actions_come_and_go_and_a_due_date_alone_is_no_change() -> None:
    found = between(BEFORE, {**BEFORE, "a": ["95"], "b": ["85"]})
    assert [row["subject"] for row in found.actions["new"]] == ["b"]
    assert [row["subject"] for row in found.actions["gone"]] == ["a"]
    before, after = result(BEFORE), result(BEFORE)
    after["actions"][0]["due"] = "2027-02-01"
    assert contrast(before, after).is_empty


def test_another_explanation_of_the_same_money_is_no_other_line() -> None:
    before, after = result(BEFORE), result(BEFORE)
    after["ledger"][0] |= {"clause": "第2条", "steps": [], "amount": "1400"}
    assert contrast(before, after).is_empty


def test_a_number_that_is_new_moves_from_nothing() -> None:
    before = result(BEFORE)
    taken_out = before["measures"].pop(0)
    [move] = contrast(before, result(BEFORE)).moves
    assert (move.subject, move.to_json()["from"]) == (taken_out["subject"], None)


@pytest.mark.parametrize(
    ("before", "pointer", "code"),
    [
        ([], "", "scoring_wrong_type"),
        ({}, "/facts/year", "programme_missing_property"),
        ({"facts": {"year": "2026"}, "ledger": {}}, "/ledger", "scoring_wrong_type"),
        ({"facts": {"year": "2026"}, "ledger": [1]}, "/ledger/0", "scoring_wrong_type"),
        ({"facts": {"year": "2026"}, "measures": [{}]}, "/measures/0", "programme_missing_property"),
        ({"facts": {"year": "2025"}}, "/facts/year", "settlement_of_other_year"),
    ],
)
def test_what_is_no_settlement_is_refused(before: Any, pointer: str, code: str) -> None:
    with pytest.raises(NotComparable) as raised:
        contrast(before, result(BEFORE))
    assert (raised.value.problems[0].pointer, raised.value.problems[0].code) == (pointer, code)


def test_a_float_amount_is_refused() -> None:
    before = result(BEFORE)
    before["ledger"][0]["amount"] = 1400.0
    with pytest.raises(NotComparable) as raised:
        contrast(before, result(BEFORE))
    assert [(each.pointer, each.code) for each in raised.value.problems] == [
        ("/ledger/0/amount", "scoring_not_exact")
    ]


points = st.integers(0, 200).map(lambda halves: f"{Decimal(halves) / 2}")
scores = st.fixed_dictionaries({each: st.lists(points, max_size=3) for each in OUTLETS})


@given(scores)
def test_settling_twice_is_the_same_bytes_and_no_difference(given_scores: Scores) -> None:
    once, twice = (settle(SCHEME, facts(given_scores)).to_json() for _ in range(2))
    assert json.dumps(once).encode() == json.dumps(twice).encode()
    assert wire.fingerprint(dict(once)) == wire.fingerprint(dict(twice))
    assert contrast(once, twice).is_empty


@given(scores, scores)
def test_old_lines_contra_lines_and_new_lines_are_the_new_ledger(before: Scores, after: Scores) -> None:
    old, new = result(before), result(after)
    entries = contrast(old, new).entries
    assert totals([*old["ledger"], *entries]) == [row for row in new["totals"] if Decimal(row["amount"])]


@given(scores, scores)
def test_there_and_back_leaves_what_stood_first(before: Scores, after: Scores) -> None:
    first, second = result(before), result(after)
    there, back = contrast(first, second), contrast(second, first)
    assert totals([*there.entries, *back.entries]) == []
    assert {line.id for line in there.lines} == {line.id for line in back.lines}


@given(scores, scores)
def test_every_line_that_is_reversed_stood_before(before: Scores, after: Scores) -> None:
    old = result(before)
    stood = {line["id"] for line in old["ledger"]}
    entries = contrast(old, result(after)).entries
    reversed_ids = [entry["reverses"] for entry in entries if "reverses" in entry]
    assert len(set(map(str, reversed_ids))) == len(reversed_ids)
    assert set(map(str, reversed_ids)) <= stood
