"""Many scores to one number: means of visits, waves and points, the last, the worst (scoring.md law 10)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from server.scoring.exact import ZERO, rounded, total
from server.scoring.means import mean, pooled
from server.scoring.settling.facts import Score


@dataclass(frozen=True, slots=True)
class Entry:
    """A submission and the number that was taken of it; entries stand earliest first."""

    score: Score
    value: Fraction


@dataclass(frozen=True, slots=True)
class Rounding:
    """Places to which parts are rounded before a mean is taken; None leaves them as they are."""

    places: int | None = None

    def of(self, value: Fraction | None) -> Fraction | None:
        """The value as a part of a mean."""
        if value is None or self.places is None:
            return value
        published = rounded(value, self.places)
        return None if published is None else Fraction(published)


def combined(
    way: str, entries: Sequence[Entry], rounding: Rounding, scale: Fraction | None = None
) -> Fraction | None:
    """One number of all entries; None without any, but for the count.

    Args:
        scale: what points earned of points possible are a share of; the entries' own where it is None.
    """
    if way == "count":
        return Fraction(len(entries))
    if way == "pooled":
        return _pooled(entries, scale) if entries else None
    return _WAYS[way](entries, rounding) if entries else None


def _visits(entries: Sequence[Entry], rounding: Rounding) -> Fraction | None:
    return mean(rounding.of(entry.value) for entry in entries)


def _waves(entries: Sequence[Entry], rounding: Rounding) -> Fraction | None:
    waves: dict[str, list[Entry]] = {}
    for entry in entries:
        waves.setdefault(entry.score.wave, []).append(entry)
    if len(waves) == 1:
        return _visits(entries, rounding)
    return mean(rounding.of(_visits(each, rounding)) for each in waves.values())


def _pooled(entries: Sequence[Entry], scale: Fraction | None) -> Fraction | None:
    points = [(entry.score.earned, entry.score.possible) for entry in entries]
    return pooled(points, scale or entries[0].score.scale)


def _sum(entries: Sequence[Entry], rounding: Rounding) -> Fraction | None:
    return total(rounding.of(entry.value) or ZERO for entry in entries)


def _one(pick: Callable[[Sequence[Entry]], Entry]) -> Callable[[Sequence[Entry], Rounding], Fraction | None]:
    return lambda entries, rounding: rounding.of(pick(entries).value)


def _by_score(entry: Entry) -> Fraction:
    return entry.score.raw or ZERO


_WAYS: dict[str, Callable[[Sequence[Entry], Rounding], Fraction | None]] = {
    "waves": _waves,
    "visits": _visits,
    "sum": _sum,
    "first": _one(lambda entries: entries[0]),
    "last": _one(lambda entries: entries[-1]),
    "worst": _one(lambda entries: min(entries, key=_by_score)),
    "best": _one(lambda entries: max(entries, key=_by_score)),
}
