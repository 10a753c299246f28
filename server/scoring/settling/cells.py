"""The numbers of a settlement: one cell for each measure, subject and period."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from server.scoring.arithmetic import Value, exact_value
from server.scoring.exact import exact_text


@dataclass(frozen=True, slots=True)
class Cell:
    """One number. `raw` is exact (or a word), `published` rounded once; `value` is its band's.

    `n` is how many scores or subjects it was taken over, None where there is nothing to count. `note` says
    why there is no number, or that a person has corrected it.
    """

    raw: Value
    published: Decimal | str | None = None
    grade: str | None = None
    value: Fraction | None = None
    n: int | None = None
    note: str = ""

    def part(self, name: str) -> Value:
        """`raw`, `published`, `grade`, `value` or `n`, as a formula reads it."""
        return exact_value(getattr(self, name))

    def to_json(self) -> dict[str, str | int | None]:
        """Numbers as exact text."""
        raw = self.raw
        shown = {
            "raw": exact_text(raw) if isinstance(raw, Fraction) else None if raw is None else str(raw),
            "published": None if self.published is None else f"{self.published}",
            "grade": self.grade,
            "value": None if self.value is None else exact_text(self.value),
            "n": self.n,
            "note": self.note or None,
        }
        always = ("raw", "published")
        return {name: value for name, value in shown.items() if name in always or value is not None}


NOTHING = Cell(None)


class Cells:
    """All cells so far, found by measure, subject and period."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        """Start empty."""
        self._of: dict[str, dict[tuple[str, str], Cell]] = {}

    def put(self, measure: str, subject: str, period: str, cell: Cell) -> None:
        """Keep a cell; one that stands there already, from history, is replaced."""
        self._of.setdefault(measure, {})[subject, period] = cell

    def get(self, measure: str, subject: str, period: str) -> Cell:
        """The cell, one without a number where there is none."""
        of = self._of.get(measure)
        return NOTHING if of is None else of.get((subject, period), NOTHING)

    def has(self, measure: str, subject: str, period: str) -> bool:
        """Whether a cell stands there."""
        return (subject, period) in self._of.get(measure, {})

    def of(self, measure: str) -> Mapping[tuple[str, str], Cell]:
        """All cells of a measure, by subject and period."""
        return self._of.get(measure, {})

    def __iter__(self) -> Iterator[tuple[str, str, str, Cell]]:
        return (
            (measure, *where, cell) for measure, cells in self._of.items() for where, cell in cells.items()
        )
