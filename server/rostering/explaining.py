"""Why a visit is open: who fails by which rule, and the mildest step that would place it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from server.rostering.case import Case, Settled
from server.rostering.codes import REASONS, RELAXATIONS
from server.rostering.day_book import DayBook
from server.rostering.eligibility import Obstacles
from server.rostering.results import Open, Reason, Relaxation
from server.rostering.visits import Visit
from server.rostering.workers import Worker

_PRECEDENCE = {code: place for place, code in enumerate(REASONS)}
_SEVERITY = {code: place for place, code in enumerate(RELAXATIONS)}


@dataclass(frozen=True, slots=True)
class Finished:
    """The roster as it stands: by worker, what is taken in all, and the days."""

    case: Case
    taken: Sequence[Settled]
    books: Sequence[DayBook]

    def explain(self, row: int) -> Open:
        """Everybody's obstacles to one open visit."""
        visit = self.case.visits[row]
        against = [self._obstacles(visit, row, index) for index in range(len(self.case.workers))]
        first = Counter(codes[0] for codes in against)
        alone = Counter(codes[0] for codes in against if len(codes) == 1)
        reasons = (
            Reason(code, first[code], alone[code])
            for code in sorted(first, key=lambda code: (-first[code], _PRECEDENCE[code]))
        )
        return Open(visit.id, len(against), tuple(reasons), self._relaxation(visit, against))

    def _obstacles(self, visit: Visit, row: int, index: int) -> tuple[str, ...]:
        """All rules that would have to give way for one worker, in the order of `REASONS`."""
        found = self.case.eligibility.obstacles(visit, self.case.workers[index])
        codes = {*found.codes, *self._used_up(visit, row, index, found)}
        return tuple(sorted(codes, key=_PRECEDENCE.__getitem__))

    def _used_up(self, visit: Visit, row: int, index: int, found: Obstacles) -> list[str]:
        """What the rest of the roster has left nothing of."""
        worker, taken = self.case.workers[index], self.taken[index]
        codes = [code for code, cap in self.case.caps(worker).items() if taken.visits >= cap]
        most = None if worker.is_firm else self.case.rules.per_parent
        if most is not None and taken.parents[visit.parent] >= most:
            codes.append("per_parent")
        if not self.case.returns(index) and taken.outlets[visit.outlet]:
            codes.append("twice")
        if found.days and not self.books[index].fits(row, found.days):
            codes.append("day_full")
        return codes

    def _relaxation(self, visit: Visit, against: Sequence[tuple[str, ...]]) -> Relaxation | None:
        """Of the steps that may be proposed: the fewest rules, then the mildest, then the cheapest worker."""
        possible = [
            (len(codes), sorted((_SEVERITY[code] for code in codes), reverse=True), index)
            for index, codes in enumerate(against)
            if _SEVERITY.keys() >= set(codes)
        ]
        if not possible:
            return None
        least = min(possible)[:2]
        same = [index for *step, index in possible if tuple(step) == least]
        workers = self.case.workers
        best = min(same, key=lambda index: (self.case.price(visit, workers[index]).total, index))
        params = {code: self._params(code, visit, best) for code in against[best]}
        return Relaxation(against[best], workers[best].id, len(same), params)

    def _params(self, code: str, visit: Visit, index: int) -> dict[str, object]:
        worker, taken = self.case.workers[index], self.taken[index]
        limits = {
            "full": taken.visits + 1,
            "share": taken.visits + 1,
            "per_parent": taken.parents[visit.parent] + 1,
            "day_full": (worker.per_day or 0) + 1,
        }
        if code in limits:
            return {"limit": limits[code]}
        if code == "certificate":
            return {"names": self.case.eligibility.missing(visit, worker)}
        if code == "locked_out":
            return {"day": self.case.eligibility.first_day(visit, worker)}
        return {}


def taken_in_all(case: Case, placed: Sequence[tuple[Visit, Worker, int]]) -> list[Settled]:
    """By worker, the accepted and the placed visits together; `placed` has visit, worker and day."""
    found = {worker.id: Settled() for worker in case.workers}
    for visit, held in case.accepted:
        found[held.worker].add(visit, case.horizon.index(held.day))
    for visit, worker, day in placed:
        found[worker.id].add(visit, day)
    return [found[worker.id] for worker in case.workers]
