"""One worker's days: visits are put on days with room, and moved about when that makes room.

Finding a day for each visit is matching in a bipartite graph, done by augmenting paths: a visit that cannot
be placed proves that it cannot, by a set of days that are full of visits which have no other days.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from server.rostering.horizon import bits

Order = Callable[[int, int], Iterable[int]]
Listener = Callable[[int, int, int], None]


def _as_they_come(_visit: int, days: int) -> Iterable[int]:
    return bits(days)


def _nobody_listens(_visit: int, _day: int, _change: int) -> None:
    """Loads are not counted."""


class DayBook:
    """Which visit stands on which day, with at most `room[day]` on each; no room given is no limit.

    Args:
        order: the days of a visit, out of a mask, in the order in which they are tried.
        listener: hears of each visit put on a day (1) and taken off (-1).
    """

    def __init__(
        self,
        room: Sequence[int] | None,
        order: Order = _as_they_come,
        listener: Listener = _nobody_listens,
    ) -> None:
        """Start with empty days."""
        self._room = room
        self._order = order
        self._listener = listener
        self._days: dict[int, int] = {}
        self._options: dict[int, int] = {}
        self._visits: dict[int, list[int]] = {}

    def day_of(self, visit: int) -> int | None:
        """The day of a visit, None while it has none."""
        return self._days.get(visit)

    def has_room(self, day: int) -> bool:
        """Whether one more visit fits on this day."""
        return self._room is None or len(self._visits.get(day, ())) < self._room[day]

    def count(self, days: int) -> int:
        """How many visits stand on these days."""
        return sum(1 for day in self._days.values() if days >> day & 1)

    def put(self, visit: int, options: int, day: int) -> None:
        """Put a visit on a day that has room; `options` are the days it may be moved to later."""
        self._options[visit] = options
        self._write(visit, day)

    def take_off(self, visit: int) -> None:
        """Forget where a visit stands."""
        day = self._days.pop(visit)
        self._visits[day].remove(visit)
        self._listener(visit, day, -1)

    def place(self, visit: int, options: int, within: int = -1) -> int:
        """Find a day, moving others if need be; `within` limits the days that anything is put on.

        Returns:
            0 when it stands, else the days that are full of visits without other days.
        """
        moves, tried = self._search(visit, options, within)
        if not moves:
            return tried
        self._options[visit] = options
        for mover, day in moves:
            if mover in self._days:
                self.take_off(mover)
            self._write(mover, day)
        return 0

    def fits(self, visit: int, options: int) -> bool:
        """Whether `place` would find a day."""
        return bool(self._search(visit, options, -1)[0])

    def _write(self, visit: int, day: int) -> None:
        self._days[visit] = day
        self._visits.setdefault(day, []).append(visit)
        self._listener(visit, day, 1)

    def _search(self, visit: int, options: int, within: int) -> tuple[list[tuple[int, int]], int]:
        """The shortest chain of moves that ends on a day with room, last move first; else the days tried."""
        came: dict[int, int] = {}
        waiting: deque[tuple[int, int]] = deque([(visit, options)])
        while waiting:
            mover, days = waiting.popleft()
            for day in self._order(mover, days & within):
                if day in came:
                    continue
                came[day] = mover
                if self.has_room(day):
                    return self._chain(came, visit, day), 0
                others = sorted(self._visits.get(day, ()))
                waiting.extend((other, self._options[other]) for other in others)
        return [], sum(1 << day for day in came)

    def _chain(self, came: dict[int, int], visit: int, day: int) -> list[tuple[int, int]]:
        moves = [(came[day], day)]
        while moves[-1][0] != visit:
            left = self._days[moves[-1][0]]
            moves.append((came[left], left))
        return moves
