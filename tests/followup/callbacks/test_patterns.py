"""What is worth a look: by rules that are data, from counted facts, whatever their order."""

from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.followup.callbacks.patterns import RULES, Answer, Pattern, expected_in_window, patterns

# On the unit's own clocks, which have no zone here.
NOON = datetime.fromisoformat("2026-05-04T12:00")


def answer(number: int, minutes: float = 0, **changes: Any) -> Answer:
    values: dict[str, Any] = {"waited": timedelta(hours=2), "filled": timedelta(minutes=2), "questions": 3}
    return Answer(f"n{number}", NOON + timedelta(minutes=minutes), **{**values, **changes})


def spread(count: int) -> list[Answer]:
    """One an hour in the daytime, each by another number."""
    return [answer(each, minutes=24 * 60 * (each // 6) + 60 * (each % 6)) for each in range(count)]


def kinds(answers: list[Answer]) -> dict[str, tuple[int, int]]:
    return {found.kind: (found.count, found.n) for found in patterns(answers)}


def test_ordinary_answers_are_not_worth_a_look() -> None:
    assert patterns(spread(60)) == ()


def test_many_answers_within_minutes_against_the_own_rate() -> None:
    crowd = [answer(100 + each, minutes=30 + each, satisfied=True) for each in range(6)]
    [burst] = [found for found in patterns([*spread(60), *crowd]) if found.kind == "burst"]
    assert (burst.count, burst.n, burst.at, burst.satisfied) == (6, 66, NOON + timedelta(minutes=30), 6)
    assert burst.expected == expected_in_window(66, RULES) == Fraction(66 * 10, 28 * 9 * 60)
    # A place with a hundred answers an hour always has six within ten minutes.
    busy = [answer(each, minutes=each) for each in range(30_000)]
    assert "burst" not in kinds(busy)


def test_the_other_rules_say_how_many_of_how_many() -> None:
    base = spread(20)
    assert kinds([*base, answer(50, staff=True)])["staff"] == (1, 21)
    assert kinds([*base, *(answer(51, minutes=60 * 24 * each) for each in range(3))])["repeated"] == (3, 23)
    quick = [answer(60 + each, minutes=61 * each, waited=timedelta(seconds=5)) for each in range(3)]
    assert kinds([*base, *quick])["quick"] == (3, 23)
    hasty = [answer(70 + each, minutes=61 * each, filled=timedelta(seconds=2)) for each in range(3)]
    assert kinds([*base, *hasty])["unread"] == (3, 23)
    night = [answer(80 + each, minutes=60 * 14 + 61 * each) for each in range(6)]
    assert kinds([*spread(18), *night])["out_of_hours"] == (5, 24)


def test_what_nobody_measured_is_not_held_against_anybody() -> None:
    unknown = [answer(each, minutes=61 * each, waited=None, filled=None) for each in range(9)]
    assert {"quick", "unread"}.isdisjoint(kinds(unknown))


answers = st.lists(
    st.builds(
        answer,
        st.integers(0, 9), st.integers(0, 40_000),
        waited=st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
        filled=st.none() | st.timedeltas(timedelta(0), timedelta(minutes=5)),
        staff=st.booleans(), satisfied=st.none() | st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@given(answers, st.randoms(use_true_random=False))
def test_counts_are_of_what_is_there_and_the_order_means_nothing(
    given_answers: list[Answer], chance: Random
) -> None:
    found = patterns(given_answers)
    shuffled = list(given_answers)
    chance.shuffle(shuffled)
    assert patterns(shuffled) == found
    assert all(0 < each.count <= each.n <= len(given_answers) for each in found)
    bursts: list[Pattern] = [each for each in found if each.kind == "burst"]
    assert sum(each.count for each in bursts) <= len(given_answers)
