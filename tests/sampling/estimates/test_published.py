"""Published samples against what R's survey computes from them, to nine digits; see ../data/README.md."""

import csv
from collections.abc import Iterator

import pytest

from server.sampling.estimates import t_quantile
from tests.sampling.estimates.surveys import CLUSTERED, DATA, SIMPLE, STRATIFIED, Json, only, over, records

TYPES = {"E": 4421, "H": 755, "M": 1018}
WIDE = {"No": 1072, "Yes": 5122}
RAKING = {"rake": [{"by": "stype", "totals": TYPES}, {"by": "sch.wide", "totals": WIDE}], "tolerance": 1e-12}
SHARE = {"kind": "proportion", "of": "sch.wide", "values": "Yes"}
MEAN = {"name": "mean", "kind": "mean", "of": "api00"}
TOTAL = {"name": "total", "kind": "total", "of": "enroll"}
WHERE = {**MEAN, "name": "where", "where": {"awards": "Yes"}}
ASKED = [
    MEAN,
    TOTAL,
    WHERE,
    {"name": "ratio", "kind": "ratio", "of": "api.stu", "over": "enroll"},
    {"name": "missing", "kind": "mean", "of": "target"},
    {"name": "nps", "kind": "nps", "of": "recommend"},
    {"name": "proportion.logit", **SHARE, "interval": "logit"},
    {"name": "proportion.beta", **SHARE, "interval": "korn_graubard"},
    {**MEAN, "name": "domain", "by": "stype"},
    {**TOTAL, "name": "domain_total", "by": "stype"},
]
RUNS = {
    "apisrs": ("apisrs", SIMPLE, ASKED),
    "apistrat": ("apistrat", STRATIFIED, ASKED),
    "apiclus1": ("apiclus1", CLUSTERED, ASKED),
    "post": (
        "apiclus1",
        {**CLUSTERED, "adjust": {"postStratify": {"by": "stype", "totals": TYPES}}},
        [MEAN, TOTAL, WHERE],
    ),
    "rake": ("apiclus1", {**CLUSTERED, "adjust": RAKING}, [MEAN, TOTAL, WHERE]),
    "calibrate": ("apistrat", {**STRATIFIED, "adjust": RAKING}, [MEAN, TOTAL]),
    "nofpc": ("apistrat", {"weight": "pw", "strata": "stype"}, [MEAN]),
}


def references() -> dict[str, dict[str, float]]:
    with (DATA / "reference.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: {
            column: float(cell) for column, cell in row.items() if column != "name" and cell != "NA"
        }
        for row in rows
    }


REFERENCE = references()


def flat(row: Json) -> Json:
    return {**row, **(row["interval"] or {})}


def results() -> Iterator[object]:
    for run, (file, design, asked) in RUNS.items():
        for row in over({**design, "estimates": asked}, records(file))["estimates"]:
            name = ".".join([run, row["name"], *([row["domain"]] if "domain" in row else [])])
            yield pytest.param(flat(row), REFERENCE[name], id=name)


@pytest.mark.parametrize(("row", "reference"), list(results()))
def test_estimates_are_those_of_r(row: Json, reference: dict[str, float]) -> None:
    effect = reference.pop("designEffect", None)
    assert {name: row[name] for name in reference} == pytest.approx(reference, rel=1e-9)
    if effect is not None:
        # R rounds the weights of the samples' populations otherwise, where it takes N - n.
        assert row["designEffect"] == pytest.approx(effect, rel=1e-7)


def test_every_reference_is_compared() -> None:
    names = {str(getattr(each, "id", "")) for each in results()}
    alone = {"lonely.certainty", "lonely_total.certainty", "lonely.adjust", "change", "change_independent"}
    assert names | alone == REFERENCE.keys()


def test_the_mean_as_the_package_prints_it() -> None:
    row = flat(only(STRATIFIED, records("apistrat"), kind="mean", of="api00"))
    assert [round(row[name], 4) for name in ("value", "standardError", "low", "high")] == [
        662.2874,
        9.4089,
        643.7322,
        680.8425,
    ]


def lonely() -> list[list[str]]:
    header, *rows = records("apistrat")
    strata = [row[header.index("stype")] for row in rows]
    strata[0], strata[149] = "x", "y"
    return [[*header, "h"], *([*row, stratum] for row, stratum in zip(rows, strata, strict=True))]


@pytest.mark.parametrize(
    ("reference", "policy", "asked"),
    [
        ("lonely.certainty", "certainty", {"kind": "mean", "of": "api00"}),
        ("lonely.adjust", "centre", {"kind": "mean", "of": "api00"}),
        ("lonely_total.certainty", "certainty", {"kind": "total", "of": "api00"}),
    ],
)
def test_strata_of_one_unit(reference: str, policy: str, asked: Json) -> None:
    row = only({"weight": "pw", "strata": "h", "singleUnit": policy}, lonely(), **asked)
    assert row["standardError"] == pytest.approx(REFERENCE[reference]["standardError"], rel=1e-9)
    assert row["degreesOfFreedom"] == REFERENCE[reference]["degreesOfFreedom"]


def two_years(name: str) -> list[list[str]]:
    """A file in which each school stands twice, once a wave."""
    header, *rows = records(name)
    waves = [(wave, header.index(year)) for wave, year in (("a", "api99"), ("b", "api00"))]
    return [[*header, "wave", "y"], *([*row, wave, row[place]] for wave, place in waves for row in rows)]


@pytest.mark.parametrize(
    ("reference", "file", "design"),
    [
        ("change", "apiclus1", CLUSTERED),
        ("change_independent", "apistrat", {"weight": "pw", "strata": ["wave", "stype"]}),
    ],
)
def test_change_between_waves(reference: str, file: str, design: Json) -> None:
    change = {"of": "wave", "from": "a", "to": "b"}
    row = only(design, two_years(file), kind="mean", of="y", change=change)
    known = REFERENCE[reference]
    assert {name: row[name] for name in known} == pytest.approx(known, rel=1e-9)
    assert row["margin"] == pytest.approx(
        t_quantile(0.975, row["degreesOfFreedom"]) * known["standardError"], rel=1e-9
    )
    assert row["clear"] is True
