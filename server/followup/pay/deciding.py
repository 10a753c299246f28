"""Decisions about pay that look nothing up: what a visit brings, what may be claimed, who decides."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from server.accounts.actors import names_one
from server.errors import Detail
from server.scoring.exact import rounded
from server.scoring.programmes.visiting import Pay

PLACES: Final = 2
# Far above what anybody is paid at once: a slip of the finger, not an amount.
MOST: Final = Decimal(1_000_000)
DONE: Final = "done"
NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """How a visit ended.

    Attributes:
        outcome: of `server.models.visits.OUTCOMES`; None where the report came by another way than the phone.
        reported: a report was handed in.
        proof: there is a photo that nobody has refused.
    """

    outcome: str | None
    reported: bool
    proof: bool


@dataclass(frozen=True, slots=True)
class Due:
    """What a visit brings: `fee` or `attempt`, in yuan."""

    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line, as far as it matters to whoever decides about it."""

    id: UUID
    person_id: UUID
    kind: str
    amount: Decimal
    proposed_by: str
    decided: bool


def due_for(pay: Pay | None, ended: HandedIn) -> Due | None:
    """The fee of a visit that was made, the smaller one of an attempt with proof, or nothing."""
    if pay is None:
        return None
    if ended.outcome in (None, DONE):
        due = Due("fee", yuan(pay.fee)) if ended.reported else None
    else:
        due = Due("attempt", yuan(pay.attempt)) if ended.proof else None
    return due if due is not None and due.amount > 0 else None


def yuan(amount: Fraction) -> Decimal:
    """An amount of a programme in whole fen, half up."""
    return rounded(amount, PLACES) or NOTHING


def amount_problems(amount: Decimal) -> Iterable[Detail]:
    """Whether an amount that somebody typed is more than nothing, and in whole fen."""
    if not NOTHING < amount < MOST or amount != round(amount, PLACES):
        yield Detail("pay_amount", "/amount", {"most": f"{MOST:f}"})


def claim_problems(most: Decimal, claimed: Decimal, amount: Decimal) -> Iterable[Detail]:
    """Whether a programme pays another expense for a visit for which `claimed` was claimed already."""
    yield from amount_problems(amount)
    if most <= 0:
        yield Detail("expense_none", "/amount")
    elif claimed + amount > most:
        left = max(most - claimed, NOTHING)
        yield Detail("expense_too_high", "/amount", {"most": f"{most:f}", "left": f"{left:f}"})


def decision_problems(lines: Iterable[Waiting], selves: Collection[str]) -> Iterable[Detail]:
    """What keeps somebody from deciding about lines: each was decided, is their own, or is paid to them.

    Args:
        selves: everybody whom the decider is or acts for: `account:<id>` and `person:<id>`.
    """
    for line in lines:
        if line.decided:
            yield Detail("pay_decided", "/chosen")
        elif f"person:{line.person_id}" in selves or names_one(line.proposed_by, selves):
            yield Detail("pay_own", "/chosen")


def sums(lines: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    """Amounts added up by kind, in the order in which kinds first appear."""
    found: dict[str, Decimal] = {}
    for kind, amount in lines:
        found[kind] = found.get(kind, NOTHING) + amount
    return found
