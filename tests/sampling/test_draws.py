"""Draws repeat, nest, and do not depend on the order of their input."""

import hashlib
import hmac
import json
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.draws import StratifiedPlan, draw
from server.sampling.frame import CODES, FrameMember, SamplingError, frame_fingerprint
from server.sampling.random_numbers import key_commitment, prn
from server.sampling.verification import Difference, verify

KEY = b"a wave key of at least 16 bytes"
OTHER_KEY = b"another key of at least 16 bytes"
HALF = StratifiedPlan(Fraction(1, 2))

IDS = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=40)
RATIOS = st.fractions(0, 1, max_denominator=20)


@st.composite
def frames(draw_value: st.DrawFn) -> list[FrameMember]:
    strata, reasons = (
        st.sampled_from(["north", "south", ""]),
        st.sampled_from([None, None, None, "opted_out"]),
    )
    return [FrameMember(name, draw_value(strata), draw_value(reasons)) for name in draw_value(IDS)]


def outlets(count: int, stratum: str = "") -> list[FrameMember]:
    return [FrameMember(f"{stratum}-{index:04}", stratum) for index in range(count)]


def test_the_number_is_the_documented_one() -> None:
    digest = hmac.new(KEY, "网点-1".encode(), hashlib.sha256).digest()
    assert prn(KEY, "网点-1") == int(digest[:8].hex(), 16)


@pytest.mark.parametrize(
    ("plan", "population", "eligible", "size"),
    [
        (StratifiedPlan(Decimal("0.6")), 7, 7, 5),
        (StratifiedPlan(Decimal("0.6")), 5, 5, 3),
        (StratifiedPlan(Decimal("0.6")), 16, 16, 10),
        (StratifiedPlan(Decimal("0.6")), 5, 2, 2),
        (StratifiedPlan(Decimal("0.1"), minimum=3), 10, 10, 3),
        (StratifiedPlan(Decimal("0.1"), minimum=30), 10, 10, 10),
        (StratifiedPlan(Decimal("0.5"), minimum=1, cap=4), 100, 100, 4),
        (StratifiedPlan(Decimal("0.07")), 100, 100, 7),
        (StratifiedPlan(Decimal(0)), 10, 10, 0),
        (StratifiedPlan(Decimal(1)), 10, 0, 0),
    ],
)
def test_sample_sizes(plan: StratifiedPlan, population: int, eligible: int, size: int) -> None:
    assert plan.size(population, eligible) == size


@given(frames(), RATIOS, st.randoms(use_true_random=False))
def test_the_order_of_the_frame_does_not_matter(
    frame: list[FrameMember],
    ratio: Fraction,
    random: Random,
) -> None:
    shuffled = list(frame)
    random.shuffle(shuffled)
    plan = StratifiedPlan(ratio)
    assert draw(frame, plan, KEY) == draw(shuffled, plan, KEY)


@given(frames(), RATIOS, RATIOS)
def test_a_larger_ratio_keeps_everybody_already_selected(
    frame: list[FrameMember], one: Fraction, other: Fraction
) -> None:
    smaller = draw(frame, StratifiedPlan(min(one, other)), KEY)
    larger = draw(frame, StratifiedPlan(max(one, other)), KEY)
    assert set(smaller.selected) <= set(larger.selected)


@given(frames(), RATIOS, st.integers(0, 5))
def test_selected_and_reserves_are_all_the_eligible_once(
    frame: list[FrameMember], ratio: Fraction, minimum: int
) -> None:
    result = draw(frame, StratifiedPlan(ratio, minimum), KEY)
    eligible = sorted(member.id for member in frame if member.excluded is None)
    assert sorted(result.selected + result.reserves) == eligible
    assert sum(count for _, count in result.exclusions) == len(frame) - len(eligible)


@given(frames())
def test_a_frame_keeps_its_fingerprint_in_any_order(frame: list[FrameMember]) -> None:
    assert frame_fingerprint(frame) == frame_fingerprint(reversed(frame))


def test_fields_of_a_frame_cannot_be_shifted_into_each_other() -> None:
    assert frame_fingerprint([FrameMember('a","b', "c")]) != frame_fingerprint([FrameMember("a", 'b","c')])
    assert frame_fingerprint([FrameMember("a")]) != frame_fingerprint([FrameMember("a", "", "staff")])


def test_another_wave_draws_another_sample() -> None:
    frame = outlets(200)
    assert draw(frame, HALF, KEY).selected != draw(frame, HALF, OTHER_KEY).selected


def test_every_member_has_about_the_same_chance() -> None:
    frame = outlets(20)
    keys = [hashlib.sha256(str(index).encode()).digest() for index in range(1000)]
    hits = dict.fromkeys((member.id for member in frame), 0)
    for key in keys:
        for member in draw(frame, HALF, key).selected:
            hits[member] += 1
    assert all(420 < count < 580 for count in hits.values())  # five standard errors around 500


def test_probabilities_counts_and_exclusions_stand_in_the_record() -> None:
    frame = [
        *outlets(7, "a"),
        *outlets(5, "b"),
        FrameMember("gone", "a", "opted_out"),
        FrameMember("x", "c", "staff"),
    ]
    record = json.loads(json.dumps(draw(frame, StratifiedPlan(Decimal("0.6")), KEY).to_json()))
    assert [(part["stratum"], part["population"], part["eligible"]) for part in record["strata"]] == [
        ("a", 8, 7),
        ("b", 5, 5),
        ("c", 1, 0),
    ]
    assert [part["inclusion"] for part in record["strata"]] == ["5/7", "3/5", "0"]
    assert record["exclusions"] == {"opted_out": 1, "staff": 1}
    assert record["keyCommitment"] == key_commitment(KEY) == hashlib.sha256(KEY).hexdigest()


def test_a_draw_repeats_from_its_record() -> None:
    frame = [*outlets(40, "a"), *outlets(9, "b")]
    record = json.loads(json.dumps(draw(frame, StratifiedPlan(Fraction(1, 3), 2, 10), KEY).to_json()))
    assert verify(record, reversed(frame), KEY) == []


def test_a_tampered_record_is_told_apart() -> None:
    frame = outlets(10)
    result = draw(frame, HALF, KEY)
    record = json.loads(json.dumps(result.to_json()))
    record["strata"][0]["selected"][0] = result.reserves[0]
    assert verify(record, frame, KEY) == [
        Difference("/strata/0/selected/0", result.reserves[0], result.selected[0])
    ]


def test_a_changed_frame_is_told_by_its_fingerprint() -> None:
    record = draw(outlets(10), HALF, KEY).to_json()
    pointers = {difference.pointer for difference in verify(record, outlets(11), KEY)}
    assert {"/frameFingerprint", "/strata/0/population"} <= pointers


def test_a_wrong_key_is_told_alone() -> None:
    record = draw(outlets(10), HALF, KEY).to_json()
    assert [difference.pointer for difference in verify(record, outlets(10), OTHER_KEY)] == ["/keyCommitment"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": "dice"}, "method"),
        ({"plan": None}, "plan"),
        ({"plan": {"ratio": 0.5}}, "plan/ratio"),
        ({"plan": {"ratio": "1/0"}}, "plan/ratio"),
        ({"plan": {"ratio": "9" * 99}}, "plan/ratio"),
        ({"plan": {"ratio": "1/2", "minimum": "3"}}, "plan/minimum"),
        ({"plan": {"ratio": "1/2", "cap": True}}, "plan/cap"),
    ],
)
def test_a_malformed_record_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(SamplingError) as caught:
        verify({**draw(outlets(3), HALF, KEY).to_json(), **change}, outlets(3), KEY)
    assert (caught.value.code, caught.value.params) == ("record_malformed", {"field": field})


@pytest.mark.parametrize("record", [None, [], "x"])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(SamplingError, match="record_malformed"):
        verify(record, [], KEY)


@pytest.mark.parametrize(
    ("ratio", "minimum", "cap", "code"),
    [
        (Fraction(3, 2), 0, None, "plan_ratio_out_of_range"),
        (Fraction(-1, 2), 0, None, "plan_ratio_out_of_range"),
        (Fraction(1, 2), -1, None, "plan_minimum_negative"),
        (Fraction(1, 2), 5, 4, "plan_cap_below_minimum"),
    ],
)
def test_plans_that_contradict_themselves(ratio: Fraction, minimum: int, cap: int | None, code: str) -> None:
    with pytest.raises(SamplingError) as caught:
        StratifiedPlan(ratio, minimum, cap)
    assert caught.value.code == code
    assert tuple(caught.value.params) == CODES[code]


def test_a_member_may_stand_in_the_frame_once_and_the_key_must_not_be_guessable() -> None:
    with pytest.raises(SamplingError, match="frame_duplicate_member"):
        draw([FrameMember("a", "x"), FrameMember("a", "y")], HALF, KEY)
    with pytest.raises(SamplingError, match="wave_key_too_short"):
        draw([], HALF, b"short")
