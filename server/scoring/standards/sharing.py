"""Points that one merged cell gives to several items: to a whole section, or to some items together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from server.scoring.exact import exact_text
from server.scoring.standards.amounts import Points
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Item, Outline


@dataclass(frozen=True, slots=True)
class Asked:
    """An item as it is asked; `shared` when it stands for several that have their points together."""

    item: Item
    shared: bool = False


def share_points(outline: Outline, method: str) -> tuple[Asked, ...]:
    """The items to ask. Sections get the points that all of their items share, under `deduct`.

    Items that share points without being the whole of a section become one question: how their points are
    split is nowhere said, and any split would cost somebody points that the standard does not take.
    """
    asked: list[Asked] = []
    for _, run in groupby(outline.items, key=lambda item: (item.section, item.points_row)):
        items = list(run)
        if len(items) == 1 or items[0].points is None:
            asked += [Asked(_alone(item)) for item in items]
        elif items[0].points.each:
            asked += map(Asked, items)
            outline.notes += _each_problems(items, items[0].points)
        elif method == "deduct" and _is_section(outline, items):
            asked += [Asked(replace(item, points=None)) for item in items]
            outline.notes += _give_to_section(outline, items, items[0].points)
        else:
            asked.append(Asked(_joined(items), shared=True))
    return tuple(asked)


def _alone(item: Item) -> Item:
    """每项1分，共5分 beside one item: it has 5 points, of which any number may be earned."""
    points = item.points
    if points is None or points.together is None:
        return item
    return replace(item, points=Points(points.together, graded=True))


def _each_problems(items: Sequence[Item], points: Points) -> Iterator[Note]:
    """每项2分，共10分 over four items contradicts itself."""
    if points.together is not None and points.value * len(items) != points.together:
        params = {"each": exact_text(points.value), "declared": exact_text(points.together)}
        yield note(items[0].rows[0] + 1, "error", "standard_sum_each", count=len(items), **params)


def _is_section(outline: Outline, items: Sequence[Item]) -> bool:
    """Whether these are all items of one section, and each says by itself what it takes off."""
    section = items[0].section
    if section is None or len(items) != sum(item.section == section for item in outline.items):
        return False
    declared, points = outline.sections[section].points, items[0].points
    agrees = declared is None or points is None or declared.total in (None, points.value)
    return agrees and all(item.deductions for item in items)


def _give_to_section(outline: Outline, items: Sequence[Item], points: Points) -> Iterator[Note]:
    place = items[0].section
    if place is not None:
        section = outline.sections[place]
        outline.sections[place] = replace(section, points=points)
        params = {"section": section.title, "points": exact_text(points.value)}
        yield note(items[0].rows[0] + 1, "understood", "standard_shared_section", **params)


def _joined(items: Sequence[Item]) -> Item:
    """One item of several: all their titles, and beside them everything that was said."""
    first = items[0]
    described = dict.fromkeys(each for item in items for each in item.described)
    return replace(
        first,
        rows=tuple(row for item in items for row in item.rows),
        title="；".join(item.title for item in items),
        described=tuple(described),
    )
