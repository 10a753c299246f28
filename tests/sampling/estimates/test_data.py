"""Rows that a design cannot be laid over: every problem of a step at once, with row and column."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.estimates.problems import MOST_ALIKE, Complaints, DataInvalid
from server.sampling.estimates.survey.columns import Columns, Limits, Wanted, read_columns
from tests.sampling.estimates.surveys import Json, only, over

MEAN = {"name": "m", "kind": "mean", "of": "y"}


def problems(definition: Json, rows: list[list[Any]]) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(DataInvalid) as caught:
        over({"estimates": [MEAN], **definition}, rows)
    return [(each.row, each.column, each.code) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("definition", "rows", "expected"),
    [
        ({}, [], [(None, None, "header_absent")]),
        ({}, [["y"]], [(None, None, "data_without_rows")]),
        ({"weight": "w", "strata": "h"}, [["y"], [1]], [(1, None, "header_missing")]),
        ({}, [["y", "y"], [1, 2]], [(1, "y", "header_duplicate")]),
        ({}, [["y", "z"], [1, 2, 3]], [(2, None, "row_too_many_cells")]),
        ({}, [["y"], [1], ["1,5"], ["1_0"], ["inf"], ["１"]], [
            (row, "y", "data_not_number") for row in (3, 4, 5, 6)]),
        ({"weight": "w"}, [["y", "w"], [1, 0], [1, -2]], [(row, "w", "data_not_positive") for row in (2, 3)]),
        ({"probability": "w"}, [["y", "w"], [1, 1.5], [1, 0.5]], [(2, "w", "data_out_of_range")]),
        ({"weight": "w", "strata": "h"}, [["y", "w", "h"], [1, "", "a"], [1, 1, "NA"]], [
            (2, "w", "cell_missing"), (3, "h", "cell_missing")]),
        ({"strata": "h"}, [["y", "h"], [1, "a\ufffd"]], [(2, "h", "cell_broken_text")]),
        ({"estimates": [{**MEAN, "kind": "nps"}]}, [["y"], [11], [-1], [10]], [
            (row, "y", "data_out_of_range") for row in (2, 3)]),
        ({"estimates": [{**MEAN, "kind": "top_box", "scale": 5}]}, [["y"], [0], [5]], [
            (2, "y", "data_out_of_range")]),
        ({"strata": "h"}, [["y", "h"], [1, "a"], [2, "b"], [3, "b"]], [(None, None, "stratum_single_unit")]),
        ({"population": 2}, [["y"], [1], [2], [3]], [(None, None, "stratum_population_small")]),
        ({"population": "N"}, [["y", "N"], [1, 9], [2, 8]], [(None, "N", "stratum_population_differs")]),
        ({"strata": "h", "population": {"a": 5, "c": 9}}, [["y", "h"], *([1, each] for each in "aabb")], [
            (None, None, "stratum_population_missing"), (None, None, "stratum_absent")]),
        ({"strata": "h", "cluster": "c"}, [["y", "h", "c"], *([1, h, c] for h in "ab" for c in "pq")], [
            (None, "c", "cluster_in_two_strata"), (None, "c", "cluster_in_two_strata")]),
        ({"estimates": [{**MEAN, "change": {"of": "v", "from": "1", "to": "3"}}]}, [["y", "v"], [1, 1]], [
            (None, "v", "wave_without_values")]),
        ({"outcomes": {"of": "s"}}, [["y", "s"], [1, "complete"], [1, "moved"]], [
            (None, "s", "data_state_unknown")]),
    ],
)  # fmt: skip
def test_each_problem_has_its_row_and_column(
    definition: Json, rows: list[list[Any]], expected: object
) -> None:
    assert problems(definition, rows) == expected


def test_clusters_of_the_same_code_may_be_others_in_each_stratum() -> None:
    rows = [["y", "h", "c"], *([1, h, c] for h in "ab" for c in "pq")]
    made = over({"strata": "h", "cluster": "c", "nested": True, "estimates": [MEAN]}, rows)
    assert made["design"]["units"] == 4


def test_of_many_alike_the_first_are_told() -> None:
    found = problems({}, [["y"], *([f"x{number}"] for number in range(500))])
    assert [row for row, _, _ in found] == list(range(2, 2 + MOST_ALIKE))


def test_blank_cells_are_no_answers_and_blank_lines_no_rows() -> None:
    made = only(
        {"missing": ["-"]},
        [["y", "d"], [1, "a"], ["-", "a"], ["", "a"], ["", ""], [" 5 ", "b"]],
        kind="mean",
        of="y",
    )
    assert (made["n"], made["missing"], made["value"]) == (2, 2, 3)


def test_a_domain_without_answers_has_no_value() -> None:
    rows = [["y", "d"], [1, "a"], [3, "a"], ["", "b"], ["", "b"], [5, ""]]
    first, second = over({"estimates": [{**MEAN, "by": "d"}]}, rows)["estimates"]
    assert (first["domain"], first["n"], first["value"]) == ("a", 2, 2)
    assert (second["domain"], second["n"], second["missing"], second["value"]) == ("b", 0, 2, None)
    assert second["flags"] == ["no_answers"]


def read(values: list[object], limits: Limits) -> Columns:
    complaints = Complaints()
    wanted = Wanted({"y": ()}, {"h": False}, frozenset(("",)))
    cells = ([str(value), "abc"[number % 3]] for number, value in enumerate(values))
    return read_columns(enumerate([["y", "h"], *cells], start=1), wanted, complaints, limits)


def test_more_different_rows_than_fit_are_refused() -> None:
    limits = Limits(chunk=10, join_at=50, most=300)
    assert read([number % 90 for number in range(2000)], limits).counts.sum() == 2000
    with pytest.raises(DataInvalid) as caught:
        read(list(range(2000)), limits)
    assert [each.code for each in caught.value.problems] == ["data_too_many_rows"]


def test_rows_are_joined_over_chunks() -> None:
    values = [number * 7 % 11 if number % 5 else "" for number in range(400)]
    apart, whole = read(values, Limits(chunk=7, join_at=20)), read(values, Limits())
    assert len(apart.counts) == len(whole.counts) == 36
    assert counted(apart) == counted(whole)


def counted(columns: Columns) -> dict[tuple[str, str], int]:
    strata = [columns.values["h"][code] for code in columns.codes["h"]]
    rows = zip(map(str, columns.numbers["y"]), strata, columns.counts.tolist(), strict=True)
    return {(value, stratum): count for value, stratum, count in rows}


CELLS = st.sampled_from(["", "NA", "0", "1", "5", "-1", "x", "1e400", "nan", "　", "\u0660", "2.5", "\ufffd"])
EVERYTHING = {
    "weight": "w",
    "strata": "h",
    "cluster": "c",
    "nested": True,
    "fraction": "f",
    "singleUnit": "centre",
    "adjust": {"postStratify": {"by": "h", "totals": {"0": 4, "1": 9}}},
    "estimates": [
        {**MEAN, "by": "c"},
        {"name": "total", "kind": "total", "of": "y", "where": {"c": [1, "x"]}},
        {"name": "ratio", "kind": "ratio", "of": "y", "over": "f"},
        {"name": "share", "kind": "proportion", "of": "c", "values": 1, "interval": "korn_graubard"},
        {"name": "change", "kind": "mean", "of": "y", "change": {"of": "h", "from": "0", "to": "1"}},
    ],
}


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), max_size=6)
    | st.lists(
        st.tuples(*(st.sampled_from(cells) for cells in ("015", "15", "01", "015x", ["0.5"]))),
        min_size=2,
        max_size=9,
    )
)
def test_whatever_stands_in_the_cells_ends_in_numbers_or_in_problems(rows: list[tuple[str, ...]]) -> None:
    # A warning of NumPy is an error here.
    with suppress(DataInvalid):
        json.dumps(over(EVERYTHING, [list("ywhcf"), *rows]), allow_nan=False)
