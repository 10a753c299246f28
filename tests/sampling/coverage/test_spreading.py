"""Days for visits: even, in different weeks, and only where they may be."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sampling.coverage.spreading import spread, visit_days
from server.sampling.frame import SamplingError
from tests.sampling.coverage.cases import KEY, network

MONDAY = date(2026, 1, 5)
WEEKEND = frozenset({5, 6})


def parents_of(outlets: int, parents: int) -> dict[str, str]:
    return {outlet.id: outlet.parent for outlet in network(outlets, parents)}


def test_only_the_allowed_days() -> None:
    holiday = date(2026, 1, 10)
    days = visit_days(MONDAY, MONDAY + timedelta(days=13), WEEKEND, {holiday})
    assert days == [date(2026, 1, 11), date(2026, 1, 17), date(2026, 1, 18)]
    assert len(visit_days(MONDAY, MONDAY)) == 1
    assert visit_days(MONDAY, MONDAY - timedelta(days=1)) == []


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(1, 6),
    st.frozensets(st.integers(0, 30), min_size=1, max_size=20),
    st.randoms(use_true_random=False),
)
def test_days_are_even_apart_and_independent_of_order(
    outlets: int, parents: int, offsets: frozenset[int], random
) -> None:
    days = [MONDAY + timedelta(days=offset) for offset in sorted(offsets)]
    given_parents = parents_of(outlets, parents)
    found = spread(given_parents, days, KEY)
    loads = Counter(found.values())
    assert set(loads) <= set(days)
    assert max(loads.values(), default=0) - min((loads[day] for day in days), default=0) <= 1
    by_parent = defaultdict(list)
    for outlet, day in found.items():
        by_parent[given_parents[outlet]].append(day)
    for mine in by_parent.values():
        if len(mine) <= len(days):
            assert len(set(mine)) == len(mine)
    rows = list(given_parents.items())
    random.shuffle(rows)
    random.shuffle(days)
    assert spread(dict(rows), days, KEY) == found


def test_a_sub_branch_is_visited_in_different_weeks_and_on_different_weekdays() -> None:
    days = visit_days(MONDAY, MONDAY + timedelta(days=27), frozenset(range(5)))
    found = spread(parents_of(40, 10), days, KEY)
    for parent in range(10):
        mine = [found[f"o{place:04}"] for place in range(parent, 40, 10)]
        assert len({day.isocalendar().week for day in mine}) == 4
    assert len({day.weekday() for day in found.values()}) == 5


def test_the_weeks_of_one_sub_branch_do_not_share_a_weekday() -> None:
    days = visit_days(MONDAY, MONDAY + timedelta(days=27), frozenset(range(5)))
    assert len({day.weekday() for day in spread(parents_of(4, 1), days, KEY).values()}) == 4


def test_too_few_days_are_told() -> None:
    with pytest.raises(SamplingError) as caught:
        spread(parents_of(7, 2), [MONDAY, MONDAY + timedelta(days=1)], KEY, per_day=3)
    assert (caught.value.code, caught.value.params) == ("coverage_days_too_few", {"outlets": 7, "room": 6})
    assert len(spread(parents_of(6, 2), [MONDAY, MONDAY + timedelta(days=1)], KEY, per_day=3)) == 6
    with pytest.raises(SamplingError, match="coverage_days_too_few"):
        spread(parents_of(1, 1), [], KEY)
