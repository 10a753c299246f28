"""CSV that no spreadsheet runs."""

import csv
import io
from decimal import Decimal

import pytest

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
