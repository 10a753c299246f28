"""Reads tables that people send (CSV as any Excel writes it, XLSX) into rows with canonical column names.

Nothing is guessed silently: a cell that cannot be trusted takes its row out and is told with the row number
that Excel shows; all other rows are kept. The reader never raises for bad content, it returns problems.
"""

import csv
import io
import re
import unicodedata
import zipfile
from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from python_calamine import CalamineError, CalamineWorkbook

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

MAX_ROWS = 200_000
MAX_UNPACKED = 64 * 1024 * 1024
MAX_SHEET_CELLS = 4_000_000  # calamine holds a sheet as one dense block: 200,000 rows of 20 columns
MAX_CELL = 32_767  # what Excel itself can hold
EXACT_DIGITS = 10**15  # beyond it Excel has already replaced the last digits by zeros
CHUNK = 1 << 20

Record = tuple[int, Sequence[object]]


@dataclass(frozen=True, slots=True)
class TableProblem:
    """What is wrong where: `row` as Excel counts (header 1), `column` by its canonical name.

    `Table.headers` has what the file itself calls a column.
    """

    row: int | None
    column: str | None
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One good row: trimmed NFC text by canonical column name."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table being read: `problems` grows while `rows` is consumed, and is complete when it ends.

    `columns` are the canonical names found, `headers` what the file calls them, `ignored` the headers nobody
    asked for.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    encoding: str
    problems: list[TableProblem]
    ignored: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Source:
    """Records of a file, before anybody knows what its columns mean."""

    records: Iterator[Record]
    encoding: str


class _Refused(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.problem = TableProblem(None, None, code, params)


def read_table(
    data: bytes,
    filename: str,
    *,
    aliases: Mapping[str, Collection[str]],
    required: Collection[str] = (),
    max_rows: int = MAX_ROWS,
) -> Table:
    """Read a CSV or XLSX file.

    `aliases` gives each canonical column the headers people write for it (the canonical name itself always
    counts; case, spaces, `*`, `_` and `-` don't matter). `required` columns must be there and filled
    in every row.
    """
    problems: list[TableProblem] = []
    try:
        source = _source(data, filename, problems)
        records = source.records
        header = next((record for record in records if any(map(_text, record[1]))), None)
        if header is None:
            raise _Refused("header_absent")
    except _Refused as refused:
        return Table((), iter(()), "", [refused.problem])
    layout = _Layout.of(header, aliases)
    problems.extend(layout.problems(required))
    columns = tuple(name for name in layout.columns if name)
    rows = iter(()) if problems else _rows(records, layout, frozenset(required), max_rows, problems)
    return Table(columns, rows, source.encoding, problems, layout.ignored, layout.printed)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which canonical column stands where; None for headers that were not asked for."""

    row: int
    headers: tuple[str, ...]
    columns: tuple[str | None, ...]

    @classmethod
    def of(cls, header: Record, aliases: Mapping[str, Collection[str]]) -> "_Layout":
        known = {_header_key(name): column for column, names in aliases.items() for name in (column, *names)}
        headers = tuple(_text(cell) for cell in header[1])
        return cls(header[0], headers, tuple(known.get(_header_key(text)) for text in headers))

    @property
    def ignored(self) -> tuple[str, ...]:
        pairs = zip(self.headers, self.columns, strict=True)
        return tuple(header for header, column in pairs if header and column is None)

    @property
    def printed(self) -> dict[str, str]:
        """Canonical name -> the header of the file."""
        pairs = zip(self.headers, self.columns, strict=True)
        return {column: header for header, column in pairs if column is not None}

    def problems(self, required: Collection[str]) -> Iterator[TableProblem]:
        for index, column in enumerate(self.columns):
            if column is not None and column in self.columns[:index]:
                yield TableProblem(self.row, column, "header_duplicate", {"header": self.headers[index]})
        missing = [column for column in required if column not in self.columns]
        if missing:
            yield TableProblem(self.row, None, "header_missing", {"names": ", ".join(missing)})


def _header_key(text: str) -> str:
    return re.sub(r"[\s*_\-]", "", unicodedata.normalize("NFKC", text).casefold())


def _rows(
    records: Iterator[Record],
    layout: _Layout,
    required: frozenset[str],
    max_rows: int,
    problems: list[TableProblem],
) -> Iterator[Row]:
    kept = 0
    for number, record in records:
        texts = [_text(cell) for cell in record]
        if not any(texts):
            continue
        kept += 1
        if kept > max_rows:
            problems.append(TableProblem(number, None, "rows_over_limit", {"limit": max_rows}))
            return
        found = list(_row_problems(number, record, texts, layout, required))
        problems.extend(found)
        if not found:
            padded = texts + [""] * (len(layout.columns) - len(texts))
            cells = {
                name: text for name, text in zip(layout.columns, padded, strict=False) if name is not None
            }
            yield Row(number, cells)


def _row_problems(
    number: int, record: Sequence[object], texts: Sequence[str], layout: _Layout, required: frozenset[str]
) -> Iterator[TableProblem]:
    width = len(layout.columns)
    if any(texts[width:]):
        params = {"expected": width, "found": len(texts)}
        yield TableProblem(number, None, "row_too_many_cells", params)
    for index, column in enumerate(layout.columns):
        if column is None:
            continue
        text = texts[index] if index < len(texts) else ""
        if not text and column in required:
            yield TableProblem(number, column, "cell_missing")
        elif "\ufffd" in text or "\x00" in text:
            yield TableProblem(number, column, "cell_broken_text")
        elif len(text) > MAX_CELL:
            yield TableProblem(number, column, "cell_too_long", {"limit": MAX_CELL})
        elif index < len(record) and _has_lost_digits(record[index]):
            yield TableProblem(number, column, "cell_number_long")


def _has_lost_digits(cell: object) -> bool:
    return isinstance(cell, float) and abs(cell) >= EXACT_DIGITS


def _text(cell: object) -> str:
    """What a person sees in the cell, trimmed (full-width and zero-width spaces too), NFC."""
    shown = cell if isinstance(cell, str) else _shown(cell)
    trimmed = shown.strip(" \t\r\n\u3000\u00a0\u200b\ufeff")
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        # Excel stores every number as a double: a code typed as 123 comes back as 123.0.
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    return str(cell)


def _source(data: bytes, filename: str, problems: list[TableProblem]) -> _Source:
    """Choose the reader by content; a name proves nothing."""
    if not data.strip():
        raise _Refused("file_empty")
    if data.startswith(b"PK\x03\x04"):
        return _Source(_xlsx_records(data, filename), "xlsx")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _Refused("file_old_excel")
    encoding = _encoding(data)
    if encoding is None:
        raise _not_a_table(filename)
    return _Source(_csv_records(data, encoding, problems), encoding)


def _not_a_table(filename: str) -> _Refused:
    """Who named a picture `.csv` learns nothing from hearing that `.csv` is what we take."""
    named_right = filename.lower().endswith((".csv", ".xlsx"))
    return _Refused("file_not_a_table" if named_right else "file_unsupported", filename=filename[-80:])


def _encoding(data: bytes) -> str | None:
    """UTF-8, UTF-16 with its mark, or GB18030; None for what is no text."""
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in data[:4096] or data.startswith(b"%PDF"):
        return None
    good, bad = _utf8_characters(data)
    # GB18030 accepts almost any bytes: tried next, it would turn a UTF-8 file with one broken byte into
    # nonsense. Chinese text in GB18030 has hardly a valid UTF-8 sequence, so the more frequent decides.
    return "utf-8" if good > bad or not bad else "gb18030"


def _utf8_characters(data: bytes) -> tuple[int, int]:
    """How many valid and how many broken characters beyond ASCII the bytes hold as UTF-8."""
    if data.isascii():
        return 0, 0
    decoder = getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    for start in range(0, len(data), CHUNK):
        text = decoder.decode(data[start : start + CHUNK], final=start + CHUNK >= len(data))
        broken = text.count("\ufffd")
        bad += broken
        good += len(text) - len(text.encode("ascii", "ignore")) - broken
    return good, bad


def _csv_records(data: bytes, encoding: str, problems: list[TableProblem]) -> Iterator[Record]:
    # Broken bytes become U+FFFD, which the cell check reports; the other cells of the file stay readable.
    stream = io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")
    delimiter = _delimiter(stream.read(CHUNK))
    stream.seek(0)
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problems.append(TableProblem(number, None, "row_quotes"))
            continue
        yield number, record


def _delimiter(start: str) -> str:
    """The separator that the first line uses most, outside quotes."""
    line = re.sub(r'"[^"]*"', "", next((line for line in start.splitlines() if line.strip()), ""))
    return max(",;\t", key=line.count)


def _xlsx_records(data: bytes, filename: str) -> Iterator[Record]:
    """Rows of the first sheet. calamine never sees a file whose real size was not measured first."""
    _check_archive(data, filename)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = workbook.get_sheet_by_index(0).iter_rows()
        return enumerate(rows, start=1)
    except CalamineError as error:
        raise _Refused("file_protected" if "assword" in str(error) else "file_damaged") from None


def _check_archive(data: bytes, filename: str) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
                raise _not_a_table(filename)
            _check_members(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise _Refused("file_damaged") from None


def _check_members(archive: zipfile.ZipFile) -> None:
    budget = MAX_UNPACKED
    for info in archive.infolist():
        # The directory's sizes are the sender's claim, and reading stops there: lift the claim, then count.
        info.file_size = MAX_UNPACKED + 1
        extent = _Extent()
        with archive.open(info) as member:
            while chunk := member.read(CHUNK):
                budget -= len(chunk)
                if budget < 0:
                    raise _Refused("file_too_large_unpacked", limit_mb=MAX_UNPACKED // 1024**2)
                extent.see(chunk)
        if extent.rows * extent.columns > MAX_SHEET_CELLS:
            raise _Refused("sheet_too_large", limit=MAX_SHEET_CELLS)


class _Extent:
    """The rectangle a sheet's cell references span: two cells in far corners cost as much as a full one."""

    _REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["']""")

    def __init__(self) -> None:
        self.rows = 0
        self.columns = 0
        self._tail = b""

    def see(self, chunk: bytes) -> None:
        """Take in the next piece; the end of the last is kept, since a reference may be cut in two."""
        for column, row in self._REFERENCE.findall(self._tail + chunk):
            self.rows = max(self.rows, int(row))
            self.columns = max(self.columns, _column_number(column))
        self._tail = chunk[-32:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
