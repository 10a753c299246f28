"""One roster to be made: its visits and workers in a fixed order, what stays, and who may do what."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from server.rostering.codes import RosterError
from server.rostering.costs import Price, price
from server.rostering.eligibility import Eligibility
from server.rostering.horizon import Horizon
from server.rostering.results import Held
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import Worker


@dataclass(slots=True)
class Settled:
    """What one worker has accepted already."""

    visits: int = 0
    days: Counter[int] = field(default_factory=Counter)
    parents: Counter[str] = field(default_factory=Counter)
    outlets: Counter[str] = field(default_factory=Counter)

    def add(self, visit: Visit, day: int) -> None:
        """Count one accepted visit."""
        self.visits += 1
        self.days[day] += 1
        self.parents[visit.parent] += 1
        self.outlets[visit.outlet] += 1


@dataclass(frozen=True)
class Case:
    """Everything sorted by id, so that nothing depends on the order in which it came.

    Attributes:
        visits: those to be placed.
        accepted: visits whose placement stays, with it.
        workers: who can be given visits.
        before: by visit, the earlier placement of those to be placed, where its worker is still there.
    """

    visits: Sequence[Visit]
    accepted: Sequence[tuple[Visit, Held]]
    workers: Sequence[Worker]
    before: dict[str, Held]
    rules: Rules
    eligibility: Eligibility

    @property
    def horizon(self) -> Horizon:
        """The days of the roster."""
        return self.eligibility.horizon

    @property
    def total(self) -> int:
        """All visits, which shares are of."""
        return len(self.visits) + len(self.accepted)

    @cached_property
    def days(self) -> tuple[tuple[int, ...], ...]:
        """By visit and worker, the days on which the one may be done by the other."""
        return tuple(
            tuple(self.eligibility.days(visit, worker) for worker in self.workers) for visit in self.visits
        )

    @cached_property
    def settled(self) -> tuple[Settled, ...]:
        """By worker, what is accepted."""
        found = {worker.id: Settled() for worker in self.workers}
        for visit, held in self.accepted:
            found[held.worker].add(visit, self.horizon.index(held.day))
        return tuple(found[worker.id] for worker in self.workers)

    @cached_property
    def weekend(self) -> int:
        """The days that count as weekend."""
        return self.horizon.weekend(self.rules)

    def price(self, visit: Visit, worker: Worker) -> Price:
        """What a visit costs with a worker."""
        return price(visit, worker, self.rules)

    def caps(self, worker: Worker) -> dict[str, int]:
        """The most visits of a worker, by the code of what limits them."""
        found: dict[str, int] = {}
        if worker.total is not None:
            found["full"] = worker.total
        if worker.is_firm and worker.share is not None and worker.share.most is not None:
            found["share"] = worker.share.limit(self.total)
        people = self.eligibility.people.get(worker.id, ()) if worker.is_firm else ()
        totals = [person.total for person in people if person.total is not None]
        if people and len(totals) == len(people):
            found["people_full"] = sum(totals)
        return found

    def parents_left(self, index: int, parent: str) -> int | None:
        """How many more outlets of a sub-branch a person may have; None without a limit."""
        if self.rules.per_parent is None or self.workers[index].is_firm:
            return None
        return max(0, self.rules.per_parent - self.settled[index].parents[parent])

    def returns(self, index: int) -> bool:
        """Whether a worker may come to one outlet twice in this roster."""
        return self.workers[index].is_firm or not self.rules.rotates


def state_case(
    visits: Iterable[Visit], workers: Iterable[Worker], rules: Rules, previous: Iterable[Held]
) -> Case:
    """Sort, pick out what stays, and refuse what makes no sense.

    Raises:
        RosterError: any code of `PROBLEMS`.
    """
    everything = sorted(visits, key=lambda visit: visit.id)
    everybody = sorted(workers, key=lambda worker: worker.id)
    if (visit := _twice(visit.id for visit in everything)) is not None:
        raise RosterError("duplicate_visit", visit=visit)
    if (worker := _twice(worker.id for worker in everybody)) is not None:
        raise RosterError("duplicate_worker", worker=worker)
    taking_part = [worker for worker in everybody if worker.is_firm or worker.firm is None]
    _refuse_too_much(taking_part)
    known, names = {visit.id: visit for visit in everything}, {worker.id for worker in taking_part}
    held = {one.visit: one for one in previous}
    accepted = [one for one in held.values() if one.accepted]
    for one in accepted:
        if one.visit not in known or one.worker not in names:
            raise RosterError("accepted_unknown", visit=one.visit, worker=one.worker)
    stays = {one.visit for one in accepted}
    return Case(
        visits=[visit for visit in everything if visit.id not in stays],
        accepted=[(known[one.visit], one) for one in sorted(accepted, key=lambda one: one.visit)],
        workers=taking_part,
        before={name: one for name, one in held.items() if name not in stays and one.worker in names},
        rules=rules,
        eligibility=Eligibility(Horizon.over(everything), everything, everybody, rules),
    )


def _twice(ids: Iterable[str]) -> str | None:
    """An id that comes more than once; the ids are sorted."""
    return next((one for one, other in pairwise(ids) if one == other), None)


def _refuse_too_much(workers: Iterable[Worker]) -> None:
    """Firms that are together promised more than there is."""
    promised = [worker.share.least for worker in workers if worker.is_firm and worker.share is not None]
    fractions = sum((share for share in promised if isinstance(share, Fraction)), Fraction(0))
    if fractions > 1:
        raise RosterError("shares_exceed", percent=round(fractions * 100))
