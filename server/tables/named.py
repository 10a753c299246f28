"""Rows with canonical column names, whatever the file calls its columns: lists that are imported.

A cell that cannot be trusted takes its row out and is told with the row number that Excel shows; all other
rows are kept.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from server.tables.cells import MAX_CELL, has_lost_digits, text_of
from server.tables.files import Content, Record, open_source
from server.tables.problems import Refused, TableProblem

MAX_ROWS = 200_000


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


def read_table(
    data: Content,
    filename: str,
    *,
    aliases: Mapping[str, Collection[str]],
    required: Collection[str] = (),
    families: Mapping[str, Collection[str]] | None = None,
    max_rows: int = MAX_ROWS,
) -> Table:
    """Read a CSV or XLSX file.

    `aliases` gives each canonical column the headers people write for it (the canonical name itself always
    counts; case, spaces, `*`, `_` and `-` don't matter). `required` columns must be there and filled
    in every row. `families` are prefixes of columns that people name themselves: with `attribute` and the
    alias `属性`, the header `属性：客户层级` is the column `attribute:客户层级`. An open file is read row by
    row and left open.
    """
    problems: list[TableProblem] = []
    try:
        source = open_source(data, filename, problems)
        records = source.records
        header = next((record for record in records if any(map(text_of, record[1]))), None)
        if header is None:
            raise Refused("header_absent")
    except Refused as refused:
        return Table((), iter(()), "", [refused.problem])
    layout = _Layout.of(header, aliases, families or {})
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
    def of(
        cls,
        header: Record,
        aliases: Mapping[str, Collection[str]],
        families: Mapping[str, Collection[str]],
    ) -> "_Layout":
        known, prefixes = _by_header(aliases), _by_header(families)
        headers = tuple(text_of(cell) for cell in header[1])
        columns = (known.get(_header_key(text)) or _member(text, prefixes) for text in headers)
        return cls(header[0], headers, tuple(columns))

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


def _by_header(aliases: Mapping[str, Collection[str]]) -> dict[str, str]:
    return {_header_key(name): column for column, names in aliases.items() for name in (column, *names)}


def _member(header: str, prefixes: Mapping[str, str]) -> str | None:
    """The column of a family, named after the colon as it is written."""
    prefix, colon, name = header.replace("：", ":").partition(":")
    family = prefixes.get(_header_key(prefix))
    return f"{family}:{name.strip()}" if family and colon and name.strip() else None


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
        texts = [text_of(cell) for cell in record]
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
        elif index < len(record) and has_lost_digits(record[index]):
            yield TableProblem(number, column, "cell_number_long")
