"""CSV that no spreadsheet runs."""

import csv
import io
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from server.tables import read_sheet
from server.tables.workbook import xlsx_of
from server.tables.writing import DANGEROUS, csv_rows, guarded


@pytest.mark.parametrize("start", DANGEROUS)
def test_text_that_would_be_run_is_made_text(start: str) -> None:
    written = guarded(f"{start}cmd|' /C calc'!A0")
    assert isinstance(written, str)
    assert written.startswith("'")
    assert "\0" not in written


@pytest.mark.parametrize("cell", ["王芳", "a=b", "", None, -3, Decimal("-1.5"), 0.5])
def test_what_is_harmless_stays_as_it_is(cell: str | int | float | Decimal | None) -> None:
    assert guarded(cell) == cell


def test_cells_survive_commas_quotes_and_line_ends() -> None:
    rows = [("a,b", 'say "no"', "two\nlines", -3)]
    read = list(csv.reader(io.StringIO(csv_rows(rows), newline="")))
    assert read == [["a,b", 'say "no"', "two\nlines", "-3"]]


@pytest.mark.parametrize("start", DANGEROUS)
def test_a_workbook_has_text_and_numbers_and_no_formulas(start: str) -> None:
    said = f"{start}1+1 & <b> 中文\x07"
    written = xlsx_of("2026-05: [x]/", [("a", None), (said, Decimal("-1.50")), ("", -3)])
    [sheet] = load_workbook(io.BytesIO(written)).worksheets
    cells = [[(cell.data_type, cell.value) for cell in row] for row in sheet.iter_rows()]
    assert cells[1][0][0] == "s"
    assert cells[1][1] == ("n", -1.5)
    assert cells[2][1] == ("n", -3)
    assert "1+1 & <b> 中文" in str(cells[1][0][1])
    assert written == xlsx_of("2026-05: [x]/", [("a", None), (said, Decimal("-1.50")), ("", -3)])
    assert len(read_sheet(written, "x.xlsx").rows) == 3
