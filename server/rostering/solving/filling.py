"""A choice that was not finished, made one that obeys every rule and leaves open what nobody could add."""

from collections.abc import Sequence

from server.rostering.day_book import DayBook
from server.rostering.solving.problem import OPEN, Limit, Problem


class Filling:
    """Arcs taken one by one, each only if everything still holds."""

    def __init__(self, problem: Problem) -> None:
        """Start from nothing."""
        self._problem = problem
        self._books = [DayBook(room) for room in problem.day_room]
        self._loads = [0] * len(problem.room)
        self._limits: list[list[tuple[Limit, set[int]]]] = [[] for _ in problem.room]
        for limit in problem.limits:
            self._limits[limit.worker].append((limit, set()))

    def take(self, number: int) -> bool:
        """Take an arc if its worker can still do it."""
        arc = self._problem.arcs[number]
        mine = [taken for limit, taken in self._limits[arc.worker] if arc.visit in limit.visits]
        full = any(
            arc.visit in limit.visits and len(taken) >= limit.most
            for limit, taken in self._limits[arc.worker]
        )
        if full or self._loads[arc.worker] >= self._problem.room[arc.worker]:
            return False
        if self._books[arc.worker].place(arc.visit, arc.days):
            return False
        self._loads[arc.worker] += 1
        for taken in mine:
            taken.add(arc.visit)
        return True


def fill(problem: Problem, chosen: Sequence[int]) -> tuple[int, ...]:
    """What can stay of a choice, the important visits first; then whatever else somebody can do."""
    filling = Filling(problem)
    order = sorted(range(len(chosen)), key=lambda visit: (-problem.importance[visit], visit))
    found = [OPEN] * len(chosen)
    for visit in order:
        if chosen[visit] != OPEN and filling.take(chosen[visit]):
            found[visit] = chosen[visit]
    others: dict[int, list[int]] = {}
    for number, arc in enumerate(problem.arcs):
        others.setdefault(arc.visit, []).append(number)
    for visit in order:
        by_cost = sorted(others.get(visit, ()), key=lambda number: (problem.arcs[number].cost, number))
        if found[visit] == OPEN:
            found[visit] = next((number for number in by_cost if filling.take(number)), OPEN)
    return tuple(found)
