"""The sampling frame: who could be drawn, in which stratum, and who may not be asked and why."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "frame_duplicate_member": ("member",),
    "plan_ratio_out_of_range": ("ratio",),
    "plan_minimum_negative": ("minimum",),
    "plan_cap_below_minimum": ("cap", "minimum"),
    "wave_key_too_short": ("bytes",),
    "record_malformed": ("field",),
}


class SamplingError(ValueError):
    """A draw that cannot be made or read: a stable code and its parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Carry the code; sentences live at the edge."""
        super().__init__(f"{code} {params}")
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class FrameMember:
    """One unit, contact or event; `excluded` is the reason why it may not be drawn, if any."""

    id: str
    stratum: str = ""
    excluded: str | None = None


def frame_fingerprint(members: Iterable[FrameMember]) -> str:
    """SHA-256 over the members as sorted canonical lines: the same for the same frame in any order."""
    lines = sorted(_canonical_line(member) for member in members)
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _canonical_line(member: FrameMember) -> bytes:
    # JSON keeps the three fields apart whatever characters they hold; joined text could be made to collide.
    fields = [member.id, member.stratum, member.excluded]
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
