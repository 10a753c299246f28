"""A wave of a county: what tiny cases cannot show, with every rule that binds at once."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from server.coordinates import Point
from server.rostering.roster import roster
from server.rostering.rules import Rules
from server.rostering.visits import Visit
from server.rostering.workers import LastVisit, Share, Worker
from tests.rostering.cases import Small, day
from tests.rostering.checking import broken

RULES = Rules(per_parent=2, weekend=Fraction(3, 10), off_peak=Fraction(3, 10))


def outlets(random: Random, count: int) -> Iterator[Visit]:
    for index in range(count):
        branch = index // 8
        first = random.randrange(14)
        yield Visit(
            id=f"v{index:03}",
            outlet=f"o{index:03}",
            parent=f"C/D{branch % 4}/B{branch:02}/",
            first=day(first),
            last=day(first + random.choice([2, 6, 13])),
            position=Point(118 + random.random(), 25 + random.random()),
            fee=Decimal(100),
            certificates=frozenset(random.sample(["quiz", "video"], random.randrange(2))),
            reason=random.choice(["must", "parent", "random"]),
        )


def people(random: Random, count: int, visits: int) -> Iterator[Worker]:
    for index in range(count):
        yield Worker(
            id=f"w{index:02}",
            home=Point(118 + random.random(), 25 + random.random()),
            territories=frozenset(random.sample(["C/D0/", "C/D1/", "C/D2/", "C/D3/"], 3)),
            certificates=dict.fromkeys(random.sample(["quiz", "video"], random.randrange(1, 3))),
            per_day=random.choice([1, 2]),
            total=16,
            days=frozenset(day(number) for number in range(28) if random.random() < 0.5),
            seen={
                f"o{random.randrange(visits):03}": LastVisit(day(-random.randrange(10, 200)))
                for _ in range(20)
            },
            cost_per_km=Decimal("1.2"),
        )
    yield Worker("firm", "firm", share=Share(Fraction(1, 4), Fraction(1, 3)), fee_factor=Decimal(2))


@pytest.fixture(params=[1, 2])
def county(request: pytest.FixtureRequest) -> Small:
    random = Random(request.param)
    return Small(list(outlets(random, 160)), list(people(random, 10, 160)), RULES)


def test_every_rule_holds_and_nothing_moves_without_a_reason(county: Small) -> None:
    made = roster(county.visits, county.workers, county.rules)
    assert broken(county, made.placed) == []
    assert made.proof.exact
    again = roster(county.visits[::-1], county.workers[::-1], county.rules, made.held())
    assert again.held() == made.held()


def test_a_leaver_costs_little_more_than_the_own_visits(county: Small) -> None:
    made = roster(county.visits, county.workers, county.rules)
    left = Small(county.visits, county.workers[1:], replace(county.rules, stability=Decimal(500)))
    again = roster(left.visits, left.workers, left.rules, made.held())
    assert broken(left, again.placed) == []
    workers = {one.visit: one.worker for one in made.placed}
    moved = [one for one in again.placed if workers.get(one.visit, "w00") not in ("w00", one.worker)]
    assert len(moved) <= len(made.of("w00"))
