"""Plans keep what they promise, repeat from their key, and tell everybody's chances."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sampling.coverage.choosing.selection import Reason
from server.sampling.coverage.feasibility.need import need_of
from server.sampling.coverage.inputs import Capacity, Firm, Outlet, Requirement, Wave
from server.sampling.coverage.planning import plan_wave
from server.sampling.frame import SamplingError
from tests.sampling.coverage.cases import KEY, STARTS, keeps, later, money, network, wave_of, waves

E3 = Requirement(share=Fraction(3, 5), per_parent=1, recheck_at_most=Decimal(85), yearly=Fraction(1), video=2)
KEYS = [sha256(str(number).encode()).digest() for number in range(400)]


@settings(max_examples=200, deadline=None)
@given(
    waves(), st.one_of(st.none(), st.integers(0, 7)), st.one_of(st.none(), st.integers(0, 40).map(Decimal))
)
def test_every_promise_is_kept_or_there_is_no_plan(
    wave: Wave, most: int | None, budget: Decimal | None
) -> None:
    limited = replace(wave, capacity=replace(wave.capacity, visits=most, money=budget))
    plan = plan_wave(limited, KEY, weighted=False)
    if not plan.feasibility.feasible:
        assert not plan.chosen
        return
    among = [outlet for outlet in wave.outlets if outlet.is_open(STARTS)]
    chosen = tuple(outlet for outlet in among if outlet.id in plan.chosen)
    assert len(chosen) == len(plan.chosen)
    assert keeps(limited, among, chosen, need_of(limited).promises.new)
    assert most is None or len(chosen) <= most
    assert plan.money == money(wave, chosen)
    assert budget is None or plan.money <= budget
    musts = {outlet.id for outlet in among if wave.requirement.must_visit(outlet)}
    assert {one for one, reason in plan.chosen.items() if reason is Reason.MUST} == musts


@settings(max_examples=60, deadline=None)
@given(waves(), st.randoms(use_true_random=False))
def test_shuffled_outlets_give_the_same_plan(wave: Wave, random: Random) -> None:
    outlets, firms = list(wave.outlets), list(wave.capacity.firms)
    random.shuffle(outlets)
    random.shuffle(firms)
    other = Wave(
        tuple(outlets),
        wave.requirement,
        replace(wave.capacity, firms=tuple(firms), money=Decimal(20)),
        wave.year,
    )
    first = plan_wave(replace(wave, capacity=replace(wave.capacity, money=Decimal(20))), KEY)
    again = plan_wave(other, KEY)
    assert (first, list(first.chosen)) == (again, list(again.chosen))


@settings(max_examples=60, deadline=None)
@given(waves())
def test_the_plan_is_no_larger_than_needed(wave: Wave) -> None:
    plan = plan_wave(wave, KEY)
    assert len(plan.chosen) == (plan.feasibility.visits if plan.feasibility.feasible else 0)


@settings(max_examples=60, deadline=None)
@given(waves())
def test_chances_add_up_to_the_size_of_the_plan(wave: Wave) -> None:
    plan = plan_wave(wave, KEY)
    inclusion = plan.chances.inclusion
    assert all(0 <= share <= 1 for share in inclusion.values())
    assert all(inclusion[one] > 0 for one in plan.chosen)
    assert all(inclusion[one] == 1 for one, reason in plan.chosen.items() if reason is Reason.MUST)
    if plan.feasibility.feasible:
        assert sum(inclusion.values()) == len(plan.chosen)


def test_reasons_tell_why_each_outlet_is_in() -> None:
    day = date(2025, 6, 1)
    outlets = [
        Outlet("must", "p", last_score=Decimal(70), seen_this_year=True),
        Outlet("lack", "q", seen_this_year=True, last_visit=day),
        Outlet("unseen", "p"),
        Outlet("old", "p", seen_this_year=True, last_visit=date(2024, 1, 1)),
        Outlet("one", "p", seen_this_year=True, last_visit=day),
        Outlet("other", "p", seen_this_year=True, last_visit=day),
    ]
    asked = Requirement(per_parent=1, recheck_at_most=Decimal(85), yearly=Fraction(1), at_least=5)
    chosen = plan_wave(wave_of(outlets, asked), KEY).chosen
    drawn = (set(chosen) & {"one", "other"}).pop()
    assert chosen == {
        "must": Reason.MUST,
        "lack": Reason.PARENT,
        "unseen": Reason.UNSEEN,
        "old": Reason.OLDEST,
        drawn: Reason.RANDOM,
    }


def test_without_a_yearly_share_chance_alone_decides() -> None:
    outlets = [replace(one, last_visit=STARTS, seen_this_year=True) for one in network(20, 1)]
    plan = plan_wave(wave_of(outlets, Requirement(share=Fraction(1, 4))), KEY)
    assert set(plan.chosen.values()) == {Reason.RANDOM}
    assert set(plan.chances.inclusion.values()) == {Fraction(1, 4)}


def unequal() -> Wave:
    """Sub-branches of 1, 3 and 8, some seen: lacks, unseen and oldest all play a part."""
    outlets = [Outlet("a0", "a"), *(Outlet(f"b{place}", "b") for place in range(3))]
    outlets += [
        Outlet(f"c{place}", "c", seen_this_year=place > 1, last_visit=date(2025, 1 + place % 3, 1))
        for place in range(8)
    ]
    return wave_of(outlets, Requirement(per_parent=1, at_least=7, yearly=Fraction(1, 2)))


def frequencies(wave: Wave, keys: list[bytes]) -> dict[str, float]:
    hits = Counter(one for key in keys for one in plan_wave(wave, key, weighted=False).chosen)
    return {outlet.id: hits[outlet.id] / len(keys) for outlet in wave.outlets}


def test_exact_chances_are_those_of_many_keys() -> None:
    wave = unequal()
    plan = plan_wave(wave, KEY)
    assert plan.chances.rounds == 0
    seen = frequencies(wave, KEYS)
    for one, share in plan.chances.inclusion.items():
        spread = (float(share * (1 - share)) / len(KEYS)) ** 0.5
        assert abs(seen[one] - float(share)) <= 5 * spread, one


def test_numbers_of_the_lack_say_nothing_about_the_rest() -> None:
    """Five pairs lack one each; whoever is left over has the same chance as the eight never passed over.

    With one number for both stages the left-over ones would be known to have the larger of two.
    """
    pairs = [Outlet(f"b{place}", f"b{place % 5}") for place in range(10)]
    others = [Outlet("must", "c", again=True), *(Outlet(f"c{place}", "c") for place in range(8))]
    wave = wave_of([*pairs, *others], Requirement(per_parent=1, at_least=12))
    inclusion = plan_wave(wave, KEY).chances.inclusion
    assert (inclusion["b0"], inclusion["c0"]) == (
        Fraction(1, 2) + Fraction(1, 2) * Fraction(6, 13),
        Fraction(6, 13),
    )
    seen = frequencies(wave, KEYS)
    assert sum(seen[one.id] for one in pairs) == pytest.approx(5 + 5 * 6 / 13, abs=0.3)


def test_exact_chances_of_a_lack_and_of_the_rest() -> None:
    """b lacks 1 of 3; then 1 of the 2 left in b and 3 left in c: 1/3 + 2/3 · 1/5."""
    outlets = [
        *(Outlet(f"b{place}", "b") for place in range(3)),
        *(Outlet(f"c{place}", "c") for place in range(4)),
    ]
    asked = Requirement(per_parent=1, at_least=3, yearly=Fraction(0))
    inclusion = plan_wave(wave_of(outlets, asked), KEY).chances.inclusion
    assert (inclusion["b0"], inclusion["c0"]) == (Fraction(7, 15), Fraction(2, 5))


def test_chances_under_limits_of_firms_are_simulated_with_their_error() -> None:
    firms = (Firm("a", 1, frozenset({"a"})), Firm("b", 1, frozenset({"b"})), Firm("c", 5, frozenset({"c"})))
    wave = replace(unequal(), capacity=Capacity(firms=firms))
    plan = plan_wave(wave, KEY)
    assert (plan.chances.rounds, plan.chances.inclusion["b0"]) == (200, Fraction(1, 3))
    seen = frequencies(wave, KEYS[:200])
    for one, share in plan.chances.inclusion.items():
        assert abs(seen[one] - float(share)) <= 0.05 + 5 * plan.chances.error + 0.08, one
    assert plan_wave(wave, KEY).chances == plan.chances


def test_when_money_is_short_the_order_is_kept_as_far_as_it_carries() -> None:
    outlets = [replace(one, fee=Decimal(9 if int(one.id[1:]) % 2 else 1)) for one in network(40, 4)]
    asked = Requirement(share=Fraction(1, 2), per_parent=1)
    free = plan_wave(wave_of(outlets, asked), KEY)
    bound = plan_wave(wave_of(outlets, asked, Capacity(money=free.money - 12)), KEY)
    assert bound.money <= free.money - 12
    assert Reason.CHEAPEST in bound.chosen.values()
    kept = [one for one in free.chosen if one in bound.chosen]
    beginning = list(free.chosen)[: len(kept) // 2]
    assert set(beginning) <= set(bound.chosen)
    assert bound.chances.rounds == 40


@pytest.mark.parametrize(("budget", "feasible"), [(719, False), (720, True), (900, True)])
def test_a_network_of_1200(budget: int, feasible: bool) -> None:
    """458 re-checks and 60 % = 720: the rest are unseen, and the plan does not grow with the budget."""
    plan = plan_wave(wave_of(network(1200, 120, 458), E3, Capacity(visits=budget), later(720, 720, 720)), KEY)
    assert plan.feasibility.feasible is feasible
    expected = {Reason.MUST: 458, Reason.UNSEEN: 262} if feasible else {}
    assert Counter(plan.chosen.values()) == expected
    if feasible:
        # 742 are left and nobody lacks anything: everybody has the same chance.
        assert set(plan.chances.inclusion.values()) == {Fraction(1), Fraction(262, 742)}


def test_video_checks_spread_over_sub_branches_and_avoid_visited_outlets() -> None:
    wave = wave_of(network(12, 3, 3), Requirement(recheck_at_most=Decimal(85), video=5))
    plan = plan_wave(wave, KEY)
    assert len(set(plan.videos)) == 5
    assert not set(plan.videos) & set(plan.chosen)
    parents = Counter(outlet.parent for outlet in wave.outlets if outlet.id in plan.videos)
    assert sorted(parents.values()) == [1, 2, 2]
    assert set(plan.videos[:3]) != set(plan_wave(wave, KEYS[0]).videos[:3])


def test_everybody_may_get_a_video_check() -> None:
    plan = plan_wave(wave_of(network(4, 2), Requirement(share=Fraction(1), video=4)), KEY)
    assert sorted(plan.videos) == sorted(plan.chosen)


def test_another_key_draws_another_plan_but_the_same_rechecks() -> None:
    wave = wave_of(network(200, 10, 40), Requirement(share=Fraction(1, 2), recheck_at_most=Decimal(85)))
    one, other = plan_wave(wave, KEYS[0]), plan_wave(wave, KEYS[1])
    assert set(one.chosen) != set(other.chosen)
    assert list(one.chosen)[:40] == list(other.chosen)[:40]


def test_a_late_exclusion_moves_nobody_else() -> None:
    """Permanent numbers: without one chosen outlet the others stay and the next comes in."""
    wave = wave_of(network(50, 1), Requirement(at_least=20))
    chosen = list(plan_wave(wave, KEY).chosen)
    left = replace(wave, outlets=tuple(one for one in wave.outlets if one.id != chosen[3]))
    again = plan_wave(left, KEY).chosen
    assert set(chosen) - {chosen[3]} < set(again)


def test_a_guessable_key_is_refused() -> None:
    with pytest.raises(SamplingError, match="wave_key_too_short"):
        plan_wave(wave_of(network(2, 1), E3), b"short")
