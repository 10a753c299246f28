"""Who can still make a visit where, when firms have limits and territories that may overlap.

Visits are given to firms as late as possible: a visit may be moved from one firm to another that serves the
same sub-branch, if that makes room. So a visit is refused only when no arrangement at all could carry it.
"""

from collections import Counter, deque
from collections.abc import Mapping

from server.sampling.coverage.inputs import Firm, Statement, state

NAMES_TOLD = 5  # a sentence with a hundred names is not read
Link = tuple[int, str]  # the firm that would give a visit away, and in which sub-branch


class Room:
    """Visits reserved with firms, by sub-branch; without firms there is room for all."""

    def __init__(self, firms: tuple[Firm, ...]) -> None:
        """Begin with nothing reserved."""
        self._firms = tuple(sorted(firms, key=lambda firm: firm.id))
        self._left = [firm.visits for firm in self._firms]
        self._carried: list[Counter[str]] = [Counter() for _ in self._firms]
        self._serving: dict[str, tuple[int, ...]] = {}
        self._full: dict[str, frozenset[int]] = {}

    def copy(self) -> "Room":
        """The same reservations, to try something with."""
        other = Room(self._firms)
        other._left = list(self._left)
        other._carried = [Counter(carried) for carried in self._carried]
        other._serving = self._serving
        other._full = dict(self._full)
        return other

    def reserve(self, parent: str) -> bool:
        """Take one visit in the sub-branch, if any arrangement of all visits so far allows it."""
        if not self._firms:
            return True
        # Reservations are only ever added, so a set of firms that is full stays full.
        if parent in self._full:
            return False
        first = self._who(parent)
        for firm in first:
            if self._left[firm]:
                self._left[firm] -= 1
                self._carried[firm][parent] += 1
                return True
        return self._rearrange(parent, first)

    def _rearrange(self, parent: str, first: tuple[int, ...]) -> bool:
        """Search the chain of visits that change hands until a firm with room is found."""
        reached: dict[int, Link | None] = dict.fromkeys(first)
        queue = deque(first)
        while queue:
            firm = queue.popleft()
            if self._left[firm]:
                self._hand_over(firm, parent, reached)
                return True
            for other, link in self._onwards(firm):
                if other not in reached:
                    reached[other] = link
                    queue.append(other)
        self._full[parent] = frozenset(reached)
        return False

    def carries(self, visits: Mapping[str, int]) -> bool:
        """Whether all these visits, by sub-branch, find room together."""
        trial = self.copy()
        return all(trial.reserve(parent) for parent, count in sorted(visits.items()) for _ in range(count))

    def shortages(self, visits: Mapping[str, int]) -> list[Statement]:
        """Why these visits cannot all be made: each set of firms that is asked for more than it has."""
        trial = self.copy()
        for parent, count in sorted(visits.items()):
            for _ in range(count):
                trial.reserve(parent)
        unserved = tuple(parent for parent in sorted(visits) if visits[parent] and not self._serves(parent))
        few = unserved[:NAMES_TOLD]
        found = [state("coverage_no_firm", count=len(unserved), parents=few)] if unserved else []
        tight = {firms for firms in trial._full.values() if firms}
        for firms in sorted(tight, key=sorted):
            inside = (parent for parent in visits if self._serves(parent) and firms >= set(self._who(parent)))
            needed = sum(visits[parent] for parent in inside)
            names = tuple(self._firms[firm].id for firm in sorted(firms))
            room = sum(self._firms[firm].visits for firm in firms)
            found.append(state("coverage_firms_too_small", firms=names, room=room, needed=needed))
        return found

    def _serves(self, parent: str) -> bool:
        return not self._firms or bool(self._who(parent))

    def _who(self, parent: str) -> tuple[int, ...]:
        known = self._serving.get(parent)
        if known is None:
            known = tuple(
                index
                for index, firm in enumerate(self._firms)
                if firm.parents is None or parent in firm.parents
            )
            self._serving[parent] = known
        return known

    def _onwards(self, firm: int) -> list[tuple[int, Link]]:
        """Firms that could take over a visit of this one."""
        carried = self._carried[firm]
        return [
            (other, (firm, parent))
            for parent in sorted(carried)
            if carried[parent]
            for other in self._who(parent)
            if other != firm
        ]

    def _hand_over(self, firm: int, parent: str, reached: Mapping[int, Link | None]) -> None:
        self._left[firm] -= 1
        while (link := reached[firm]) is not None:
            giver, moved = link
            self._carried[firm][moved] += 1
            self._carried[giver][moved] -= 1
            firm = giver
        self._carried[firm][parent] += 1
