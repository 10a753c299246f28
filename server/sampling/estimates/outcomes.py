"""Response, cooperation, refusal and contact rates as AAPOR's Standard Definitions have them.

Every case that was drawn and sent has one disposition; who was excluded before the draw has none, since
leaving people out is a loss of coverage and not of response.

    I   complete                 R   refusal, break-off         UH  unknown whether anybody is there
    P   partial                  NC  non-contact                UO  unknown for other reasons
    NE  not eligible             O   other (language, death)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from server.sampling.estimates.definition.vocabulary import DISPOSITIONS

UNDELIVERABLE = "undeliverable"
STATES: Mapping[str, str] = {
    "complete": "I",
    "submitted": "I",
    "partial": "P",
    "refused": "R",
    "declined": "R",
    "opted_out": "R",
    "broken_off": "R",
    "delivered": "NC",
    "opened": "NC",
    "language": "O",
    "deceased": "O",
    "technical": "O",
    "queued": "UO",
    "accepted": "UO",
    "undelivered": "UO",
    "unknown": "UO",
    # A listed customer's dead number: unknown by default, as AAPOR treats what cannot be delivered.
    UNDELIVERABLE: "UO",
    "hard_bounce": "UO",
    "wrong_person": "NE",
    "not_customer": "NE",
    "not_in_service": "NE",
    "ineligible": "NE",
}
"""Our states and their dispositions; a design may say otherwise for any, and name others."""
SWITCHED = (UNDELIVERABLE, "hard_bounce")


@dataclass(frozen=True, slots=True)
class OutcomeRates:
    """Rates from 0 to 1, None where nobody could be counted: 0 of 0 is no rate.

    `eligible` is e, the part of the unknown cases taken to be eligible: estimated from the known ones unless
    `given`.
    """

    counts: Mapping[str, float]
    eligible: float | None
    given: bool
    rates: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return {
            "counts": dict(self.counts),
            "eligible": self.eligible,
            "eligibleGiven": self.given,
            "rates": dict(self.rates),
        }


def mapping_of(states: Mapping[str, str], undeliverable: str = "UO") -> dict[str, str]:
    """State -> disposition: `states` over ours; `undeliverable` is what a hard bounce counts as otherwise."""
    switched = {name: undeliverable for name in SWITCHED if states.get(name, "UO") == STATES[name]}
    return {**STATES, **states, **switched}


def outcome_rates(counts: Mapping[str, float], eligible: float | None = None) -> OutcomeRates:
    """All rates of the counts by disposition; sums of weights give weighted rates.

    Source: AAPOR, Standard Definitions, 9th edition 2016: RR1-6, COOP1-4, REF1-3, CON1-3.

    Raises:
        ValueError: for a disposition that is none, a negative count, or e outside 0 to 1.
    """
    unknown = sorted(counts.keys() - set(DISPOSITIONS))
    if unknown or min(counts.values(), default=0) < 0:
        raise ValueError(f"counts by disposition: {unknown or dict(counts)}")
    if eligible is not None and not 0 <= eligible <= 1:
        raise ValueError(f"e = {eligible}")
    full = {name: counts.get(name, 0) for name in DISPOSITIONS}
    known = full["I"] + full["P"] + full["R"] + full["NC"] + full["O"]
    e = _share(known, known + full["NE"]) if eligible is None else eligible
    return OutcomeRates(full, e, eligible is not None, _rates(full, known, e))


def _rates(counts: Mapping[str, float], known: float, e: float | None) -> dict[str, float | None]:
    complete, some = counts["I"], counts["I"] + counts["P"]
    reached = some + counts["R"] + counts["O"]
    able = some + counts["R"]
    unknown = counts["UH"] + counts["UO"]
    widest = known + unknown
    # Without anybody known there is no e; without anybody unknown none is needed.
    likely = known + e * unknown if e is not None else (known if not unknown else None)
    return {
        "RR1": _share(complete, widest),
        "RR2": _share(some, widest),
        "RR3": _share(complete, likely),
        "RR4": _share(some, likely),
        "RR5": _share(complete, known),
        "RR6": _share(some, known),
        "COOP1": _share(complete, reached),
        "COOP2": _share(some, reached),
        "COOP3": _share(complete, able),
        "COOP4": _share(some, able),
        "REF1": _share(counts["R"], widest),
        "REF2": _share(counts["R"], likely),
        "REF3": _share(counts["R"], known),
        "CON1": _share(reached, widest),
        "CON2": _share(reached, likely),
        "CON3": _share(reached, known),
    }


def _share(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None
