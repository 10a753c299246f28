"""What can be wrong with a table that somebody sent: codes and parameters; sentences live at the edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# code -> names of its parameters; the catalogue has a sentence for each, and a test compares the two.
CODES: dict[str, tuple[str, ...]] = {
    "file_empty": (),
    "file_old_excel": (),
    "file_unsupported": ("filename",),
    "file_not_a_table": ("filename",),
    "file_damaged": (),
    "file_protected": (),
    "file_too_large_unpacked": ("limit_mb",),
    "sheet_too_large": ("limit",),
    "sheet_unknown": ("name", "names"),
    "header_absent": (),
    "header_missing": ("names",),
    "header_duplicate": ("header",),
    "rows_over_limit": ("limit",),
    "row_quotes": (),
    "row_too_many_cells": ("expected", "found"),
    "cell_missing": (),
    "cell_broken_text": (),
    "cell_too_long": ("limit",),
    "cell_number_long": (),
}


@dataclass(frozen=True, slots=True)
class TableProblem:
    """What is wrong where: `row` as Excel counts (header 1), `column` by its canonical name.

    `Table.headers` has what the file itself calls a column.
    """

    row: int | None
    column: str | None
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


class Refused(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.problem = TableProblem(None, None, code, params)
