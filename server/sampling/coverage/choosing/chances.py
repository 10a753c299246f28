"""The probability with which each outlet comes into the plan, which estimates weigh by.

A re-check is certain. Without limits that depend on who is drawn, the others have exact probabilities: in its
sub-branch an outlet is among those drawn for the lack there, or it is left over and drawn with the rest, by
numbers that know nothing of the first. Where firms' limits or the money decide, the whole choice is repeated
with other numbers, and outlets that cannot be told apart share their mean.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from random import Random

from server.sampling.coverage.choosing.selection import Candidate, Choice, Frame, Numbers, Promises

Cell = tuple[str, int, bool, int]


@dataclass(frozen=True, slots=True)
class Chances:
    """π of every open outlet.

    Attributes:
        rounds: of the simulation, the plan itself among them; 0 where π is exact.
        error: the largest standard error of a simulated π; 0 where it is exact.
    """

    inclusion: dict[str, Fraction]
    rounds: int = 0
    error: float = 0.0


def exact_chances(frame: Frame, promises: Promises, choice: Choice) -> Chances:
    """π where nothing but the promises and chance decides.

    Who is taken differs from draw to draw; how many of each sub-branch and turn does not.
    """
    groups = Counter((one.parent, one.turn) for one in frame.candidates if not one.must)
    lacking = {parent: max(0, quota - frame.musts[parent]) for parent, quota in promises.quota.items()}
    first: dict[tuple[str, int], int] = {}
    left: Counter[int] = Counter()
    for parent, turn in sorted(groups):
        size = groups[parent, turn]
        taken = min(lacking[parent], size)
        lacking[parent] -= taken
        first[parent, turn] = taken
        left[turn] += size - taken
    free = len(choice.reasons) - frame.musts.total() - sum(first.values())
    rest: dict[int, Fraction] = {}
    for turn in sorted(left):
        taken = min(free, left[turn])
        free -= taken
        rest[turn] = Fraction(taken, left[turn]) if left[turn] else Fraction(0)
    found = {}
    for one in frame.candidates:
        if one.must:
            found[one.id] = Fraction(1)
        else:
            group = (one.parent, one.turn)
            here = Fraction(first[group], groups[group])
            found[one.id] = here + (1 - here) * rest[one.turn]
    return Chances(found)


def simulated_chances(
    frame: Frame, choice: Choice, rounds: int, seed: bytes, repeat: Callable[[Numbers], Choice]
) -> Chances:
    """π as the mean over `rounds` choices, the plan itself first: nobody chosen ever has a π of 0."""
    cell_of = {one.id: _cell(one) for one in frame.candidates}
    cells = Counter(cell_of.values())
    total: Counter[Cell] = Counter()
    squares: Counter[Cell] = Counter()
    chance = Random(seed)  # noqa: S311  # seeded so that it repeats; nobody is drawn by it
    for number in range(rounds):
        made = choice if number == 0 else repeat(_shuffled(frame, chance))
        taken = Counter(map(cell_of.__getitem__, made.reasons))
        for cell, count in taken.items():
            total[cell] += count
            squares[cell] += count * count
    error = max((_error(total[cell], squares[cell], cells[cell], rounds) for cell in cells), default=0.0)
    found = {member: Fraction(total[cell], rounds * cells[cell]) for member, cell in cell_of.items()}
    return Chances(found, rounds, error)


def _cell(one: Candidate) -> Cell:
    """Outlets of one cell differ by their numbers only."""
    return one.parent, one.turn, one.must, one.fee


def _shuffled(frame: Frame, chance: Random) -> Numbers:
    parent, rest = ({one.id: chance.getrandbits(64) for one in frame.candidates} for _ in range(2))
    return Numbers(lambda one: parent[one.id], lambda one: rest[one.id])


def _error(total: int, squares: int, size: int, rounds: int) -> float:
    """Standard error of the mean share of a cell that is taken."""
    if rounds < 2:
        return 0.0
    variance = (squares - total * total / rounds) / (rounds - 1) / (size * size)
    return sqrt(max(0.0, variance) / rounds)
