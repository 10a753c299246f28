"""The choice of workers as one assignment: a column for each place a worker has, dearer from place to place.

Caps and balance are worked in; limits per sub-branch, days and quotas are not, so what comes out is at least
as good as any roster. Where it happens to obey them, nothing is better.
"""

from server.rostering.codes import RosterError
from server.rostering.solving.libraries import numpy, optimize
from server.rostering.solving.problem import OPEN, Problem

MOST_CELLS = 8_000_000  # 64 MB of costs
MOST_COST = 2**50  # sums of whole cents stay exact in a float


def assign(problem: Problem) -> list[int] | None:
    """One arc a visit or `OPEN`: as many as possible, the important first, then the cheapest.

    Returns:
        None where the matrix would be too large.

    Raises:
        RosterError: `money_out_of_range`.
    """
    visits, places = len(problem.importance), sum(problem.room)
    if visits * max(visits, places) > MOST_CELLS:
        return None
    np = numpy()
    costs = _costs(problem)
    rows, columns = optimize().linear_sum_assignment(costs)
    owners = np.repeat(np.arange(len(problem.room)), problem.room)
    known = {(arc.visit, arc.worker): index for index, arc in enumerate(problem.arcs)}
    chosen = [OPEN] * visits
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if column < places:
            chosen[row] = known.get((row, int(owners[column])), OPEN)
    return chosen


def _costs(problem: Problem) -> object:
    """Visits by places. What is not allowed costs as much as leaving the visit open."""
    np = numpy()
    visits, places = len(problem.importance), sum(problem.room)
    left_open = (1 + np.array(problem.importance, dtype=float)) * _more_than_any(problem)
    pairs = np.repeat(left_open[:, None], len(problem.room), axis=1)
    if problem.arcs:
        arcs = np.array([(arc.visit, arc.worker, arc.cost) for arc in problem.arcs])
        pairs[arcs[:, 0], arcs[:, 1]] = arcs[:, 2]
    ladder = [
        step * (begun + place)
        for step, begun, room in zip(problem.step, problem.begun, problem.room, strict=True)
        for place in range(room)
    ]
    costs = np.repeat(pairs, problem.room, axis=1) + np.array(ladder, dtype=float)[None, :]
    # A forbidden place must not cost more in a loaded worker than in an idle one: it is no place at all.
    costs = np.minimum(costs, left_open[:, None])
    spare = max(0, visits - places)
    return np.hstack([costs, np.repeat(left_open[:, None], spare, axis=1)])


def _more_than_any(problem: Problem) -> int:
    """More than all visits together can cost: no saving is worth an open visit."""
    dearest = [0] * len(problem.importance)
    for arc in problem.arcs:
        dearest[arc.visit] = max(dearest[arc.visit], arc.cost)
    ladders = (
        step * sum(range(begun, begun + room))
        for step, begun, room in zip(problem.step, problem.begun, problem.room, strict=True)
    )
    most = 1 + sum(dearest) + sum(ladders)
    if most * (1 + max(problem.importance, default=0)) > MOST_COST:
        raise RosterError("money_out_of_range")
    return most
