"""Sizes of strata: exact, within their limits, and adding up."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.allocation import Allocation, Counts, Share, allocate, largest_remainder, share_out
from server.sampling.frame import CODES, SamplingError
from server.sampling.plans import DrawPlan


def strata(*eligible: int) -> dict[str, Counts]:
    return {name: Counts(count, count) for name, count in zip("abcdefgh", eligible, strict=False)}


def sizes(plan: DrawPlan, *eligible: int) -> list[int]:
    by_stratum = allocate(plan, strata(*eligible)).by_stratum
    return [by_stratum[name] for name in sorted(by_stratum)]


def by_name(*values: str) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in zip("abcdefgh", values, strict=False)}


@pytest.mark.parametrize(
    ("plan", "population", "eligible", "size"),
    [
        (DrawPlan("stratified", Decimal("0.6")), 7, 7, 5),
        (DrawPlan("stratified", Decimal("0.6")), 5, 5, 3),
        (DrawPlan("stratified", Decimal("0.6")), 16, 16, 10),
        (DrawPlan("stratified", Decimal("0.6")), 5, 2, 2),
        (DrawPlan("stratified", Decimal("0.1"), minimum=3), 10, 10, 3),
        (DrawPlan("stratified", Decimal("0.1"), minimum=30), 10, 10, 10),
        (DrawPlan("stratified", Decimal("0.5"), minimum=1, cap=4), 100, 100, 4),
        (DrawPlan("stratified", Decimal("0.07")), 100, 100, 7),
        (DrawPlan("stratified", Decimal(0)), 10, 10, 0),
        (DrawPlan("stratified", Decimal(1)), 10, 0, 0),
        (DrawPlan("simple", Decimal("0.3"), minimum=5), 10, 10, 5),
        (DrawPlan("simple", size=40), 100, 30, 30),
        (DrawPlan("systematic", Decimal("0.3"), cap=2), 10, 10, 2),
        (DrawPlan("all"), 10, 7, 7),
    ],
)
def test_sizes_of_one_stratum(plan: DrawPlan, population: int, eligible: int, size: int) -> None:
    assert allocate(plan, {"": Counts(population, eligible)}).size == size


@pytest.mark.parametrize(
    ("plan", "eligible", "expected"),
    [
        # outreach.md 3.1: raw 13.3 each, so the first is taken whole and the rest shared out again
        (DrawPlan("neyman", size=40, spreads=by_name("100", "10", "1")), (10, 100, 1000), [10, 15, 15]),
        # Cochran 5.5: n_h in proportion to N_h S_h
        (DrawPlan("neyman", size=100, spreads=by_name("10", "30")), (600, 400), [33, 67]),
        # four times the cost is half the weight
        (
            DrawPlan("neyman", size=90, spreads=by_name("1", "1"), costs=by_name("1", "4")),
            (500, 500),
            [60, 30],
        ),
        # nothing varies: in proportion to the members
        (DrawPlan("neyman", size=10, spreads=by_name("0", "0")), (30, 20), [6, 4]),
        # what varies is taken whole, the rest of the size goes to what does not
        (DrawPlan("neyman", size=20, spreads=by_name("5", "0", "0")), (10, 30, 10), [10, 8, 2]),
        (DrawPlan("neyman", size=20, minimum=2, spreads=by_name("5", "0")), (50, 30), [18, 2]),
        (DrawPlan("proportional", size=10), (6, 6, 2), [4, 4, 2]),
        (DrawPlan("proportional", size=10), (1, 1, 1), [1, 1, 1]),
        (DrawPlan("proportional", Decimal("0.1")), (33, 33, 34), [3, 3, 4]),
        (DrawPlan("proportional", size=4), (10, 10, 10), [2, 1, 1]),
        (DrawPlan("proportional", size=20, minimum=3), (100, 10, 5), [14, 3, 3]),
        (DrawPlan("proportional", size=20, cap=8), (100, 20, 10), [8, 8, 4]),
        (DrawPlan("proportional", size=5, minimum=4), (3, 0, 2), [3, 0, 2]),
        (DrawPlan("proportional", size=0), (3, 4), [0, 0]),
        (DrawPlan("stratified", size=10), (6, 6, 2), [4, 4, 2]),
        (DrawPlan("proportional", size=3), (), []),
    ],
)
def test_a_total_is_shared_out(plan: DrawPlan, eligible: tuple[int, ...], expected: list[int]) -> None:
    assert sizes(plan, *eligible) == expected


def test_the_ratio_promises_of_everybody_and_the_shares_are_of_the_eligible() -> None:
    plan = DrawPlan("proportional", Decimal("0.5"))
    found = allocate(plan, {"a": Counts(10, 2), "b": Counts(10, 8)})
    assert found == Allocation(10, 10, {"a": 2, "b": 8})


def test_what_is_asked_for_is_told_beside_what_there_is() -> None:
    assert allocate(DrawPlan("proportional", size=50), strata(20, 10)) == Allocation(
        50, 30, {"a": 20, "b": 10}
    )
    assert allocate(DrawPlan("stratified", Decimal("0.6")), {"a": Counts(10, 4)}) == Allocation(
        6, 4, {"a": 4}
    )


@pytest.mark.parametrize(
    ("plan", "problems"),
    [
        (
            DrawPlan("proportional", size=10, minimum=5),
            [("plan_minima_exceed_size", {"needed": 14, "size": 10})],
        ),
        (
            DrawPlan("neyman", size=10, spreads=by_name("1"), costs=by_name("1", "1")),
            [
                ("plan_spread_missing", {"stratum": "b"}),
                ("plan_spread_missing", {"stratum": "c"}),
                ("plan_cost_missing", {"stratum": "c"}),
            ],
        ),
    ],
)
def test_what_the_strata_do_not_allow(plan: DrawPlan, problems: list[tuple[str, dict[str, object]]]) -> None:
    with pytest.raises(SamplingError) as caught:
        allocate(plan, {**strata(20, 4, 9), "d": Counts(5, 0)})
    assert [(each.code, each.params) for each in caught.value.every] == problems
    assert all(tuple(each.params) == CODES[each.code] for each in caught.value.every)


def test_many_strata_with_costs_are_shared_out_exactly() -> None:
    names = [f"s{at}" for at in range(1200)]
    plan = DrawPlan(
        "neyman",
        size=5000,
        minimum=2,
        spreads={name: Decimal(at % 17 + 1) / 10 for at, name in enumerate(names)},
        costs={name: Decimal(at % 7 + 1) for at, name in enumerate(names)},
    )
    found = allocate(plan, {name: Counts(at % 30 + 2, at % 30 + 2) for at, name in enumerate(names)})
    assert found.size == sum(found.by_stratum.values()) == 5000


SHARES = st.lists(
    st.tuples(st.fractions(0, 50, max_denominator=7), st.integers(0, 8), st.integers(0, 30)), max_size=8
).map(
    lambda rows: [
        Share(f"s{at}", weight, least, least + more) for at, (weight, least, more) in enumerate(rows)
    ]
)


@given(SHARES, st.integers(0, 300), st.randoms(use_true_random=False))
def test_shares_keep_their_limits_and_add_up(shares: list[Share], size: int, random: Random) -> None:
    least, most = sum(each.least for each in shares), sum(each.most for each in shares)
    if least > size:
        with pytest.raises(SamplingError, match="plan_minima_exceed_size"):
            share_out(shares, size)
        return
    found = share_out(shares, size)
    assert sum(found.values()) == min(size, most)
    assert all(each.least <= found[each.name] <= each.most for each in shares)
    shuffled = list(shares)
    random.shuffle(shuffled)
    assert share_out(shuffled, size) == found


@given(SHARES, st.integers(0, 300))
def test_between_the_limits_shares_are_in_proportion(shares: list[Share], size: int) -> None:
    """Whoever is strictly within the limits has within one of the same size per weight as the others."""
    if sum(each.least for each in shares) > size:
        return
    found = share_out(shares, size)
    inside = [each for each in shares if each.weight and each.least < found[each.name] < each.most]
    for one in inside:
        for other in inside:
            assert (found[one.name] - 1) / one.weight < (found[other.name] + 1) / other.weight


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(0, 100))
def test_largest_remainders_stay_within_one_of_the_quota(weights: list[int], size: int) -> None:
    whole = sum(weights)
    if not whole:
        return
    quotas = {f"s{at}": Fraction(size * weight, whole) for at, weight in enumerate(weights)}
    found = largest_remainder(quotas)
    assert sum(found.values()) == size
    assert all(abs(found[name] - quota) < 1 for name, quota in quotas.items())
