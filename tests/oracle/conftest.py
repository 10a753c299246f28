"""The seed of random comparisons: the same in each run, so that a change of ours is what makes them fail.

ANFANG_ORACLE_SEED=random looks for differences that nobody has met yet; any number repeats what was found.
"""

import os
import random

import pytest

SEED = "ANFANG_ORACLE_SEED"
USUAL = 20260501


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed; pytest prints it beside a failure, so that it can be repeated."""
    wanted = os.environ.get(SEED) or str(USUAL)
    chosen = random.SystemRandom().randrange(10**9) if wanted == "random" else int(wanted)
    request.node.add_report_section("call", "seed", f"{SEED}={chosen}")
    return chosen
