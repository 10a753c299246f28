"""A sheet as it stands, for tables made for people: titles above the header, merged cells, section rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from python_calamine import CalamineSheet

from server.tables.cells import MAX_CELL, text_of
from server.tables.files import open_source
from server.tables.problems import Refused, TableProblem

MAX_ROWS = 2_000  # twice the questions a form may have
MergedRange = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it stands, for tables made for people: titles above the header, merged cells, section rows.

    `rows` are trimmed NFC texts, from the first row and the first filled column. `merged` has first and last
    row, first and last column of each range, from 0, within the rows; it is None for CSV, which has none.
    `others` are the names of the workbook's other sheets.
    """

    rows: tuple[tuple[str, ...], ...]
    merged: tuple[MergedRange, ...] | None
    problems: tuple[TableProblem, ...]
    others: tuple[str, ...] = ()


def read_sheet(data: bytes, filename: str, *, name: str | None = None, max_rows: int = MAX_ROWS) -> Sheet:
    """Read a CSV or XLSX file as it stands; of a workbook the sheet `name`, or the first."""
    problems: list[TableProblem] = []
    merged: tuple[MergedRange, ...] | None = None
    try:
        source = open_source(data, filename, problems, name)
        rows: list[tuple[str, ...]] = []
        for number, record in source.records:
            if number > max_rows:
                raise Refused("rows_over_limit", limit=max_rows)
            rows += [()] * (number - 1 - len(rows))
            rows.append(tuple(map(text_of, record)))
            problems.extend(_cell_problems(number, rows[-1]))
        if source.sheet is not None:
            merged = tuple(sorted(_merged(source.sheet, len(rows))))
    except Refused as refused:
        return Sheet((), merged, (refused.problem,))
    return Sheet(tuple(rows), merged, tuple(problems), source.other_sheets)


def _cell_problems(number: int, texts: Sequence[str]) -> Iterator[TableProblem]:
    for text in texts:
        if "\ufffd" in text or "\x00" in text:
            yield TableProblem(number, None, "cell_broken_text")
        elif len(text) > MAX_CELL:
            yield TableProblem(number, None, "cell_too_long", {"limit": MAX_CELL})


def _merged(sheet: CalamineSheet, height: int) -> Iterator[MergedRange]:
    """The ranges within the rows; no two overlap, so together they cover no more than the sheet."""
    _, skipped = sheet.start or (0, 0)  # calamine leaves out the empty columns at the left
    left = height * sheet.width
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        bottom, last = min(bottom, height - 1), min(last - skipped, sheet.width - 1)
        if bottom < top or last < first - skipped or first < skipped:
            continue
        left -= (bottom - top + 1) * (last - first + skipped + 1)
        if left < 0:
            raise Refused("file_damaged")
        yield top, bottom, first - skipped, last
