"""The cells of a table with its merged ranges: who owns a text, and over which rows it reaches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# First and last row, first and last column, all from 0.
Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Grid:
    """A rectangle of texts, from row and column 0.

    `flat` says that the format has no merged cells (CSV), where a blank below a filled cell may be one.
    """

    rows: tuple[tuple[str, ...], ...]
    width: int
    anchors: dict[tuple[int, int], Range] = field(default_factory=dict)
    flat: bool = False

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], merged: Iterable[Range] = (), *, flat: bool = False) -> "Grid":
        """Make rows equally long and note for every merged cell the range it belongs to."""
        width = max((len(row) for row in rows), default=0)
        even = tuple((*row, *[""] * (width - len(row))) for row in rows)
        anchors = {
            (row, column): (top, bottom, left, right)
            for top, bottom, left, right in merged
            for row in range(top, min(bottom, len(rows) - 1) + 1)
            for column in range(left, min(right, width - 1) + 1)
        }
        return cls(even, width, anchors, flat)

    def own(self, row: int, column: int) -> str:
        """The text that stands in this very cell."""
        return self.rows[row][column]

    def text(self, row: int, column: int) -> str:
        """What a reader sees at the cell: the text of a range that reaches it from above."""
        top, _, left, _ = self.anchors.get((row, column), (row, row, column, column))
        return self.rows[top][column] if left == column else ""

    def heading(self, row: int, column: int) -> str:
        """As `text`, but a range reaches to the right, too: a header over two columns names both."""
        top, _, left, _ = self.anchors.get((row, column), (row, row, column, column))
        return self.rows[top][left]

    def reach(self, row: int, column: int) -> tuple[int, int]:
        """First and last row of the range the cell belongs to."""
        top, bottom, _, _ = self.anchors.get((row, column), (row, row, column, column))
        return top, bottom

    def reach_right(self, row: int, column: int) -> int:
        """Last column of the range the cell belongs to."""
        return self.anchors.get((row, column), (row, row, column, column))[3]

    def written(self, row: int) -> list[tuple[int, str]]:
        """Column and text of every filled cell of a row."""
        return [(column, text) for column, text in enumerate(self.rows[row]) if text]
