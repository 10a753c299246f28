"""The rest of the year in numbers: what later waves can still reach, and so what this wave must.

Each later wave first visits again those whom the wave before found wanting: a share of its visits, the
re-check rate. What is left of its capacity goes to outlets that nobody has visited this year.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from server.sampling.coverage.inputs import LaterWave, Wave, Year
from server.sampling.plans import ceiling


@dataclass(frozen=True, slots=True)
class Stage:
    """A later wave as it is expected.

    Attributes:
        outlets: open when it begins.
        rechecks: visits to outlets found wanting before.
        new: outlets visited for the first time this year.
        covered: of those that count at the year's end, after this wave.
        short: visits that are missing for the wave's own share.
    """

    wave: LaterWave
    outlets: int
    rechecks: int
    new: int
    visits: int
    covered: int
    short: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known before this wave.

    Attributes:
        total: outlets that count at the year's end.
        target: how many of them the year must reach.
        covered: how many are seen already.
        rate: share of visits that the next wave repeats.
        reachable: for each later wave, how many of `total` it or an earlier one could reach.
        sizes: for each later wave, the open outlets and the visits that its share asks for.
    """

    year: Year
    total: int
    target: int
    covered: int
    rate: Fraction
    reachable: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]

    def stages(
        self, new: int, visits: int, rate: Fraction | None = None, waves: Sequence[LaterWave] | None = None
    ) -> list[Stage]:
        """The later waves, after this one made so many visits, `new` of them to outlets not seen this year.

        A wave that cannot make its share of visits is counted as if it made them when the next one's
        re-checks are told: otherwise less capacity could make the year look better.
        """
        share = self.rate if rate is None else rate
        covered, before, found = self.covered + new, visits, []
        later = self.year.later if waves is None else waves
        for wave, reachable, (outlets, size) in zip(later, self.reachable, self.sizes, strict=True):
            rechecks = min(ceiling(share * before), outlets)
            open_new = max(0, reachable - covered)
            fresh = open_new if wave.visits is None else min(open_new, max(0, wave.visits - rechecks))
            covered += fresh
            asked = max(size, rechecks + fresh)
            made = asked if wave.visits is None else min(asked, wave.visits)
            found.append(Stage(wave, outlets, rechecks, fresh, made, covered, asked - made))
            before = asked
        return found

    def at_the_end(
        self, new: int, visits: int, rate: Fraction | None = None, waves: Sequence[LaterWave] | None = None
    ) -> int:
        """Outlets covered when the year ends."""
        stages = self.stages(new, visits, rate, waves)
        return stages[-1].covered if stages else self.covered + new

    def least_new(self, visits: int, new: int, most: int) -> int:
        """How many new outlets this wave must visit at least, so that the year's share can be reached.

        Args:
            visits: what the wave makes anyway, `new` of them to new outlets.
            most: new outlets that it could visit at all; the answer when not even they are enough.
        """
        low, high = -1, most
        while high - low > 1:
            middle = (low + high) // 2
            if self.at_the_end(middle, visits + max(0, middle - new)) >= self.target:
                high = middle
            else:
                low = middle
        return high


def outlook_of(wave: Wave) -> Outlook:
    """Count what the year has and needs. Outlets that close in the year, or open too late, do not count."""
    year = wave.year
    counting = [outlet for outlet in wave.outlets if year.counts(outlet)]
    return Outlook(
        year=year,
        total=len(counting),
        target=ceiling((wave.requirement.yearly or Fraction(0)) * len(counting)),
        covered=sum(outlet.seen_this_year for outlet in counting),
        rate=_rate(wave),
        reachable=tuple(sum(outlet.is_open(later.starts) for outlet in counting) for later in year.later),
        sizes=tuple(_size(wave, later) for later in year.later),
    )


def _rate(wave: Wave) -> Fraction:
    """The share of scored outlets that must be re-checked now, unless the caller knows better."""
    if wave.year.recheck_rate is not None:
        return wave.year.recheck_rate
    among = (outlet for outlet in wave.outlets if outlet.is_open(wave.year.starts))
    scored = [outlet for outlet in among if outlet.last_score is not None]
    if not scored:
        return Fraction(0)
    return Fraction(sum(wave.requirement.must_visit(outlet) for outlet in scored), len(scored))


def _size(wave: Wave, later: LaterWave) -> tuple[int, int]:
    among = sum(outlet.is_open(later.starts) for outlet in wave.outlets)
    return among, ceiling(wave.requirement.share * among)
