"""Reads tables that people send, CSV as any Excel writes it or XLSX: named columns, or sheets as they stand.

Nothing is guessed silently, and the reader never raises for bad content: it returns problems.
"""

from server.tables.cells import named_cell
from server.tables.days import DAYS, read_day
from server.tables.files import MAX_UNPACKED, Content
from server.tables.named import Row, Table, read_table
from server.tables.problems import CODES, TableProblem
from server.tables.sheets import MergedRange, Sheet, read_sheet

__all__ = [
    "CODES",
    "DAYS",
    "MAX_UNPACKED",
    "Content",
    "MergedRange",
    "Row",
    "Sheet",
    "Table",
    "TableProblem",
    "named_cell",
    "read_day",
    "read_sheet",
    "read_table",
]
