"""What the tests of estimates share: designs laid over files, rows or arrays."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from server.sampling.estimates.definition.reading import read_design
from server.sampling.estimates.problems import Complaints
from server.sampling.estimates.survey.adjusting import adjust
from server.sampling.estimates.survey.columns import Columns
from server.sampling.estimates.survey.estimators import Estimate, Laid, estimate, quantity_of
from server.sampling.estimates.survey.running import run, wanted_by
from server.sampling.estimates.survey.sample import build_sample

DATA = Path(__file__).resolve().parents[1] / "data"
Json = dict[str, Any]

SIMPLE = {"weight": "pw", "population": "fpc"}
STRATIFIED = {**SIMPLE, "strata": "stype"}
CLUSTERED = {**SIMPLE, "cluster": "dnum"}


def records(name: str) -> list[list[str]]:
    """The header and the rows of a file of data."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def over(definition: Json, rows: Iterable[Sequence[object]]) -> Json:
    """Everything a design estimates from rows, the header first."""
    texts = ([str(cell) for cell in row] for row in rows)
    return run(read_design(definition), enumerate(texts, start=1))


def only(definition: Json, rows: Iterable[Sequence[object]], **asked: object) -> Json:
    """The one result of a design with one estimate."""
    (row,) = over({**definition, "estimates": [{"name": "it", **asked}]}, rows)["estimates"]
    return row


def laid(definition: Json, arrays: Mapping[str, Iterable[Any]]) -> Laid:
    """A design over arrays by column, without the way through a file."""
    design = read_design(definition)
    wanted = wanted_by(design)
    size = len(next(iter(map(list, arrays.values()))))
    coded = {name: np.unique(np.asarray(arrays[name]), return_inverse=True) for name in wanted.categories}
    columns = Columns(
        counts=np.ones(size, np.int64),
        numbers={name: np.asarray(arrays[name], np.float64) for name in wanted.numbers},
        codes={name: codes.astype(np.int32) for name, (_, codes) in coded.items()},
        values={name: tuple(map(str, values)) for name, (values, _) in coded.items()},
    )
    complaints = Complaints()
    sample = build_sample(design, columns, complaints)
    adjustment = adjust(sample, columns, design.adjusting, complaints) if design.adjusting else None
    return Laid(sample, columns, adjustment, design.confidence)


def estimated(definition: Json, arrays: Mapping[str, Iterable[Any]]) -> Estimate:
    """The one estimate of a design, over arrays by column."""
    here = laid(definition, arrays)
    (asked,) = read_design(definition).estimates
    rows = np.arange(len(here.columns.counts))
    return estimate(here, asked, quantity_of(asked, here.columns), rows)
