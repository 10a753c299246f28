"""docs/sampling.md names what draws and their records consist of."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from server.sampling.draws import draw
from server.sampling.plans import METHODS, DrawPlan
from server.sampling.reserves import Cause
from tests.sampling.test_draws import KEY, outlets

DOCS = Path(__file__).parents[2] / "docs" / "sampling.md"
RECORD = draw(outlets(3), DrawPlan("simple", size=1), KEY).to_json()
STRATUM = draw(outlets(3), DrawPlan("simple", size=1), KEY).strata[0].to_json()


@pytest.mark.parametrize(
    "name",
    sorted({*METHODS, *(each.name for each in fields(DrawPlan)), *RECORD, *STRATUM, *get_args(Cause)}),
)
def test_each_name_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCS.read_text("utf-8")
