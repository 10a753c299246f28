"""The year's end: known cases, and more capacity never makes it worse."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sampling.coverage.forecast import forecast, last_week
from server.sampling.coverage.inputs import Capacity, LaterWave, Outlet, Requirement, Statement, Wave, Year
from server.sampling.coverage.outlook import outlook_of
from server.sampling.coverage.planning import plan_wave
from tests.sampling.coverage.cases import KEY, STARTS, later, network, wave_of, waves

E3 = Requirement(share=Fraction(3, 5), per_parent=1, recheck_at_most=Decimal(85), yearly=Fraction(1))
ROOMS = st.lists(st.one_of(st.none(), st.integers(0, 8)), max_size=3)


def second_wave() -> Wave:
    """1,200 outlets in 120 sub-branches after a first wave of 720, 458 of which must be visited again.

    16 sub-branches are seen whole and have nobody to visit again: their 16 visits cover nobody new. The other
    104 share the 560 seen outlets that are left, and all the re-checks.
    """
    whole = [Outlet(f"w{place:03}", f"w{place % 16:02}", seen_this_year=True) for place in range(160)]
    mixed = [
        Outlet(
            f"m{place:04}",
            f"m{place % 104:03}",
            seen_this_year=place < 560,
            last_score=Decimal(80 if place < 458 else 90),
        )
        for place in range(1040)
    ]
    return wave_of([*whole, *mixed], E3, Capacity(visits=720), later(720, 720))


def test_after_the_second_wave_of_720_with_458_rechecks_four_fifths_are_covered() -> None:
    wave = second_wave()
    assert sum(outlet.seen_this_year for outlet in wave.outlets) == 720
    plan = plan_wave(wave, KEY)
    seen = forecast(wave, plan)
    assert (plan.feasibility.rechecks, len(plan.chosen), plan.new) == (458, 720, 246)
    assert (seen.covered + seen.planned, seen.share(seen.covered + seen.planned)) == (
        966,
        Fraction(805, 1000),
    )
    assert seen.reached


def test_the_first_wave_covers_what_it_visits() -> None:
    wave = wave_of(network(1200, 120, 458), E3, Capacity(visits=720), later(720, 720, 720))
    seen = forecast(wave, plan_wave(wave, KEY))
    # 458 of 1,200 are re-checked, so 275 of the next 720 visits; 445 are new, the third wave has the rest.
    assert [(stage.rechecks, stage.new, stage.covered) for stage in seen.stages] == [
        (275, 445, 1165),
        (275, 35, 1200),
        (275, 0, 1200),
    ]
    assert (seen.certain, seen.expected, seen.reached) == (720, 1200, True)


@pytest.mark.parametrize(
    ("rooms", "stages"),
    [
        # 8 visits now, half of each wave's visits are repeated in the next.
        ((10, 6, 3), [(4, 6, 10, 0), (5, 1, 6, 0), (3, 0, 3, 0)]),
        # Two re-checks are missed in the first; the next wave still owes two, as if all four had been made.
        ((2, 10), [(4, 0, 2, 2), (2, 8, 10, 0)]),
        ((None,), [(4, 12, 16, 0)]),
    ],
)
def test_later_waves_repeat_before_they_reach_further(
    rooms: tuple[int | None, ...], stages: list[tuple[int, int, int, int]]
) -> None:
    year = replace(later(*rooms), recheck_rate=Fraction(1, 2))
    outlook = outlook_of(wave_of(network(20, 2), Requirement(yearly=Fraction(1)), year=year))
    found = outlook.stages(8, 8)
    assert [(one.rechecks, one.new, one.visits, one.short) for one in found] == stages


def test_a_year_that_fails_says_so_and_what_would_help() -> None:
    year = replace(later(30, 30), recheck_rate=Fraction(0))
    wave = wave_of(network(100, 10), Requirement(yearly=Fraction(1)), Capacity(visits=20), year)
    plan = plan_wave(wave, KEY)
    assert [one.code for one in plan.feasibility.problems] == ["coverage_over_visits"]
    seen = forecast(wave, plan)
    assert (seen.planned, seen.expected, seen.reached, seen.level, seen.last_week) == (0, 60, False, 50, None)
    assert [(need.wave, need.visits) for need in seen.needs] == [("Q2", 70), ("Q3", 70)]
    assert [one.code for one in seen.statements()] == [
        "year_without_plan",
        "year_missed",
        "year_certain",
        "year_too_late",
        "year_level",
    ]


def test_the_last_week_in_which_all_is_possible() -> None:
    """12 weeks with 120 visits are 10 a week; 46 more need five weeks, 47 to 51."""
    waves_left = [(date(2026, 9, 28), date(2026, 12, 20), 120)]
    assert last_week(waves_left, 46) == (2026, 47)
    assert last_week(waves_left, 50) == (2026, 47)
    assert last_week(waves_left, 51) == (2026, 46)


@pytest.mark.parametrize(
    ("spans", "needed", "week"),
    [
        ([(date(2026, 9, 28), date(2026, 12, 20), 120)], 0, None),
        ([(date(2026, 9, 28), date(2026, 12, 20), 120)], 121, None),
        ([(date(2026, 9, 28), date(2026, 12, 20), None)], 5000, (2026, 51)),
        ([(date(2026, 9, 30), date(2026, 10, 1), 2)], 2, (2026, 40)),
        ([(date(2026, 1, 5), date(2026, 1, 11), 7), (date(2026, 2, 2), date(2026, 2, 8), 7)], 8, (2026, 2)),
        ([(date(2026, 12, 28), date(2027, 1, 3), 7)], 7, (2026, 53)),
        ([], 1, None),
    ],
)
def test_last_weeks(
    spans: list[tuple[date, date, int | None]], needed: int, week: tuple[int, int] | None
) -> None:
    assert last_week(spans, needed) == week


def test_re_checks_bring_the_last_week_forward() -> None:
    """2 of the later 30 visits are re-checks: 28 in 76 days make 9.9 from week 22 on, not 10."""
    seen = [Outlet(f"s{place}", "p", seen_this_year=True, again=True) for place in range(4)]
    year = replace(later(30), recheck_rate=Fraction(1, 2))
    wave = wave_of([*network(10, 1), *seen], Requirement(yearly=Fraction(1)), Capacity(visits=4), year)
    assert forecast(wave, plan_wave(wave, KEY)).last_week == (2026, 21)


def test_the_wave_of_the_last_week_is_named() -> None:
    year = replace(later(10, 10), recheck_rate=Fraction(0))
    wave = wave_of(network(10, 2), Requirement(yearly=Fraction(1)), Capacity(visits=10), year)
    seen = forecast(wave, plan_wave(wave, KEY))
    assert seen.last_wave == "Q3"
    full = replace(
        wave, year=replace(year, later=(replace(year.later[0], visits=9), replace(year.later[1], visits=0)))
    )
    assert forecast(full, plan_wave(full, KEY)).last_wave == ""


def test_openings_and_closures_change_who_counts() -> None:
    outlets = [
        *network(4, 1),
        Outlet("opens", "p", opened=date(2026, 3, 30)),
        Outlet("closes", "p", closed=date(2026, 5, 1), seen_this_year=True),
        Outlet("late", "p", opened=date(2026, 6, 19)),
    ]
    wave = wave_of(outlets, Requirement(yearly=Fraction(1)), year=later(9))
    seen = forecast(wave, plan_wave(wave, KEY))
    assert (seen.total, seen.covered, seen.opening, seen.closing) == (5, 0, 1, 1)


def test_a_reached_year_needs_nothing_more() -> None:
    outlets = [replace(one, seen_this_year=True) for one in network(4, 2)]
    wave = wave_of(outlets, Requirement(yearly=Fraction(1)), Capacity(visits=0), later(0))
    seen = forecast(wave, plan_wave(wave, KEY))
    assert (seen.reached, seen.level, seen.last_week) == (True, 0, None)
    assert Statement("year_done", {"covered": 4}) in seen.statements()


def test_a_later_wave_without_room_for_its_share_is_told() -> None:
    wave = wave_of(network(10, 2), replace(E3, yearly=None), Capacity(), later(4))
    seen = forecast(wave, plan_wave(wave, KEY))
    assert Statement("wave_short", {"wave": "Q2", "visits": 4, "short": 2}) in seen.statements()


@settings(max_examples=200, deadline=None)
@given(
    waves(),
    st.integers(0, 7),
    st.fractions(0, 1, max_denominator=7),
    ROOMS,
    st.integers(0, 2),
    st.integers(1, 5),
)
def test_more_capacity_never_lowers_the_year(
    wave: Wave, new: int, rate: Fraction, rooms: list[int | None], place: int, more: int
) -> None:
    grown = [room if at != place or room is None else room + more for at, room in enumerate(rooms)]
    ends = []
    for each in (rooms, grown):
        outlook = outlook_of(replace(wave, year=replace(later(*each), recheck_rate=rate)))
        visits = max(new, 3)
        ends.append(outlook.at_the_end(new, visits))
        assert outlook.at_the_end(new, visits, Fraction(1)) <= outlook.at_the_end(new, visits)
    assert ends[0] <= ends[1]


@settings(max_examples=100, deadline=None)
@given(waves(), st.integers(0, 7), st.integers(1, 4))
def test_more_capacity_now_never_lowers_a_full_year(wave: Wave, visits: int, more: int) -> None:
    asked = replace(wave.requirement, yearly=Fraction(1))
    expected = []
    for room in (visits, visits + more):
        one = replace(wave, requirement=asked, capacity=Capacity(visits=room))
        expected.append(forecast(one, plan_wave(one, KEY, weighted=False)).expected)
    assert expected[0] <= expected[1]


@settings(max_examples=60, deadline=None)
@given(waves())
def test_a_feasible_plan_is_expected_to_reach_the_year(wave: Wave) -> None:
    plan = plan_wave(wave, KEY, weighted=False)
    seen = forecast(wave, plan)
    assert seen.covered + seen.planned <= seen.certain <= seen.expected <= seen.total
    if plan.feasibility.feasible and wave.requirement.yearly is not None:
        assert seen.reached


def test_the_week_of_a_wave_that_begins_in_it() -> None:
    """The wave named is the last that has begun by the end of the week."""
    first = LaterWave("A", STARTS + timedelta(days=80), STARTS + timedelta(days=90), 1)
    year = Year(STARTS, STARTS + timedelta(days=60), (first,), Fraction(0))
    wave = wave_of(network(1, 1), Requirement(yearly=Fraction(1)), Capacity(visits=1), year)
    seen = forecast(wave, plan_wave(wave, KEY))
    assert (seen.last_week, seen.last_wave) == ((2026, 13), "A")
