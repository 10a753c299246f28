"""The record of a coverage plan, and whether a plan made anew confirms it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from server.sampling.coverage.inputs import Capacity, Firm, LaterWave, Outlet, Requirement, Wave, Year
from server.sampling.coverage.planning import CoveragePlan, plan_wave
from server.sampling.frame import ENCODER, SamplingError
from server.sampling.plans import NUMBER, JsonValue
from server.sampling.random_numbers import key_commitment
from server.sampling.verification import Difference

METHOD = "coverage-prn-hmac-sha256-1"  # a new number whenever the same inputs would plan differently

Value = TypeVar("Value")


def write_record(wave: Wave, plan: CoveragePlan, wave_key: bytes) -> dict[str, JsonValue]:
    """Everything that is needed to make the plan again and to judge it, except key and outlets.

    Raises:
        SamplingError: `coverage_infeasible` for a plan that is none.
    """
    if not plan.feasibility.feasible:
        raise SamplingError("coverage_infeasible")
    chances = plan.chances
    chosen: list[JsonValue] = [{"outlet": one, "reason": reason.value} for one, reason in plan.chosen.items()]
    inclusion: dict[str, JsonValue] = {one: str(share) for one, share in sorted(chances.inclusion.items())}
    return {
        "method": METHOD,
        "requirement": _requirement_json(wave.requirement),
        "capacity": _capacity_json(wave.capacity),
        "year": _year_json(wave.year),
        "keyCommitment": key_commitment(wave_key),
        "frameFingerprint": outlets_fingerprint(wave.outlets),
        "outlets": plan.feasibility.outlets,
        "visits": plan.feasibility.visits,
        "new": plan.new,
        "money": str(plan.money),
        "chosen": chosen,
        "videos": list(plan.videos),
        "inclusion": inclusion,
        "simulation": {"rounds": chances.rounds, "standardError": f"{chances.error:.4f}"},
    }


def verify_plan(record: object, outlets: Iterable[Outlet], wave_key: bytes) -> list[Difference]:
    """Plan again by the record and compare; an empty list confirms the plan. A wrong key is told alone.

    Raises:
        SamplingError: `record_malformed` for a record that cannot be read; otherwise as `plan_wave`.
    """
    if not isinstance(record, dict) or record.get("method") != METHOD:
        raise SamplingError("record_malformed", field="method")
    wave = read_wave(record, outlets)
    commitment = key_commitment(wave_key)
    if record.get("keyCommitment") != commitment:
        return [Difference("/keyCommitment", record.get("keyCommitment"), commitment)]
    again = plan_wave(wave, wave_key)
    if not again.feasibility.feasible:
        # The frame is not the recorded one: with it the promises could not have been kept.
        return [
            Difference("/frameFingerprint", record.get("frameFingerprint"), outlets_fingerprint(wave.outlets))
        ]
    return _compare(record, write_record(wave, again, wave_key))


def outlets_fingerprint(outlets: Iterable[Outlet]) -> str:
    """SHA-256 over the outlets as sorted JSON lines: the same for the same outlets in any order."""
    lines = sorted(ENCODER.encode(_outlet_line(outlet)) for outlet in outlets)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_wave(record: Mapping[str, object], outlets: Iterable[Outlet]) -> Wave:
    """The wave as the record says it was asked for.

    Raises:
        SamplingError: `record_malformed`, or what contradicts itself.
    """
    requirement = _part(record, "requirement")
    capacity = _part(record, "capacity")
    year = _part(record, "year")
    return Wave(tuple(outlets), _read_requirement(requirement), _read_capacity(capacity), _read_year(year))


def _compare(record: object, again: JsonValue) -> list[Difference]:
    recorded, redrawn = dict(_leaves("", record)), dict(_leaves("", again))
    return [
        Difference(pointer, recorded.get(pointer), redrawn.get(pointer))
        for pointer in sorted({*recorded, *redrawn})
        if recorded.get(pointer) != redrawn.get(pointer)
    ]


def _leaves(pointer: str, value: object) -> Iterator[tuple[str, object]]:
    rows: Iterable[tuple[object, object]]
    if isinstance(value, dict):
        rows = value.items()
    elif isinstance(value, list):
        rows = enumerate(value)
    else:
        yield pointer, value
        return
    for name, part in rows:
        yield from _leaves(f"{pointer}/{name}", part)


def _outlet_line(outlet: Outlet) -> list[JsonValue]:
    days = (outlet.opened, outlet.closed, outlet.last_visit)
    numbers = (outlet.last_score, outlet.fee)
    return [
        outlet.id,
        outlet.parent,
        *(None if day is None else day.isoformat() for day in days),
        *(None if number is None else str(number.normalize()) for number in numbers),
        int(outlet.seen_this_year),
        int(outlet.again),
    ]


def _requirement_json(asked: Requirement) -> dict[str, JsonValue]:
    return {
        "share": str(asked.share),
        "perParent": asked.per_parent,
        "recheckAtMost": _text(asked.recheck_at_most),
        "exclusive": asked.exclusive,
        "yearly": _text(asked.yearly),
        "video": asked.video,
        "shareInEach": asked.share_in_each,
        "atLeast": asked.at_least,
    }


def _capacity_json(capacity: Capacity) -> dict[str, JsonValue]:
    return {
        "visits": capacity.visits,
        "money": _text(capacity.money),
        "fee": str(capacity.fee),
        "videoFee": str(capacity.video_fee),
        "firms": [
            {
                "id": firm.id,
                "visits": firm.visits,
                "parents": None if firm.parents is None else [*sorted(firm.parents)],
            }
            for firm in capacity.firms
        ],
    }


def _year_json(year: Year) -> dict[str, JsonValue]:
    return {
        "starts": year.starts.isoformat(),
        "ends": year.ends.isoformat(),
        "recheckRate": _text(year.recheck_rate),
        "later": [
            {
                "name": wave.name,
                "starts": wave.starts.isoformat(),
                "ends": wave.ends.isoformat(),
                "visits": wave.visits,
            }
            for wave in year.later
        ],
    }


def _text(number: Decimal | Fraction | None) -> str | None:
    return None if number is None else str(number)


def _read_requirement(data: Mapping[str, object]) -> Requirement:
    return Requirement(
        share=_need(data, "share", _fraction),
        per_parent=_need(data, "perParent", _count),
        recheck_at_most=_maybe(data, "recheckAtMost", _decimal),
        exclusive=_need(data, "exclusive", _flag),
        yearly=_maybe(data, "yearly", _fraction),
        video=_need(data, "video", _count),
        share_in_each=_need(data, "shareInEach", _flag),
        at_least=_need(data, "atLeast", _count),
    )


def _read_capacity(data: Mapping[str, object]) -> Capacity:
    return Capacity(
        visits=_maybe(data, "visits", _count),
        money=_maybe(data, "money", _decimal),
        fee=_need(data, "fee", _decimal),
        video_fee=_need(data, "videoFee", _decimal),
        firms=tuple(
            Firm(_need(firm, "id", _word), _need(firm, "visits", _count), _maybe(firm, "parents", _words))
            for firm in _parts(data, "firms")
        ),
    )


def _read_year(data: Mapping[str, object]) -> Year:
    return Year(
        starts=_need(data, "starts", _day),
        ends=_need(data, "ends", _day),
        later=tuple(
            LaterWave(
                _need(wave, "name", _word),
                _need(wave, "starts", _day),
                _need(wave, "ends", _day),
                _maybe(wave, "visits", _count),
            )
            for wave in _parts(data, "later")
        ),
        recheck_rate=_maybe(data, "recheckRate", _fraction),
    )


def _part(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _need(data, name, _object)


def _parts(data: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = data.get(name)
    if not isinstance(rows, list):
        raise SamplingError("record_malformed", field=name)
    return [_need({name: row}, name, _object) for row in rows]


def _need(data: Mapping[str, object], name: str, read: Callable[[object], Value | None]) -> Value:
    value = read(data.get(name))
    if value is None:
        raise SamplingError("record_malformed", field=name)
    return value


def _maybe(data: Mapping[str, object], name: str, read: Callable[[object], Value | None]) -> Value | None:
    return None if data.get(name) is None else _need(data, name, read)


def _object(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, dict) else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: object) -> frozenset[str] | None:
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return frozenset(value)
    return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _fraction(value: object) -> Fraction | None:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        bottom = value.partition("/")[2]
        return None if bottom and not int(bottom) else Fraction(value)
    return None


def _decimal(value: object) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and NUMBER.fullmatch(value) and "/" not in value else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
