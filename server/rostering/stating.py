"""A case as the numbers that the choice of workers is made of."""

from collections.abc import Iterator
from fractions import Fraction

from server.rostering.case import Case
from server.rostering.costs import cents
from server.rostering.solving.problem import Arc, Limit, Problem, Promise, Weekend


def problem_of(case: Case) -> Problem:
    """The choice to be made, with what is accepted taken off every cap.

    Raises:
        RosterError: `money_out_of_range`.
    """
    day_room = [_day_room(case, index) for index in range(len(case.workers))]
    return Problem(
        arcs=tuple(_arcs(case)),
        importance=[visit.importance for visit in case.visits],
        room=[_room(case, index, day_room[index]) for index in range(len(case.workers))],
        day_room=day_room,
        begun=[settled.visits for settled in case.settled],
        step=[0 if worker.is_firm else cents(case.rules.balance) for worker in case.workers],
        limits=[limit for index in range(len(case.workers)) for limit in _limits(case, index)],
        promises=list(_promises(case)),
        weekend=_weekend(case),
    )


def _arcs(case: Case) -> Iterator[Arc]:
    # Also who had no visit before: else one placed visit could be left open for another at no price.
    changing = cents(case.rules.stability) if case.before else 0
    for row, visit in enumerate(case.visits):
        before = case.before.get(visit.id)
        for column, worker in enumerate(case.workers):
            if not (days := case.days[row][column]):
                continue
            change = 0 if before is not None and before.worker == worker.id else changing
            yield Arc(row, column, days, case.price(visit, worker).total + change)


def _day_room(case: Case, index: int) -> tuple[int, ...] | None:
    """What is left of each day; a firm's days are its own affair."""
    worker = case.workers[index]
    if worker.per_day is None or worker.is_firm:
        return None
    taken = case.settled[index].days
    return tuple(max(0, worker.per_day - taken[day]) for day in range(case.horizon.length))


def _room(case: Case, index: int, day_room: tuple[int, ...] | None) -> int:
    settled = case.settled[index]
    possible = [days[index] for days in case.days if days[index]]
    caps = [cap - settled.visits for cap in case.caps(case.workers[index]).values()]
    if day_room is not None:
        reachable = 0
        for days in possible:
            reachable |= days
        caps.append(sum(room for day, room in enumerate(day_room) if reachable >> day & 1))
    return max(0, min([len(possible), *caps]))


def _limits(case: Case, index: int) -> Iterator[Limit]:
    """Of a sub-branch so many outlets, of an outlet one visit: where that can bind."""
    parents: dict[str, set[int]] = {}
    outlets: dict[str, set[int]] = {}
    for row, visit in enumerate(case.visits):
        if case.days[row][index]:
            parents.setdefault(visit.parent, set()).add(row)
            outlets.setdefault(visit.outlet, set()).add(row)
    for parent, rows in parents.items():
        most = case.parents_left(index, parent)
        if most is not None and len(rows) > most:
            yield Limit(index, frozenset(rows), most)
    for outlet, rows in outlets.items():
        most = max(0, 1 - case.settled[index].outlets[outlet])
        if not case.returns(index) and len(rows) > most:
            yield Limit(index, frozenset(rows), most)


def _promises(case: Case) -> Iterator[Promise]:
    for index, worker in enumerate(case.workers):
        if worker.is_firm and worker.share is not None:
            least = worker.share.promised(case.total) - case.settled[index].visits
            if least > 0:
                yield Promise(index, least)


def _weekend(case: Case) -> Weekend | None:
    if not case.rules.weekend:
        return None
    days = [case.horizon.index(held.day) for _, held in case.accepted]
    reached = sum(1 for day in days if day >= 0 and case.weekend >> day & 1)
    return Weekend(case.weekend, Fraction(case.rules.weekend), len(days), reached)
