"""Each rule by itself: who may go, on which days, and what the whole must reach."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from server.coordinates import Point
from server.rostering.codes import RosterError
from server.rostering.results import Held
from server.rostering.roster import dispatch, roster
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import LastVisit, Share, Worker
from tests.rostering.cases import MONDAY, NO_ROTATION, PARENTS, day, visit

ANN = Worker("ann")


@pytest.mark.parametrize(
    ("changes", "rules", "expected"),
    [
        ({}, Rules(), [0, 1, 2]),
        ({"days": frozenset({day(1), day(9)})}, Rules(), [1]),
        ({"certificates": {"quiz": day(1)}}, Rules(), [0, 1]),
        ({"certificates": {"quiz": None}}, Rules(), [0, 1, 2]),
        ({"certificates": {}}, Rules(), []),
        ({"seen": {"o": LastVisit(day(-89))}}, Rules(rotation_days=90), [1, 2]),
        ({"seen": {"o": LastVisit(day(3))}}, Rules(rotation_days=2), [0, 1]),
        ({"seen": {"o": LastVisit(day(-300), 2)}}, Rules(rotation_waves=2), []),
        ({"seen": {"o": LastVisit(day(-300), 3)}}, Rules(rotation_waves=2), [0, 1, 2]),
        ({"seen": {"o": LastVisit(day(-300))}}, Rules(rotation_waves=2), [0, 1, 2]),
        ({"seen": {"elsewhere": LastVisit(day(-1), 1)}}, Rules(rotation_waves=2), [0, 1, 2]),
        ({"conflicts": frozenset({"o"})}, Rules(), []),
        ({"conflicts": frozenset({"C/D1/"})}, Rules(), []),
        ({"conflicts": frozenset({"C/D2/", "C"})}, Rules(), [0, 1, 2]),
        ({"identified": frozenset({"o"})}, Rules(), []),
        ({"territories": frozenset({"C/D1/B1/"})}, Rules(), [0, 1, 2]),
        ({"territories": frozenset({"C/D1/B2/", "C/D2/"})}, Rules(), []),
        ({"rating": Decimal("6.9")}, Rules(minimum_rating=Decimal(7)), []),
        ({"rating": Decimal(7)}, Rules(minimum_rating=Decimal(7)), [0, 1, 2]),
        ({"rating": None}, Rules(minimum_rating=Decimal(7)), [0, 1, 2]),
        ({"total": 0}, Rules(), []),
        ({"per_day": 0}, Rules(), []),
    ],
)
def test_who_may_go_when(changes: dict[str, object], rules: Rules, expected: list[int]) -> None:
    worker = replace(Worker("ann", certificates={"quiz": None}), **changes)
    found = []
    for number in range(3):
        made = roster([visit("v", "o", number, number, certificates=frozenset({"quiz"}))], [worker], rules)
        found += [number for one in made.placed if one.day == day(number)]
    assert found == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"weekdays": frozenset({"sat", "sun"})}, {5, 6}),
        ({"closed": frozenset(map(day, range(6)))}, {6}),
        ({"weekdays": frozenset({"wed"}), "closed": frozenset({day(2)})}, set()),
    ],
)
def test_days_of_the_outlet(changes: dict[str, object], expected: set[int]) -> None:
    made = roster([visit("v", **changes)], [ANN], Rules())
    assert {(one.day - MONDAY).days for one in made.placed} <= expected
    assert len(made.placed) == bool(expected)


def test_one_person_does_not_come_twice_to_an_outlet_where_shoppers_rotate() -> None:
    twice = [visit("v1", "o"), visit("v2", "o")]
    assert len(roster(twice, [ANN], Rules(rotation_days=30)).placed) == 1
    made = roster(twice, [ANN], NO_ROTATION)
    assert len({one.day for one in made.placed}) == 2  # and not on one day where another is free


@pytest.mark.parametrize(("per_parent", "placed"), [(1, 2), (2, 4), (None, 6)])
def test_outlets_of_one_sub_branch_for_one_person(per_parent: int | None, placed: int) -> None:
    visits = [visit(f"v{index}", parent=PARENTS[index % 2]) for index in range(6)]
    assert len(roster(visits, [ANN], Rules(per_parent=per_parent)).placed) == placed


def test_the_nearer_person_goes_and_the_parts_of_the_cost_are_told() -> None:
    spot = Point(118.0, 26.0)
    far = Worker("far", home=Point(118.0, 27.0), cost_per_km=Decimal("1.2"))
    near = Worker("near", home=Point(118.0, 26.1), cost_per_km=Decimal("1.2"), fee_factor=Decimal("1.1"))
    made = roster([visit("v", position=spot, fee=Decimal(80))], [far, near], Rules())
    (only,) = made.placed
    assert only.worker == "near"
    assert (only.cost.fee, only.cost.kilometres) == (Decimal("88.00"), Decimal("11.1"))
    assert only.cost.travel == Decimal("26.69")
    assert made.loads[1].cost == only.cost.total == Decimal("114.69")


def test_saving_is_no_reason_to_leave_a_visit_open() -> None:
    dear = Worker("dear", fee_factor=Decimal(1000))
    made = roster(
        [visit("a", fee=Decimal(500)), visit("b", fee=Decimal(500))], [replace(ANN, total=1), dear], Rules()
    )
    assert len(made.placed) == 2


def test_the_important_visits_are_placed_where_not_all_can_be() -> None:
    reasons = ["random", "must", "oldest", "parent", "unseen", "something else"]
    visits = [visit(f"v{index}", reason=reason) for index, reason in enumerate(reasons)]
    made = roster(visits, [replace(ANN, total=3)], Rules())
    assert [one.visit for one in made.placed] == ["v1", "v3", "v4"]


def test_work_is_shared_out() -> None:
    visits = [visit(f"v{index}") for index in range(9)]
    made = roster(visits, [Worker(name) for name in "abc"], Rules())
    assert [load.visits for load in made.loads] == [3, 3, 3]


def test_visits_are_spread_over_the_weeks() -> None:
    visits = [visit(f"v{index:02}", first=0, last=27) for index in range(40)]
    made = roster(visits, [Worker(name, per_day=2) for name in "ab"], Rules())
    assert made.weeks == tuple((day(week * 7), 10) for week in range(4))


@pytest.mark.parametrize(("share", "expected"), [(Fraction(0), 0), (Fraction(3, 10), 3), (Fraction(1), 7)])
def test_quiet_hours(share: Fraction, expected: int) -> None:
    visits = [visit(f"v{index}", slots=frozenset({"peak"})) for index in range(3)]
    visits += [visit(f"v{index}") for index in range(3, 10)]
    made = roster(visits, [ANN, Worker("bob")], Rules(off_peak=share))
    quiet = [one for one in made.placed if one.slot == "off_peak"]
    assert len(quiet) == expected
    for quota in made.quotas:
        assert (quota.reached, quota.possible, quota.met) == (expected, 7, share < 1)


def test_weekend_work_is_given_to_who_can_do_it() -> None:
    weekdays = Worker("cheap", days=frozenset(map(day, range(5))))
    always = Worker("dear", fee_factor=Decimal(2), per_day=1)
    visits = [visit(f"v{index}", fee=Decimal(100)) for index in range(4)]
    plain = roster(visits, [weekdays, always], Rules(balance=Decimal(0)))
    assert {one.worker for one in plain.placed} == {"cheap"}
    made = roster(visits, [weekdays, always], Rules(balance=Decimal(0), weekend=Fraction(1, 2)))
    assert Counter(one.worker for one in made.placed) == {"cheap": 2, "dear": 2}
    assert {one.day.weekday() for one in made.placed if one.worker == "dear"} == {5, 6}
    (quota,) = made.quotas
    assert (quota.needed, quota.reached, quota.met) == (2, 2, True)


def test_holidays_can_be_the_weekend() -> None:
    holiday = frozenset({day(2)})
    made = roster([visit("v")], [ANN], Rules(weekend=Fraction(1), weekend_days=holiday))
    assert made.placed[0].day == day(2)


def test_a_weekend_quota_that_cannot_be_reached_costs_no_visit() -> None:
    busy = Worker("ann", days=frozenset({*map(day, range(5)), day(5)}), per_day=1)
    made = roster([visit(f"v{index}") for index in range(4)], [busy], Rules(weekend=Fraction(1, 2)))
    (quota,) = made.quotas
    assert (len(made.placed), quota.needed, quota.reached, quota.possible) == (4, 2, 1, 1)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Share(0, 4), 0),
        (Share(3, 4), 3),
        (Share(Fraction(4, 10), Fraction(4, 10)), 2),
        (Share(Fraction(1, 2)), 3),
        (Share(9), 7),
    ],
)
def test_a_firm_gets_what_it_is_promised_though_it_is_dear(share: Share, expected: int) -> None:
    firm = Worker("firm", "firm", share=share, fee_factor=Decimal(3))
    visits = [visit(f"v{index}", fee=Decimal(100)) for index in range(7)]
    made = roster(visits, [ANN, firm], Rules())
    assert len(made.of("firm")) == expected
    assert len(made.placed) == 7


def test_shares_of_all_leave_none_over() -> None:
    firms = [
        Worker(name, "firm", share=Share(part, part))
        for name, part in (("a", Fraction(6, 10)), ("b", Fraction(4, 10)))
    ]
    made = roster([visit(f"v{index}") for index in range(7)], firms, Rules())
    assert sorted(load.visits for load in made.loads) in ([2, 5], [3, 4])


def test_a_firm_takes_only_what_one_of_its_people_may_do_and_sends_them_by_the_same_rules() -> None:
    firm = Worker("firm", "firm", total=5)
    seen = Worker("f1", firm="firm", seen={"o-v1": LastVisit(day(-1))}, per_day=1)
    other = Worker("f2", firm="firm", conflicts=frozenset({"o-v1", "o-v2"}), days=frozenset({day(0)}))
    visits = [visit("v1"), visit("v2"), visit("v3")]
    made = roster(visits, [firm, seen, other], Rules())
    assert made.of("firm") == ("v2", "v3")
    (left,) = made.open
    assert [reason.code for reason in left.reasons] == ["no_people"]
    mine = [one for one in visits if one.id in made.of("firm")]
    sent = dispatch("firm", mine, [firm, seen, other, ANN], Rules())
    assert {one.visit: one.worker for one in sent.placed} == {"v2": "f1", "v3": "f2"}


def test_accepted_placements_stay_against_the_rules_and_the_doubts_are_told() -> None:
    held = Held("v1", "ann", day(3), "peak", accepted=True)
    worker = replace(ANN, total=1, conflicts=frozenset({"o-v1"}), days=frozenset({day(0)}))
    made = roster([visit("v1"), visit("v2")], [worker], Rules(), [held])
    (only,) = made.placed
    assert (only.day, only.accepted, only.doubts) == (day(3), True, ("conflict", "unavailable"))
    assert [one.visit for one in made.open] == ["v2"]
    assert made.loads[0].room == 0


def test_who_left_is_replaced_and_nobody_else_moves() -> None:
    visits = [visit(f"v{index}") for index in range(8)]
    people = [Worker(name, per_day=1) for name in "abcd"]
    made = roster(visits, people, Rules())
    again = roster(visits, people[1:], Rules(), made.held())
    left = set(made.of("a"))
    assert len(again.placed) == 8
    assert {one.visit for one in again.placed if not one.kept} == left


def test_a_change_must_be_worth_it() -> None:
    visits, cheap = [visit("v", fee=Decimal(100))], Worker("cheap", fee_factor=Decimal("0.7"))
    held = [Held("v", "ann", day(2), "peak")]
    kept = roster(visits, [ANN, cheap], Rules(stability=Decimal(50)), held)
    assert kept.placed[0].worker == "ann"
    assert kept.placed[0].kept
    changed = roster(visits, [ANN, cheap], Rules(stability=Decimal(20)), held)
    assert changed.placed[0].worker == "cheap"


def test_nobody_and_nothing() -> None:
    assert roster([], [ANN], Rules()).placed == ()
    (left,) = roster([visit("v")], [], Rules()).open
    assert (left.people, left.reasons, left.relaxation) == (0, (), None)


V = visit("v")
GREEDY = [Worker(name, "firm", share=Share(Fraction(2, 3))) for name in "ab"]


@pytest.mark.parametrize(
    ("code", "make"),
    [
        ("duplicate_visit", lambda: roster([V, V], [], Rules())),
        ("duplicate_worker", lambda: roster([], [ANN, ANN], Rules())),
        ("accepted_unknown", lambda: roster([V], [], Rules(), [Held("v", "x", day(0), "peak", True)])),
        ("accepted_unknown", lambda: roster([], [ANN], Rules(), [Held("v", "ann", day(0), "peak", True)])),
        ("horizon_too_long", lambda: roster([visit("v", last=731)], [ANN], Rules())),
        ("money_out_of_range", lambda: roster([visit("v", fee=Decimal(10**8))], [ANN], Rules())),
        ("number_negative", lambda: visit("v", fee=Decimal(-1))),
        ("number_negative", lambda: Worker("w", per_day=-1)),
        ("number_negative", lambda: Rules(balance=Decimal(-1))),
        ("share_out_of_range", lambda: Rules(off_peak=Fraction(2))),
        ("share_out_of_range", lambda: Share(Fraction(3, 2))),
        (
            "shares_exceed",
            lambda: roster([V], GREEDY, Rules()),
        ),
        ("slots_missing", lambda: visit("v", slots=frozenset())),
        ("weekday_unknown", lambda: visit("v", weekdays=frozenset({"saturday"}))),
        ("window_reversed", lambda: Visit("v", "o", "C/", date(2026, 1, 2), date(2026, 1, 1))),
    ],
)
def test_what_makes_no_sense_is_refused(code: str, make: object) -> None:
    with pytest.raises(RosterError) as refused:
        make()
    assert refused.value.code == code
