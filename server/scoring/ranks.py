"""Competition ranks: 1, 2, 2, 4. What ties is in together (scoring.md law 11, reading A18)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

Scores = Mapping[str, Decimal | Fraction | None]


def ranks_from_top(scores: Scores) -> dict[str, int]:
    """Rank 1 for the highest: 1 + the number strictly better. Subjects without a score are not ranked."""
    return _ranks(scores, lambda value: -value)


def ranks_from_bottom(scores: Scores) -> dict[str, int]:
    """Rank 1 for the lowest: 1 + the number strictly worse. Subjects without a score are not ranked."""
    return _ranks(scores, lambda value: value)


def within(ranks: Mapping[str, int], places: int) -> tuple[str, ...]:
    """Subjects whose rank is at most `places`, best first; a tie on the edge is in, so it may be more."""
    return tuple(
        name for rank, name in sorted((rank, name) for name, rank in ranks.items()) if rank <= places
    )


def _ranks(scores: Scores, order: Callable[[Fraction], Fraction]) -> dict[str, int]:
    keys = {name: order(Fraction(value)) for name, value in scores.items() if value is not None}
    first_place: dict[Fraction, int] = {}
    for place, key in enumerate(sorted(keys.values()), start=1):
        first_place.setdefault(key, place)
    return {name: first_place[key] for name, key in keys.items()}
