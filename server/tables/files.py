"""Opens a file that somebody sent, CSV or XLSX, after measuring what it would unpack to."""

import csv
import io
import re
import zipfile
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TypeAlias

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from server.tables.problems import Refused, TableProblem

MAX_UNPACKED = 64 * 1024 * 1024
MAX_SHEET_CELLS = 4_000_000  # calamine holds a sheet as one dense block: 200,000 rows of 20 columns
CHUNK = 1 << 20

Record = tuple[int, Sequence[object]]
# A file in memory, or one that can be read again from its start: a million rows are never held whole.
Content: TypeAlias = bytes | IO[bytes]


@dataclass(frozen=True, slots=True)
class Source:
    """Records of a file, before anybody knows what its columns mean."""

    records: Iterator[Record]
    encoding: str
    sheet: CalamineSheet | None = None
    other_sheets: tuple[str, ...] = ()


def open_source(
    data: Content, filename: str, problems: list[TableProblem], name: str | None = None
) -> Source:
    """Choose the reader by content; a file's name proves nothing. `name` is that of a sheet."""
    stream: IO[bytes] = io.BytesIO(data) if isinstance(data, bytes) else data
    start = stream.read(CHUNK)
    stream.seek(0)
    if not start.strip():
        raise Refused("file_empty")
    if start.startswith(b"PK\x03\x04"):
        sheet, others = _xlsx_sheet(stream, filename, name)
        return Source(enumerate(sheet.iter_rows(), start=1), "xlsx", sheet, others)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused("file_old_excel")
    encoding = _encoding(start, stream)
    if encoding is None:
        raise _not_a_table(filename)
    return Source(_csv_records(stream, encoding, problems), encoding)


def _not_a_table(filename: str) -> Refused:
    """Who named a picture `.csv` learns nothing from hearing that `.csv` is what we take."""
    named_right = filename.lower().endswith((".csv", ".xlsx"))
    return Refused("file_not_a_table" if named_right else "file_unsupported", filename=filename[-80:])


def _encoding(start: bytes, stream: IO[bytes]) -> str | None:
    """UTF-8, UTF-16 with its mark, or GB18030; None for what is no text."""
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in start[:4096] or start.startswith(b"%PDF"):
        return None
    good, bad = _utf8_characters(stream)
    # GB18030 accepts almost any bytes: tried next, it would turn a UTF-8 file with one broken byte into
    # nonsense. Chinese text in GB18030 has hardly a valid UTF-8 sequence, so the more frequent decides.
    return "utf-8" if good > bad or not bad else "gb18030"


def _utf8_characters(stream: IO[bytes]) -> tuple[int, int]:
    """How many valid and how many broken characters beyond ASCII the bytes hold as UTF-8."""
    decoder = getincrementaldecoder("utf-8")("replace")
    good = bad = 0
    chunk = stream.read(CHUNK)
    while chunk:
        following = stream.read(CHUNK)
        text = decoder.decode(chunk, final=not following)
        chunk = following
        if not text.isascii():
            broken = text.count("\ufffd")
            bad += broken
            good += len(text) - len(text.encode("ascii", "ignore")) - broken
    stream.seek(0)
    return good, bad


def _csv_records(stream: IO[bytes], encoding: str, problems: list[TableProblem]) -> Iterator[Record]:
    # Broken bytes become U+FFFD, which the cell check reports; the other cells of the file stay readable.
    texts = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
    delimiter = _delimiter(texts.read(CHUNK))
    texts.seek(0)
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    number = 0
    try:
        while True:
            number += 1
            try:
                yield number, next(reader)
            except csv.Error:
                problems.append(TableProblem(number, None, "row_quotes"))
    except StopIteration:
        return
    finally:
        # The wrapper would close the sender's file along with itself.
        texts.detach()


def _delimiter(start: str) -> str:
    """The separator that the first line uses most, outside quotes."""
    line = re.sub(r'"[^"]*"', "", next((line for line in start.splitlines() if line.strip()), ""))
    return max(",;\t", key=line.count)


def _xlsx_sheet(stream: IO[bytes], filename: str, name: str | None) -> tuple[CalamineSheet, tuple[str, ...]]:
    """A sheet, the first unless named, and the names of the others.

    calamine never sees a file whose real size was not measured first.
    """
    _check_archive(stream, filename)
    stream.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(stream)
        if name is not None and name not in workbook.sheet_names:
            raise Refused("sheet_unknown", name=name, names=", ".join(workbook.sheet_names))
        sheet = workbook.get_sheet_by_index(0) if name is None else workbook.get_sheet_by_name(name)
        return sheet, tuple(other for other in workbook.sheet_names if other != sheet.name)
    except CalamineError as error:
        raise Refused("file_protected" if "assword" in str(error) else "file_damaged") from None


def _check_archive(stream: IO[bytes], filename: str) -> None:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
                raise _not_a_table(filename)
            _check_members(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise Refused("file_damaged") from None


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
                    raise Refused("file_too_large_unpacked", limit_mb=MAX_UNPACKED // 1024**2)
                extent.see(chunk)
        if extent.rows * extent.columns > MAX_SHEET_CELLS:
            raise Refused("sheet_too_large", limit=MAX_SHEET_CELLS)


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
