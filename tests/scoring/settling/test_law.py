"""Settlement: the worked examples of the law, and what would wrong somebody if it were otherwise."""

from typing import Any

import pytest

from server.scoring.settling.fact_reading import FactsInvalid
from tests.scoring.settling.programmes_for_tests import (
    SUBJECTS,
    amounts,
    number,
    programme,
    settled,
    visit,
)

PHASE_SCORE = {"name": "visits", "per": "phase", "scores": "visit"}
DOUBLED = {
    "name": "doubled",
    "per": "phase",
    "lost": {"instrument": "visit", "where": "{line.repeat} or {line.key}"},
}
BOTH = {
    "name": "both",
    "per": "phase",
    "lost": {"instrument": "visit", "where": "{line.repeat} and {line.key}"},
}
PENALTY = {
    "name": "penalty",
    "per": "phase",
    "shortfall": {
        "target": "{phase.target}",
        "score": "{visits}",
        "base": "1000",
        "perPoint": "200",
        "double": "{doubled}",
        "both": "{both}",
    },
}
PENALISED = programme([PHASE_SCORE, DOUBLED, BOTH], [PENALTY])


@pytest.mark.parametrize(
    ("day", "score", "policies", "amount"),
    [
        ("04-30", "90.5", {}, "1300.00"),
        ("04-30", "90.5", {"A3": "ceil"}, "1400.00"),
        ("04-30", "90.5", {"A3": "floor"}, "1200.00"),
        ("04-30", "92", {}, None),
        ("05-01", "95", {}, None),
        ("05-01", "94.99", {}, "1002.00"),
        ("05-01", None, {}, None),
    ],
)
def test_points_short_of_the_phases_target(
    day: str, score: str | None, policies: dict[str, str], amount: str | None
) -> None:
    result = settled(PENALISED, visit("v", day, score), policies=policies)
    assert amounts(result).get("penalty") == amount


@pytest.mark.parametrize(
    ("policies", "amount"),
    [
        ({}, "1600.00"),
        ({"A6": "whole"}, "2800.00"),
        ({"A7": "consecutive"}, "1400.00"),
    ],
)
def test_a_repeat_counts_twice(policies: dict[str, str], amount: str) -> None:
    """2 points under 95, one of them failed before; a clean visit lies between."""
    visits = (
        visit("v1", "01-10", "99", "queue"),
        visit("v2", "02-10", "99"),
        visit("v3", "06-10", "93", "queue", "poster"),
    )
    assert amounts(settled(PENALISED, *visits, policies=policies))["penalty"] == amount


@pytest.mark.parametrize(
    ("policies", "amount"),
    [({}, "1800.00"), ({"A6": "points_each"}, "2600.00"), ({"A29": "uncapped"}, "2000.00")],
)
def test_repeat_and_key_item_is_doubled_once_and_within_the_gap(
    policies: dict[str, str], amount: str
) -> None:
    """2 points short, 3 of repeats of which all are key: at most the gap counts again."""
    line = {"item": "queue", "lost": "3", "key": True}
    visits = (
        visit("v1", "01-10", "99", {**line, "lost": "1", "key": False}),
        visit("v2", "06-10", "93", line),
    )
    assert amounts(settled(PENALISED, *visits, policies=policies))["penalty"] == amount


def test_an_overturned_visit_makes_no_repeat() -> None:
    visits = (visit("v1", "01-10", "99", "queue", state="overturned"), visit("v2", "06-10", "93", "queue"))
    assert amounts(settled(PENALISED, *visits))["penalty"] == "1400.00"


@pytest.mark.parametrize(
    ("mean", "parts", "raw"),
    [
        ("waves", "raw", "85"),
        ("visits", "raw", "250/3"),
        ("last", "raw", "80"),
        ("worst", "raw", "80"),
        ("best", "raw", "90"),
        ("sum", "raw", "250"),
        ("count", "raw", "3"),
    ],
)
def test_one_number_of_many_visits(mean: str, parts: str, raw: str) -> None:
    scores = {"name": "visits", "scores": {"instrument": "visit", "mean": mean}, "parts": parts}
    visits = (
        visit("v1", "01-10", "90", wave="w1"),
        visit("v2", "02-10", "80", wave="w2"),
        visit("v3", "02-11", "80", wave="w2"),
    )
    assert number(settled(programme([scores]), *visits), "visits")["raw"] == raw


def test_pooled_points_and_exact_means() -> None:
    points = [("a", "45", "50"), ("b", "76", "80")]
    visits = [
        {
            "id": name,
            "instrument": "visit",
            "subject": "o",
            "date": "2026-03-01",
            "earned": got,
            "possible": of,
        }
        for name, got, of in points
    ]
    mean = {"name": "mean", "scores": "visit"}
    pooled = {"name": "pooled", "scores": {"instrument": "visit", "mean": "pooled"}}
    result = settled(programme([mean, pooled]), *visits)
    assert [number(result, name)["published"] for name in ("mean", "pooled")] == ["92.50", "93.08"]


def test_a_score_is_put_on_the_scale_that_the_measure_declares() -> None:
    measure = {"name": "visits", "scale": "50", "scores": "visit"}
    visits = (visit("v1", "01-10", "45", scale="50"), visit("v2", "02-10", "90", scale="100"))
    assert number(settled(programme([measure]), *visits), "visits")["published"] == "45.00"


@pytest.mark.parametrize(
    ("when", "fires"),
    [
        ("{visits} != 90", False),
        ("!({visits} = 90)", False),
        ("{visits} < 60", False),
        ("{visits} empty", True),
        ("!({visits} empty)", False),
    ],
)
def test_who_was_never_visited_is_neither_better_nor_worse(when: str, fires: bool) -> None:
    rule = {"name": "fine", "amount": "100", "when": when}
    result = settled(programme([{"name": "visits", "scores": "visit"}], [rule]))
    assert ("fine" in amounts(result)) is fires


def test_a_finding_that_does_not_name_its_source_differs_from_every_source() -> None:
    rule = {"name": "fine", "per": "finding", "amount": "100", "when": "{finding.source} != 'spot'"}
    finding = {"id": "f", "subject": "o", "date": "2026-03-01", "status": "confirmed", "points": 1}
    assert amounts(settled(programme([], [rule]), findings=[finding])) == {"fine": "100.00"}


def test_an_exemption_that_is_not_known_charges_nobody_in_silence() -> None:
    rank = {"name": "rank", "indicator": "rank"}
    rule = {"name": "fine", "amount": "100", "exempt": "{rank} <= 200"}
    result = settled(programme([rank], [rule]))
    assert (result["ledger"], [row["code"] for row in result["open"]]) == ([], ["exemption_unknown"])
    imported = {"name": "rank", "subject": "o", "period": "2026", "value": "201"}
    assert amounts(settled(programme([rank], [rule]), indicators=[imported])) == {"fine": "100.00"}


def test_a_bottom_rank_counts_whoever_is_strictly_worse() -> None:
    subjects = [*SUBJECTS, *({"id": f"x{n}", "kind": "outlet", "parent": "d"} for n in range(101))]
    scores = [visit(f"w{n}", "03-01", "90", subject=f"x{n}") for n in range(99)]
    scores += [visit("v", "03-01", "96.4"), visit("v1", "03-01", "96.4", subject="x99")]
    scores += [visit("v2", "03-01", "96.4", subject="x100")]
    measures = [
        {"name": "visits", "scores": "visit"},
        {"name": "place", "rank": {"of": "visits", "from": "bottom"}},
    ]
    short = {"target": "98", "score": "{visits}", "base": "2000", "perPoint": "200"}
    rule = {"name": "tier", "when": "{place} <= 100 and {visits} < 98", "shortfall": short}
    result = settled(programme(measures, [rule]), *scores, subjects=subjects)
    tied = [line["amount"] for line in result["ledger"] if line["subject"] in ("o", "x99", "x100")]
    assert tied == ["2320.00"] * 3


def test_a_running_balance_reads_its_own_earlier_periods() -> None:
    measures = [
        {"name": "opening", "per": "month", "previous": "closing"},
        {"name": "lost", "per": "month", "findings": {}},
        {"name": "closing", "per": "month", "expression": "iif({opening} empty, 12, {opening}) - {lost}"},
    ]
    findings = [
        {"id": day, "subject": "o", "date": f"2026-{day}", "status": "confirmed", "points": points}
        for day, points in (("01-05", 2), ("03-05", 3))
    ]
    result = settled(programme(measures), findings=findings)
    assert [number(result, "closing", f"2026-0{month}")["raw"] for month in (1, 2, 3, 4)] == [
        "10",
        "10",
        "7",
        "7",
    ]


def test_a_gap_is_charged_once_by_a_group_and_only_by_a_line() -> None:
    short = {"target": "95", "score": "{visits}", "perPoint": "200", "once": "gap"}
    rules: list[dict[str, Any]] = [
        {"name": "first", "shortfall": {**short, "base": "1000"}, "when": "{first} = 1"},
        {"name": "second", "shortfall": {**short, "base": "500"}},
    ]
    flag = {"name": "first", "type": "number", "default": "1"}
    definition = programme([{"name": "visits", "scores": "visit"}], rules, parameters=[flag])
    seen = visit("v", "03-01", "93")
    assert amounts(settled(definition, seen)) == {"first": "1400.00", "second": "500.00"}
    assert amounts(settled(definition, seen, policies={"A10": "twice"}))["second"] == "900.00"
    assert amounts(settled(definition, seen, parameters={"first": "0"})) == {"second": "900.00"}


def test_rules_wait_for_the_end_of_their_period() -> None:
    result = settled(PENALISED, visit("v1", "02-01", "90"), visit("v2", "05-02", "90"), asOf="2026-06-30")
    assert [line["period"] for line in result["ledger"]] == ["2026/first"]


@pytest.mark.parametrize(("counted_from", "due"), [("settlement", "2027-01-10"), ("event", "2026-05-10")])
def test_a_deadline_may_count_from_the_event(counted_from: str, due: str) -> None:
    action = {"do": "order_rectification", "within": {"days": 10}, "from": counted_from}
    rule = {"name": "order", "per": "phase", "when": "{visits} < 92", "actions": [action]}
    (deed,) = settled(programme([PHASE_SCORE], [rule]), visit("v", "03-01", "90"))["actions"]
    assert deed["due"] == due


def test_who_was_not_there_has_no_numbers_of_that_time() -> None:
    subjects = [SUBJECTS[0], {**SUBJECTS[1], "from": "2026-07-01"}]
    result = settled(programme([PHASE_SCORE]), subjects=subjects)
    assert [row["period"] for row in result["measures"]] == ["2026/second"]


@pytest.mark.parametrize(
    ("first", "published", "note"), [("60", "86.00", None), ("50", None, "weights_missing")]
)
def test_weights_may_be_parameters_and_must_add_up(
    first: str, published: str | None, note: str | None
) -> None:
    measures = [
        {"name": "a", "expression": "90"},
        {"name": "b", "expression": "80"},
        {
            "name": "whole",
            "weighted": {"parts": [{"measure": "a", "weight": "{first}"}, {"measure": "b", "weight": 40}]},
        },
    ]
    weight = {"name": "first", "type": "percent", "default": "60"}
    row = number(settled(programme(measures, parameters=[weight]), parameters={"first": first}), "whole")
    assert (row["published"], row.get("note")) == (published, note)


@pytest.mark.parametrize(("policies", "published"), [({}, "76.50"), ({"A22": "rescaled"}, "85.00")])
def test_a_remainder_counts_as_nothing_or_the_parts_are_the_whole(
    policies: dict[str, str], published: str
) -> None:
    parts = [{"measure": "a", "weight": 45}, {"measure": "b", "weight": 45}]
    measures = [
        {"name": "a", "expression": "90"},
        {"name": "b", "expression": "80"},
        {"name": "whole", "weighted": {"parts": parts, "remainder": "reported"}},
    ]
    assert number(settled(programme(measures), policies=policies), "whole")["published"] == published


WRONG_FACTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown indicator": (
        {"indicators": [{"name": "rnak", "subject": "o", "period": "2026", "value": 1}]},
        "unknown_indicator",
    ),
    "unknown period": (
        {"indicators": [{"name": "rank", "subject": "o", "period": "2026Q5", "value": 1}]},
        "unknown_period",
    ),
    "other kind": (
        {"indicators": [{"name": "rank", "subject": "d", "period": "2026", "value": 1}]},
        "indicator_other_kind",
    ),
    "negative": (
        {
            "findings": [
                {"id": "f", "subject": "o", "date": "2026-01-01", "status": "confirmed", "points": -5}
            ]
        },
        "fact_negative",
    ),
    "two ways": ({"scores": [visit("v", "01-01", "90", earned="1", possible="2")]}, "programme_two_of"),
    "twice": (
        {"history": [{"measure": "rank", "subject": "o", "period": "2025", "value": 1}] * 2},
        "fact_twice",
    ),
    "not past": (
        {"history": [{"measure": "rank", "subject": "o", "period": "2026", "value": 1}]},
        "history_not_past",
    ),
    "after the day": ({"scores": [visit("v", "01-01", "90")], "asOf": "2025-12-31"}, "fact_after_as_of"),
    "whole line of a scored form": (
        {"scores": [visit("v", "01-01", None, sheet={"sheet": {"raw": "1"}})]},
        "programme_missing_property",
    ),
    "last of years": ({"asOf": "9999-12-31"}, "scoring_wrong_type"),
    "policies no object": ({"policies": 3}, "scoring_wrong_type"),
}


@pytest.mark.parametrize(("facts", "code"), WRONG_FACTS.values(), ids=WRONG_FACTS)
def test_facts_that_would_be_lost_are_refused(facts: dict[str, Any], code: str) -> None:
    definition = programme([{"name": "rank", "indicator": "rank"}])
    with pytest.raises(FactsInvalid) as caught:
        settled(definition, **facts)
    assert code in [problem.code for problem in caught.value.problems]
