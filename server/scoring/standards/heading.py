"""What stands above the items: the title with its points, other lines, and the header itself."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from server.scoring.exact import exact_text
from server.scoring.standards.amounts import Points, read_points, read_title
from server.scoring.standards.columns import Columns
from server.scoring.standards.grid import Grid
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Sum

_FULL = re.compile("(?:满分|总分|共|共计)[为:：]?[^，,。；;]{0,6}分")


@dataclass(frozen=True, slots=True)
class Heading:
    """The title without its points, and the sums of the whole table that the heading declares."""

    title: str
    sums: tuple[Sum, ...]
    notes: tuple[Note, ...]


def read_heading(grid: Grid, columns: Columns) -> Heading:
    """Read the lines above the header and the header."""
    title, sums, notes = "", list[Sum](), list[Note]()
    for row in range(columns.first):
        written = [text for _, text in grid.written(row)]
        if not written:
            continue
        text = re.sub(r"\s+", " ", " ".join(written))
        shown, points = _title(text)
        if len(written) == 1 and not title:
            title = shown
            notes.append(note(row + 1, "understood", "standard_title", text=shown))
        else:
            notes.append(note(row + 1, "left_out", "standard_heading", text=text))
        notes += _declare(row, points, sums)
    for row in range(columns.first, columns.last + 1):
        named = ", ".join(dict.fromkeys(text for _, text in grid.written(row)))
        notes.append(note(row + 1, "understood", "standard_header", columns=re.sub(r"\s+", " ", named)))
    notes += _declare(columns.first, columns.declared, sums)
    return Heading(title, tuple(sums), tuple(notes))


def _title(text: str) -> tuple[str, Points | None]:
    """A title with points in brackets loses them; a line such as 满分为100分 keeps its words."""
    worth = read_title(text)
    if worth.points is not None:
        return worth.title, worth.points
    found = _FULL.search(text)
    return text, read_points(found.group().replace("为", "")) if found else None


def _declare(row: int, points: Points | None, sums: list[Sum]) -> Sequence[Note]:
    whole = points.total if points else None
    if whole is None:
        return ()
    sums.append(Sum(row, None, whole))
    return (note(row + 1, "understood", "standard_total", points=exact_text(whole)),)
