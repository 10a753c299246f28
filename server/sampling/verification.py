"""Repeats a draw from its record and tells every difference."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from server.sampling.draws import VERSION, DrawResult, digest_of_strata, draw
from server.sampling.frame import FrameMember, SamplingError
from server.sampling.plans import DrawPlan, JsonValue, read_plan
from server.sampling.random_numbers import key_commitment

# Records made before version 2 have no version; there was one method, drawn as `stratified` is today.
FIRST_METHOD: Final = "stratified-prn-hmac-sha256-1"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the record (a JSON pointer) that a new draw does not confirm; None where absent."""

    pointer: str
    recorded: object
    redrawn: object


def verify(record: object, members: Iterable[FrameMember], wave_key: bytes) -> list[Difference]:
    """Draw again by the record's plan and compare; an empty list confirms the draw.

    A wrong key is told alone: with it every other difference would only be noise.

    Raises:
        SamplingError: `record_malformed` for a record without a readable plan or of an unknown version or
            method; otherwise as `draw`.
    """
    if not isinstance(record, dict):
        raise SamplingError("record_malformed", field="method")
    version = record.get("version", 1)
    if not isinstance(version, int) or version not in _VERSIONS:
        raise SamplingError("record_malformed", field="version")
    form = _VERSIONS[version]
    plan = form.plan(record)
    commitment = key_commitment(wave_key)
    if record.get("keyCommitment") != commitment:
        return [Difference("/keyCommitment", record.get("keyCommitment"), commitment)]
    return list(differences("", record, form.write(draw(members, plan, wave_key))))


@dataclass(frozen=True, slots=True)
class _Form:
    """How one version of the record is read, and how it would tell of a draw made today."""

    plan: Callable[[Mapping[str, object]], DrawPlan]
    write: Callable[[DrawResult], dict[str, JsonValue]]


def _first_plan(record: Mapping[str, object]) -> DrawPlan:
    if record.get("method") != FIRST_METHOD:
        raise SamplingError("record_malformed", field="method")
    plan = record.get("plan")
    if not isinstance(plan, dict):
        raise SamplingError("record_malformed", field="plan")
    if plan.get("ratio") is None:
        raise SamplingError("record_malformed", field="plan/ratio")
    limits = {name: plan.get(name) for name in ("ratio", "minimum", "cap")}
    return read_plan({**limits, "method": "stratified"})


def _first_record(result: DrawResult) -> dict[str, JsonValue]:
    """What a draw of version 1 recorded."""
    return {
        "method": FIRST_METHOD,
        "plan": {
            "ratio": str(Fraction(result.plan.ratio or 0)),
            "minimum": result.plan.minimum,
            "cap": result.plan.cap,
        },
        "keyCommitment": result.key_commitment,
        "frameFingerprint": result.frame_fingerprint,
        "resultFingerprint": digest_of_strata(result.strata),
        "exclusions": dict(result.exclusions),
        "strata": [
            {
                "stratum": stratum.name,
                "population": stratum.population,
                "eligible": stratum.eligible,
                "selected": list(stratum.selected),
                "reserves": len(stratum.reserves),
                "inclusion": str(stratum.inclusion),
            }
            for stratum in result.strata
        ],
    }


_VERSIONS: Final[Mapping[int, _Form]] = {
    1: _Form(_first_plan, _first_record),
    VERSION: _Form(lambda record: read_plan(record.get("plan")), DrawResult.to_json),
}


def differences(pointer: str, recorded: object, redrawn: object) -> Iterator[Difference]:
    """Where two values of JSON differ, each with its JSON pointer below `pointer`."""
    if isinstance(recorded, dict) and isinstance(redrawn, dict):
        for name in sorted({*recorded, *redrawn}):
            yield from differences(f"{pointer}/{name}", recorded.get(name), redrawn.get(name))
    elif isinstance(recorded, list) and isinstance(redrawn, list):
        for index in range(max(len(recorded), len(redrawn))):
            yield from differences(f"{pointer}/{index}", _entry(recorded, index), _entry(redrawn, index))
    elif recorded != redrawn:
        yield Difference(pointer, recorded, redrawn)


def _entry(values: list[object], index: int) -> object:
    return values[index] if index < len(values) else None
