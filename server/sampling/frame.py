"""The sampling frame: who could be drawn, in which stratum, and who may not be asked and why."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "frame_duplicate_member": ("member",),
    "plan_method_unknown": ("method",),
    "plan_ratio_or_size": ("method",),
    "plan_field_not_for_method": ("field", "method"),
    "plan_ratio_out_of_range": ("ratio",),
    "plan_size_negative": ("size",),
    "plan_minimum_negative": ("minimum",),
    "plan_cap_below_minimum": ("cap", "minimum"),
    "plan_reserves_negative": ("reserves",),
    "plan_spread_negative": ("stratum", "spread"),
    "plan_spread_missing": ("stratum",),
    "plan_cost_not_positive": ("stratum", "cost"),
    "plan_cost_missing": ("stratum",),
    "plan_minima_exceed_size": ("needed", "size"),
    "size_margin_not_positive": ("margin",),
    "size_confidence_out_of_range": ("confidence",),
    "size_share_out_of_range": ("share",),
    "size_spread_not_positive": ("spread",),
    "size_population_not_positive": ("population",),
    "size_invited_negative": ("invited",),
    "size_rate_out_of_range": ("rate",),
    "size_design_effect_not_positive": ("effect",),
    "reserve_not_for_refusal": (),
    "reserve_never_for_silence": (),
    "reserves_used_up": (),
    "reserve_for_nobody": (),
    "wave_key_too_short": ("bytes",),
    "record_malformed": ("field",),
}

ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


class SamplingError(ValueError):
    """A draw that cannot be made or read: a stable code and its parameters.

    Attributes:
        others: what else was found wrong at the same time, so that a form can show everything at once.
    """

    def __init__(self, code: str, **params: str | int) -> None:
        """Carry the code; sentences live at the edge."""
        super().__init__(f"{code} {params}")
        self.code = code
        self.params = params
        self.others: tuple[SamplingError, ...] = ()

    @property
    def every(self) -> tuple["SamplingError", ...]:
        """This problem and the others."""
        return (self, *self.others)


def refuse(problems: Sequence[SamplingError]) -> None:
    """Raise the first of the problems with the others attached; nothing without problems."""
    if problems:
        first = problems[0]
        first.others = tuple(problems[1:])
        raise first


@dataclass(frozen=True, slots=True)
class FrameMember:
    """One unit, contact or event.

    Attributes:
        excluded: the reason why it may not be drawn, if any.
        order: where it stands in the list of a systematic draw, compared as text ("009" before "010"); other
            methods do not look at it.
    """

    id: str
    stratum: str = ""
    excluded: str | None = None
    order: str = ""


def frame_fingerprint(members: Iterable[FrameMember]) -> str:
    """SHA-256 over the members as sorted canonical lines: the same for the same frame in any order."""
    digest = hashlib.sha256()
    for line in sorted(_canonical_line(member) for member in members):
        digest.update(line)
    return digest.hexdigest()


def _canonical_line(member: FrameMember) -> bytes:
    # JSON keeps the fields apart whatever characters they hold; joined text could be made to collide.
    fields = [member.id, member.stratum, member.excluded]
    if member.order:
        # Only where there is one: frames of the first records had no order and keep their fingerprints.
        fields.append(member.order)
    return ENCODER.encode(fields).encode() + b"\n"
