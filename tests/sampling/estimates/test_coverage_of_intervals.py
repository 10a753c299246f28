"""How often 95 % intervals hold the truth, over thousands of draws from populations that are known.

The bounds are where a method that covers 95 % (with the slack named) falls but once in a hundred thousand.
Only the seed decides, so a test fails for ever or never.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.special import bdtr

from tests.sampling.estimates.surveys import Json, estimated

DRAWS = 2_000
RARE = 1e-5


@dataclass(frozen=True)
class World:
    """A population by column, how it is drawn, what is estimated and what is true."""

    design: Json
    truth: float
    draw: Callable[[np.random.Generator], dict[str, Any]]


def covered(world: World, seed: int) -> int:
    random = np.random.default_rng(seed)
    hits = 0
    for _ in range(DRAWS):
        interval = estimated(world.design, world.draw(random)).interval
        assert interval is not None
        hits += interval.low <= world.truth <= interval.high
    return hits


def within(hits: int, least: float, most: float) -> bool:
    """Whether the hits fit a coverage from `least` to `most`."""
    return bool(bdtr(hits, DRAWS, least) > RARE and 1 - bdtr(hits - 1, DRAWS, most) > RARE)


def asked(kind: str, **more: object) -> list[Json]:
    return [{"name": "it", "kind": kind, "of": "y", **more}]


def strata() -> World:
    """60 % of the outlets of three districts: the correction is what makes these intervals narrow."""
    made = np.random.default_rng(1)
    sizes = {"a": 20, "b": 50, "c": 110}
    values = {name: made.normal(80 + 3 * place, 6, size) for place, (name, size) in enumerate(sizes.items())}
    names = np.repeat(list(sizes), [math.ceil(0.6 * size) for size in sizes.values()])

    def draw(random: np.random.Generator) -> dict[str, Any]:
        drawn = [random.choice(each, math.ceil(0.6 * len(each)), replace=False) for each in values.values()]
        return {"h": names, "y": np.concatenate(drawn)}

    truth = float(np.concatenate(list(values.values())).mean())
    return World({"strata": "h", "population": sizes, "estimates": asked("mean")}, truth, draw)


def clusters() -> World:
    """12 of 60 outlets, with all their customers."""
    made = np.random.default_rng(2)
    sizes = made.integers(5, 30, 60)
    home = np.repeat(np.arange(60), sizes)
    values = made.normal(70, 10, len(home)) + made.normal(0, 5, 60)[home]

    def draw(random: np.random.Generator) -> dict[str, Any]:
        chosen = np.isin(home, random.choice(60, 12, replace=False))
        return {"c": home[chosen], "y": values[chosen]}

    return World({"cluster": "c", "population": 60, "estimates": asked("mean")}, float(values.mean()), draw)


def share(interval: str, n: int = 40, p: float = 0.3, kind: str = "simple") -> Callable[[], World]:
    def make() -> World:
        def draw(random: np.random.Generator) -> dict[str, Any]:
            return {"y": np.where(random.random(n) < p, "yes", "no"), "h": np.arange(n) % 2}

        design: Json = {} if kind == "simple" else {"strata": "h"}
        return World({**design, "estimates": asked("proportion", values="yes", interval=interval)}, p, draw)

    return make


def points() -> World:
    parts = (0.25, 0.3, 0.45)

    def draw(random: np.random.Generator) -> dict[str, Any]:
        return {"y": random.choice([3, 8, 10], 150, p=parts)}

    return World({"estimates": asked("nps")}, 100 * (parts[2] - parts[0]), draw)


def fitted() -> World:
    """Women answer more often than men, and otherwise; post-stratification takes that out."""
    made = np.random.default_rng(3)
    who = np.where(made.random(4000) < 0.5, "m", "f")
    values = made.normal(60, 10, 4000) + 10 * (who == "f")
    chance = np.where(who == "f", 0.06, 0.03)
    totals = {name: int((who == name).sum()) for name in "mf"}

    def draw(random: np.random.Generator) -> dict[str, Any]:
        chosen = random.random(4000) < chance
        return {"w": np.ones(chosen.sum()), "s": who[chosen], "y": values[chosen]}

    design = {
        "weight": "w",
        "adjust": {"postStratify": {"by": "s", "totals": totals}},
        "estimates": asked("mean"),
    }
    return World(design, float(values.mean()), draw)


@pytest.mark.parametrize(
    ("make", "least", "most"),
    [
        pytest.param(strata, 0.945, 0.955, id="mean of three strata, 60 percent drawn"),
        pytest.param(clusters, 0.93, 0.955, id="mean of 12 of 60 clusters"),
        pytest.param(share("wilson"), 0.94, 0.96, id="share by Wilson, n 40, p 0.3"),
        pytest.param(share("logit", 80, 0.1, "strata"), 0.94, 0.975, id="share by logit, n 80, p 0.1"),
        pytest.param(share("korn_graubard", 40, 0.1, "strata"), 0.95, 1, id="share by Korn-Graubard, n 40"),
        pytest.param(points, 0.94, 0.96, id="net promoter score, n 150"),
        pytest.param(fitted, 0.94, 0.96, id="post-stratified mean, n 180"),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(
    make: Callable[[], World], least: float, most: float, record_property: Callable[[str, object], None]
) -> None:
    hits = covered(make(), seed=20261122)
    record_property("coverage", hits / DRAWS)
    assert within(hits, least, most)
