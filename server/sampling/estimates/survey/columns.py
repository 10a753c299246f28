"""The columns of a file that a design needs, read row by row; equal rows are kept once with their number.

Answers have few values, so a file of millions of rows mostly becomes thousands of different ones; what does
not is refused beyond `Limits.most` different rows rather than taking the machine's memory.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.sampling.estimates.problems import Complaints, Place

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Counts = NDArray[np.int64]
Record = tuple[int, Sequence[str]]

LONGEST_CELL = 1_000
# Beyond these a number is a slip, and its square would leave the range of a double.
LARGEST = 1e15
SMALLEST = 1e-15


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows are held: as text, before equal ones are joined the first time, different ones at all.

    With 600,000 different rows of five columns, clusters and raking the command takes 270 MB.
    """

    chunk: int = 20_000
    join_at: int = 200_000
    most: int = 600_000


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Columns:
    """Different rows of a file.

    Attributes:
        counts: how often each row occurs.
        numbers: numeric columns, NaN where nothing was written.
        codes: columns of categories as indices into `values`; the value "" is missing.
    """

    counts: Counts
    numbers: Mapping[str, Floats]
    codes: Mapping[str, Codes]
    values: Mapping[str, tuple[str, ...]]


def summed(codes: Codes | NDArray[np.intp], values: Floats, number: int) -> Floats:
    """Σ of the values for each code from 0 to `number` - 1."""
    return np.asarray(np.bincount(codes, values, number), np.float64)


@dataclass(frozen=True, slots=True)
class Rule:
    """What the numbers of a column must be: written at all, above zero, within bounds."""

    required: bool = False
    positive: bool = False
    least: float = -math.inf
    most: float = math.inf


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns to read: numbers with their rules, categories and whether they may be blank.

    `missing` are the texts that say that there is no answer.
    """

    numbers: Mapping[str, tuple[Rule, ...]]
    categories: Mapping[str, bool]
    missing: frozenset[str]


def read_columns(
    records: Iterable[Record], wanted: Wanted, complaints: Complaints, limits: Limits = LIMITS
) -> Columns:
    """Read columns of records with their row numbers, the header first; other columns are skipped.

    Cells are trimmed. Whatever is wrong goes to `complaints`.

    Raises:
        DataInvalid: when the columns are not there, or the rows are too many.
    """
    stream = iter(records)
    header = next(((row, cells) for row, cells in stream if any(map(str.strip, cells))), (1, ()))
    if not header[1]:
        complaints.add("header_absent")
        complaints.stop()
    reader = _Reader(wanted, complaints, limits)
    places = _places(header[0], [cell.strip() for cell in header[1]], reader.names, complaints)
    complaints.settle()
    width = len(header[1])
    chunk: dict[tuple[str, ...], list[int]] = {}
    for row, cells in _filled(stream, width, complaints):
        key = tuple([cells[place] for place in places])
        seen = chunk.get(key)
        if seen is not None:
            seen[1] += 1
            continue
        chunk[key] = [row, 1]
        if len(chunk) >= limits.chunk:
            reader.take(chunk)
            chunk = {}
    reader.take(chunk)
    return reader.columns()


def _filled(stream: Iterator[Record], width: int, complaints: Complaints) -> Iterator[Record]:
    """The rows, as wide as the header. Blank ones are skipped: Excel leaves many below a table."""
    for row, cells in stream:
        if not any(cells) or not any(map(str.strip, cells)):
            continue
        if len(cells) == width:
            yield row, cells
            continue
        if any(map(str.strip, cells[width:])):
            complaints.add("row_too_many_cells", Place(row), expected=width, found=len(cells))
        yield row, [*cells, *[""] * (width - len(cells))]


def _places(row: int, header: list[str], names: Sequence[str], complaints: Complaints) -> list[int]:
    missing = sorted({name for name in names if name not in header})
    if missing:
        complaints.add("header_missing", Place(row), names=", ".join(missing))
    for name in sorted(set(names)):
        if header.count(name) > 1:
            complaints.add("header_duplicate", Place(row, name), header=name)
    return [header.index(name) for name in names if name in header]


class _Reader:
    """Turns chunks of different rows into arrays."""

    def __init__(self, wanted: Wanted, complaints: Complaints, limits: Limits) -> None:
        self._wanted = wanted
        self._limits = limits
        self._numeric = tuple(sorted(wanted.numbers))
        self._categories = tuple(sorted(wanted.categories))
        self.names = (*self._numeric, *self._categories)
        self._complaints = complaints
        self._vocabularies: list[dict[str, int]] = [{} for _ in self._categories]
        # One array a chunk until they are merged: numbers, codes, counts.
        self._numbers: list[list[Floats]] = [[] for _ in self._numeric]
        self._codes: list[list[Codes]] = [[] for _ in self._categories]
        self._counts: list[Counts] = []
        self._held = 0
        self._merge_at = limits.join_at

    def take(self, chunk: Mapping[tuple[str, ...], Sequence[int]]) -> None:
        """Add rows; `chunk` gives for each its first row number and how often it occurs."""
        if not chunk:
            return
        rows = [first for first, _ in chunk.values()]
        columns = list(zip(*chunk, strict=True))
        split = len(self._numeric)
        for index, cells in enumerate(columns[:split]):
            self._numbers[index].append(self._read_numbers(self._numeric[index], cells, rows))
        for index, cells in enumerate(columns[split:]):
            self._codes[index].append(self._read_codes(index, cells, rows))
        self._counts.append(np.fromiter((count for _, count in chunk.values()), np.int64, len(chunk)))
        self._held += len(chunk)
        if self._held > self._merge_at:
            self._merge()
            if self._held > self._limits.most:
                self._complaints.add("data_too_many_rows", limit=self._limits.most)
                self._complaints.stop()
            self._merge_at = max(self._limits.join_at, min(2 * self._held, self._limits.most))

    def columns(self) -> Columns:
        """Everything read."""
        if self._held == 0:
            self._complaints.add("data_without_rows")
            self._complaints.stop()
        self._merge()
        return Columns(
            counts=self._counts[0],
            numbers={name: each[0] for name, each in zip(self._numeric, self._numbers, strict=True)},
            codes={name: each[0] for name, each in zip(self._categories, self._codes, strict=True)},
            values=dict(zip(self._categories, map(tuple, self._vocabularies), strict=True)),
        )

    def _read_numbers(self, name: str, cells: Sequence[str], rows: Sequence[int]) -> Floats:
        read: dict[str, float] = {}
        for index, cell in enumerate(cells):
            if cell not in read:
                read[cell] = self._number(name, cell.strip(), rows[index])
        return np.fromiter((read[cell] for cell in cells), np.float64, len(cells))

    def _number(self, name: str, text: str, row: int) -> float:
        rules = self._wanted.numbers[name]
        if text in self._wanted.missing:
            if any(rule.required for rule in rules):
                self._complaints.add("cell_missing", Place(row, name))
            return math.nan
        try:
            # float() also takes 1_000 and full-width digits, which no other reader of the file would.
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not abs(value) <= LARGEST:
            self._complaints.add("data_not_number", Place(row, name), text=text[:40])
        for rule in rules:
            if rule.positive and value < SMALLEST:
                self._complaints.add("data_not_positive", Place(row, name), text=text[:40])
            elif value < rule.least or value > rule.most:
                bounds = {"least": f"{rule.least:g}", "most": f"{rule.most:g}"}
                self._complaints.add("data_out_of_range", Place(row, name), text=text[:40], **bounds)
        return value

    def _read_codes(self, index: int, cells: Sequence[str], rows: Sequence[int]) -> Codes:
        vocabulary = self._vocabularies[index]
        read: dict[str, int] = {}
        for place, cell in enumerate(cells):
            if cell in read:
                continue
            text = self._category(self._categories[index], cell.strip(), rows[place])
            read[cell] = vocabulary.setdefault(text, len(vocabulary))
        return np.fromiter((read[cell] for cell in cells), np.int32, len(cells))

    def _category(self, name: str, text: str, row: int) -> str:
        if text in self._wanted.missing:
            if self._wanted.categories[name]:
                self._complaints.add("cell_missing", Place(row, name))
            return ""
        if "\ufffd" in text or "\x00" in text:
            self._complaints.add("cell_broken_text", Place(row, name))
        if len(text) > LONGEST_CELL:
            self._complaints.add("cell_too_long", Place(row, name), limit=LONGEST_CELL)
        return text

    def _merge(self) -> None:
        """Join rows that came in different chunks and are equal."""
        if len(self._counts) == 1:
            return
        self._numbers = [[np.concatenate(each)] for each in self._numbers]
        self._codes = [[np.concatenate(each)] for each in self._codes]
        # As bits, since two missing numbers are equal rows although NaN is not NaN.
        bits = [each.view(np.int64) for [each] in self._numbers]
        order, starts = _runs([*bits, *(each for [each] in self._codes)])
        kept = order[starts]
        self._numbers = [[each[kept]] for [each] in self._numbers]
        self._codes = [[each[kept]] for [each] in self._codes]
        self._counts = [np.add.reduceat(np.concatenate(self._counts)[order], starts)]
        self._held = len(starts)


def _runs(columns: Sequence[NDArray[np.int64] | Codes]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """An order in which equal rows stand together, and where each run of them starts."""
    order = np.lexsort(columns)
    new = np.zeros(len(order), bool)
    new[0] = True
    for column in columns:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(new)
