"""Variances against what they are estimates of: all samples listed, jackknife replicates, simulated draws."""

import itertools
import math
from collections.abc import Iterator, Sequence
from statistics import fmean, pvariance
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.estimates.survey.estimators import Estimate
from tests.sampling.estimates.surveys import CLUSTERED, STRATIFIED, Json, estimated, only, over, records

TOTAL = [{"name": "it", "kind": "total", "of": "y"}]
MEAN = [{"name": "it", "kind": "mean", "of": "y"}]
POPULATION = {"a": (3.0, 8.0, 1.0, 9.0), "b": (20.0, 26.0, 23.0, 40.0, 2.0)}


def stratified_samples() -> Iterator[tuple[list[str], list[float]]]:
    """Every sample of two of each stratum."""
    choices = [itertools.combinations(values, 2) for values in POPULATION.values()]
    for drawn in itertools.product(*choices):
        yield ["a", "a", "b", "b"], [value for pair in drawn for value in pair]


def test_over_all_samples_the_variance_of_a_total_is_right_on_average() -> None:
    design = {"strata": "h", "population": {"a": 4, "b": 5}, "estimates": TOTAL}
    made = [estimated(design, {"h": strata, "y": values}) for strata, values in stratified_samples()]
    values = [each.value for each in made if each.value is not None]
    assert fmean(values) == pytest.approx(sum(map(sum, POPULATION.values())))
    assert fmean((each.error or 0) ** 2 for each in made) == pytest.approx(pvariance(values))


def test_over_all_samples_of_clusters_too() -> None:
    clusters = {"p": (1.0, 2.0), "q": (5.0,), "r": (2.0, 9.0, 4.0), "s": (7.0, 7.0), "t": (0.0, 3.0)}
    design = {"cluster": "c", "population": 5, "estimates": TOTAL}
    made = []
    for drawn in itertools.combinations(clusters, 3):
        rows = [(name, value) for name in drawn for value in clusters[name]]
        made.append(estimated(design, {"c": [c for c, _ in rows], "y": [y for _, y in rows]}))
    values = [each.value for each in made if each.value is not None]
    assert fmean(values) == pytest.approx(sum(map(sum, clusters.values())))
    assert fmean((each.error or 0) ** 2 for each in made) == pytest.approx(pvariance(values))


def test_a_domain_counts_the_members_a_sample_happens_to_catch() -> None:
    """Over all samples of three of four, two of them in the domain: cutting the file down would be wrong."""
    members = {0: 1.0, 1: 5.0}
    design = {"population": 4, "estimates": [{**TOTAL[0], "where": {"d": "1"}}]}
    errors, values = [], []
    for drawn in itertools.combinations(range(4), 3):
        rows = [["y", "d"], *([members.get(each, 9.0), int(each in members)] for each in drawn)]
        row = over(design, rows)["estimates"][0]
        values.append(row["value"])
        errors.append(row["standardError"] ** 2)
    assert fmean(values) == pytest.approx(6)
    assert fmean(errors) == pytest.approx(pvariance(values))


def jackknife(rows: list[Json], units: Sequence[str], strata: Sequence[str], what: Any) -> float:
    """Standard error by leaving out each unit in turn and raising the others of its stratum."""
    whole = what(rows)
    total = 0.0
    homes = dict(zip(units, strata, strict=True))
    for left_out, home in homes.items():
        n = sum(1 for each in homes.values() if each == home)
        kept = [
            {**row, "w": row["w"] * n / (n - 1)} if stratum == home else row
            for row, unit, stratum in zip(rows, units, strata, strict=True)
            if unit != left_out
        ]
        total += (n - 1) / n * (what(kept) - whole) ** 2
    return math.sqrt(total)


def weighted_ratio(rows: list[Json]) -> float:
    return sum(row["w"] * row["y"] for row in rows) / sum(row["w"] * row["x"] for row in rows)


@pytest.mark.parametrize(
    ("name", "stratum", "unit", "apart"),
    [
        ("apistrat", "stype", None, 0.03),
        # The jackknife differs by terms of the order 1/n, and there are 15 districts.
        ("apiclus1", None, "dnum", 0.15),
    ],
)
def test_ratios_agree_with_the_jackknife(
    name: str, stratum: str | None, unit: str | None, apart: float
) -> None:
    header, *lines = records(name)
    named = [dict(zip(header, line, strict=True)) for line in lines]
    rows = [{"w": float(row["pw"]), "y": float(row["api.stu"]), "x": float(row["enroll"])} for row in named]
    units = [row[unit] if unit else str(number) for number, row in enumerate(named)]
    strata = [row[stratum] if stratum else "" for row in named]
    design = {
        "weight": "pw",
        **({"strata": stratum} if stratum else {}),
        **({"cluster": unit} if unit else {}),
    }
    made = only(design, [header, *lines], kind="ratio", of="api.stu", over="enroll")
    assert made["value"] == pytest.approx(weighted_ratio(rows))
    assert made["standardError"] == pytest.approx(jackknife(rows, units, strata, weighted_ratio), rel=apart)


def test_equal_rows_count_as_often_as_they_stand() -> None:
    header, *rows = records("apiclus1")
    district, score = header.index("dnum"), header.index("api00")
    # Scores in hundreds: most rows are equal to others, unless a column that differs in each is read as well.
    table = [["dnum", "api", "id"], *([r[district], r[score][0], n] for n, r in enumerate(rows))]
    asked = {"name": "it", "kind": "mean", "of": "api"}
    design = {"cluster": "dnum", "population": 757}
    together = over({**design, "estimates": [asked]}, table)["estimates"][0]
    apart = over({**design, "estimates": [asked, {"name": "id", "kind": "mean", "of": "id"}]}, table)
    assert numbers(apart["estimates"][0]) == pytest.approx(numbers(together), rel=1e-12)


def numbers(row: Json) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, int | float)}


MEANS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(-50, 50), st.integers(1, 9)), min_size=4, max_size=25
).filter(lambda rows: {("a", True), ("b", True)} <= {(h, n > 1) for h, n in counted(rows).items()})


def counted(rows: Sequence[tuple[str, int, int]]) -> dict[str, int]:
    return {name: sum(1 for each, _, _ in rows if each == name) for name in "ab"}


def mean_of(rows: Sequence[tuple[str, float, float]], kind: str = "mean") -> Estimate:
    arrays = dict(zip(("h", "y", "w"), map(list, zip(*rows, strict=True)), strict=True))
    return estimated(
        {"weight": "w", "strata": "h", "estimates": [{"name": "it", "kind": kind, "of": "y"}]}, arrays
    )


@given(MEANS, st.integers(2, 7), st.integers(-9, 9))
def test_scale_and_shift(rows: list[tuple[str, int, int]], factor: int, shift: int) -> None:
    plain, moved = mean_of(rows), mean_of([(h, factor * y + shift, w) for h, y, w in rows])
    assert plain.value is not None
    assert plain.error is not None
    assert moved.value == pytest.approx(factor * plain.value + shift)
    assert moved.error == pytest.approx(factor * plain.error, abs=1e-9)


@given(MEANS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: list[tuple[str, int, int]], random: Any) -> None:
    shuffled = random.sample(rows, len(rows))
    one, other = mean_of(rows), mean_of(shuffled)
    assert (one.value, one.error) == (pytest.approx(other.value), pytest.approx(other.error, abs=1e-9))


@given(MEANS, st.sampled_from((0.01, 3.0, 1000.0)))
def test_weights_are_relative_to_a_mean_and_not_to_a_total(
    rows: list[tuple[str, int, int]], factor: float
) -> None:
    raised = [(h, y, w * factor) for h, y, w in rows]
    mean, same = mean_of(rows), mean_of(raised)
    assert (same.value, same.error) == (pytest.approx(mean.value), pytest.approx(mean.error, abs=1e-9))
    assert same.design_effect == pytest.approx(mean.design_effect)
    total, larger = mean_of(rows, "total"), mean_of(raised, "total")
    assert total.value is not None
    assert total.error is not None
    assert larger.value == pytest.approx(factor * total.value)
    assert larger.error == pytest.approx(factor * total.error)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_a_census_has_no_error(values: list[int]) -> None:
    made = estimated({"population": len(values), "estimates": MEAN}, {"y": values})
    assert made.error == 0
    assert made.interval is not None
    assert made.interval.low == made.interval.high == pytest.approx(fmean(values))


def test_one_answer_of_many_has_no_error_to_tell() -> None:
    made = estimated({"population": 9, "singleUnit": "certainty", "estimates": MEAN}, {"y": [5]})
    assert (made.value, made.n, made.error, made.interval) == (5, 1, None, None)
    assert made.flags == ("few_answers", "no_error")


def test_centred_single_strata_deviate_from_the_mean_of_all_units() -> None:
    design = {"strata": "h", "singleUnit": "centre", "estimates": TOTAL}
    made = estimated(design, {"h": ["a", "a", "b"], "y": [1, 3, 11]})
    assert made.error == pytest.approx(math.sqrt(2 * ((1 - 2) ** 2 + (3 - 2) ** 2) + (11 - 5) ** 2))


@pytest.mark.parametrize(
    ("definition", "file"), [(STRATIFIED, "apistrat"), (CLUSTERED, "apiclus1")], ids=["strata", "clusters"]
)
def test_a_domain_is_the_same_by_either_way(definition: Json, file: str) -> None:
    asked = [
        {"name": "by", "kind": "mean", "of": "api00", "by": ["stype", "awards"]},
        {"name": "where", "kind": "mean", "of": "api00", "where": {"stype": "M", "awards": ["Yes"]}},
    ]
    *domains, where = over({**definition, "estimates": asked}, records(file))["estimates"]
    (same,) = (row for row in domains if row["domain"] == "M|Yes")
    assert numbers(same) == numbers(where)
