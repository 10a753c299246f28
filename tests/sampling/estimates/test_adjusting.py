"""Weights fitted to known totals: margins hold, what cannot be fitted fails, errors are the residuals'."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.estimates.problems import DataInvalid
from tests.sampling.estimates.surveys import Json, estimated, laid, over

ROWS = {
    "sex": list("mmmmffffff"),
    "age": list("yyoooyyyoo"),
    "w": [1, 2, 1, 1, 3, 1, 1, 2, 1, 1],
    "y": [3, 5, 8, 1, 4, 9, 2, 7, 6, 5],
}
SEX = {"by": "sex", "totals": {"m": 50, "f": 70}}
AGE = {"by": "age", "totals": {"y": 90, "o": 30}}
MEAN = [{"name": "it", "kind": "mean", "of": "y"}]


def fitted(adjust: Json) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return laid({"weight": "w", "adjust": adjust, "estimates": MEAN}, ROWS).weights


def sums(weights: np.ndarray[tuple[int, ...], np.dtype[np.float64]], column: str) -> dict[str, float]:
    return {
        value: float(weights[np.array(ROWS[column]) == value].sum()) for value in sorted(set(ROWS[column]))
    }


def test_post_stratified_weights_keep_their_proportions_and_meet_the_totals() -> None:
    weights = fitted({"postStratify": SEX})
    assert sums(weights, "sex") == pytest.approx(SEX["totals"])
    assert weights[0] / weights[1] == pytest.approx(1 / 2)


@pytest.mark.parametrize("margins", [[SEX, AGE], [AGE, SEX]])
def test_raked_weights_meet_all_totals_in_whatever_order(margins: list[Json]) -> None:
    weights = fitted({"rake": margins, "tolerance": 1e-12})
    assert sums(weights, "sex") == pytest.approx(SEX["totals"])
    assert sums(weights, "age") == pytest.approx(AGE["totals"])
    # Raking changes no odds ratio: factors are one of sex times one of age.
    factors = weights / np.array(ROWS["w"])
    assert factors[0] / factors[2] == pytest.approx(factors[5] / factors[4])


def test_raking_by_one_margin_is_post_stratification() -> None:
    assert fitted({"rake": [SEX]}) == pytest.approx(fitted({"postStratify": SEX}))


@given(st.permutations(range(10)))
def test_fitting_does_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    design = {"weight": "w", "adjust": {"rake": [SEX, AGE], "tolerance": 1e-12}, "estimates": MEAN}
    plain = estimated(design, ROWS)
    moved = estimated(design, {name: [values[each] for each in order] for name, values in ROWS.items()})
    assert (moved.value, moved.error) == (pytest.approx(plain.value), pytest.approx(plain.error))


def test_the_error_after_post_stratification_by_hand() -> None:
    """Without strata: n/(n-1) Σ (w·(e - its share of the mean's residual))², e from the mean of its class."""
    made = estimated({"weight": "w", "adjust": {"postStratify": SEX}, "estimates": MEAN}, ROWS)
    base, y, sex = np.array(ROWS["w"]), np.array(ROWS["y"]), np.array(ROWS["sex"])
    total, residuals = 0.0, np.zeros(10)
    for name, size in SEX["totals"].items():
        inside = sex == name
        mean = float(np.average(y[inside], weights=base[inside]))
        total += size * mean
        residuals[inside] = base[inside] * size / base[inside].sum() * (y[inside] - mean) / 120
    assert made.value == pytest.approx(total / 120)
    assert made.error == pytest.approx(math.sqrt(10 / 9 * float((residuals**2).sum())))


def test_what_a_margin_explains_wholly_has_no_error() -> None:
    """Whoever knows the answer of each class knows the mean."""
    rows = {**ROWS, "y": [1 if sex == "m" else 4 for sex in ROWS["sex"]]}
    made = estimated({"weight": "w", "adjust": {"postStratify": SEX}, "estimates": MEAN}, rows)
    assert (made.value, made.error) == (pytest.approx(330 / 120), pytest.approx(0, abs=1e-12))


def test_trimmed_weights_stay_within_their_bounds_and_meet_the_totals() -> None:
    untrimmed = fitted({"rake": [SEX, AGE], "tolerance": 1e-9})
    weights = fitted({"rake": [SEX, AGE], "trim": {"low": 0.4, "high": 2}, "tolerance": 1e-9})
    median = np.sort(untrimmed)[4]
    assert untrimmed.max() > 2 * median
    assert weights.max() <= 2 * median * (1 + 1e-7)
    assert weights.min() >= 0.4 * median * (1 - 1e-7)
    assert sums(weights, "sex") == pytest.approx(SEX["totals"], rel=1e-6)
    assert sums(weights, "age") == pytest.approx(AGE["totals"], rel=1e-6)


def test_the_report_says_what_was_done() -> None:
    rows = [list(ROWS), *zip(*ROWS.values(), strict=True)]
    design = {
        "weight": "w",
        "adjust": {"rake": [SEX, AGE], "trim": {"low": 0.4, "high": 2}},
        "estimates": MEAN,
    }
    report = over(design, rows)["design"]["adjustment"]
    assert report["method"] == "raking"
    assert report["trimmed"] > 0
    assert report["largestDifference"] < 1e-6


@pytest.mark.parametrize(
    ("adjust", "codes"),
    [
        ({"postStratify": {"by": "sex", "totals": {"m": 5}}}, ["margin_value_unknown"]),
        ({"postStratify": {"by": "sex", "totals": {"m": 5, "f": 5, "x": 1}}}, ["margin_value_absent"]),
        (
            {"rake": [{"by": "sex", "totals": {"m": 10}}, {"by": "age", "totals": {"y": 5, "z": 5}}]},
            ["margin_value_absent", "margin_value_unknown", "margin_value_unknown"],
        ),
        (
            # All young are f: no weights give f less than the young.
            {
                "rake": [
                    {"by": "cell", "totals": {"mo": 100, "fy": 50, "fo": 50}},
                    {"by": "old", "totals": {"y": 80, "o": 120}},
                ],
                "rounds": 20,
            },
            ["raking_unsettled"],
        ),
        ({"rake": [SEX, AGE], "trim": {"low": 0.99, "high": 1.01}}, ["trimming_unsettled"]),
    ],
)
def test_what_cannot_be_fitted_fails_loudly(adjust: Json, codes: list[str]) -> None:
    rows = {
        **ROWS,
        "cell": ["mo", "fy", "fo", "mo", "fy", "fo", "mo", "fy", "fo", "mo"],
        "old": list("oyooyooyoo"),
    }
    with pytest.raises(DataInvalid) as caught:
        laid({"weight": "w", "adjust": adjust, "estimates": MEAN}, rows)
    assert sorted(problem.code for problem in caught.value.problems) == codes
