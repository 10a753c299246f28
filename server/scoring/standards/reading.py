"""From the cells of a standard to a form definition with its scoring, and the report about every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.scoring.standards.columns import Columns, find_columns
from server.scoring.standards.definition import Method, Writer
from server.scoring.standards.grid import Grid
from server.scoring.standards.heading import read_heading
from server.scoring.standards.notes import Note, note
from server.scoring.standards.outline import Outline, build_outline
from server.scoring.standards.rows import read_lines
from server.scoring.standards.sharing import share_points
from server.scoring.standards.sums import contradictions
from server.scoring.standards.words import words_of


@dataclass(frozen=True, slots=True)
class Understanding:
    """A definition, and the report in the order of the rows; no definition where there is nothing to ask."""

    definition: dict[str, Any] | None
    notes: tuple[Note, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was unreadable and nothing contradicts itself."""
        return self.definition is not None and all(each.kind != "error" for each in self.notes)


def understand(grid: Grid, *, method: Method | None = None, title: str = "") -> Understanding:
    """Read a standard.

    Args:
        grid: the cells of the table.
        method: how its points are counted; told from the table, and said in the report, where it is None.
        title: the form's title where the table has no title line.
    """
    columns = find_columns(grid)
    if columns is None:
        return Understanding(None, (note(None, "error", "standard_header_absent"), *_unread(grid)))
    heading = read_heading(grid, columns)
    outline = build_outline(grid, columns, read_lines(grid, columns))
    about = [*heading.notes, *_columns(grid, columns)]
    if not outline.items:
        empty = note(None, "error", "standard_without_items")
        return Understanding(None, _in_order([empty, *about, *outline.notes]))
    chosen, said = _method(outline, method)
    asked = share_points(outline, chosen)
    declared = [*heading.sums, *(each for each in outline.sums if each.section is None)]
    writer = Writer(outline, asked, chosen, declared, words_of(text for row in grid.rows for text in row))
    definition = writer.definition(heading.title or title)
    wrong = contradictions(outline, [each.item for each in asked], declared)
    return Understanding(definition, _in_order([said, *about, *outline.notes, *writer.notes, *wrong]))


def _in_order(notes: list[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda each: each.row or 0))


def _unread(grid: Grid) -> Iterator[Note]:
    for row in range(len(grid.rows)):
        if written := grid.written(row):
            yield note(row + 1, "left_out", "standard_text", text=" ".join(text for _, text in written))


def _method(outline: Outline, method: Method | None) -> tuple[Method, Note]:
    """The method that was asked for, else `deduct` when at least half of the items take off an amount."""
    if method is not None:
        return method, note(None, "understood", "standard_method_given", method=method)
    deducting = sum(bool(item.deductions) for item in outline.items)
    guessed: Method = "deduct" if deducting and deducting * 2 >= len(outline.items) else "points"
    params = {"found": deducting, "of": len(outline.items)}
    return guessed, note(None, "assumed", "standard_method_guessed", method=guessed, **params)


def _columns(grid: Grid, columns: Columns) -> Iterator[Note]:
    """Columns that are no part of a form: to be filled in by hand, or with texts that describe an item."""
    row = columns.last + 1
    for column, (role, header) in enumerate(zip(columns.roles, columns.headers, strict=True)):
        below = any(grid.own(each, column) for each in range(columns.last + 1, len(grid.rows)))
        if role == "to_fill" and below:
            yield note(row, "left_out", "standard_column_filled", header=header)
        elif role == "to_fill":
            yield note(row, "understood", "standard_column_to_fill", header=header)
        elif role == "other" and below:
            yield note(row, "assumed", "standard_column_described", header=header or str(column + 1))
