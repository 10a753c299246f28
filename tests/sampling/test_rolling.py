"""Draws of rolling waves: every event has its chance, whenever it arrives, and the record repeats it."""

import secrets
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.frame import FrameMember, SamplingError
from server.sampling.random_numbers import prn
from server.sampling.rolling import RollingPlan, draw_rolling, verify_rolling

KEY = bytes(range(32))


def frame(count: int, *, excluded: int = 0) -> list[FrameMember]:
    return [
        FrameMember(f"E{n:04}", "B101/2026-05-03", "staff" if n < excluded else None) for n in range(count)
    ]


@given(
    st.integers(0, 60), st.integers(0, 5), st.fractions(Fraction(1, 100), 1), st.none() | st.integers(0, 9)
)
def test_a_draw_takes_the_lowest_numbers_below_the_rate(
    count: int, excluded: int, rate: Fraction, quota: int | None
) -> None:
    members = frame(count, excluded=excluded)
    result = draw_rolling(members, RollingPlan(rate, quota), KEY)
    eligible = sorted((prn(KEY, each.id), each.id) for each in members if each.excluded is None)
    below = [name for number, name in eligible if Fraction(number, 2**64) < rate]
    assert list(result.selected) == below[: len(below) if quota is None else quota]
    assert [*result.selected, *result.rest] == [name for _, name in eligible]
    assert result.over_quota == len(below) - len(result.selected)
    assert (result.population, result.eligible) == (count, max(0, count - excluded))


@given(st.randoms())
def test_the_order_of_the_events_makes_no_difference(random: Random) -> None:
    members = frame(40, excluded=3)
    shuffled = random.sample(members, len(members))
    plan = RollingPlan(Decimal("0.3"), 5)
    assert draw_rolling(members, plan, KEY).to_json() == draw_rolling(shuffled, plan, KEY).to_json()


def test_an_event_that_comes_late_has_the_chance_it_would_have_had() -> None:
    members, plan = frame(200), RollingPlan(Decimal("0.25"))
    whole = set(draw_rolling(members, plan, KEY).selected)
    in_time, late = (draw_rolling(part, plan, KEY).selected for part in (members[:150], members[150:]))
    assert {*in_time, *late} == whole


def test_small_units_are_not_rounded_up() -> None:
    """Of ten thousand days with one event and a rate of a tenth, about a tenth is asked: within 5 sigma."""
    plan = RollingPlan(Decimal("0.1"))
    drawn = sum(len(draw_rolling([FrameMember(f"D{n}")], plan, KEY).selected) for n in range(10_000))
    assert abs(drawn - 1_000) < 150


@pytest.mark.parametrize(("n", "rate", "quota"), [*product((6, 30), ("0.1", "0.5", "0.9"), (1, 2, 5))])
def test_inclusion_under_a_quota_is_the_expectation_of_the_binomial(n: int, rate: str, quota: int) -> None:
    chance = Fraction(rate)
    expected = sum(min(quota, k) * comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)) / n
    found = Fraction(RollingPlan(Decimal(rate), quota).inclusion(n))
    assert abs(found - expected) <= Fraction(1, 10**12)


@pytest.mark.parametrize(
    ("rate", "quota", "eligible", "expected"),
    [
        ("0.25", None, 7, "1/4"),
        ("0.25", 7, 7, "1/4"),
        ("1", 3, 12, "1/4"),
        ("0.5", 0, 3, "0"),
        ("1", None, 0, "1"),
    ],
)
def test_inclusion_is_exact_where_it_can_be(
    rate: str, quota: int | None, eligible: int, expected: str
) -> None:
    assert RollingPlan(Decimal(rate), quota).inclusion(eligible) == expected


def test_inclusion_is_what_happens_over_many_keys() -> None:
    members, plan = frame(12), RollingPlan(Decimal("0.4"), 3)
    pi = float(Fraction(plan.inclusion(12)))
    rounds = 3_000
    hits = sum(
        "E0007" in draw_rolling(members, plan, Random(n).randbytes(32)).selected for n in range(rounds)
    )
    assert abs(hits / rounds - pi) < 5 * (pi * (1 - pi) / rounds) ** 0.5


@pytest.mark.parametrize(
    ("rate", "quota", "code"),
    [
        ("0", None, "plan_ratio_out_of_range"),
        ("1.1", 1, "plan_ratio_out_of_range"),
        ("1", -1, "plan_size_negative"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(rate: str, quota: int | None, code: str) -> None:
    with pytest.raises(SamplingError) as raised:
        RollingPlan(Decimal(rate), quota)
    assert raised.value.code == code


def test_an_event_occurs_once() -> None:
    with pytest.raises(SamplingError, match="frame_duplicate_member"):
        draw_rolling([*frame(3), *frame(1)], RollingPlan(Decimal(1)), KEY)


def record() -> dict[str, object]:
    return dict(draw_rolling(frame(50, excluded=4), RollingPlan(Decimal("0.3"), 6), KEY).to_json())


def test_a_record_repeats() -> None:
    assert verify_rolling(record(), frame(50, excluded=4)[::-1], KEY) == []


@pytest.mark.parametrize(
    ("name", "value", "pointers"),
    [
        ("selected", ["E0009"], {"/selected"}),
        ("inclusion", "1", {"/inclusion"}),
        ("plan", {"rate": "9/10", "quota": 6}, {"/plan"}),
        ("exclusions", {}, {"/exclusions"}),
    ],
)
def test_what_was_changed_in_a_record_is_found(name: str, value: object, pointers: set[str]) -> None:
    found = {each.pointer for each in verify_rolling({**record(), name: value}, frame(50, excluded=4), KEY)}
    if name == "plan":
        assert "/overQuota" in found or "/resultFingerprint" in found or "/inclusion" in found
    else:
        assert found == pointers


def test_another_frame_or_key_is_found() -> None:
    changed = [*frame(50, excluded=4)[:-1], FrameMember("E9999", "B101/2026-05-03")]
    assert "/frameFingerprint" in {each.pointer for each in verify_rolling(record(), changed, KEY)}
    [only] = verify_rolling(record(), frame(50, excluded=4), secrets.token_bytes(32))
    assert only.pointer == "/keyCommitment"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {},
        {"method": "other"},
        {"plan": {}},
        {"plan": {"rate": "1/0"}},
        {"plan": {"rate": "1", "quota": "x"}},
    ],
)
def test_what_is_no_record_is_refused(broken: object) -> None:
    data = {**record(), **broken} if isinstance(broken, dict) and broken else broken
    with pytest.raises(SamplingError, match="record_malformed"):
        verify_rolling(data, frame(50), KEY)
