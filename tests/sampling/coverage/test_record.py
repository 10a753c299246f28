"""A plan repeats from its record, and what was changed is told."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from server.sampling.coverage.inputs import Capacity, Firm, Outlet, Requirement, Wave
from server.sampling.coverage.planning import plan_wave
from server.sampling.coverage.record import outlets_fingerprint, verify_plan, write_record
from server.sampling.frame import SamplingError
from server.sampling.verification import Difference
from tests.sampling.coverage.cases import KEY, later, network, wave_of, waves

OTHER_KEY = b"another key of at least 16 bytes"
WAVE = wave_of(
    network(40, 4, 9),
    Requirement(
        share=Fraction(2, 5),
        per_parent=1,
        recheck_at_most=Decimal("84.50"),
        exclusive=True,
        yearly=Fraction(1, 3),
        video=2,
    ),
    Capacity(
        30,
        Decimal("900.5"),
        Decimal(20),
        Decimal(5),
        (Firm("a", 30, None), Firm("b", 4, frozenset({"p001"}))),
    ),
    replace(later(12, None), recheck_rate=Fraction(1, 3)),
)


def record_of(wave: Wave) -> dict[str, Any]:
    """The record as it comes back from the database."""
    loaded: dict[str, Any] = json.loads(json.dumps(write_record(wave, plan_wave(wave, KEY), KEY)))
    return loaded


@settings(max_examples=60, deadline=None)
@given(waves())
def test_every_plan_is_confirmed_by_its_record(wave: Wave) -> None:
    plan = plan_wave(wave, KEY)
    if plan.feasibility.feasible:
        record = json.loads(json.dumps(write_record(wave, plan, KEY)))
        assert verify_plan(record, reversed(wave.outlets), KEY) == []


def test_a_plan_with_everything_repeats() -> None:
    record = record_of(WAVE)
    assert verify_plan(record, reversed(WAVE.outlets), KEY) == []
    assert record["simulation"]["rounds"] == 40 or record["simulation"]["rounds"] == 0
    assert len(record["inclusion"]) == 40


def test_a_tampered_record_is_told_apart() -> None:
    record = record_of(WAVE)
    swapped = record["chosen"][-1]["outlet"]
    record["chosen"][-1]["outlet"] = "o9999"
    place = len(record["chosen"]) - 1
    assert verify_plan(record, WAVE.outlets, KEY) == [Difference(f"/chosen/{place}/outlet", "o9999", swapped)]


def test_a_changed_frame_is_told_by_its_fingerprint() -> None:
    changed = [*WAVE.outlets[1:], replace(WAVE.outlets[0], last_score=Decimal(100))]
    assert "/frameFingerprint" in {one.pointer for one in verify_plan(record_of(WAVE), changed, KEY)}
    assert [one.pointer for one in verify_plan(record_of(WAVE), [], KEY)] == ["/frameFingerprint"]


def test_a_wrong_key_is_told_alone() -> None:
    found = verify_plan(record_of(WAVE), WAVE.outlets, OTHER_KEY)
    assert [one.pointer for one in found] == ["/keyCommitment"]


def test_fields_of_outlets_cannot_be_shifted_into_each_other() -> None:
    day = date(2026, 1, 1)
    kinds = [
        Outlet("a", "b"),
        Outlet('a","b', ""),
        Outlet("a", "b", opened=day),
        Outlet("a", "b", closed=day),
        Outlet("a", "b", last_visit=day),
        Outlet("a", "b", last_score=Decimal(1)),
        Outlet("a", "b", fee=Decimal(1)),
        Outlet("a", "b", seen_this_year=True),
        Outlet("a", "b", again=True),
    ]
    assert len({outlets_fingerprint([kind]) for kind in kinds}) == len(kinds)
    assert outlets_fingerprint([Outlet("a", "b", fee=Decimal("1.0"))]) == outlets_fingerprint([kinds[6]])


def test_an_infeasible_plan_has_no_record() -> None:
    wave = replace(WAVE, capacity=Capacity(visits=1))
    with pytest.raises(SamplingError, match="coverage_infeasible"):
        write_record(wave, plan_wave(wave, KEY), KEY)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda record: record.update(method="dice"), "method"),
        (lambda record: record.update(requirement=None), "requirement"),
        (lambda record: record["requirement"].update(share="1/0"), "share"),
        (lambda record: record["requirement"].update(share="9" * 99), "share"),
        (lambda record: record["requirement"].update(share=0.5), "share"),
        (lambda record: record["requirement"].update(perParent=True), "perParent"),
        (lambda record: record["requirement"].update(exclusive=1), "exclusive"),
        (lambda record: record["requirement"].update(recheckAtMost="NaN"), "recheckAtMost"),
        (lambda record: record["capacity"].update(fee=None), "fee"),
        (lambda record: record["capacity"].update(firms={}), "firms"),
        (lambda record: record["capacity"].update(firms=["a"]), "firms"),
        (lambda record: record["capacity"]["firms"][1].update(parents=[1]), "parents"),
        (lambda record: record["year"].update(starts="2026-02-30"), "starts"),
        (lambda record: record["year"].update(later=None), "later"),
        (lambda record: record["year"]["later"][0].update(name=1), "name"),
    ],
)
def test_a_malformed_record_is_refused(change: Callable[[dict[str, Any]], None], field: str) -> None:
    record = record_of(WAVE)
    change(record)
    with pytest.raises(SamplingError) as caught:
        verify_plan(record, WAVE.outlets, KEY)
    assert (caught.value.code, caught.value.params) == ("record_malformed", {"field": field})


@pytest.mark.parametrize("record", [None, [], "x", {}])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(SamplingError, match="record_malformed"):
        verify_plan(record, [], KEY)
