"""The cheapest choice that keeps the promises, where fees differ and the money is short.

Without the year's demand, going through the outlets from cheap to dear is exact (see `selection`). The
demand for at least `new` unseen outlets gets a price: each unseen outlet is made cheaper by a bonus, and the
bonus is raised until enough of them are in. The problem is a network flow, so at the right bonus some choice
has just enough of them and no choice costs less (linear programming duality). All is done in whole numbers.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from server.sampling.coverage.choosing.room import Room
from server.sampling.coverage.choosing.selection import Candidate, Frame, Promises
from server.sampling.coverage.inputs import Firm

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Purchase:
    """A choice: who, what it costs (smallest unit of money), how many of them the year lacks."""

    ids: frozenset[str]
    cost: int
    new: int


@dataclass(frozen=True)
class Market:
    """What there is to choose from.

    Attributes:
        forced: in the choice whatever they cost; re-checks are so anyhow.
        most: visits at most; None = no limit.
        ranks: who comes first among equals.
    """

    frame: Frame
    promises: Promises
    firms: tuple[Firm, ...]
    most: int | None
    ranks: dict[str, int]
    forced: frozenset[str] = NOBODY

    def cheapest(self) -> Purchase | None:
        """The cheapest choice; None when no choice keeps the promises at any price."""
        poor = self._at(Fraction(0), extras=False)
        if poor is None or poor.new >= self.promises.new:
            return poor
        dearest = 1 + sum(one.fee for one in self.frame.candidates)
        rich = self._at(Fraction(dearest))
        if rich is None or rich.new < self.promises.new:
            return None
        while rich.new > self.promises.new:
            bonus = Fraction(rich.cost - poor.cost, rich.new - poor.new)
            between = self._at(bonus)
            if between is None or _value(between, bonus) == _value(poor, bonus):
                return self._exactly(bonus)
            if between.new < self.promises.new:
                poor = between
            else:
                rich = between
        return rich

    def _exactly(self, bonus: Fraction) -> Purchase | None:
        """Choices with fewer and with more new outlets are worth the same at this bonus: one with enough.

        Among equals the first j unseen outlets go before the seen, the others after. One more in j changes
        the choice by one exchange at most, so halving finds a j with exactly the number wanted.
        """
        unseen = sorted((one for one in self.frame.candidates if one.wanted), key=self._rank)
        low, high = 0, len(unseen)
        while high - low > 1:
            middle = (low + high) // 2
            trial = self._at(bonus, {one.id for one in unseen[:middle]})
            if trial is not None and trial.new < self.promises.new:
                low = middle
            else:
                high = middle
        return self._at(bonus, {one.id for one in unseen[:high]})

    def _rank(self, candidate: Candidate) -> tuple[int, str]:
        return self.ranks.get(candidate.id, len(self.ranks)), candidate.id

    def _at(
        self, bonus: Fraction, favoured: Collection[str] | None = None, *, extras: bool = True
    ) -> Purchase | None:
        """The choice that costs least less the bonus of its unseen outlets; None when the promises clash.

        With `extras` it may have more outlets than promised, as far as the bonus pays for them.
        """
        room = Room(self.firms)
        fixed = [one for one in self.frame.candidates if one.must or one.id in self.forced]
        counts = Counter(one.parent for one in fixed)
        slots = {parent: max(count, counts[parent]) for parent, count in self.promises.quota.items()}
        if not all(room.reserve(parent) for parent, count in sorted(slots.items()) for _ in range(count)):
            return None
        limit = len(self.frame.candidates) if self.most is None else self.most
        if sum(slots.values()) > limit:
            return None
        bought = _Basket(counts, slots, room)
        for one in fixed:
            bought.put(one)
        fixed_ids = {one.id for one in fixed}
        rows = [
            (_price(one, bonus), _place(one, favoured), self._rank(one), one)
            for one in self.frame.candidates
            if one.id not in fixed_ids
        ]
        rows.sort(key=lambda row: row[:3])
        for price, place, _, one in rows:
            pays = extras and (price < 0 or (price == 0 and place == 0))
            bought.offer(one, limit if pays else min(limit, self.promises.size))
        return bought.purchase(self.promises.size)


class _Basket:
    """A choice while it is made; a slot is a visit for which room is reserved in a sub-branch."""

    def __init__(self, counts: Counter[str], slots: dict[str, int], room: Room) -> None:
        self._filled, self._slots, self._room = Counter(counts), slots, room
        self._total = sum(slots.values())
        self._ids: set[str] = set()
        self._cost = self._new = 0

    def put(self, one: Candidate) -> None:
        self._ids.add(one.id)
        self._cost += one.fee
        self._new += one.wanted

    def offer(self, one: Candidate, limit: int) -> None:
        """Take it into a free slot, or into one more as long as there are fewer than the limit."""
        parent = one.parent
        if self._filled[parent] == self._slots[parent]:
            if self._total >= limit or not self._room.reserve(parent):
                return
            self._slots[parent] += 1
            self._total += 1
        self._filled[parent] += 1
        self.put(one)

    def purchase(self, least: int) -> Purchase | None:
        return Purchase(frozenset(self._ids), self._cost, self._new) if len(self._ids) >= least else None


def _price(one: Candidate, bonus: Fraction) -> int:
    """The fee less the bonus, times the bonus's denominator: whole numbers sort faster and as exactly."""
    return one.fee * bonus.denominator - (bonus.numerator if one.wanted else 0)


def _place(one: Candidate, favoured: Collection[str] | None) -> int:
    """Among equals: favoured unseen outlets, the seen, the other unseen; None favours all unseen."""
    if not one.wanted:
        return 1
    return 0 if favoured is None or one.id in favoured else 2


def _value(bought: Purchase, bonus: Fraction) -> Fraction:
    return bought.cost - bonus * bought.new
