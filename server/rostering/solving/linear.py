"""The choice of workers as a linear programme, with every rule that binds several visits together.

Its corners are nearly always whole choices (caps inside caps are a flow), so the plain programme is solved
first and the whole-numbered one only where a corner is not. What the days of a worker allow is told to it
bit by bit: a choice that asks too much of some days is answered with a row that says how much these days hold
(Hall's condition), until nothing is asked too much.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from server.rostering.horizon import bits
from server.rostering.solving.libraries import numpy, optimize, sparse
from server.rostering.solving.problem import OPEN, Arc, Problem, Weekend, blocked, most_on

MOST_NODES = 2_000  # a number of steps and not a time: the same roster on any machine
CLOSE = 1e-6  # how far from a whole number the solver may be
INFINITY = float("inf")


class Row(NamedTuple):
    """low ≤ Σ values × variables ≤ high."""

    variables: Sequence[int]
    values: Sequence[float]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Targets:
    """What a choice must reach before its cost is looked at, the most important first."""

    placed: int
    importance: int
    shortfall: float = 0.0
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Solution:
    """One arc a visit or `OPEN`; how low the objective could be; by worker, the weekends counted on; and
    what is lacking of the quotas.
    """

    chosen: tuple[int, ...]
    bound: float
    exact: bool
    weekends: tuple[float, ...]
    shortfall: float


class Model:
    """Variables in this order: the arcs; the places of workers with a balance, dearer from place to place;
    with a weekend quota the weekend visits of each worker; and for each quota what it lacks.
    """

    def __init__(self, problem: Problem) -> None:
        """Write down the rules that don't depend on what is aimed at."""
        self._problem = problem
        self._places = _places(problem)
        weekends = len(problem.room) if problem.weekend is not None else 0
        self._first_weekend = len(problem.arcs) + len(self._places)
        self._first_gap = self._first_weekend + weekends
        self._width = self._first_gap + len(problem.promises) + (problem.weekend is not None)
        self._told: set[tuple[int, int, bool]] = set()
        self._rows = [*self._visit_rows(), *self._worker_rows(), *self._limit_rows(), *self._promise_rows()]
        if problem.weekend is not None:
            self._rows += self._weekend_rows(problem.weekend)

    def cheapest(self, targets: Targets) -> Solution | None:
        """The cheapest choice that reaches the targets; None where none does."""
        return self._solve(self._costs(), self._target_rows(targets))

    def furthest(self) -> Targets | None:
        """What can be reached at all: most visits, then the most important, then the quotas."""
        importance = self._problem.importance
        each = 1 + len(importance) * max(importance, default=0)
        most = self._solve([-float(each + importance[arc.visit]) for arc in self._problem.arcs], [])
        if most is None:
            return None
        reached = replace(targets_of(self._problem, most.chosen), exact=most.exact)
        if self._first_gap == self._width:
            return reached
        nearest = self._solve(self._gap_costs(), self._target_rows(replace(reached, shortfall=INFINITY)))
        if nearest is None:
            return None
        return replace(reached, shortfall=nearest.shortfall, exact=reached.exact and nearest.exact)

    def tighten(self, solution: Solution) -> bool:
        """Forbid what a choice asks of somebody's days where they are too few; False where they suffice."""
        before = len(self._told)
        mine = self._problem.mine(solution.chosen)
        for worker, (arcs, room) in enumerate(zip(mine, self._problem.day_room, strict=True)):
            for days in sorted(blocked(arcs, room)):
                self._tell(worker, days, weekend=False)
        if self._problem.weekend is not None:
            self._tell_weekends(self._problem.weekend, mine, solution)
        return len(self._told) > before

    def _costs(self) -> list[float]:
        """Cents."""
        return [float(arc.cost) for arc in self._problem.arcs] + [float(cost) for _, cost in self._places]

    def _gap_costs(self) -> list[float]:
        """What is lacking; and among equals the cheaper, without which the solver wanders for long.

        All costs together stay below half of the least difference between two gaps.
        """
        weekend = self._problem.weekend
        least = 1 if weekend is None else weekend.share.denominator
        costs = self._costs()
        scale = 1 / (2 * least * (1 + max(costs) * len(self._problem.importance) * 2))
        rest = [0.0] * (self._first_gap - self._first_weekend)
        return [*(cost * scale for cost in costs), *rest, *[1.0] * (self._width - self._first_gap)]

    def _visit_rows(self) -> Iterable[Row]:
        found: dict[int, list[int]] = {}
        for number, arc in enumerate(self._problem.arcs):
            found.setdefault(arc.visit, []).append(number)
        return (_at_most(numbers, 1) for numbers in found.values())

    def _worker_rows(self) -> Iterable[Row]:
        """The cap of each worker; with a balance it has as many places as visits."""
        places: dict[int, list[int]] = {}
        for number, (worker, _) in enumerate(self._places, start=len(self._problem.arcs)):
            places.setdefault(worker, []).append(number)
        for worker, arcs in enumerate(self._problem.by_worker):
            if self._problem.step[worker]:
                mine = places.get(worker, [])
                yield Row([*arcs, *mine], [1.0] * len(arcs) + [-1.0] * len(mine), 0, 0)
            elif len(arcs) > self._problem.room[worker]:
                yield _at_most(arcs, self._problem.room[worker])

    def _limit_rows(self) -> Iterable[Row]:
        arcs = self._problem.arcs
        visits = [{arcs[number].visit: number for number in mine} for mine in self._problem.by_worker]
        for limit in self._problem.limits:
            numbers = [visits[limit.worker][visit] for visit in sorted(limit.visits)]
            yield _at_most(numbers, limit.most)

    def _promise_rows(self) -> Iterable[Row]:
        for gap, promise in enumerate(self._problem.promises, start=self._first_gap):
            mine = self._problem.by_worker[promise.worker]
            yield Row([*mine, gap], [1.0] * (len(mine) + 1), promise.least, INFINITY)

    def _weekend_rows(self, weekend: Weekend) -> Iterable[Row]:
        """The quota in whole numbers, with share = p / q; and what is known of everybody's weekends."""
        p, q = weekend.share.numerator, weekend.share.denominator
        arcs, first, gap = len(self._problem.arcs), self._first_weekend, self._width - 1
        values = [-float(p)] * arcs + [float(q)] * (self._first_gap - first + 1)
        low = p * weekend.placed - q * weekend.reached
        yield Row([*range(arcs), *range(first, self._first_gap), gap], values, low, INFINITY)
        for worker, room in enumerate(self._problem.day_room):
            yield self._weekend_row(worker, weekend.days, 0)
            if room is not None:
                yield self._weekend_row(worker, weekend.days, weekend.days)

    def _weekend_row(self, worker: int, weekend: int, full: int) -> Row:
        """A worker's weekend visits: as many as `full` days hold, and those with other weekend days."""
        arcs = self._problem.arcs
        elsewhere = [one for one in self._problem.by_worker[worker] if arcs[one].days & weekend & ~full]
        held = sum((self._problem.day_room[worker] or ())[day] for day in bits(full))
        variables = [self._first_weekend + worker, *elsewhere]
        return Row(variables, [1.0] + [-1.0] * len(elsewhere), -INFINITY, held)

    def _tell(self, worker: int, days: int, *, weekend: bool) -> None:
        """Add what these days hold of a worker's visits, once."""
        if (worker, days, weekend) in self._told:
            return
        self._told.add((worker, days, weekend))
        if weekend and self._problem.weekend is not None:
            self._rows.append(self._weekend_row(worker, self._problem.weekend.days, days))
        else:
            self._rows.append(self._day_row(worker, days, self._problem.day_room[worker] or ()))

    def _tell_weekends(self, weekend: Weekend, mine: Sequence[Sequence[Arc]], solution: Solution) -> None:
        """The weekends of those who can do fewer than was counted on, if that matters."""
        books = zip(mine, self._problem.day_room, strict=True)
        most = [most_on(weekend.days, arcs, room) for arcs, room in books]
        counted = solution.weekends
        if sum(one.visits for one in most) > sum(counted) - CLOSE:
            return
        for worker, one in enumerate(most):
            if one.visits < counted[worker] - CLOSE:
                self._tell(worker, one.full, weekend=True)

    def _day_row(self, worker: int, days: int, room: Sequence[int]) -> Row:
        arcs = self._problem.arcs
        within = [number for number in self._problem.by_worker[worker] if not arcs[number].days & ~days]
        return _at_most(within, sum(room[day] for day in bits(days)))

    def _target_rows(self, targets: Targets) -> list[Row]:
        arcs = self._problem.arcs
        worth = [float(self._problem.importance[arc.visit]) for arc in arcs]
        rows = [
            Row(range(len(arcs)), [1.0] * len(arcs), targets.placed, INFINITY),
            Row(range(len(arcs)), worth, targets.importance, INFINITY),
        ]
        gaps = range(self._first_gap, self._width)
        if gaps and targets.shortfall < INFINITY:
            rows.append(Row(gaps, [1.0] * len(gaps), -INFINITY, targets.shortfall + CLOSE))
        return rows

    def _solve(self, objective: Sequence[float], rows: Sequence[Row]) -> Solution | None:
        """A corner of the plain programme if it is whole, else the best whole solution.

        Before the dear search for whole numbers, everything is told that the broken corner shows of the days.
        """
        while True:
            plain = self._run(objective, rows, whole=False)
            if plain.x is None:
                return None
            chosen = plain.x[: len(self._problem.arcs)]
            corner = self._read(plain, plain.fun)
            if (abs(chosen - chosen.round()) < CLOSE).all():
                return corner
            if not self.tighten(corner):
                found = self._run(objective, rows, whole=True)
                return None if found.x is None else self._read(found, found.mip_dual_bound)

    def _run(self, objective: Sequence[float], rows: Sequence[Row], *, whole: bool) -> Any:
        np, opt = numpy(), optimize()
        every, arcs = [*self._rows, *rows], len(self._problem.arcs)
        costs, most, integrality = (
            np.zeros(self._width),
            np.full(self._width, INFINITY),
            np.zeros(self._width),
        )
        costs[: len(objective)] = objective
        most[: self._first_weekend] = 1
        integrality[:arcs] = whole
        bands = [row.low for row in every], [row.high for row in every]
        return opt.milp(
            costs,
            constraints=opt.LinearConstraint(_matrix(every, self._width), *bands),
            bounds=opt.Bounds(0, most),
            integrality=integrality,
            options={"node_limit": MOST_NODES, "mip_rel_gap": 0},
        )

    def _read(self, result: Any, bound: float) -> Solution:
        np, chosen = numpy(), [OPEN] * len(self._problem.importance)
        for number in np.flatnonzero(result.x[: len(self._problem.arcs)] > 0.5).tolist():
            chosen[self._problem.arcs[number].visit] = number
        weekends = result.x[self._first_weekend : self._first_gap].tolist()
        shortfall = float(result.x[self._first_gap :].sum())
        return Solution(tuple(chosen), bound, result.status == 0, tuple(weekends), shortfall)


def targets_of(problem: Problem, chosen: Sequence[int]) -> Targets:
    """What a choice reaches, quotas aside."""
    placed = [visit for visit, number in enumerate(chosen) if number != OPEN]
    return Targets(len(placed), sum(problem.importance[visit] for visit in placed))


def _places(problem: Problem) -> list[tuple[int, int]]:
    """The worker and the cost of each place, of those whose places cost anything."""
    ladders = zip(problem.step, problem.begun, problem.room, strict=True)
    return [
        (worker, step * (begun + place))
        for worker, (step, begun, room) in enumerate(ladders)
        if step
        for place in range(room)
    ]


def _at_most(variables: Sequence[int], most: float) -> Row:
    return Row(variables, [1.0] * len(variables), -INFINITY, most)


def _matrix(rows: Sequence[Row], width: int) -> Any:
    np = numpy()
    starts = np.concatenate([[0], np.cumsum([len(row.variables) for row in rows], dtype=np.int64)])
    indices = [variable for row in rows for variable in row.variables]
    values = [value for row in rows for value in row.values]
    return sparse().csr_array((values, indices, starts), shape=(len(rows), width))
