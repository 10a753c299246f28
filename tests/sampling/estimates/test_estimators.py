"""Kinds of estimates, their intervals, and what makes them careful."""

import math

import pytest

from server.sampling.estimates import wilson
from server.sampling.estimates.survey.changes import change_between
from server.sampling.estimates.survey.estimators import Estimate
from server.sampling.estimates.survey.intervals import Basis, korn_graubard
from tests.sampling.estimates.surveys import Json, estimated, only, over

SCORES = [["q"], *([each] for each in (10, 9, 9, 8, 7, 6, 3, 10, 0, 5))]


def test_net_promoter_score() -> None:
    made = only({}, SCORES, kind="nps", of="q")
    assert (made["value"], made["n"]) == (0, 10)
    assert made["standardError"] == pytest.approx(100 * math.sqrt(0.8 * 10 / 9 / 10))


@pytest.mark.parametrize(
    ("n", "margin"),
    [(30, 27), (100, 15)],
)
def test_half_promoters_and_a_sixth_detractors_are_known_to_so_many_points(n: int, margin: int) -> None:
    """outreach.md 3.4: 27 points with 30 answers, 15 with 100; z there, t here."""
    detractors = round(n / 6)
    answers = [10] * (n // 2) + [0] * detractors + [8] * (n - n // 2 - detractors)
    made = only({}, [["q"], *([each] for each in answers)], kind="nps", of="q")
    assert 1.96 * made["standardError"] == pytest.approx(margin, abs=0.7)


@pytest.mark.parametrize(("boxes", "share"), [(1, 0.25), (2, 0.5), (4, 1)])
def test_top_boxes(boxes: int, share: float) -> None:
    rows = [["q", "id"], *([answer, number] for number, answer in enumerate((5, 4, 3, 2, "")))]
    made = only({}, rows, kind="top_box", of="q", scale=5, boxes=boxes)
    assert (made["value"], made["n"], made["missing"]) == (share, 4, 1)


def test_a_proportion_counts_answers_as_they_are_written() -> None:
    rows = [["q"], ["1"], ["2"], ["否"], ["否"]]
    assert only({}, rows, kind="proportion", of="q", values=[1, "否"])["value"] == 0.75


@pytest.mark.parametrize("hits", [0, 1, 12, 40])
def test_a_share_of_a_simple_sample_has_wilsons_interval(hits: int) -> None:
    made = only(
        {}, [["q"], *([int(number < hits)] for number in range(40))], kind="proportion", of="q", values=1
    )
    expected = wilson(hits, 40)
    assert expected is not None
    assert made["intervalMethod"] == "wilson"
    assert made["interval"] == pytest.approx({"low": expected.low, "high": expected.high})


def test_in_a_finite_population_wilsons_interval_is_that_of_a_larger_sample() -> None:
    rows = [["q"], *([int(number < 12)] for number in range(40))]
    made = only({"population": 80}, rows, kind="proportion", of="q", values=1)
    expected = wilson(24, 80)
    assert expected is not None
    assert made["interval"] == pytest.approx({"low": expected.low, "high": expected.high})


@pytest.mark.parametrize(
    ("design", "method"),
    [({}, "wilson"), ({"strata": "h"}, "logit"), ({"weight": "w"}, "logit"), ({"cluster": "c"}, "logit")],
)
def test_the_interval_of_a_share_suits_the_design(design: Json, method: str) -> None:
    rows = [["q", "h", "w", "c"], *([n % 2, n % 3, 1 + n % 4, n // 2 % 5] for n in range(40))]
    assert only(design, rows, kind="proportion", of="q", values=1)["intervalMethod"] == method


def test_nobody_and_everybody_have_intervals_too() -> None:
    rows = [["q", "h"], *([1, n % 2] for n in range(40))]
    made = only({"strata": "h"}, rows, kind="proportion", of="q", values=1, interval="logit")
    assert (made["value"], made["intervalMethod"], made["interval"]["high"]) == (1, "korn_graubard", 1)
    assert 0.9 < made["interval"]["low"] < 0.95


def test_korn_and_graubards_interval_is_clopper_and_pearsons_without_a_design() -> None:
    """5 of 20: 0.0866 to 0.4910, as printed in tables of exact binomial limits."""
    interval = korn_graubard(Basis(0.25, math.sqrt(0.25 * 0.75 / 20), 19, 20, 0.95))
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0866, 0.4910)


@pytest.mark.parametrize(
    ("answers", "flags"),
    [
        ([5, 6, 7, 8] * 10, []),
        ([5, 6, 7, 8], ["few_answers"]),
        ([0, 0, 0, 90], ["few_answers", "large_variation"]),
    ],
)
def test_means_are_flagged(answers: list[int], flags: list[str]) -> None:
    assert only({}, [["y"], *([each] for each in answers)], kind="mean", of="y")["flags"] == flags


def test_wide_intervals_of_points_and_shares_are_flagged() -> None:
    rows = [["q"], *([each] for each in [10, 0] * 15)]
    assert only({}, rows, kind="nps", of="q")["flags"] == ["wide_interval"]
    assert only({}, rows, kind="proportion", of="q", values=10)["flags"] == ["wide_interval"]


def test_design_effects_of_weights_and_clusters() -> None:
    """Kish: nΣw²/(Σw)². Clusters of equal answers are worth one answer each."""
    rows = [["y", "w", "c"], *([n // 4, 1 + n // 4 % 2, n // 4] for n in range(40))]
    design = over({"weight": "w", "estimates": [{"name": "m", "kind": "mean", "of": "y"}]}, rows)["design"]
    assert design["kishDesignEffect"] == pytest.approx(40 * 100 / 60**2)
    assert design["kishEffectiveN"] == pytest.approx(36)
    made = only({"cluster": "c"}, rows, kind="mean", of="y")
    assert made["effectiveN"] == pytest.approx(10, rel=0.1)


def test_independent_waves_differ_by_the_root_of_both_variances() -> None:
    before = estimated({"estimates": [{"name": "m", "kind": "mean", "of": "y"}]}, {"y": [80, 82, 84, 90]})
    after = estimated({"estimates": [{"name": "m", "kind": "mean", "of": "y"}]}, {"y": [85, 87, 89, 88, 91]})
    changed = change_between(before, after)
    # Welch's test by hand: variances 18.6667/4 and 5/5, 4.34 degrees of freedom, rounded down.
    assert changed.value == pytest.approx(4)
    assert changed.error == pytest.approx(math.sqrt(14 / 3 + 1))
    assert changed.degrees == 4
    assert changed.margin == pytest.approx(2.776445 * math.sqrt(14 / 3 + 1), rel=1e-6)
    assert changed.clear is False


def test_without_an_error_a_change_is_not_judged() -> None:
    lone = Estimate(80.0, None, None, "", 1, 0, 0)
    changed = change_between(lone, Estimate(85.0, 1.0, None, "t", 9, 0, 8))
    assert (changed.value, changed.margin, changed.clear) == (5, None, None)


def test_outlets_visited_twice_are_compared_with_themselves() -> None:
    """Each outlet gained 3: the change is certain, although outlets differ much from each other."""
    scores = {f"o{number}": 60 + 4 * number for number in range(9)}
    rows = [
        ["outlet", "wave", "y"],
        *([o, 1, y] for o, y in scores.items()),
        *([o, 2, y + 3] for o, y in scores.items()),
    ]
    change = {"of": "wave", "from": "1", "to": "2"}
    paired = only({"cluster": "outlet"}, rows, kind="mean", of="y", change=change)
    assert (paired["value"], paired["standardError"]) == (pytest.approx(3), pytest.approx(0, abs=1e-9))
    apart = only({"strata": "wave"}, rows, kind="mean", of="y", change=change)
    assert (apart["value"], apart["clear"]) == (pytest.approx(3), False)


def test_a_share_that_known_totals_explain_wholly_is_a_point() -> None:
    """Its error is rounding, and an interval of 10³² answers is beyond what quantiles can be computed for."""
    rows = [["h", "c"], *([stratum, value] for stratum, value in ("1x", "0y", "1x", "1x"))]
    adjust = {"postStratify": {"by": "h", "totals": {"0": 4, "1": 9}}}
    for interval in ("korn_graubard", "logit", "wilson", "t"):
        made = only({"adjust": adjust}, rows, kind="proportion", of="c", values="x", interval=interval)
        assert made["interval"] == pytest.approx({"low": 9 / 13, "high": 9 / 13})


def test_a_share_that_rounds_to_everybody_still_has_an_interval() -> None:
    rows = [["y", "w"], ["yes", 1e12], ["yes", 1e12], ["no", 1e-9]]
    for interval in ("korn_graubard", "logit", "wilson", "t"):
        made = only({"weight": "w"}, rows, kind="proportion", of="y", values="yes", interval=interval)
        assert made["interval"]["low"] <= made["value"] <= made["interval"]["high"]
