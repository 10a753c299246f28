"""Whether a wave can keep its promises, told before anything is drawn, and what each promise costs."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.sampling.coverage.feasibility.need import CLAUSES, Need, amount, need_of, over_budget, without
from server.sampling.coverage.feasibility.relaxing import Relaxation, relaxations
from server.sampling.coverage.inputs import Requirement, Statement, Wave, percent, state


@dataclass(frozen=True, slots=True)
class ClauseCost:
    """What a clause adds to those told before it; the costs of all clauses add up to the need."""

    clause: str
    visits: int
    money: Decimal | None
    statement: Statement


@dataclass(frozen=True, slots=True)
class Feasibility:
    """The answer. Money is None where the budget is not in money.

    Attributes:
        problems: empty when the wave can keep its promises; their sentences stand in `errors.json`.
        visits, money: the least that is enough.
        new: visits to outlets not seen this year that this wave cannot leave to later ones.
        costs, relaxations, notes: their sentences stand in `coverage.json`.
    """

    problems: tuple[Statement, ...]
    visits: int
    money: Decimal | None
    outlets: int
    rechecks: int
    new: int
    costs: tuple[ClauseCost, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    notes: tuple[Statement, ...] = ()

    @property
    def feasible(self) -> bool:
        """Whether every promise can be kept."""
        return not self.problems


def check(wave: Wave) -> Feasibility:
    """Can the wave keep its promises, what does each cost, and what would help?"""
    need = need_of(wave)
    outlets = len(need.frame.candidates)
    over = over_budget(wave, need) if outlets else []
    return Feasibility(
        problems=(*_impossible(wave, outlets), *need.shortages, *over),
        visits=need.visits,
        money=amount(need.money, need.frame) + wave.video_money if wave.in_money else None,
        outlets=outlets,
        rechecks=need.frame.musts.total(),
        new=need.promises.new,
        costs=tuple(_costs(wave)),
        relaxations=tuple(relaxations(wave, need) if over else ()),
        notes=tuple(_notes(wave, need)),
    )


def _impossible(wave: Wave, outlets: int) -> list[Statement]:
    if not outlets:
        return [state("coverage_no_outlets", day=wave.year.starts.isoformat())]
    asked = max(wave.requirement.at_least, wave.requirement.video)
    return [state("coverage_more_than_open", needed=asked, outlets=outlets)] if asked > outlets else []


def _costs(wave: Wave) -> list[ClauseCost]:
    """What each clause adds, one after another: re-checks, sub-branches, the share, the year."""
    names, found = list(CLAUSES), []
    visits, money = 0, 0
    for place, clause in enumerate(names, start=1):
        now = need_of(wave.asking(without(wave.requirement, *names[place:])))
        added = now.visits - visits
        if added:
            cost = amount(now.money - money, now.frame) if wave.in_money else None
            statement = _COST_TEXTS[clause](wave.requirement, now, added)
            found.append(ClauseCost(clause, added, cost, statement))
        visits, money = now.visits, now.money
    return found


def _recheck_cost(requirement: Requirement, now: Need, added: int) -> Statement:
    if requirement.recheck_at_most is None:
        return state("cost_again", visits=added)
    code = "cost_recheck_below" if requirement.exclusive else "cost_recheck_at_most"
    return state(code, visits=added, line=f"{requirement.recheck_at_most.normalize():f}")


def _parent_cost(requirement: Requirement, now: Need, added: int) -> Statement:
    musts = now.frame.musts
    lacking = sum(musts[parent] < count for parent, count in now.promises.quota.items())
    return state("cost_parent", visits=added, parents=lacking, per_parent=requirement.per_parent)


def _share_cost(requirement: Requirement, now: Need, added: int) -> Statement:
    share = percent(requirement.share)
    if requirement.share_in_each:
        return state("cost_share_each", visits=added, share=share)
    if now.promises.size == requirement.at_least:
        return state("cost_at_least", visits=added, at_least=requirement.at_least)
    outlets = len(now.frame.candidates)
    return state("cost_share", visits=added, share=share, outlets=outlets, target=now.promises.size)


def _year_cost(requirement: Requirement, now: Need, added: int) -> Statement:
    share = percent(requirement.yearly or Fraction(0))
    return state("cost_year", visits=added, share=share, new=now.promises.new)


_COST_TEXTS: dict[str, Callable[[Requirement, Need, int], Statement]] = {
    "recheck": _recheck_cost,
    "parent": _parent_cost,
    "share": _share_cost,
    "year": _year_cost,
}


def _notes(wave: Wave, need: Need) -> list[Statement]:
    """What a planner should know though it forbids nothing."""
    year, frame, requirement = wave.year, need.frame, wave.requirement
    open_now = [outlet for outlet in wave.outlets if outlet.is_open(year.starts)]
    counts = {
        "note_small_parents": sum(size < requirement.per_parent for size in frame.sizes.values()),
        "note_again": sum(outlet.again for outlet in open_now),
        "note_unscored": sum(outlet.last_score is None for outlet in open_now)
        if requirement.recheck_at_most is not None
        else 0,
        "note_closing": sum(not outlet.is_open(year.closes) for outlet in open_now),
        "note_opening": sum(
            outlet.opened is not None and year.starts < outlet.opened <= year.last_frame
            for outlet in wave.outlets
        ),
        "note_too_late": sum(
            outlet.opened is not None and year.last_frame < outlet.opened <= year.closes
            for outlet in wave.outlets
        ),
    }
    return [state(code, outlets=count) for code, count in counts.items() if count]
