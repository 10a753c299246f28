"""Writing CSV that opens in a spreadsheet as what it is: text stays text, whatever it begins with.

A cell that begins with `=`, `+`, `-`, `@`, their full-width forms or a control character is run as a formula
by the program that opens it (trust.md T20). An apostrophe before it makes it text; numbers are left alone,
or a negative one would no longer add up.
"""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

# So that a spreadsheet reads UTF-8.
BOM: Final = "\ufeff"
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")

Cell = str | int | float | Decimal | None


def csv_rows(rows: Sequence[Sequence[Cell]]) -> str:
    """Rows as lines of CSV."""
    written = io.StringIO()
    csv.writer(written).writerows([guarded(cell) for cell in row] for row in rows)
    return written.getvalue()


def guarded(cell: Cell) -> Cell:
    """The cell as it can be opened safely. NUL, which no program reads, is taken out."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\0", "") if not cell.startswith("\0") else "'" + cell.replace("\0", "")
    return f"'{text}" if text.startswith(DANGEROUS) else text
