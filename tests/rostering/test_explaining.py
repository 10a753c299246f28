"""Why a visit is open: the counts add up, and the step that is named places it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings

from server.rostering.results import Open, Reason
from server.rostering.roster import roster
from server.rostering.rules import Rules
from server.rostering.workers import LastVisit, Share, Worker
from tests.rostering.cases import PARENTS, Small, day, smalls, visit

CERTIFIED = frozenset({"quiz"})


def open_of(small: Small) -> Open:
    made = roster(small.visits, small.workers, small.rules)
    (found,) = made.open
    return found


def test_everybody_is_counted_once_and_the_mildest_step_is_named() -> None:
    workers = [
        Worker("a", certificates={}, seen={"o": LastVisit(day(-3))}),
        Worker("b", certificates={"quiz": None}, seen={"o": LastVisit(day(-3))}),
        Worker("c", certificates={"quiz": day(-1)}),
        Worker("d", certificates={}, fee_factor=Decimal("0.5")),
        Worker("e", certificates={"quiz": None}, identified=frozenset({"C/D1/"})),
    ]
    found = open_of(Small([visit("v", "o", certificates=CERTIFIED, fee=Decimal(90))], workers, Rules()))
    assert found.people == 5
    assert found.reasons == (
        Reason("locked_out", 2, 1),
        Reason("certificate", 2, 2),
        Reason("identified", 1, 1),
    )
    assert found.relaxation is not None
    step = found.relaxation
    assert (step.codes, step.worker, step.people) == (("certificate",), "d", 2)
    assert step.params == {"certificate": {"names": ("quiz",)}}


@pytest.mark.parametrize(
    ("worker", "rules", "code", "params"),
    [
        (Worker("w", total=1), Rules(), "full", {"limit": 2}),
        (Worker("w", days=frozenset({day(0)}), per_day=1), Rules(), "day_full", {"limit": 2}),
        (Worker("w"), Rules(per_parent=1), "per_parent", {"limit": 2}),
        (Worker("w", "firm", share=Share(0, 1)), Rules(), "share", {"limit": 2}),
        (Worker("w", seen={"o-v2": LastVisit(day(-3))}), Rules(), "locked_out", {"day": day(87)}),
        (Worker("w", seen={"o-v2": LastVisit(day(-300), 1)}), Rules(rotation_waves=1), "recent_wave", {}),
        (Worker("w", territories=frozenset({"o-v1"})), Rules(), "territory", {}),
    ],
)
def test_the_step_says_how_far(worker: Worker, rules: Rules, code: str, params: dict[str, object]) -> None:
    found = open_of(Small([visit("v1", reason="must"), visit("v2")], [worker], rules))
    assert found.relaxation is not None
    assert found.relaxation.codes == (code,)
    assert found.relaxation.params == {code: params}


@pytest.mark.parametrize(
    ("code", "worker"),
    [
        ("conflict", Worker("w", conflicts=frozenset({"o"}))),
        ("identified", Worker("w", identified=frozenset({PARENTS[0]}))),
    ],
)
def test_what_protects_the_result_is_never_offered(code: str, worker: Worker) -> None:
    found = open_of(Small([visit("v", "o")], [worker], Rules()))
    assert found.reasons == (Reason(code, 1, 1),)
    assert found.relaxation is None


def test_two_rules_that_leave_days_each_and_none_together() -> None:
    worker = Worker("w", certificates={"quiz": day(2)}, days=frozenset({day(3), day(4)}))
    found = open_of(Small([visit("v", certificates=CERTIFIED)], [worker], Rules()))
    assert found.relaxation is not None
    assert found.relaxation.codes == ("unavailable",)


def relaxed(small: Small, found: Open) -> Small:
    """One open visit, with exactly the named rules out of the way of the named worker."""
    assert found.relaxation is not None
    name, rules = found.relaxation.worker, small.rules
    wanted = next(one for one in small.visits if one.id == found.visit)
    for code in found.relaxation.codes:
        limit = found.relaxation.params[code].get("limit")
        worker = next(one for one in small.workers if one.id == name)
        last = worker.seen.get(wanted.outlet)
        changes: dict[str, dict[str, object]] = {
            "full": {"total": limit},
            "day_full": {"per_day": limit},
            "share": {"share": Share(0, limit)},
            "unavailable": {"days": None},
            "territory": {"territories": frozenset()},
            "rating": {"rating": None},
            "certificate": {"certificates": {**worker.certificates, **dict.fromkeys(wanted.certificates)}},
            "locked_out": {
                "seen": {wanted.outlet: replace(last, day=last.day - timedelta(days=400))} if last else {}
            },
            "recent_wave": {"seen": {wanted.outlet: replace(last, waves_ago=None)} if last else {}},
        }
        if code == "per_parent":
            rules = replace(rules, per_parent=limit)
        changed = replace(worker, **changes.get(code, {}))
        small = Small(small.visits, [changed if one.id == name else one for one in small.workers], rules)
    return small


@settings(max_examples=40, deadline=None)
@given(smalls())
def test_without_the_named_rules_the_visit_is_placed_and_nothing_else_is_lost(small: Small) -> None:
    made = roster(small.visits, small.workers, small.rules)
    held = tuple(replace(one, accepted=True) for one in made.held())
    for found in made.open:
        assert sum(reason.people for reason in found.reasons) == found.people == len(small.workers)
        if found.relaxation is None:
            continue
        # Other open visits may want the same step for themselves; this one is to be possible.
        others = {one.visit for one in made.open} - {found.visit}
        alone = [one for one in small.visits if one.id not in others]
        changed = relaxed(Small(alone, small.workers, small.rules), found)
        again = roster(changed.visits, changed.workers, changed.rules, held)
        assert found.visit in {one.visit for one in again.placed}
