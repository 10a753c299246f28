"""What a roster must obey, written down a second time, day by day and without the roster's own machinery."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product

from server.coordinates import metres
from server.rostering.results import Placement, Roster
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import Worker
from tests.rostering.cases import Small

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def stands_in(visit: Visit, place: str) -> bool:
    """An outlet, or everything below a path."""
    return visit.parent.startswith(place) if place.endswith("/") else visit.outlet == place


def may(visit: Visit, worker: Worker, rules: Rules, on: date) -> bool:
    """Whether one worker may make one visit on one day."""
    firm = worker.kind == "firm"
    last = worker.seen.get(visit.outlet)
    return all(
        (
            visit.first <= on <= visit.last,
            on not in visit.closed,
            NAMES[on.weekday()] in visit.weekdays,
            worker.days is None or on in worker.days,
            not any(stands_in(visit, place) for place in worker.conflicts | worker.identified),
            not worker.territories or any(stands_in(visit, place) for place in worker.territories),
            firm or all(_holds(worker, name, on) for name in visit.certificates),
            last is None or abs((on - last.day).days) >= rules.rotation_days,
            last is None or last.waves_ago is None or last.waves_ago > rules.rotation_waves,
            rules.minimum_rating is None or worker.rating is None or worker.rating >= rules.minimum_rating,
        )
    )


def _holds(worker: Worker, certificate: str, on: date) -> bool:
    expiry = worker.certificates.get(certificate, date.min)
    return expiry is None or on <= expiry


def broken(small: Small, placed: Sequence[Placement]) -> list[str]:
    """Every hard rule that these placements break."""
    visits = {visit.id: visit for visit in small.visits}
    workers = {worker.id: worker for worker in small.workers}
    found = [f"{visit} twice" for visit, count in Counter(one.visit for one in placed).items() if count > 1]
    for one in placed:
        if not may(visits[one.visit], workers[one.worker], small.rules, one.day):
            found.append(f"{one.visit} {one.worker} {one.day}")
        if one.slot not in visits[one.visit].slots:
            found.append(f"{one.visit} {one.slot}")
    for worker in small.workers:
        mine = [one for one in placed if one.worker == worker.id]
        found += _too_many(worker, [visits[one.visit] for one in mine], small)
        if _has_long_day(worker, [one.day for one in mine]):
            found.append(f"{worker.id} has a long day")
    return found


def _has_long_day(worker: Worker, days: Sequence[date]) -> bool:
    most = None if worker.kind == "firm" else worker.per_day
    return most is not None and any(count > most for count in Counter(days).values())


def _too_many(worker: Worker, mine: Sequence[Visit], small: Small) -> Iterator[str]:
    rules = small.rules
    if worker.total is not None and len(mine) > worker.total:
        yield f"{worker.id} has {len(mine)}"
    if worker.kind == "firm":
        if worker.share is not None and len(mine) > most_of(worker, len(small.visits)):
            yield f"{worker.id} has more than its share"
        return
    parents = Counter(visit.parent for visit in mine)
    if rules.per_parent is not None and any(n > rules.per_parent for n in parents.values()):
        yield f"{worker.id} has too much of one sub-branch"
    outlets = Counter(visit.outlet for visit in mine)
    if (rules.rotation_days or rules.rotation_waves) and any(n > 1 for n in outlets.values()):
        yield f"{worker.id} comes twice"


def most_of(worker: Worker, visits: int) -> int:
    """The limit of a firm's share."""
    most = None if worker.share is None else worker.share.most
    if most is None:
        return visits
    return most if isinstance(most, int) else -(-(most.numerator * visits) // most.denominator)


Standing = tuple[int, int, Fraction, int]


def best(small: Small) -> Standing:
    """The best of all rosters, by trying each: (placed, importance, −lacking of quotas, −cents)."""
    days = [small.visits[0].first + timedelta(days=n - 10) for n in range(30)]
    options = [
        [(worker, [on for on in days if may(visit, worker, small.rules, on)]) for worker in small.workers]
        for visit in small.visits
    ]
    choices = [[None, *[(worker, open_on) for worker, open_on in row if open_on]] for row in options]
    return max(standing for combination in product(*choices) for standing in _judge(small, combination))


def _judge(small: Small, combination: Sequence[tuple[Worker, list[date]] | None]) -> Iterator[Standing]:
    weekends, loads = 0, Counter[str]()
    for worker in small.workers:
        mine = [
            (visit, choice[1])
            for visit, choice in zip(small.visits, combination, strict=True)
            if choice is not None and choice[0].id == worker.id
        ]
        most = _most_weekends(worker, [open_on for _, open_on in mine])
        if most is None or any(_too_many(worker, [visit for visit, _ in mine], small)):
            return
        weekends, loads[worker.id] = weekends + most, len(mine)
    pairs = [
        (visit, choice[0])
        for visit, choice in zip(small.visits, combination, strict=True)
        if choice is not None
    ]
    lacking = lacks(small, weekends, loads)
    yield len(pairs), importance([visit for visit, _ in pairs]), -lacking, -cents(small, pairs)


def _most_weekends(worker: Worker, options: Sequence[list[date]]) -> int | None:
    """By trying every combination of days; None where none keeps the daily cap."""
    most: int | None = None
    for days in product(*options):
        if not _has_long_day(worker, days):
            weekends = sum(1 for on in days if on.weekday() >= 5)
            most = weekends if most is None else max(most, weekends)
    return most


def lacks(small: Small, weekends: int, loads: Counter[str]) -> Fraction:
    """What is lacking of the weekend quota and of the firms' shares, together."""
    placed = sum(loads.values())
    lacking = max(Fraction(0), small.rules.weekend * placed - weekends)
    for worker in small.workers:
        if worker.share is not None:
            least = worker.share.least
            promised = least if isinstance(least, int) else int(least * len(small.visits))
            lacking += max(0, promised - loads[worker.id])
    return lacking


def importance(visits: Sequence[Visit]) -> int:
    """must 4, parent 3, unseen 2, oldest 1."""
    return sum({"must": 4, "parent": 3, "unseen": 2, "oldest": 1}.get(visit.reason, 0) for visit in visits)


def cents(small: Small, pairs: Sequence[tuple[Visit, Worker]]) -> int:
    """Fees, ways there and back, and the balance."""
    total = sum(_cents(visit, worker, small.rules) for visit, worker in pairs)
    for worker in small.workers:
        load = sum(1 for _, other in pairs if other.id == worker.id)
        if worker.kind != "firm":
            total += int(small.rules.balance * 100) * load * (load - 1) // 2
    return total


def _cents(visit: Visit, worker: Worker, rules: Rules) -> int:
    fee = int((visit.fee * worker.fee_factor * 100 + Decimal("0.5")) // 1)
    if visit.position is None or worker.home is None:
        way = float(rules.unknown_km)
    else:
        way = metres(worker.home, visit.position) / 1000
    return fee + round(2 * way * float(worker.cost_per_km) * 100)


def standing(small: Small, made: Roster) -> Standing:
    """Where a roster stands, in the terms of `best`."""
    visits = {visit.id: visit for visit in small.visits}
    workers = {worker.id: worker for worker in small.workers}
    pairs = [(visits[one.visit], workers[one.worker]) for one in made.placed]
    weekends = sum(1 for one in made.placed if one.day.weekday() >= 5)
    lacking = lacks(small, weekends, Counter(one.worker for one in made.placed))
    return len(pairs), importance([visit for visit, _ in pairs]), -lacking, -cents(small, pairs)
