"""What giving up or lowering one promise would save, when the budget does not carry them all."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from server.sampling.coverage.feasibility.need import (
    CLAUSES,
    Need,
    amount,
    fits,
    need_of,
    over_budget,
    without,
    written,
)
from server.sampling.coverage.inputs import Statement, Wave, percent, state


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What giving up one clause saves, whether that is enough, and how far it need be relaxed if it is."""

    clause: str
    visits: int
    money: Decimal | None
    enough: bool
    statement: Statement
    fit: Statement | None = None


def relaxations(wave: Wave, need: Need) -> list[Relaxation]:
    """Each clause that costs something, with what it saves to give it up."""
    found = []
    for clause in CLAUSES:
        relaxed = wave.asking(without(wave.requirement, clause))
        least = need_of(relaxed)
        visits, units = need.visits - least.visits, need.money - least.money
        if visits <= 0 and not (wave.in_money and units > 0):
            continue
        money = amount(units, need.frame) if wave.in_money else None
        saves = state(f"relax_{clause}", visits=visits)
        if money is not None:
            saves = state(f"relax_{clause}_money", money=written(money))
        enough = not least.shortages and not over_budget(relaxed, least)
        fit = _FITS[clause](wave) if enough else None
        found.append(Relaxation(clause, visits, money, enough, saves, fit))
    return found


def _fit_recheck(wave: Wave) -> Statement | None:
    scores = {
        outlet.last_score
        for outlet in wave.outlets
        if outlet.last_score is not None and wave.requirement.must_visit(replace(outlet, again=False))
    }
    lines = sorted(scores)
    place = _last(
        len(lines), lambda at: fits(wave.asking(replace(wave.requirement, recheck_at_most=lines[at])))
    )
    if place is None:
        return None
    code = "fit_recheck_below" if wave.requirement.exclusive else "fit_recheck_at_most"
    return state(code, line=f"{lines[place].normalize():f}")


def _fit_parent(wave: Wave) -> Statement | None:
    place = _last(
        wave.requirement.per_parent, lambda at: fits(wave.asking(replace(wave.requirement, per_parent=at)))
    )
    return state("fit_parent", per_parent=place) if place else None


def _fit_share(wave: Wave) -> Statement | None:
    def carries(permille: int) -> bool:
        return fits(wave.asking(replace(wave.requirement, share=Fraction(permille, 1000))))

    place = _last(int(wave.requirement.share * 1000), carries)
    return state("fit_share", share=percent(Fraction(place, 1000))) if place else None


def _fit_year(wave: Wave) -> Statement | None:
    def carries(permille: int) -> bool:
        return fits(wave.asking(replace(wave.requirement, yearly=Fraction(permille, 1000))))

    place = _last(int((wave.requirement.yearly or 0) * 1000), carries)
    return state("fit_year", share=percent(Fraction(place, 1000))) if place else None


_FITS: dict[str, Callable[[Wave], Statement | None]] = {
    "recheck": _fit_recheck,
    "parent": _fit_parent,
    "share": _fit_share,
    "year": _fit_year,
}


def _last(count: int, holds: Callable[[int], bool]) -> int | None:
    """The last of 0 … count - 1 for which a test holds that never holds again once it fails."""
    low, high = -1, count
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return None if low < 0 else low
