"""Compares what a standard declares with what its items make (scoring.md law 15)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from server.scoring.exact import exact_text, total
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Item, Outline, Sum, is_bonus


def section_sums(outline: Outline, items: Sequence[Item]) -> list[Fraction | None]:
    """What the parts of each section make, bonus items aside; None where a part has no points of its own."""
    return [_parts(outline, items, place) for place in range(len(outline.sections))]


def section_points(outline: Outline, items: Sequence[Item], place: int) -> Fraction | None:
    """What a section counts: what it declares, else the sum of its parts."""
    section = outline.sections[place]
    declared = section.points.total if section.points else None
    subtotal = next((each.points for each in outline.sums if each.section == place), None)
    return declared or subtotal or _parts(outline, items, place)


def _parts(outline: Outline, items: Sequence[Item], place: int) -> Fraction | None:
    own = [item for item in items if item.section == place]
    counted = [item for item in own if outline.sections[place].bonus or not is_bonus(item, outline.sections)]
    inner = [
        section_points(outline, items, child)
        for child, section in enumerate(outline.sections)
        if section.parent == place and (not section.bonus or outline.sections[place].bonus)
    ]
    parts = [item.points.value if item.points else None for item in counted] + inner
    known = [part for part in parts if part is not None]
    return total(known) if len(known) == len(parts) else None


def all_points(outline: Outline, items: Sequence[Item]) -> Fraction | None:
    """What the whole table makes, bonus aside; None where something has no points."""
    outer = [
        section_points(outline, items, place)
        for place, section in enumerate(outline.sections)
        if section.parent is None and not section.bonus
    ]
    loose = [
        item.points.value if item.points else None
        for item in items
        if item.section is None and not is_bonus(item, outline.sections)
    ]
    known = [part for part in [*outer, *loose] if part is not None]
    return total(known) if known and len(known) == len(outer) + len(loose) else None


def contradictions(outline: Outline, items: Sequence[Item], declared: Sequence[Sum]) -> Iterator[Note]:
    """Every declared sum that its parts do not make. `declared` are those of the whole table."""
    sums = section_sums(outline, items)
    for place, section in enumerate(outline.sections):
        told = [each for each in outline.sums if each.section == place]
        points = section.points.total if section.points else None
        told = [Sum(section.row, place, points), *told] if points is not None else told
        for each in told:
            against = sums[place] if sums[place] is not None else told[0].points
            if against is not None and against != each.points:
                params = {"declared": exact_text(each.points), "sum": exact_text(against)}
                yield note(each.row + 1, "error", "standard_sum_section", section=section.title, **params)
    made = all_points(outline, items)
    for each in declared:
        if made is not None and made != each.points:
            params = {"declared": exact_text(each.points), "sum": exact_text(made)}
            yield note(each.row + 1, "error", "standard_sum_total", **params)
