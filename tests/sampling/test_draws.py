"""Draws repeat, nest, and do not depend on the order of their input."""

import hashlib
import hmac
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sampling.draws import DrawResult, draw
from server.sampling.frame import FrameMember, SamplingError, frame_fingerprint
from server.sampling.plans import DrawPlan
from server.sampling.random_numbers import key_commitment, prn

KEY = b"a wave key of at least 16 bytes"
OTHER_KEY = b"another key of at least 16 bytes"
HALF = DrawPlan("stratified", Fraction(1, 2))
KEYS = [hashlib.sha256(str(index).encode()).digest() for index in range(1000)]

IDS = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=40)
RATIOS = st.fractions(0, 1, max_denominator=20)
NESTING = st.sampled_from(["simple", "stratified"])
SPREADS = {"north": Decimal(3), "south": Decimal("0.5"), "": Decimal(1)}


@st.composite
def frames(draw_value: st.DrawFn) -> list[FrameMember]:
    strata, reasons, orders = (
        st.sampled_from(["north", "south", ""]),
        st.sampled_from([None, None, None, "opted_out", "staff"]),
        st.sampled_from(["", "1", "2"]),
    )
    return [
        FrameMember(name, draw_value(strata), draw_value(reasons), draw_value(orders))
        for name in draw_value(IDS)
    ]


@st.composite
def plans(draw_value: st.DrawFn) -> DrawPlan:
    method = draw_value(st.sampled_from(["simple", "stratified", "proportional", "neyman", "systematic"]))
    reserves = draw_value(st.none() | st.fractions(0, 2, max_denominator=4))
    spreads = SPREADS if method == "neyman" else {}
    if draw_value(st.booleans()):
        return DrawPlan(method, draw_value(RATIOS), spreads=spreads, reserves=reserves)
    return DrawPlan(method, size=draw_value(st.integers(0, 50)), spreads=spreads, reserves=reserves)


def outlets(count: int, stratum: str = "") -> list[FrameMember]:
    return [FrameMember(f"{stratum}-{index:04}", stratum) for index in range(count)]


def hits(frame: list[FrameMember], plan: DrawPlan) -> Counter[str]:
    """How often each member was selected over a thousand keys."""
    return Counter(member for key in KEYS for member in draw(frame, plan, key).selected)


def test_the_number_is_the_documented_one() -> None:
    digest = hmac.new(KEY, "网点-1".encode(), hashlib.sha256).digest()
    assert prn(KEY, "网点-1") == int(digest[:8].hex(), 16)


@given(frames(), plans(), st.randoms(use_true_random=False))
def test_the_order_of_the_frame_does_not_matter(
    frame: list[FrameMember], plan: DrawPlan, random: Random
) -> None:
    shuffled = list(frame)
    random.shuffle(shuffled)
    assert draw(frame, plan, KEY) == draw(shuffled, plan, KEY)


@given(frames(), NESTING, RATIOS, RATIOS)
def test_a_larger_ratio_keeps_everybody_already_selected(
    frame: list[FrameMember], method: str, one: Fraction, other: Fraction
) -> None:
    smaller = draw(frame, DrawPlan(method, min(one, other)), KEY)
    larger = draw(frame, DrawPlan(method, max(one, other)), KEY)
    assert set(smaller.selected) <= set(larger.selected)


@given(frames(), NESTING, st.integers(0, 20), st.sampled_from(["north", "south", "east"]))
def test_a_late_addition_moves_at_most_one_other_out_or_in(
    frame: list[FrameMember], method: str, size: int, stratum: str
) -> None:
    plan = (
        DrawPlan("stratified", Decimal(0), minimum=size)
        if method == "stratified"
        else DrawPlan("simple", size=size)
    )
    late = FrameMember("somebody who came late", stratum)
    before, after = draw(frame, plan, KEY), draw([*frame, late], plan, KEY)
    places = {name: at for at, name in enumerate(n for n in after.selected + after.reserves if n != late.id)}
    assert set(places) == set(before.selected + before.reserves)
    gone = set(before.selected) - set(after.selected)
    assert set(after.selected) - set(before.selected) <= {late.id}
    assert len(gone) <= 1
    for name in ("north", "south", ""):
        if method == "stratified" and name != stratum:
            assert in_stratum(before, name) == in_stratum(after, name)


def in_stratum(result: DrawResult, name: str) -> tuple[str, ...]:
    return next((each.selected for each in result.strata if each.name == name), ())


@given(frames(), plans())
def test_nobody_is_drawn_twice_and_nobody_who_is_excluded(frame: list[FrameMember], plan: DrawPlan) -> None:
    result = draw(frame, plan, KEY)
    drawn = result.selected + result.reserves
    eligible = {member.id for member in frame if member.excluded is None}
    assert len(drawn) == len(set(drawn))
    assert set(drawn) <= eligible
    if plan.reserves is None:
        assert set(drawn) == eligible
    assert sorted(result.reserves) == sorted(each for stratum in result.strata for each in stratum.reserves)


@given(frames(), plans())
def test_as_many_are_drawn_as_asked_or_as_there_are(frame: list[FrameMember], plan: DrawPlan) -> None:
    result = draw(frame, plan, KEY)
    eligible = sum(stratum.eligible for stratum in result.strata)
    if plan.method != "stratified" or plan.size is not None:
        assert len(result.selected) == min(eligible, result.requested)
    assert sum(result.inclusions(frame).values()) == len(result.selected)


@given(frames(), plans())
def test_the_loss_of_coverage_is_told_by_stratum_and_reason(frame: list[FrameMember], plan: DrawPlan) -> None:
    result = draw(frame, plan, KEY)
    for stratum in result.strata:
        assert stratum.eligible + sum(count for _, count in stratum.excluded) == stratum.population
        assert stratum.coverage == Fraction(stratum.eligible, stratum.population)
    over_all = Counter[str]()
    for stratum in result.strata:
        over_all.update(dict(stratum.excluded))
    assert dict(result.exclusions) == over_all == Counter(m.excluded for m in frame if m.excluded)


@given(frames())
def test_everybody_who_is_eligible(frame: list[FrameMember]) -> None:
    result = draw(frame, DrawPlan("all"), KEY)
    assert set(result.selected) == {member.id for member in frame if member.excluded is None}
    assert result.reserves == ()
    assert result.requested == len(frame)
    assert set(result.inclusions(frame).values()) <= {Fraction(0), Fraction(1)}


@given(frames())
def test_a_frame_keeps_its_fingerprint_in_any_order(frame: list[FrameMember]) -> None:
    assert frame_fingerprint(frame) == frame_fingerprint(reversed(frame))


def test_fields_of_a_frame_cannot_be_shifted_into_each_other() -> None:
    assert frame_fingerprint([FrameMember('a","b', "c")]) != frame_fingerprint([FrameMember("a", 'b","c')])
    assert frame_fingerprint([FrameMember("a")]) != frame_fingerprint([FrameMember("a", "", "staff")])
    assert frame_fingerprint([FrameMember("a")]) != frame_fingerprint([FrameMember("a", order="1")])


def test_another_wave_draws_another_sample() -> None:
    frame = outlets(200)
    assert draw(frame, HALF, KEY).selected != draw(frame, HALF, OTHER_KEY).selected


def test_every_member_has_about_the_same_chance() -> None:
    counts = hits(outlets(20), HALF)
    assert len(counts) == 20
    assert all(420 < count < 580 for count in counts.values())  # five standard errors around 500


@pytest.mark.parametrize("size", [3, 7, 16])
def test_a_systematic_draw_gives_everybody_the_chance_it_states(size: int) -> None:
    frame = [FrameMember(f"{at:02}", "ab"[at % 2], order=f"{at:02}") for at in range(20)]
    plan = DrawPlan("systematic", size=size)
    expected = Fraction(size, 20)
    assert set(draw(frame, plan, KEY).inclusions(frame).values()) == {expected}
    counts = hits(frame, plan)
    error = float(1000 * expected * (1 - expected)) ** 0.5
    assert all(abs(counts[member.id] - 1000 * float(expected)) < 5 * error for member in frame)


def test_a_systematic_draw_goes_through_the_list_in_steps() -> None:
    frame = [FrameMember(f"id{(7 * at) % 23}", order=f"{at:02}") for at in range(23)]
    place = {member.id: int(member.order) for member in frame}
    for key in KEYS[:50]:
        places = sorted(place[each] for each in draw(frame, DrawPlan("systematic", size=5), key).selected)
        assert len(places) == 5
        steps = {after - before for before, after in pairwise(places)}
        assert steps <= {4, 5}  # 23/5 = 4.6


def test_a_systematic_draw_takes_of_each_stratum_what_is_due_to_it() -> None:
    frame = [*outlets(40, "a"), *outlets(25, "b"), *outlets(35, "c")]
    for key in KEYS[:50]:
        sizes = [len(each.selected) for each in draw(frame, DrawPlan("systematic", size=10), key).strata]
        assert sum(sizes) == 10
        assert sizes[0] == 4
        assert sizes[1] in (2, 3)


def test_reserves_of_a_systematic_draw_do_not_depend_on_who_was_selected() -> None:
    frame = outlets(12)
    first = Counter(draw(frame, DrawPlan("systematic", size=4), key).reserves[0] for key in KEYS)
    assert len(first) == 12
    assert all(40 < count < 130 for count in first.values())  # five standard errors around 83


@pytest.mark.parametrize(
    ("reserves", "kept"), [(None, 16), (Fraction(0), 0), (Fraction(1, 2), 2), (Decimal(3), 12)]
)
def test_so_many_reserves_are_kept(reserves: Fraction | None, kept: int) -> None:
    everybody = draw(outlets(20), DrawPlan("stratified", Decimal("0.2")), KEY).reserves
    result = draw(outlets(20), DrawPlan("stratified", Decimal("0.2"), reserves=reserves), KEY)
    assert result.reserves == everybody[:kept]


def test_reserves_of_a_simple_draw_stand_in_one_order() -> None:
    frame = [*outlets(30, "a"), *outlets(30, "b")]
    result = draw(frame, DrawPlan("simple", size=10), KEY)
    numbers = [prn(KEY, each) for each in result.reserves]
    assert numbers == sorted(numbers)
    assert max(prn(KEY, each) for each in result.selected) < numbers[0]
    assert [each.inclusion for each in result.strata] == [Fraction(1, 6)] * 2


def test_probabilities_counts_and_exclusions_stand_in_the_record() -> None:
    frame = [
        *outlets(7, "a"),
        *outlets(5, "b"),
        FrameMember("gone", "a", "opted_out"),
        FrameMember("x", "c", "staff"),
    ]
    result = draw(frame, DrawPlan("stratified", Decimal("0.6")), KEY)
    record = json.loads(json.dumps(result.to_json()))
    assert [(each["stratum"], each["population"], each["eligible"]) for each in record["strata"]] == [
        ("a", 8, 7),
        ("b", 5, 5),
        ("c", 1, 0),
    ]
    assert [each["inclusion"] for each in record["strata"]] == ["5/7", "3/5", "0"]
    assert [each["coverage"] for each in record["strata"]] == ["7/8", "1", "0"]
    assert [each["excluded"] for each in record["strata"]] == [{"opted_out": 1}, {}, {"staff": 1}]
    assert record["exclusions"] == {"opted_out": 1, "staff": 1}
    counts = {name: record[name] for name in ("requested", "population", "eligible", "selected", "reserves")}
    assert counts == {"requested": 9, "population": 14, "eligible": 12, "selected": 8, "reserves": 4}
    assert record["method"] == "stratified-prn-hmac-sha256-2"
    assert record["keyCommitment"] == key_commitment(KEY) == hashlib.sha256(KEY).hexdigest()


def test_a_member_may_stand_in_the_frame_once_and_the_key_must_not_be_guessable() -> None:
    with pytest.raises(SamplingError, match="frame_duplicate_member"):
        draw([FrameMember("a", "x"), FrameMember("a", "y")], HALF, KEY)
    with pytest.raises(SamplingError, match="wave_key_too_short"):
        draw([], HALF, b"short")
