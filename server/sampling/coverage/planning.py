"""Plans the visits of a wave: who is visited and why, who gets a video check, and everybody's chances.

Chance comes from permanent random numbers of the wave's key, so nobody can steer the plan and anybody with
the key can make it again. Who must be visited does not depend on chance at all.
"""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

from server.sampling.coverage.choosing.chances import Chances, exact_chances, simulated_chances
from server.sampling.coverage.choosing.cheapest import Market
from server.sampling.coverage.choosing.room import Room
from server.sampling.coverage.choosing.selection import Choice, Frame, Numbers, Reason, choose, ground
from server.sampling.coverage.feasibility.checking import Feasibility, check
from server.sampling.coverage.feasibility.need import Need, amount, need_of, visit_budget
from server.sampling.coverage.inputs import Capacity, Wave
from server.sampling.random_numbers import check_key, derived_key, prn

# How often a choice is repeated where no exact probability can be told.
ROUNDS = 200
ROUNDS_IN_MONEY = 40  # each looks for the cheapest plan anew


@dataclass(frozen=True, slots=True)
class CoveragePlan:
    """The plan; empty when not every promise can be kept, for nothing is ever cut silently.

    Attributes:
        chosen: outlet to reason, in the order of choosing.
        videos: outlets that get a video check, in the order of choosing.
        chances: π of every open outlet, for weighting.
        new: visits to outlets that the year still lacked.
        money: what visits and video checks cost.
    """

    chosen: dict[str, Reason]
    videos: tuple[str, ...]
    chances: Chances
    feasibility: Feasibility
    new: int
    money: Decimal


def plan_wave(wave: Wave, wave_key: bytes, *, weighted: bool = True) -> CoveragePlan:
    """Plan a wave; the same outlets in any order, with the same key, give the same plan.

    Args:
        weighted: tell the chances, too. A preview needs none, and where limits of firms or money decide, they
            take longer than the plan.

    Raises:
        SamplingError: `wave_key_too_short`.
    """
    check_key(wave_key)
    feasibility = check(wave)
    if not feasibility.feasible:
        return CoveragePlan({}, (), Chances({}), feasibility, 0, Decimal(0))
    need = need_of(wave)
    budget = visit_budget(wave, need.frame) if wave.in_money else None
    draw = _Draw(need, wave.capacity, ground(need.frame, need.promises, wave.capacity.firms), budget)
    numbers = numbers_of(need.frame, wave_key)
    choice = draw.choose(numbers)
    return CoveragePlan(
        chosen=choice.reasons,
        videos=choose_videos(need.frame, frozenset(choice.reasons), wave.requirement.video, wave_key),
        chances=draw.chances(choice, derived_key(wave_key, "coverage chances")) if weighted else Chances({}),
        feasibility=feasibility,
        new=choice.new,
        money=amount(draw.cost(choice), need.frame) + wave.video_money,
    )


def numbers_of(frame: Frame, wave_key: bytes) -> Numbers:
    """The outlets' permanent random numbers in this wave."""
    by_stage = []
    for stage in ("parent", "rest"):
        key = derived_key(wave_key, f"coverage {stage}")
        by_stage.append({one.id: prn(key, one.id) for one in frame.candidates})
    parent, rest = by_stage
    return Numbers(lambda one: parent[one.id], lambda one: rest[one.id])


def choose_videos(frame: Frame, visited: frozenset[str], count: int, wave_key: bytes) -> tuple[str, ...]:
    """Outlets for video checks: as many sub-branches as can be, then those nobody visits, then by turn.

    A visit and a video check of one outlet in one wave would tell the same twice.
    """
    key = derived_key(wave_key, "coverage video")
    rows = sorted(
        (one.id in visited, one.turn, prn(key, one.id), one.id, one.parent) for one in frame.candidates
    )
    had: Counter[str] = Counter()
    rounds = []
    for row in rows:
        # Everybody's first comes before anybody's second.
        rounds.append((had[row[4]], *row))
        had[row[4]] += 1
    return tuple(row[4] for row in sorted(rounds)[:count])


@dataclass(frozen=True, slots=True)
class _Draw:
    """One way from numbers to a choice; `budget` in the frame's smallest unit, None = not in money."""

    need: Need
    capacity: Capacity
    reserved: Room
    budget: int | None

    def choose(self, numbers: Numbers) -> Choice:
        """The choice in its order; where that is too dear, as much of it as the money carries."""
        choice = choose(self.need.frame, self.need.promises, self.reserved, numbers)
        if self.budget is None or self.cost(choice) <= self.budget:
            return choice
        return self._within(self.budget, choice, numbers)

    def cost(self, choice: Choice) -> int:
        return sum(one.fee for one in self.need.frame.candidates if one.id in choice.reasons)

    def chances(self, choice: Choice, seed: bytes) -> Chances:
        """Exact where no draw could meet a limit of firms or money, otherwise simulated."""
        if not self._money_binds(len(choice.reasons)) and Room(self.capacity.firms).carries(
            self.need.frame.sizes
        ):
            return exact_chances(self.need.frame, self.need.promises, choice)
        rounds = ROUNDS if self.budget is None else ROUNDS_IN_MONEY
        return simulated_chances(self.need.frame, choice, rounds, seed, self.choose)

    def _money_binds(self, visits: int) -> bool:
        """Whether some draw of so many outlets might be too dear."""
        fees = sorted((one.fee for one in self.need.frame.candidates), reverse=True)
        return self.budget is not None and sum(fees[:visits]) > self.budget

    def _within(self, budget: int, choice: Choice, numbers: Numbers) -> Choice:
        """Keep the longest beginning of the choice that can still be completed within the budget.

        The rest is completed as cheaply as can be. The plan was found feasible, so a beginning of none works.
        """
        order = list(choice.reasons)
        rest = sorted(self.need.frame.candidates, key=lambda one: (one.turn, numbers.rest(one), one.id))
        ranks = {one: place for place, one in enumerate([*order, *(one.id for one in rest)])}
        market = Market(self.need.frame, self.need.promises, self.capacity.firms, self.capacity.visits, ranks)
        low, high = 0, len(order)
        best = market.cheapest()
        while high - low > 1:
            middle = (low + high) // 2
            bought = replace(market, forced=frozenset(order[:middle])).cheapest()
            if bought is not None and bought.cost <= budget:
                low, best = middle, bought
            else:
                high = middle
        made = Choice()
        among = [one for one in self.need.frame.candidates if best is not None and one.id in best.ids]
        for one in sorted(among, key=lambda one: (not one.must, ranks[one.id])):
            made.take(one, choice.reasons.get(one.id, Reason.CHEAPEST))
        return made
