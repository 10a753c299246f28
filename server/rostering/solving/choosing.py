"""Which worker gets which visit: the assignment where it obeys every rule, else the linear programme."""

from dataclasses import dataclass

from server.rostering.solving.assignment import assign
from server.rostering.solving.filling import fill
from server.rostering.solving.linear import Model, Targets, targets_of
from server.rostering.solving.problem import OPEN, Problem

MOST_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """One arc a visit or `OPEN`; the cost in cents and how low it could be at most."""

    chosen: tuple[int, ...]
    method: str
    exact: bool
    cost: int
    bound: int


def choose(problem: Problem) -> Choice:
    """The best choice: most visits, the important first, the quotas nearest, then the cheapest.

    Raises:
        RosterError: `money_out_of_range`.
    """
    if not problem.arcs:
        return Choice((OPEN,) * len(problem.importance), "assignment", True, 0, 0)
    assigned = assign(problem)
    if assigned is not None and problem.holds(assigned):
        cost = problem.cost(assigned)
        return Choice(tuple(assigned), "assignment", True, cost, cost)
    # Nothing reaches more than the assignment, which knows fewer rules.
    return programmed(problem, None if assigned is None else targets_of(problem, assigned))


def programmed(problem: Problem, hoped: Targets | None, rounds: int = MOST_ROUNDS) -> Choice:
    """Solve, look for days that are too few, forbid that, and solve again.

    Where the hope was too high, what can be reached is looked for with all that was learnt about the days.
    """
    model = Model(problem)
    targets, best, bound = hoped, (OPEN,) * len(problem.importance), 0
    for _ in range(rounds):
        targets = targets or model.furthest()
        found = None if targets is None else model.cheapest(targets)
        if found is None or targets is None:
            targets = None
            continue
        best, bound = found.chosen, round(found.bound)
        if model.tighten(found):
            continue
        if found.exact and targets.exact:
            cost = problem.cost(best)
            return Choice(best, "linear", True, cost, cost)
        break
    filled = fill(problem, best)
    cost = problem.cost(filled)
    return Choice(filled, "linear", False, cost, min(cost, bound))
