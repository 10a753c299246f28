"""On which day and in which part of it, once it is known who goes.

Kept days first, then as many weekend days as the quota asks for, then the rest: each visit on the day whose
week has the fewest visits for its length, so that the outlets are seen all over the window.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from server.rostering.case import Case
from server.rostering.day_book import DayBook
from server.rostering.horizon import bits
from server.rostering.solving.problem import OPEN, Arc, Problem, most_on
from server.rostering.visits import OFF_PEAK, PEAK, Visit


class Timing:
    """The days of a roster while it is being made."""

    def __init__(self, case: Case, problem: Problem, chosen: Sequence[int]) -> None:
        """Start from what is accepted; `chosen` has one arc a visit or `OPEN`."""
        self._case = case
        self._mine = problem.mine(chosen)
        self._weeks = [case.horizon.monday(day).toordinal() for day in range(case.horizon.length)]
        self._length = Counter(self._weeks)
        self._of_day: Counter[int] = Counter()
        self._of_week: Counter[int] = Counter()
        self._outlets: Counter[tuple[str, int]] = Counter()
        for visit, held in case.accepted:
            self._count(visit, case.horizon.index(held.day), 1)
        self.books = [
            DayBook(room, self._order, lambda row, day, by: self._count(case.visits[row], day, by))
            for room in problem.day_room
        ]
        self._settle(problem, chosen)

    def days(self) -> dict[int, int]:
        """By visit, the day; a visit without one is open."""
        found: dict[int, int] = {}
        for book, arcs in zip(self.books, self._mine, strict=True):
            for arc in arcs:
                if (day := book.day_of(arc.visit)) is not None:
                    found[arc.visit] = day
        return found

    def most_weekend(self, problem: Problem) -> int:
        """How many further visits these workers could make at weekends."""
        return sum(
            most_on(self._case.weekend, arcs, room).visits
            for arcs, room in zip(self._mine, problem.day_room, strict=True)
        )

    def _count(self, visit: Visit, day: int, by: int) -> None:
        if 0 <= day < len(self._weeks):
            self._of_day[day] += by
            self._of_week[self._weeks[day]] += by
            self._outlets[visit.outlet, day] += by

    def _order(self, row: int, days: int) -> Iterable[int]:
        """Days on which nobody else is at the outlet, of the emptiest week, the emptiest of them."""
        outlet = self._case.visits[row].outlet

        def fullness(day: int) -> tuple[int, float, int, int]:
            week = self._weeks[day]
            spread = (1 + self._of_week[week]) / self._length[week]
            return self._outlets[outlet, day], spread, self._of_day[day], day

        return sorted(bits(days), key=fullness)

    def _settle(self, problem: Problem, chosen: Sequence[int]) -> None:
        for book, arcs in zip(self.books, self._mine, strict=True):
            self._keep(book, arcs)
        placed = sum(1 for index in chosen if index != OPEN)
        needed = 0 if problem.weekend is None else problem.weekend.needed(placed)
        goals = self._weekend_goals(problem, needed)
        for book, arcs, goal in zip(self.books, self._mine, goals, strict=True):
            self._to_weekend(book, arcs, goal)
        for book, arcs in zip(self.books, self._mine, strict=True):
            for arc in _fewest_days_first(arcs):
                if book.day_of(arc.visit) is None:
                    book.place(arc.visit, arc.days)

    def _keep(self, book: DayBook, arcs: Sequence[Arc]) -> None:
        for arc in arcs:
            held = self._case.before.get(self._case.visits[arc.visit].id)
            if held is None or held.worker != self._case.workers[arc.worker].id:
                continue
            day = self._case.horizon.index(held.day)
            if day >= 0 and arc.days >> day & 1 and book.has_room(day):
                book.put(arc.visit, arc.days, day)

    def _weekend_goals(self, problem: Problem, needed: int) -> list[int]:
        """How many weekend visits each worker is to make: those kept, and a fair part of what is lacking."""
        kept = [book.count(self._case.weekend) for book in self.books]
        if sum(kept) >= needed:
            return kept
        most = [
            most_on(self._case.weekend, arcs, room).visits
            for arcs, room in zip(self._mine, problem.day_room, strict=True)
        ]
        free = [limit - have for limit, have in zip(most, kept, strict=True)]
        return [have + more for have, more in zip(kept, _fairly(needed - sum(kept), free), strict=True)]

    def _to_weekend(self, book: DayBook, arcs: Sequence[Arc], goal: int) -> None:
        """Place visits at weekends until there are enough; kept weekdays are given up last."""
        weekend = self._case.weekend
        candidates = [arc for arc in _fewest_days_first(arcs) if arc.days & weekend]
        for arc in sorted(candidates, key=lambda arc: book.day_of(arc.visit) is not None):
            if book.count(weekend) >= goal:
                return
            day = book.day_of(arc.visit)
            if day is not None and weekend >> day & 1:
                continue
            if day is not None:
                book.take_off(arc.visit)
            if book.place(arc.visit, arc.days, weekend) and day is not None:
                book.put(arc.visit, arc.days, day)


def slots(case: Case, placed: Sequence[tuple[int, int]], taken: int, settled: int) -> dict[int, str]:
    """The part of the day of each placed visit (visit and worker): off-peak as far as the quota asks for it.

    Who was off-peak before stays so; then the workers take turns, so that nobody has all the quiet hours.

    Args:
        taken: accepted visits that are off-peak, out of `settled` accepted ones.
    """
    share = Fraction(case.rules.off_peak)
    needed = -(-share * (len(placed) + settled) // 1) - taken
    rows = [row for row, _ in placed]
    found = {row: _only_slot(case.visits[row]) for row in rows}
    needed -= sum(1 for slot in found.values() if slot == OFF_PEAK)
    for row in rows:
        held = case.before.get(case.visits[row].id)
        if not found[row] and held is not None:
            found[row] = held.slot
            needed -= held.slot == OFF_PEAK
    # The kept ones come last: they are changed only where the quota can't be reached without.
    turn: Counter[int] = Counter()
    candidates: list[tuple[bool, int, int, int]] = []
    for row, worker in placed:
        if len(case.visits[row].slots) > 1 and found[row] != OFF_PEAK:
            candidates.append((bool(found[row]), turn[worker], worker, row))
            turn[worker] += 1
    quiet = {row for _, _, _, row in sorted(candidates)[: max(0, needed)]}
    return {row: OFF_PEAK if row in quiet else found[row] or PEAK for row in rows}


def _only_slot(visit: Visit) -> str:
    """The slot of a visit that has one, else nothing yet."""
    return next(iter(visit.slots)) if len(visit.slots) == 1 else ""


def _fewest_days_first(arcs: Sequence[Arc]) -> list[Arc]:
    return sorted(arcs, key=lambda arc: (arc.days.bit_count(), arc.visit))


def _fairly(wanted: int, free: Sequence[int]) -> list[int]:
    """`wanted` split in proportion to what each has free, by largest remainders, never more than that."""
    everything = sum(free)
    if wanted >= everything:
        return list(free)
    exact = [Fraction(wanted * one, everything) for one in free]
    shares = [one // 1 for one in exact]
    by_remainder = sorted(range(len(free)), key=lambda index: (shares[index] - exact[index], index))
    for index in by_remainder[: wanted - sum(shares)]:
        shares[index] += 1
    return shares
