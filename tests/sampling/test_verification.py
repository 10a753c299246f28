"""Records repeat, whatever version made them, and every change to them is told."""

import json
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given

from server.sampling.draws import draw
from server.sampling.frame import FrameMember, SamplingError
from server.sampling.plans import DrawPlan
from server.sampling.verification import Difference, verify
from tests.sampling.test_draws import KEY, OTHER_KEY, frames, outlets, plans

HALF = DrawPlan("stratified", Fraction(1, 2))

# Made by version 1, before there were other methods.
FIRST_FRAME = [
    FrameMember(f"{stratum}{at}", stratum, "opted_out" if at == 2 else None)
    for stratum, count in (("网点甲", 6), ("b", 4))
    for at in range(count)
]
FIRST_RECORD: dict[str, Any] = {
    "method": "stratified-prn-hmac-sha256-1",
    "plan": {"ratio": "1/3", "minimum": 2, "cap": 10},
    "keyCommitment": "34864177c5a78c710d18f642809ccff38d83d96d31bb00fbf32c9f8fc3592ac5",
    "frameFingerprint": "e881bf2ecb666380ec50b428b2db7bf4fec512e860c3057a637f90bcc2d9c5a7",
    "resultFingerprint": "10b38ea3d111f5b5f2cb75c18ceeb123b89fe1c00d2575a4279a5fc8bd86a8de",
    "exclusions": {"opted_out": 2},
    "strata": [
        {
            "stratum": "b",
            "population": 4,
            "eligible": 3,
            "selected": ["b3", "b1"],
            "reserves": 1,
            "inclusion": "2/3",
        },
        {
            "stratum": "网点甲",
            "population": 6,
            "eligible": 5,
            "selected": ["网点甲3", "网点甲5"],
            "reserves": 3,
            "inclusion": "2/5",
        },
    ],
}


def recorded(frame: list[FrameMember], plan: DrawPlan) -> dict[str, Any]:
    """A record as the database gives it back."""
    record: dict[str, Any] = json.loads(json.dumps(draw(frame, plan, KEY).to_json()))
    return record


@given(frames(), plans())
def test_a_draw_repeats_from_its_record(frame: list[FrameMember], plan: DrawPlan) -> None:
    record, shuffled = recorded(frame, plan), list(frame)
    Random(1).shuffle(shuffled)
    assert verify(record, shuffled, KEY) == []


def test_every_part_of_a_plan_repeats() -> None:
    frame = [*outlets(40, "a"), *outlets(9, "b")]
    measures = {"a": Decimal("12.5"), "b": Fraction(1, 3)}
    plan = DrawPlan("neyman", None, 20, 3, 15, measures, {"a": Decimal(2), "b": Decimal(1)}, Decimal("0.5"))
    assert verify(recorded(frame, plan), frame, KEY) == []
    assert verify(recorded(frame, DrawPlan("all")), frame, KEY) == []


def test_a_record_of_the_first_version_repeats() -> None:
    assert verify(FIRST_RECORD, reversed(FIRST_FRAME), KEY) == []
    changed = {**FIRST_RECORD, "exclusions": {"opted_out": 1}}
    assert verify(changed, FIRST_FRAME, KEY) == [Difference("/exclusions/opted_out", 1, 2)]


def test_a_tampered_record_is_told_apart() -> None:
    frame = outlets(10)
    result = draw(frame, HALF, KEY)
    record = recorded(frame, HALF)
    record["strata"][0]["selected"][0] = result.reserves[0]
    assert verify(record, frame, KEY) == [
        Difference("/strata/0/selected/0", result.reserves[0], result.selected[0])
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("method", "simple-prn-hmac-sha256-2"), ("requested", 7), ("exclusions", {"staff": 1})],
)
def test_any_field_of_a_record_counts(field: str, value: object) -> None:
    record = {**recorded(outlets(10), HALF), field: value}
    assert [each.pointer.split("/")[1] for each in verify(record, outlets(10), KEY)] == [field]


def test_a_changed_frame_is_told_by_its_fingerprint() -> None:
    record = draw(outlets(10), HALF, KEY).to_json()
    pointers = {difference.pointer for difference in verify(record, outlets(11), KEY)}
    assert {"/frameFingerprint", "/strata/0/population"} <= pointers


def test_a_changed_order_of_the_list_is_told() -> None:
    plan = DrawPlan("systematic", size=3)
    frame = [FrameMember(str(at), order=str(at)) for at in range(10)]
    reordered = [FrameMember(member.id, order=str(9 - at)) for at, member in enumerate(frame)]
    assert "/frameFingerprint" in {each.pointer for each in verify(recorded(frame, plan), reordered, KEY)}


def test_a_wrong_key_is_told_alone() -> None:
    record = draw(outlets(10), HALF, KEY).to_json()
    assert [difference.pointer for difference in verify(record, outlets(10), OTHER_KEY)] == ["/keyCommitment"]


FIRST_BREAKS = [
    ({"method": "dice"}, "method"),
    ({"plan": None}, "plan"),
    ({"plan": {}}, "plan/ratio"),
    ({"plan": {"ratio": 0.5}}, "plan/ratio"),
    ({"plan": {"ratio": "1/0"}}, "plan/ratio"),
    ({"plan": {"ratio": "9" * 99}}, "plan/ratio"),
    ({"plan": {"ratio": "1e999999999"}}, "plan/ratio"),
    ({"plan": {"ratio": "1/2", "minimum": "3"}}, "plan/minimum"),
    ({"plan": {"ratio": "1/2", "cap": True}}, "plan/cap"),
]
BREAKS = [
    ({"version": 3}, "version"),
    ({"version": "2"}, "version"),
    ({"version": [2]}, "version"),
    ({"plan": None}, "plan"),
    ({"plan": {"method": 7, "ratio": "1/2"}}, "plan/method"),
    ({"plan": {"method": "neyman", "size": 3, "spreads": []}}, "plan/spreads"),
    ({"plan": {"method": "neyman", "size": 3, "spreads": {"": "1e9999999"}}}, "plan/spreads"),
    ({"plan": {"method": "simple", "size": "3"}}, "plan/size"),
    ({"plan": {"method": "simple", "size": 3, "reserves": "-1"}}, "plan/reserves"),
]


@pytest.mark.parametrize(
    ("record", "field"),
    [
        *(({**FIRST_RECORD, **change}, field) for change, field in FIRST_BREAKS),
        *(({**recorded(FIRST_FRAME, HALF), **change}, field) for change, field in BREAKS),
    ],
)
def test_a_malformed_record_is_refused(record: dict[str, Any], field: str) -> None:
    with pytest.raises(SamplingError) as caught:
        verify(record, FIRST_FRAME, KEY)
    assert (caught.value.code, caught.value.params) == ("record_malformed", {"field": field})


@pytest.mark.parametrize("record", [None, [], "x"])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(SamplingError, match="record_malformed"):
        verify(record, [], KEY)
