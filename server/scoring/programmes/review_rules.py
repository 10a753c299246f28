"""Compiles what a programme says about review, publication, appeals and orders."""

from collections.abc import Mapping

from server.scoring.programmes.draft import Draft
from server.scoring.programmes.reviewing import (
    EVERYTHING,
    LEVELS,
    LONGEST_ORDER,
    MOST_EYES,
    REVIEWABLE,
    REVIEWED,
    Orders,
    Publication,
    Review,
)
from server.scoring.programmes.shapes import Part


def compile_review(draft: Draft, part: Part | None, instruments: Mapping[str, str]) -> Review:
    """Args: instruments: their kinds by name. Problems go to the draft."""
    if part is None:
        return Review()
    for place, name in enumerate(part.words("instruments")):
        pointer = f"{part.at('instruments')}/{place}"
        draft.instrument(name, pointer)
        if instruments.get(name, REVIEWED[0]) not in REVIEWABLE:
            draft.findings.add(pointer, "review_kind", kind=instruments[name])
    for name in ("look", "second"):
        _bounded(draft, part, name, (0, EVERYTHING))
    _bounded(draft, part, "eyes", (1, MOST_EYES))
    usual = Review()
    return Review(
        True,
        frozenset(part.words("instruments")) & instruments.keys(),
        part.whole("look", usual.look),
        part.whole("second", usual.second),
        part.number("outlier") or usual.outlier,
        part.whole("eyes", usual.eyes),
        part.values.get("alone") is True,
    )


def compile_publication(draft: Draft, part: Part | None) -> Publication:
    """Problems go to the draft."""
    if part is None:
        return Publication()
    _bounded(draft, part, "eyes", (1, MOST_EYES))
    usual = Publication()
    return Publication(
        part.whole("check", usual.check),
        part.whole("appeals", usual.appeals),
        part.text("decided", LEVELS[0]) == LEVELS[0],
        part.whole("eyes", usual.eyes),
        part.values.get("alone") is True,
    )


def compile_orders(draft: Draft, part: Part | None) -> Orders:
    """Problems go to the draft."""
    if part is None:
        return Orders()
    for name in ("days", "keyDays"):
        _bounded(draft, part, name, (1, LONGEST_ORDER))
    usual = Orders()
    return Orders(part.whole("days", usual.days), part.whole("keyDays", usual.key_days))


def _bounded(draft: Draft, part: Part, name: str, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if part.has(name) and not low <= part.whole(name) <= high:
        draft.findings.add(part.at(name), "programme_bounds", low=low, high=high)
