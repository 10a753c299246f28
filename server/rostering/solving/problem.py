"""The choice of workers as numbers: visits and workers by index, days as bits, money in cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from server.rostering.day_book import DayBook

OPEN = -1


class Arc(NamedTuple):
    """One worker may do one visit on these days at this cost."""

    visit: int
    worker: int
    days: int
    cost: int


class Limit(NamedTuple):
    """A worker does at most so many of these visits."""

    worker: int
    visits: frozenset[int]
    most: int


class Promise(NamedTuple):
    """A firm is to get at least so many visits."""

    worker: int
    least: int


class Weekend(NamedTuple):
    """The least share of weekend visits among all, of which `placed` and `reached` are settled already."""

    days: int
    share: Fraction
    placed: int
    reached: int

    def needed(self, placed: int) -> int:
        """How many of `placed` further visits must be on these days."""
        return max(0, -(-self.share * (self.placed + placed) // 1) - self.reached)


@dataclass(frozen=True)
class Problem:
    """What may be chosen. Whatever was accepted before is taken off `room`, `day_room` and the limits.

    Attributes:
        arcs: sorted by visit and worker.
        importance: by visit; the more, the later it stays open.
        room: by worker, the most visits.
        day_room: by worker, the most visits on each day, None for any number.
        begun: by worker, how many visits it has already, for the balance.
        step: by worker, how many cents each further visit costs more than the one before.
        limits: those that can bind.
    """

    arcs: Sequence[Arc]
    importance: Sequence[int]
    room: Sequence[int]
    day_room: Sequence[Sequence[int] | None]
    begun: Sequence[int]
    step: Sequence[int]
    limits: Sequence[Limit]
    promises: Sequence[Promise]
    weekend: Weekend | None

    @cached_property
    def by_worker(self) -> tuple[tuple[int, ...], ...]:
        """The arcs of each worker, as indices."""
        found: list[list[int]] = [[] for _ in self.room]
        for index, arc in enumerate(self.arcs):
            found[arc.worker].append(index)
        return tuple(map(tuple, found))

    def cost(self, chosen: Sequence[int]) -> int:
        """Cents of a choice: one arc a visit, or `OPEN`. Balance is counted in."""
        taken = [self.arcs[index] for index in chosen if index != OPEN]
        loads = self.loads(chosen)
        balance = sum(
            step * sum(range(begun, begun + load))
            for step, begun, load in zip(self.step, self.begun, loads, strict=True)
        )
        return sum(arc.cost for arc in taken) + balance

    def loads(self, chosen: Sequence[int]) -> list[int]:
        """How many visits each worker gets."""
        loads = [0] * len(self.room)
        for index in chosen:
            if index != OPEN:
                loads[self.arcs[index].worker] += 1
        return loads

    def holds(self, chosen: Sequence[int]) -> bool:
        """Whether a choice within `room` obeys the limits, finds its days and reaches every quota."""
        return (
            self._within_limits(chosen)
            and all(load >= least for load, least in self._promised(chosen))
            and self._finds_days(chosen)
            and self._reaches_weekend(chosen)
        )

    def mine(self, chosen: Sequence[int]) -> list[list[Arc]]:
        """The chosen arcs of each worker, in the order of the visits."""
        found: list[list[Arc]] = [[] for _ in self.room]
        for index in chosen:
            if index != OPEN:
                found[self.arcs[index].worker].append(self.arcs[index])
        return found

    def _within_limits(self, chosen: Sequence[int]) -> bool:
        mine = [{arc.visit for arc in arcs} for arcs in self.mine(chosen)]
        return all(len(mine[limit.worker] & limit.visits) <= limit.most for limit in self.limits)

    def _promised(self, chosen: Sequence[int]) -> list[tuple[int, int]]:
        loads = self.loads(chosen)
        return [(loads[promise.worker], promise.least) for promise in self.promises]

    def _finds_days(self, chosen: Sequence[int]) -> bool:
        return not any(
            blocked(arcs, room) for arcs, room in zip(self.mine(chosen), self.day_room, strict=True)
        )

    def _reaches_weekend(self, chosen: Sequence[int]) -> bool:
        if self.weekend is None:
            return True
        books = zip(self.mine(chosen), self.day_room, strict=True)
        reached = sum(most_on(self.weekend.days, arcs, room).visits for arcs, room in books)
        return reached >= self.weekend.needed(sum(self.loads(chosen)))


class Most(NamedTuple):
    """How many visits can stand on some days; `full` are those of them that keep it from being more."""

    visits: int
    full: int


def blocked(arcs: Sequence[Arc], room: Sequence[int] | None) -> set[int]:
    """Sets of days that are too few for the visits which have no others; empty where all find a day."""
    if room is None:
        return set()
    book = DayBook(room)
    return {full for arc in arcs if (full := book.place(arc.visit, arc.days))}


def most_on(days: int, arcs: Sequence[Arc], room: Sequence[int] | None) -> Most:
    """How many of one worker's visits can stand on some of these days.

    What stands there stays there when the rest is placed: moving visits about never empties a day. So where
    all visits find days at all, they do so with this many of them on these.
    """
    book, full = DayBook(room), 0
    possible = [arc for arc in arcs if arc.days & days]
    for arc in possible:
        full |= book.place(arc.visit, arc.days, days)
    return Most(book.count(days), full)
