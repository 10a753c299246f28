"""Repeats a draw from its record and tells every difference."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from server.sampling.draws import METHOD, StratifiedPlan, draw
from server.sampling.frame import FrameMember, SamplingError
from server.sampling.random_numbers import key_commitment


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
        SamplingError: `record_malformed` for a record without a readable plan or of an unknown method;
            otherwise as `draw`.
    """
    if not isinstance(record, dict) or record.get("method") != METHOD:
        raise SamplingError("record_malformed", field="method")
    commitment = key_commitment(wave_key)
    if record.get("keyCommitment") != commitment:
        return [Difference("/keyCommitment", record.get("keyCommitment"), commitment)]
    again = draw(members, _plan(record.get("plan")), wave_key)
    return list(_differences("", record, again.to_json()))


def _plan(data: object) -> StratifiedPlan:
    if not isinstance(data, dict):
        raise SamplingError("record_malformed", field="plan")
    return StratifiedPlan(_ratio(data.get("ratio")), _count(data, "minimum") or 0, _count(data, "cap"))


def _ratio(text: object) -> Fraction:
    # Bounded before it is read: "1/3" is a ratio, a million digits are an attack.
    if not isinstance(text, str) or len(text) > 40:
        raise SamplingError("record_malformed", field="plan/ratio")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise SamplingError("record_malformed", field="plan/ratio") from None


def _count(data: Mapping[str, object], name: str) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise SamplingError("record_malformed", field=f"plan/{name}")
    return value


def _differences(pointer: str, recorded: object, redrawn: object) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(redrawn, dict):
        for name in sorted({*recorded, *redrawn}):
            yield from _differences(f"{pointer}/{name}", recorded.get(name), redrawn.get(name))
    elif isinstance(recorded, list) and isinstance(redrawn, list):
        for index in range(max(len(recorded), len(redrawn))):
            yield from _differences(f"{pointer}/{index}", _entry(recorded, index), _entry(redrawn, index))
    elif recorded != redrawn:
        yield Difference(pointer, recorded, redrawn)


def _entry(values: list[object], index: int) -> object:
    return values[index] if index < len(values) else None
