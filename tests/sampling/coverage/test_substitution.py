"""Who stands in for whom, and which promises a loss breaks."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sampling.coverage.inputs import Capacity, Firm, Outlet, Requirement, Wave
from server.sampling.coverage.planning import plan_wave
from server.sampling.coverage.substitution import Broken, Cause, Substitution, Where, substitute
from server.sampling.frame import SamplingError
from tests.sampling.coverage.cases import KEY, firms_carry, network, wave_of, waves


def one_lost(wave: Wave, lost: str, cause: str = "refused_entry") -> Substitution:
    return substitute(wave, KEY, plan_wave(wave, KEY).chosen, {lost: cause})[0]


def test_the_own_sub_branch_comes_first() -> None:
    wave = wave_of(network(12, 3), Requirement(per_parent=2))
    plan = plan_wave(wave, KEY)
    parents = {outlet.id: outlet.parent for outlet in wave.outlets}
    for lost in plan.chosen:
        found = one_lost(wave, lost)
        assert found.where is Where.SAME_PARENT
        assert found.substitute is not None
        assert parents[found.substitute] == parents[lost]
        assert found.substitute not in plan.chosen
        assert found.broken == ()


def test_then_the_next_number_anywhere() -> None:
    wave = wave_of(
        [Outlet("a", "p"), *(Outlet(f"q{place}", "q") for place in range(3))], Requirement(per_parent=1)
    )
    found = one_lost(wave, "a", "unsafe")
    assert (found.where, found.broken) == (Where.ELSEWHERE, (Broken.PARENT,))


def test_a_closed_outlet_is_promised_no_more() -> None:
    wave = wave_of(
        [Outlet("a", "p", again=True), Outlet("b", "q"), Outlet("c", "q")], Requirement(per_parent=1)
    )
    assert one_lost(wave, "a", "closed").broken == ()
    assert one_lost(wave, "a", "moved").broken == (Broken.RECHECK, Broken.PARENT)


def test_nobody_is_left() -> None:
    wave = wave_of(network(3, 1), Requirement(share=Fraction(1)))
    found = one_lost(wave, "o0001")
    assert (found.substitute, found.where, found.broken) == (
        None,
        Where.NOBODY,
        (Broken.SHARE,),
    )


def test_what_the_year_lacks_comes_before_what_it_has() -> None:
    outlets = [Outlet("seen", "p", seen_this_year=True), Outlet("new", "p"), Outlet("lost", "p", again=True)]
    wave = wave_of(outlets, Requirement(at_least=1, yearly=Fraction(0)))
    assert one_lost(wave, "lost").substitute == "new"
    full = wave_of(outlets[:1] + outlets[2:], Requirement(yearly=Fraction(1)))
    assert one_lost(full, "lost").broken == (Broken.RECHECK, Broken.YEAR)


def test_a_substitute_is_within_money_and_firms() -> None:
    outlets = [
        Outlet("lost", "p", again=True),
        Outlet("dear", "p", fee=Decimal(9)),
        Outlet("far", "q"),
        Outlet("near", "r"),
    ]
    firms = (Firm("a", 1, frozenset({"p", "r"})), Firm("b", 0, frozenset({"q"})))
    capacity = Capacity(money=Decimal(2), fee=Decimal(1), firms=firms)
    found = one_lost(wave_of(outlets, Requirement(), capacity), "lost")
    assert (found.substitute, found.where) == ("near", Where.ELSEWHERE)


def test_several_losses_get_different_substitutes_in_any_order() -> None:
    wave = wave_of(network(30, 3), Requirement(share=Fraction(1, 2)))
    chosen = plan_wave(wave, KEY).chosen
    losses = dict.fromkeys(list(chosen)[:6], "closed")
    found = substitute(wave, KEY, chosen, losses)
    assert len({one.substitute for one in found} - {None, *chosen}) == 6
    assert substitute(wave, KEY, chosen, dict(reversed(losses.items()))) == found


def test_what_was_lost_earlier_does_not_come_back() -> None:
    wave = wave_of(network(10, 1), Requirement(at_least=2))
    chosen = dict(plan_wave(wave, KEY).chosen)
    first = one_lost(wave, next(iter(chosen)))
    assert first.substitute is not None
    now = {one: str(reason) for one, reason in chosen.items() if one != first.lost} | {
        first.substitute: "random"
    }
    (second,) = substitute(wave, KEY, now, {first.lost: "closed", first.substitute: "moved"})
    assert second.lost == first.substitute
    assert second.substitute not in {None, first.lost, *now}


def test_the_record_holds_cause_reason_and_what_is_broken() -> None:
    wave = wave_of([Outlet("a", "p", again=True)], Requirement())
    assert one_lost(wave, "a", "moved").to_json() == {
        "lost": "a",
        "cause": "moved",
        "reason": "must",
        "substitute": None,
        "where": "nobody",
        "broken": ["recheck"],
    }


def test_losses_that_are_none_are_refused() -> None:
    wave = wave_of(network(4, 1), Requirement(at_least=1))
    chosen = plan_wave(wave, KEY).chosen
    left = next(one.id for one in wave.outlets if one.id not in chosen)
    with pytest.raises(SamplingError, match="coverage_not_in_plan"):
        substitute(wave, KEY, chosen, {left: "closed"})
    with pytest.raises(SamplingError, match="coverage_cause_unknown"):
        substitute(wave, KEY, chosen, {next(iter(chosen)): "holiday"})
    assert substitute(wave, KEY, chosen, {}) == ()


@settings(max_examples=80, deadline=None)
@given(waves(), st.data())
def test_a_plan_with_substitutes_keeps_to_the_firms_and_says_what_it_breaks(
    wave: Wave, data: st.DataObject
) -> None:
    chosen = plan_wave(wave, KEY).chosen
    lost = data.draw(st.lists(st.sampled_from(sorted(chosen)), unique=True)) if chosen else []
    if not lost:
        return
    found = substitute(wave, KEY, chosen, dict.fromkeys(lost, Cause.REFUSED))
    after = (set(chosen) - set(lost)) | {one.substitute for one in found if one.substitute}
    visited = [outlet for outlet in wave.outlets if outlet.id in after]
    counts = {
        parent: sum(one.parent == parent for one in visited) for parent in {one.parent for one in visited}
    }
    assert firms_carry(wave, counts)
    must_lost = any(wave.requirement.must_visit(one) for one in wave.outlets if one.id in lost)
    assert (Broken.RECHECK in found[-1].broken) == must_lost
    among = [outlet for outlet in wave.outlets if outlet.is_open(wave.year.starts)]
    enough = len(after) >= max(wave.requirement.at_least, wave.requirement.share * len(among))
    assert (Broken.SHARE in found[-1].broken) == (not enough)


def test_a_lost_re_check_is_replaced_but_stays_broken() -> None:
    wave = wave_of([*network(4, 2, 1)], Requirement(recheck_at_most=Decimal(85)))
    found = one_lost(wave, "o0000")
    assert found.substitute is not None
    assert found.broken == (Broken.RECHECK,)
    assert replace(found, broken=()) == found.__class__(
        "o0000", Cause.REFUSED, "must", "o0002", Where.SAME_PARENT, ()
    )
