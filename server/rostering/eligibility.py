"""Who may do which visit on which days, whatever else is in the roster, and by which rules not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, reduce
from itertools import combinations
from operator import and_, or_

from server.rostering.horizon import Horizon
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import Worker

# The rules that leave some days and take others, the mildest first. Which of them are to blame where no day
# is left is a matter of sets: two may leave days each and none together.
_DAY_RULES = ("unavailable", "certificate", "locked_out", "no_people")
_SETS_OF_RULES = tuple(
    chosen for size in range(len(_DAY_RULES) + 1) for chosen in combinations(_DAY_RULES, size)
)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """The fewest rules that keep somebody from a visit, and the days that would be open without them."""

    codes: tuple[str, ...]
    days: int


class Eligibility:
    """The rules that concern one visit and one worker, as sets of days (see `Horizon`).

    A firm with known people may do what one of them may; for one without, the firm vouches.
    """

    def __init__(
        self, horizon: Horizon, visits: Iterable[Visit], workers: Iterable[Worker], rules: Rules
    ) -> None:
        """Look up what many pairs will ask for."""
        self.horizon = horizon
        self._rules = rules
        self._workers = tuple(workers)
        self._windows = {visit.id: horizon.window(visit) for visit in visits}
        self._available = {
            worker.id: horizon.whole if worker.days is None else horizon.of(worker.days)
            for worker in self._workers
        }

    @cached_property
    def people(self) -> Mapping[str, tuple[Worker, ...]]:
        """The known people of each firm."""
        found: dict[str, tuple[Worker, ...]] = {}
        for worker in self._workers:
            if worker.firm is not None and not worker.is_firm:
                found[worker.firm] = (*found.get(worker.firm, ()), worker)
        return found

    def days(self, visit: Visit, worker: Worker) -> int:
        """The days on which this worker may do this visit; 0 is never."""
        allowed = self._windows[visit.id] & self._available[worker.id]
        if not allowed or self._bars(visit, worker):
            return 0
        allowed &= self._rotated(visit, worker) & self._certified(visit, worker)
        return allowed & self._somebody(visit, worker) if allowed else 0

    def obstacles(self, visit: Visit, worker: Worker) -> Obstacles:
        """Every rule that would have to give way, none of them needlessly."""
        window = self._windows[visit.id]
        if not window:
            return Obstacles(("no_day",), 0)
        masks = {
            "unavailable": self._available[worker.id],
            "certificate": self._certified(visit, worker),
            "locked_out": self._rotated(visit, worker),
            "no_people": self._somebody(visit, worker),
        }
        for dropped in _SETS_OF_RULES:
            left = reduce(and_, (masks[name] for name in _DAY_RULES if name not in dropped), window)
            if left:
                return Obstacles((*self._bars(visit, worker), *dropped), left)
        raise AssertionError("without any rule the window itself is left")

    def on(self, visit: Visit, worker: Worker, day: date) -> tuple[str, ...]:
        """The rules that speak against this one day."""
        index = self.horizon.index(day)
        masks = {
            "no_day": self._windows[visit.id],
            "unavailable": self._available[worker.id],
            "certificate": self._certified(visit, worker),
            "locked_out": self._rotated(visit, worker),
        }
        against = (name for name, mask in masks.items() if index < 0 or not mask >> index & 1)
        return (*self._bars(visit, worker), *against)

    def first_day(self, visit: Visit, worker: Worker) -> date | None:
        """When the days of rotation are over; None for who was never there."""
        last = worker.seen.get(visit.outlet)
        return None if last is None else last.day + timedelta(days=self._rules.rotation_days)

    def missing(self, visit: Visit, worker: Worker) -> tuple[str, ...]:
        """The certificates that the worker doesn't hold on any day of the window."""
        window = self._windows[visit.id]
        return tuple(sorted(name for name in visit.certificates if not self._holds(worker, name) & window))

    def _bars(self, visit: Visit, worker: Worker) -> tuple[str, ...]:
        """The rules that leave no day at all."""
        codes: list[str] = []
        if worker.identified and visit.lies_in(worker.identified):
            codes.append("identified")
        if worker.conflicts and visit.lies_in(worker.conflicts):
            codes.append("conflict")
        if worker.territories and not visit.lies_in(worker.territories):
            codes.append("territory")
        last = worker.seen.get(visit.outlet)
        if last is not None and last.waves_ago is not None and last.waves_ago <= self._rules.rotation_waves:
            codes.append("recent_wave")
        least = self._rules.minimum_rating
        if least is not None and worker.rating is not None and worker.rating < least:
            codes.append("rating")
        return tuple(codes)

    def _rotated(self, visit: Visit, worker: Worker) -> int:
        last = worker.seen.get(visit.outlet)
        if last is None:
            return self.horizon.whole
        # Both ways: a visit that another wave has planned for later counts as well.
        apart = timedelta(days=self._rules.rotation_days)
        return self.horizon.since(last.day + apart) | self.horizon.until(last.day - apart)

    def _certified(self, visit: Visit, worker: Worker) -> int:
        if worker.is_firm:
            return self.horizon.whole
        return reduce(and_, (self._holds(worker, name) for name in visit.certificates), self.horizon.whole)

    def _holds(self, worker: Worker, certificate: str) -> int:
        if certificate not in worker.certificates:
            return 0
        expiry = worker.certificates[certificate]
        return self.horizon.whole if expiry is None else self.horizon.until(expiry)

    def _somebody(self, visit: Visit, worker: Worker) -> int:
        people = self.people.get(worker.id, ()) if worker.is_firm else ()
        if not people:
            return self.horizon.whole
        return reduce(or_, (self.days(visit, person) for person in people))
