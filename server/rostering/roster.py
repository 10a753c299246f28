"""Making a roster, and dispatching a firm's own people to its part of one.

    roster(visits, workers, rules)                          everything new
    roster(visits, workers, rules, previous)                after a change; what can stay stays
    dispatch(firm, its_visits, workers, rules, previous)    the same rules for the people of one firm

First who goes where, as many visits as possible and then as cheaply as possible; then on which day and in
which part of it. The same input gives the same roster in any order.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from server.rostering.case import Case, Settled, state_case
from server.rostering.costs import yuan
from server.rostering.explaining import Finished, taken_in_all
from server.rostering.results import Held, Load, Placement, Proof, Quota, Roster
from server.rostering.rules import Rules
from server.rostering.solving.choosing import choose
from server.rostering.solving.problem import OPEN, Problem
from server.rostering.stating import problem_of
from server.rostering.timing import Timing, slots
from server.rostering.visits import OFF_PEAK, Visit
from server.rostering.workers import Worker


def roster(
    visits: Iterable[Visit], workers: Iterable[Worker], rules: Rules, previous: Iterable[Held] = ()
) -> Roster:
    """Who visits what, when.

    Args:
        workers: a firm stands for its people; they are only looked at for what the firm can do at all.
        previous: an earlier roster; accepted placements stay, the others cost `rules.stability` to change.

    Raises:
        RosterError: any code of `PROBLEMS`.
    """
    case = state_case(visits, workers, rules, previous)
    problem = problem_of(case)
    choice = choose(problem)
    timing = Timing(case, problem, choice.chosen)
    days = timing.days()
    going = [
        (row, problem.arcs[index].worker, days[row])
        for row, index in enumerate(choice.chosen)
        if index != OPEN and row in days
    ]
    placed = _placements(case, going)
    taken = taken_in_all(case, [(case.visits[row], case.workers[who], day) for row, who, day in going])
    finished = Finished(case, taken, timing.books)
    return Roster(
        placed=placed,
        open=tuple(finished.explain(row) for row in range(len(case.visits)) if row not in days),
        loads=_loads(case, placed, taken),
        quotas=_quotas(case, problem, placed, timing),
        weeks=_weeks(placed),
        proof=Proof(choice.method, choice.exact, yuan(choice.cost), yuan(choice.bound)),
    )


def dispatch(
    firm: str,
    visits: Iterable[Visit],
    workers: Iterable[Worker],
    rules: Rules,
    previous: Iterable[Held] = (),
) -> Roster:
    """A firm's visits among its own people, by the same rules; everybody else is left out.

    Raises:
        RosterError: any code of `PROBLEMS`.
    """
    people = [replace(worker, firm=None) for worker in workers if worker.firm == firm and not worker.is_firm]
    return roster(visits, people, rules, previous)


def _placements(case: Case, going: Sequence[tuple[int, int, int]]) -> tuple[Placement, ...]:
    """What is accepted and what is new, by id of the visit."""
    quiet = sum(1 for _, held in case.accepted if held.slot == OFF_PEAK)
    parts = slots(case, [(row, who) for row, who, _ in going], quiet, len(case.accepted))
    new = (
        _placement(case, case.visits[row], case.workers[who], case.horizon.day(day), parts[row])
        for row, who, day in going
    )
    return tuple(sorted((*_accepted(case), *new), key=lambda one: one.visit))


def _placement(case: Case, visit: Visit, worker: Worker, day: date, slot: str) -> Placement:
    kept = case.before.get(visit.id) == Held(visit.id, worker.id, day, slot)
    return Placement(visit.id, worker.id, day, slot, case.price(visit, worker).cost(), kept=kept)


def _accepted(case: Case) -> Iterable[Placement]:
    workers = {worker.id: worker for worker in case.workers}
    for visit, held in case.accepted:
        worker = workers[held.worker]
        yield Placement(
            visit.id,
            worker.id,
            held.day,
            held.slot,
            case.price(visit, worker).cost(),
            accepted=True,
            kept=True,
            doubts=case.eligibility.on(visit, worker, held.day),
        )


def _loads(case: Case, placed: Sequence[Placement], taken: Sequence[Settled]) -> tuple[Load, ...]:
    minutes = {visit.id: visit.minutes for visit in case.visits}
    minutes |= {visit.id: visit.minutes for visit, _ in case.accepted}
    mine: dict[str, list[Placement]] = {worker.id: [] for worker in case.workers}
    for one in placed:
        mine[one.worker].append(one)
    return tuple(
        Load(
            worker=worker.id,
            visits=settled.visits,
            minutes=sum(minutes[one.visit] for one in mine[worker.id]),
            kilometres=sum((one.cost.kilometres or Decimal(0) for one in mine[worker.id]), Decimal(0)),
            cost=sum((one.cost.total for one in mine[worker.id]), Decimal(0)),
            room=min((max(0, cap - settled.visits) for cap in case.caps(worker).values()), default=None),
        )
        for worker, settled in zip(case.workers, taken, strict=True)
    )


def _quotas(case: Case, problem: Problem, placed: Sequence[Placement], timing: Timing) -> tuple[Quota, ...]:
    found: list[Quota] = []
    if case.rules.off_peak:
        needed = -(-Fraction(case.rules.off_peak) * len(placed) // 1)
        reached = sum(1 for one in placed if one.slot == OFF_PEAK)
        visits = {visit.id: visit for visit in case.visits}
        possible = sum(
            one.slot == OFF_PEAK if one.accepted else OFF_PEAK in visits[one.visit].slots for one in placed
        )
        found.append(Quota("off_peak", needed, reached, possible))
    if (weekend := problem.weekend) is not None:
        needed = -(-weekend.share * len(placed) // 1)
        on_weekend = (case.horizon.of([one.day]) & case.weekend for one in placed)
        found.append(
            Quota(
                "weekend", needed, sum(map(bool, on_weekend)), weekend.reached + timing.most_weekend(problem)
            )
        )
    return (*found, *_shares(case, placed))


def _shares(case: Case, placed: Sequence[Placement]) -> Iterable[Quota]:
    loads = Counter(one.worker for one in placed)
    for index, worker in enumerate(case.workers):
        if worker.is_firm and worker.share is not None and worker.share.least:
            could = sum(1 for days in case.days if days[index]) + case.settled[index].visits
            possible = min([could, *case.caps(worker).values()])
            yield Quota("share", worker.share.promised(case.total), loads[worker.id], possible, worker.id)


def _weeks(placed: Sequence[Placement]) -> tuple[tuple[date, int], ...]:
    mondays = Counter(date.fromordinal(one.day.toordinal() - one.day.weekday()) for one in placed)
    return tuple(sorted(mondays.items()))
