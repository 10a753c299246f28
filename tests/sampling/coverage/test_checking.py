"""Feasibility: against every choice there is, and in sentences a planner can act on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sampling.coverage.feasibility.checking import check
from server.sampling.coverage.feasibility.need import need_of
from server.sampling.coverage.inputs import Capacity, Firm, Outlet, Requirement, Statement, Wave, Year
from server.sampling.coverage.planning import plan_wave
from server.sampling.frame import SamplingError
from tests.sampling.coverage.cases import (
    ENDS,
    KEY,
    STARTS,
    choices,
    later,
    money,
    network,
    wave_of,
    waves,
)

E3 = Requirement(share=Fraction(3, 5), per_parent=1, recheck_at_most=Decimal(85))
FIRM_CODES = {"coverage_no_firm", "coverage_firms_too_small", "coverage_firms_new"}


def codes(statements: tuple[Statement, ...]) -> list[str]:
    return [statement.code for statement in statements]


@settings(max_examples=200, deadline=None)
@given(waves())
def test_the_need_is_the_least_of_all_choices(wave: Wave) -> None:
    need = need_of(wave)
    keeping = list(choices(wave, need))
    firms_fail = any(statement.code in FIRM_CODES for statement in need.shortages)
    among = sum(outlet.is_open(STARTS) for outlet in wave.outlets)
    if firms_fail or wave.requirement.at_least > among:
        assert not keeping
    else:
        assert keeping
        assert need.visits == min(map(len, keeping))


@settings(max_examples=200, deadline=None)
@given(waves(), st.integers(0, 7))
def test_a_plan_exists_exactly_when_some_choice_is_within_both_budgets(wave: Wave, most: int) -> None:
    need = need_of(wave)
    keeping = [choice for choice in choices(wave, need) if len(choice) <= most]
    cheapest = min((money(wave, choice) for choice in keeping), default=None)
    for budget in (Decimal(0), Decimal("7.5"), cheapest, (cheapest or 1) - Decimal("0.01")):
        if budget is None or budget < 0:
            continue
        capacity = replace(wave.capacity, visits=most, money=budget)
        report = check(replace(wave, capacity=capacity))
        possible = cheapest is not None and cheapest <= budget
        out_of_reach = "coverage_year_out_of_reach" in codes(report.problems)
        empty = "coverage_no_outlets" in codes(report.problems)
        assert report.feasible == (possible and not out_of_reach and not empty)
        if cheapest is not None:
            assert report.money == cheapest


@settings(max_examples=60, deadline=None)
@given(waves(), st.integers(0, 7), st.one_of(st.none(), st.integers(0, 40).map(Decimal)))
def test_what_is_said_to_be_enough_is_enough(wave: Wave, most: int, budget: Decimal | None) -> None:
    short = replace(wave, capacity=replace(wave.capacity, visits=most, money=budget))
    report = check(short)
    others = [code for code in codes(report.problems) if not code.startswith("coverage_over")]
    if report.feasible or others:
        return
    enough = replace(wave.capacity, visits=report.visits, money=None)
    assert check(replace(wave, capacity=enough)).feasible
    for relaxation in report.relaxations:
        assert relaxation.visits > 0 or (relaxation.money or 0) > 0
        if relaxation.enough and relaxation.fit is not None:
            assert check(short.asking(applied(short.requirement, relaxation.fit))).feasible


def applied(requirement: Requirement, fit: Statement) -> Requirement:
    """The requirement as a planner would change it who reads the sentence."""
    changes: dict[str, Callable[[str], Requirement]] = {
        "fit_recheck_at_most": lambda text: replace(requirement, recheck_at_most=Decimal(text)),
        "fit_recheck_below": lambda text: replace(requirement, recheck_at_most=Decimal(text)),
        "fit_parent": lambda text: replace(requirement, per_parent=int(text)),
        "fit_share": lambda text: replace(requirement, share=Fraction(text) / 100),
        "fit_year": lambda text: replace(requirement, yearly=Fraction(text) / 100),
    }
    return changes[fit.code](str(next(iter(fit.params.values()))))


@settings(max_examples=60, deadline=None)
@given(waves())
def test_costs_of_the_clauses_add_up_to_the_need(wave: Wave) -> None:
    priced = replace(wave, capacity=replace(wave.capacity, money=Decimal(1000)))
    report = check(priced)
    assert sum(cost.visits for cost in report.costs) == report.visits
    assert all(cost.visits > 0 for cost in report.costs)


@settings(max_examples=60, deadline=None)
@given(waves(), st.randoms(use_true_random=False))
def test_the_order_of_outlets_does_not_matter(wave: Wave, random: Random) -> None:
    shuffled = list(wave.outlets)
    random.shuffle(shuffled)
    assert check(wave) == check(replace(wave, outlets=tuple(shuffled)))


def test_thirteen_outlets_too_many_are_explained() -> None:
    """20 sub-branches without anybody to be re-checked, and no share: 458 + 20 = 478 against 465."""
    outlets = [
        Outlet(f"o{place:04}", f"p{place % 100:03}", last_score=Decimal(80 if place < 458 else 90))
        for place in range(1000)
    ] + [Outlet(f"n{place:03}", f"q{place % 20:02}", last_score=Decimal(95)) for place in range(200)]
    asked = Requirement(per_parent=1, recheck_at_most=Decimal(85))
    report = check(wave_of(outlets, asked, Capacity(visits=465)))
    assert report.problems == (Statement("coverage_over_visits", {"over": 13, "needed": 478, "budget": 465}),)
    assert [cost.statement for cost in report.costs] == [
        Statement("cost_recheck_at_most", {"visits": 458, "line": "85"}),
        Statement("cost_parent", {"visits": 20, "parents": 20, "per_parent": 1}),
    ]
    assert [(one.clause, one.visits, one.enough) for one in report.relaxations] == [
        ("recheck", 358, True),
        ("parent", 20, True),
    ]
    assert not plan_wave(wave_of(outlets, asked, Capacity(visits=465)), KEY).chosen


def test_the_share_that_still_fits_is_named() -> None:
    report = check(wave_of(network(1200, 120, 458), E3, Capacity(visits=707)))
    assert [(one.clause, one.enough, one.fit) for one in report.relaxations] == [
        ("share", True, Statement("fit_share", {"share": "58.9"}))
    ]


def test_the_line_that_still_fits_is_named() -> None:
    outlets = [Outlet(f"o{place}", "p", last_score=Decimal(70 + place)) for place in range(20)]
    asked = Requirement(recheck_at_most=Decimal("82.50"))
    at_most = check(wave_of(outlets, asked, Capacity(visits=10))).relaxations[0]
    below = check(wave_of(outlets, replace(asked, exclusive=True), Capacity(visits=10))).relaxations[0]
    assert at_most.fit == Statement("fit_recheck_at_most", {"line": "79"})
    assert below.fit == Statement("fit_recheck_below", {"line": "80"})


@pytest.mark.parametrize(
    ("exclusive", "score", "rechecks"),
    [(False, "85", 1), (True, "85", 0), (True, "84.99", 1), (False, "85.01", 0), (False, None, 0)],
)
def test_at_most_is_read_either_way(exclusive: bool, score: str | None, rechecks: int) -> None:
    outlet = Outlet("o", "p", last_score=None if score is None else Decimal(score))
    asked = Requirement(recheck_at_most=Decimal(85), exclusive=exclusive)
    assert check(wave_of([outlet], asked)).rechecks == rechecks


@pytest.mark.parametrize(
    ("outlets", "parents", "in_each", "visits"),
    [
        (5, 1, False, 3),
        (7, 1, False, 5),
        (12, 3, False, 8),
        (12, 3, True, 9),
        (3, 3, True, 3),
        (3, 3, False, 3),
    ],
)
def test_the_share_is_exact_of_all_or_in_each(outlets: int, parents: int, in_each: bool, visits: int) -> None:
    """A31; 60 % of 5 is 3, not 4. In the last row one each is more than ⌈60 % of 3⌉ = 2."""
    asked = Requirement(share=Fraction(3, 5), per_parent=1, share_in_each=in_each)
    assert check(wave_of(network(outlets, parents), asked)).visits == visits


def test_a_small_sub_branch_is_visited_whole_and_told() -> None:
    outlets = [Outlet("a", "p"), Outlet("b", "q"), Outlet("c", "q"), Outlet("d", "q")]
    report = check(wave_of(outlets, Requirement(per_parent=2)))
    assert report.visits == 3
    assert Statement("note_small_parents", {"outlets": 1}) in report.notes


def test_firms_are_told_apart_by_who_has_no_room() -> None:
    """Two firms share the south and cannot make 6 visits there; the north alone would be no trouble."""
    outlets = [
        *(Outlet(f"s{place}", "south", again=True) for place in range(6)),
        *(Outlet(f"n{place}", "north", again=True) for place in range(2)),
        Outlet("w", "west", again=True),
    ]
    south, north = frozenset({"south"}), frozenset({"north"})
    firms = (Firm("a", 2, south), Firm("b", 3, south), Firm("c", 9, north))
    report = check(wave_of(outlets, Requirement(), Capacity(firms=firms)))
    assert report.problems == (
        Statement("coverage_no_firm", {"count": 1, "parents": ("west",)}),
        Statement("coverage_firms_too_small", {"firms": ("a", "b"), "room": 5, "needed": 6}),
    )


def test_firms_without_room_for_what_the_year_lacks_are_told() -> None:
    """The firm makes two visits in the north; the year needs the three unseen outlets that are there."""
    outlets = [
        *(Outlet(f"n{place}", "north") for place in range(3)),
        *(Outlet(f"s{place}", "south", seen_this_year=True) for place in range(3)),
    ]
    firms = (Firm("a", 2, frozenset({"north"})), Firm("b", 3, frozenset({"south"})))
    report = check(wave_of(outlets, Requirement(yearly=Fraction(1)), Capacity(firms=firms)))
    assert report.problems == (Statement("coverage_firms_new", {"needed": 3, "reachable": 2}),)


def test_no_more_dear_unseen_outlets_are_paid_for_than_the_year_needs() -> None:
    """Four seen at 1, four unseen at 3: four visits with two unseen cost 8; each more would cost 2."""
    outlets = [
        Outlet(f"o{place}", "p", seen_this_year=place < 4, fee=Decimal(1 if place < 4 else 3))
        for place in range(8)
    ]
    asked = Requirement(at_least=4, yearly=Fraction(3, 4))
    wave = wave_of(outlets, asked, Capacity(money=Decimal(8)))
    assert check(wave).money == Decimal(8)
    plan = plan_wave(wave, KEY)
    assert (plan.new, len(plan.chosen), plan.money) == (2, 4, Decimal(8))
    assert not check(replace(wave, capacity=Capacity(money=Decimal("7.99")))).feasible


def test_visits_change_hands_between_firms_to_make_room() -> None:
    """`a` could take everything in the north first; it must keep room for the south, where it is alone."""
    outlets = [
        Outlet(f"{side}{place}", side, again=True) for side in ("north", "south") for place in range(2)
    ]
    firms = (Firm("a", 2), Firm("b", 2, frozenset({"north"})))
    assert check(wave_of(outlets, Requirement(), Capacity(firms=firms))).feasible


def test_video_checks_are_paid_from_the_same_money() -> None:
    capacity = Capacity(money=Decimal("10"), fee=Decimal("3"), video_fee=Decimal("0.75"))
    asked = Requirement(at_least=3, video=2)
    report = check(wave_of(network(5, 1), asked, capacity))
    assert report.money == Decimal("10.50")
    assert report.problems == (
        Statement("coverage_over_money", {"over": "0.50", "needed": "10.50", "budget": "10"}),
    )


@pytest.mark.parametrize(
    ("asked", "outlets", "code"),
    [
        (Requirement(), [], "coverage_no_outlets"),
        (Requirement(at_least=3), network(2, 1), "coverage_more_than_open"),
        (Requirement(video=3), network(2, 1), "coverage_more_than_open"),
    ],
)
def test_what_no_budget_helps_is_told(asked: Requirement, outlets: list[Outlet], code: str) -> None:
    assert codes(check(wave_of(outlets, asked)).problems) == [code]


def test_the_last_wave_must_reach_everybody_that_is_left() -> None:
    outlets = [replace(outlet, seen_this_year=place >= 4) for place, outlet in enumerate(network(10, 2))]
    asked = Requirement(yearly=Fraction(1))
    assert (check(wave_of(outlets, asked)).visits, check(wave_of(outlets, asked)).new) == (4, 4)
    assert check(wave_of(outlets, replace(asked, yearly=Fraction(7, 10)))).new == 1


def test_what_later_waves_cannot_do_falls_to_this_one() -> None:
    """10 outlets, nobody re-checked; later waves make 3 and 2 visits, so 5 are left for now."""
    wave = wave_of(network(10, 2), Requirement(yearly=Fraction(1)), year=later(3, 2))
    report = check(wave)
    assert (report.new, report.visits) == (5, 5)
    assert [cost.statement.code for cost in report.costs] == ["cost_year"]


def test_rechecks_eat_into_later_waves() -> None:
    """Half of what is visited is visited again: 8 now, so 4 of the later 5 visits are re-checks."""
    year = replace(later(5), recheck_rate=Fraction(1, 2))
    report = check(wave_of(network(10, 2), Requirement(yearly=Fraction(9, 10)), year=year))
    assert report.new == 8


def test_an_outlet_that_opens_after_the_last_frame_cannot_make_the_year_fail() -> None:
    late, soon = STARTS + timedelta(days=2), date(2026, 4, 1)
    outlets = [*network(2, 1), Outlet("late", "p", opened=late), Outlet("soon", "p", opened=soon)]
    asked = Requirement(yearly=Fraction(1))
    now = check(wave_of(outlets, asked))
    assert (now.feasible, now.new) == (True, 2)
    assert Statement("note_too_late", {"outlets": 1}) in now.notes
    before = check(wave_of(outlets, asked, year=later(0)))
    assert codes(before.problems) == ["coverage_year_out_of_reach"]
    assert check(wave_of(outlets, asked, year=later(2))).feasible


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: Requirement(share=Fraction(3, 2)), "coverage_ratio_out_of_range"),
        (lambda: Requirement(yearly=Fraction(-1, 2)), "coverage_ratio_out_of_range"),
        (lambda: Requirement(per_parent=-1), "coverage_number_negative"),
        (lambda: Capacity(money=Decimal(-1)), "coverage_number_negative"),
        (lambda: Firm("a", -1), "coverage_number_negative"),
        (lambda: Year(ENDS, STARTS), "coverage_waves_out_of_order"),
        (lambda: Year(STARTS, ENDS, (later(1).later[0], later(1).later[0])), "coverage_waves_out_of_order"),
        (lambda: Year(STARTS, ENDS, recheck_rate=Fraction(2)), "coverage_ratio_out_of_range"),
        (lambda: wave_of([Outlet("a", "p"), Outlet("a", "q")], E3), "frame_duplicate_member"),
    ],
)
def test_inputs_that_contradict_themselves(make: Callable[[], object], code: str) -> None:
    with pytest.raises(SamplingError) as caught:
        make()
    assert caught.value.code == code


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SamplingError) as caught:
        Requirement(share=Fraction(2), per_parent=-1, video=-1)
    assert [problem.params["field"] for problem in caught.value.every] == ["share", "per_parent", "video"]
