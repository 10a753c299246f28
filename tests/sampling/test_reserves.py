"""Reserves come in the order of the draw, for the causes of the rule, once."""

from collections import Counter
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.draws import draw
from server.sampling.frame import CODES, FrameMember
from server.sampling.plans import DrawPlan
from server.sampling.reserves import (
    Account,
    Cause,
    Decision,
    Pool,
    Release,
    Unreplaced,
    account,
    pools,
    release,
)
from tests.sampling.test_draws import KEY, KEYS, frames, outlets, plans

POOL = Pool("", ("s1", "s2", "s3"), ("r1", "r2", "r3", "r4"), 10, Fraction(3, 10))


@pytest.mark.parametrize(
    ("cause", "refusals", "why_not"),
    [
        ("hard_bounce", False, None),
        ("ineligible", False, None),
        ("refusal", True, None),
        ("refusal", False, "reserve_not_for_refusal"),
        ("non_response", True, "reserve_never_for_silence"),
    ],
)
def test_for_whom_a_reserve_stands_in(cause: Cause, refusals: bool, why_not: str | None) -> None:
    found = release(POOL, {"s2": cause}, {}, refusals=refusals)
    if why_not is None:
        assert found == Decision((Release("r1", "s2", cause),), {}, {}, 1)
    else:
        assert found == Decision((), {"s2": why_not}, {}, 0)


def test_those_released_already_are_skipped_and_stay() -> None:
    found = release(POOL, {"s1": "hard_bounce", "s3": "ineligible"}, {"s3": "r1"})
    assert found == Decision((Release("r2", "s1", "hard_bounce"),), {}, {}, 2)


def test_a_reserve_may_be_lost_as_well() -> None:
    found = release(POOL, {"s1": "hard_bounce", "r1": "hard_bounce"}, {"s1": "r1"})
    assert found.releases == (Release("r2", "r1", "hard_bounce"),)


def test_reserves_who_may_not_be_asked_any_more_are_passed_over_and_count() -> None:
    gone = {"r1": "opted_out", "r3": "opted_out"}
    found = release(POOL, {"s1": "hard_bounce"}, {}, unavailable=gone)
    assert found == Decision((Release("r2", "s1", "hard_bounce"),), {}, {"r1": "opted_out"}, 2)


def test_when_the_reserves_are_used_up() -> None:
    losses: dict[str, Cause] = {"s3": "hard_bounce", "s1": "hard_bounce", "s2": "ineligible"}
    found = release(POOL, losses, {}, unavailable={"r1": "staff", "r4": "staff"})
    assert found.releases == (Release("r2", "s1", "hard_bounce"), Release("r3", "s2", "ineligible"))
    assert found.unreplaced == {"s3": "reserves_used_up"}
    assert (found.passed_over, found.reached) == ({"r1": "staff", "r4": "staff"}, 4)


def test_nobody_stands_in_for_those_who_were_not_asked() -> None:
    found = release(POOL, {"r1": "hard_bounce", "stranger": "ineligible"}, {})
    assert found == Decision((), {"r1": "reserve_for_nobody", "stranger": "reserve_for_nobody"}, {}, 0)


def test_each_reason_has_a_code() -> None:
    assert set(get_args(Unreplaced)) <= CODES.keys()


LOSSES = st.dictionaries(st.sampled_from(POOL.selected), st.sampled_from(get_args(Cause)))
GONE = st.dictionaries(st.sampled_from(POOL.reserves), st.just("opted_out"))


@given(LOSSES, GONE, st.booleans())
def test_deciding_again_releases_nobody_else(
    losses: dict[str, Cause], gone: dict[str, str], refusals: bool
) -> None:
    first = release(POOL, losses, {}, refusals=refusals, unavailable=gone)
    released = {each.replaces: each.reserve for each in first.releases}
    again = release(POOL, losses, released, refusals=refusals, unavailable=gone)
    assert again == Decision((), first.unreplaced, first.passed_over, first.reached)


@given(LOSSES, GONE)
def test_the_order_in_which_losses_became_known_does_not_matter(
    losses: dict[str, Cause], gone: dict[str, str]
) -> None:
    backwards = dict(reversed(losses.items()))
    assert release(POOL, losses, {}, unavailable=gone) == release(POOL, backwards, {}, unavailable=gone)


@given(frames(), plans())
def test_the_pools_of_a_draw_hold_everybody_drawn(frame: list[FrameMember], plan: DrawPlan) -> None:
    result = draw(frame, plan, KEY)
    found = pools(result)
    assert tuple(each for pool in found for each in pool.selected) == result.selected
    assert tuple(each for pool in found for each in pool.reserves) == result.reserves
    assert sum(pool.eligible for pool in found) == sum(each.eligible for each in result.strata)
    assert sum(pool.inclusion * pool.eligible for pool in found) == len(result.selected)


def test_a_simple_draw_has_one_pool() -> None:
    frame = [*outlets(20, "a"), *outlets(20, "b")]
    (pool,) = pools(draw(frame, DrawPlan("simple", size=10), KEY))
    assert (pool.eligible, pool.inclusion) == (40, Fraction(1, 4))
    assert pool.inclusion_after(6) == Fraction(16, 40)
    assert pools(draw([], DrawPlan("simple", size=10), KEY))[0].inclusion == 0


@pytest.mark.parametrize(
    ("pool", "reached", "inclusion"),
    [
        (POOL, 0, Fraction(3, 10)),
        (POOL, 4, Fraction(7, 10)),
        (Pool("", ("a", "b"), (), 2, Fraction(1)), 0, Fraction(1)),
        # a systematic draw of a fifth that took 3 of 10 here: 1/5 + 4/5 · 2/7
        (Pool("", ("a", "b", "c"), ("d", "e"), 10, Fraction(1, 5)), 2, Fraction(3, 7)),
    ],
)
def test_the_probability_after_reserves_were_released(pool: Pool, reached: int, inclusion: Fraction) -> None:
    assert pool.inclusion_after(reached) == inclusion


@pytest.mark.parametrize("method", ["simple", "stratified", "systematic"])
def test_the_stated_probability_is_the_real_one(method: str) -> None:
    """With two reserves released whoever was drawn, over a thousand keys."""
    frame = outlets(12)
    plan = DrawPlan(method, Fraction(1, 3))
    counts, stated = Counter[str](), set()
    for key in KEYS:
        (pool,) = pools(draw(frame, plan, key))
        first, second = pool.selected[:2]
        found = release(pool, {first: "hard_bounce", second: "ineligible"}, {})
        counts.update([*pool.selected, *(each.reserve for each in found.releases)])
        stated.add(pool.inclusion_after(found.reached))
    assert stated == {Fraction(1, 2)}
    assert all(420 < counts[member.id] < 580 for member in frame)


def test_the_account_of_what_replacing_refusals_does() -> None:
    causes: list[Cause] = ["refusal"] * 15 + ["hard_bounce"] * 5
    found = account(100, 20, causes, ineligible=0, answered=60)
    assert found == Account(100, 20, {"hard_bounce": 5, "refusal": 15}, Fraction(1, 2), Fraction(3, 5))
    assert found.inflation == Fraction(1, 10)


def test_those_who_do_not_belong_are_no_loss() -> None:
    found = account(100, 10, ["ineligible"] * 10, ineligible=10, answered=40)
    assert (found.response, found.apparent, found.inflation) == (Fraction(2, 5), Fraction(2, 5), 0)
    assert account(0, 0, [], ineligible=0, answered=0) == Account(0, 0, {}, None, None)
