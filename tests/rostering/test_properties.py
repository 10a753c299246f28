"""Any roster obeys every rule, is the best there is, and is the same in any order."""

from collections import Counter
from dataclasses import replace
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from server.rostering.case import state_case
from server.rostering.results import Held, Roster
from server.rostering.roster import roster
from server.rostering.solving import choosing
from server.rostering.solving.filling import fill
from server.rostering.solving.linear import targets_of
from server.rostering.solving.problem import blocked
from server.rostering.stating import problem_of
from tests.rostering.cases import Small, smalls
from tests.rostering.checking import best, broken, standing


def make(small: Small, previous: tuple[Held, ...] = ()) -> Roster:
    return roster(small.visits, small.workers, small.rules, previous)


@settings(max_examples=80, deadline=None)
@given(smalls())
def test_no_rule_is_broken_and_nothing_is_lost(small: Small) -> None:
    made = make(small)
    assert broken(small, made.placed) == []
    ids = sorted([one.visit for one in made.placed] + [one.visit for one in made.open])
    assert ids == sorted(visit.id for visit in small.visits)


@settings(max_examples=80, deadline=None)
@given(smalls())
def test_no_roster_is_better(small: Small) -> None:
    made = make(small)
    assert made.proof.exact
    assert standing(small, made) == best(small)
    assert made.proof.bound == made.proof.cost


@settings(max_examples=40, deadline=None)
@given(smalls())
def test_without_assignment_the_linear_programme_finds_the_same_value(small: Small) -> None:
    problem = problem_of(state_case(small.visits, small.workers, small.rules, ()))
    assume(problem.arcs)
    choice, alone = choosing.choose(problem), choosing.programmed(problem, None)
    assert alone.exact
    assert alone.cost == choice.cost
    assert targets_of(problem, alone.chosen) == targets_of(problem, choice.chosen)


@settings(max_examples=40, deadline=None)
@given(smalls(), st.integers(0, 1))
def test_a_search_that_was_cut_short_still_obeys_and_leaves_nothing_that_somebody_could_do(
    small: Small, rounds: int
) -> None:
    problem = problem_of(state_case(small.visits, small.workers, small.rules, ()))
    assume(problem.arcs)
    choice = choosing.programmed(problem, None, rounds)
    assert choice.bound <= choice.cost
    mine = problem.mine(choice.chosen)
    for arcs, room, days in zip(mine, problem.room, problem.day_room, strict=True):
        assert len(arcs) <= room
        assert not blocked(arcs, days)
    for limit in problem.limits:
        assert sum(1 for arc in mine[limit.worker] if arc.visit in limit.visits) <= limit.most
    if not choice.exact:
        assert fill(problem, choice.chosen) == choice.chosen


@settings(max_examples=40, deadline=None)
@given(smalls(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(small: Small, random: Random) -> None:
    visits, workers = list(small.visits), list(small.workers)
    random.shuffle(visits)
    random.shuffle(workers)
    assert roster(visits, workers, small.rules) == make(small)


@settings(max_examples=40, deadline=None)
@given(smalls())
def test_made_again_nothing_moves(small: Small) -> None:
    made = make(small)
    again = make(small, made.held())
    assert again.held() == made.held()
    assert all(one.kept for one in again.placed)


@settings(max_examples=40, deadline=None)
@given(smalls(), st.data())
def test_what_was_accepted_stays_whatever_changes(small: Small, data: st.DataObject) -> None:
    made = make(small)
    accepted = data.draw(st.sets(st.sampled_from(made.placed))) if made.placed else set()
    held = tuple(replace(one, accepted=one.visit in {a.visit for a in accepted}) for one in made.held())
    other = data.draw(smalls())
    changed = Small(small.visits, small.workers, other.rules)
    again = make(changed, held)
    assert {one for one in again.held() if one.accepted} == {one for one in held if one.accepted}
    new = [one for one in again.placed if not one.accepted]
    assert not [line for line in broken(changed, new) if not line.endswith("share")]


@settings(max_examples=40, deadline=None)
@given(smalls())
def test_quotas_and_loads_say_what_was_placed(small: Small) -> None:
    made = make(small)
    quotas = {quota.code: quota for quota in made.quotas}
    if small.rules.off_peak:
        off_peak = quotas["off_peak"]
        assert off_peak.reached == sum(1 for one in made.placed if one.slot == "off_peak")
        assert off_peak.reached >= min(off_peak.needed, off_peak.possible)
    if small.rules.weekend:
        weekend = quotas["weekend"]
        assert weekend.reached == sum(1 for one in made.placed if one.day.weekday() >= 5)
        assert weekend.reached >= min(weekend.needed, weekend.possible)
    counts = Counter(one.worker for one in made.placed)
    assert {load.worker: load.visits for load in made.loads} == {
        worker.id: counts[worker.id] for worker in small.workers
    }
    assert sum(count for _, count in made.weeks) == len(made.placed)
