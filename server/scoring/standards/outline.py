"""Puts the rows of a standard together: sections in sections, items with all their rows, declared sums."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from server.scoring.exact import exact_text
from server.scoring.standards.amounts import (
    Deductions,
    Points,
    Worth,
    is_negative,
    plain,
    read_deductions,
    read_points,
    read_title,
)
from server.scoring.standards.columns import Columns, Role
from server.scoring.standards.grid import Grid
from server.scoring.standards.notes import Kind, Note, note
from server.scoring.standards.rows import DESCRIBING, Line, code_of

_BONUS = re.compile(r"加分(?!值)|附加分|bonus", re.IGNORECASE)
_VETO = re.compile("一票否决|否决项")
_BY_COLUMN = 30  # a column of sections stands inside all titles, those to its right inside it


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the standard. `parent` is its place in the list of sections, `points` what it declares."""

    row: int
    title: str
    rank: int
    parent: int | None
    points: Points | None = None
    bonus: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A text beside an item, with the header it stands under."""

    role: str
    header: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to check, from one row or several. `points_row` is where its points stand, shared or not."""

    rows: tuple[int, ...]
    section: int | None
    code: str
    title: str
    points: Points | None
    points_row: int
    described: tuple[Described, ...] = ()

    def said(self, *roles: str) -> str:
        """What the columns of these roles say, a line each."""
        return "\n".join(each.text for each in self.described if each.role in roles)

    @property
    def rules(self) -> str:
        """The text that says how points are earned: the standard, else the content, which may hold both."""
        return self.said("standard") or self.title

    @property
    def deductions(self) -> Deductions:
        """What the column of deductions takes off, or the rules where there is no such column."""
        column = self.said("deduction")
        return read_deductions(column, column=True) if column else read_deductions(self.rules)


@dataclass(frozen=True, slots=True)
class Sum:
    """A declared sum: of a section, or of everything where `section` is None."""

    row: int
    section: int | None
    points: Fraction


@dataclass(slots=True)
class Outline:
    """Everything a table holds, and a note for each of its rows that is no item."""

    sections: list[Section] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def build_outline(grid: Grid, columns: Columns, lines: Sequence[Line]) -> Outline:
    """Read the lines from top to bottom."""
    builder = _Builder(grid, columns)
    for line in lines:
        builder.add(line)
    return builder.outline


class _Builder:
    """Where the reading stands: the open section, and what the columns of sections said last."""

    def __init__(self, grid: Grid, columns: Columns) -> None:
        self.outline = Outline()
        self._grid = grid
        self._columns = columns
        self._open: int | None = None
        self._named: dict[int, str] = {}
        self._handlers: dict[str, Callable[[Line], None]] = {
            "header": self._header,
            "section": self._section,
            "item": self._item,
            "more": self._more,
            "subtotal": self._subtotal,
            "total": self._total,
            "text": self._text,
        }

    def add(self, line: Line) -> None:
        """Take in the next line."""
        self._handlers[line.kind](line)

    def _note(self, note_: Note) -> None:
        self.outline.notes.append(note_)

    def _header(self, line: Line) -> None:
        self._note(note(line.row + 1, "understood", "standard_header_again"))

    def _section(self, line: Line) -> None:
        self._named.clear()
        self._begin(line.row, line.worth, line.rank)
        self._leave_out(line.row, "section_points", "evidence", "other", "to_fill")
        if (text := self._own_points_text(line.row)) and read_points(text) is None:
            self._note(note(line.row + 1, "error", "standard_points_unread", text=text))

    def _leave_out(self, row: int, *roles: Role) -> None:
        """Say which texts of a row go nowhere."""
        for column in (column for role in roles for column in self._columns.of(role)):
            if text := self._grid.own(row, column):
                self._note(note(row + 1, "left_out", "standard_text", text=text))

    def _begin(self, row: int, worth: Worth, rank: int) -> None:
        """Open a section below the last one that holds it, and say so."""
        parent = self._open
        sections = self.outline.sections
        while parent is not None and sections[parent].rank >= rank:
            parent = sections[parent].parent
        inherited = parent is not None and sections[parent].bonus
        bonus = inherited or _BONUS.search(worth.title) is not None
        sections.append(Section(row, worth.title, rank, parent, worth.points, bonus))
        self._open = len(sections) - 1
        self._note_worth(row, worth)

    def _note_worth(self, row: int, worth: Worth) -> None:
        points = worth.points.total if worth.points else None
        if points is None:
            self._note(note(row + 1, "understood", "standard_section", section=worth.title))
        else:
            params = {"section": worth.title, "points": exact_text(points)}
            self._note(note(row + 1, "understood", "standard_section_worth", **params))
        if worth.points and worth.points.each:
            self._note(note(row + 1, "understood", "standard_each", points=exact_text(worth.points.value)))
        if worth.unread:
            params = {"section": worth.title, "text": worth.unread}
            self._note(note(row + 1, "error", "standard_section_points_unread", **params))

    def _enter_columns(self, row: int) -> None:
        """Open the sections that the columns of sections name; a blank goes on with the one above."""
        for depth, column in enumerate(self._columns.of("group")):
            text = self._grid.text(row, column)
            if text and self._named.get(column) != text:
                for deeper in self._columns.of("group")[depth:]:
                    self._named.pop(deeper, None)
                self._named[column] = text
                worth = read_title(text)
                points = worth.points or self._section_points(row, column)
                self._begin(row, replace(worth, points=points), _BY_COLUMN + depth)

    def _section_points(self, row: int, named: int) -> Points | None:
        """Points of a section in a column of their own, which reach as far down as its name."""
        reach = self._grid.reach(row, named)
        beside = (
            column
            for column in self._columns.of("section_points")
            if self._grid.own(row, column) and self._grid.reach(row, column) == reach
        )
        return next((self._read_points(row, self._grid.own(row, column)) for column in beside), None)

    def _item(self, line: Line) -> None:
        row = line.row
        self._enter_columns(row)
        if not any(section.row == row and section.points for section in self.outline.sections[-4:]):
            self._leave_out(row, "section_points")
        code, title = self._title(row)
        points, points_row = self._points(row)
        if points is None and not self._points_text(row):
            worth = read_title(title)
            title, points = (worth.title, worth.points) if worth.points else (title, None)
        described = self._described(row)
        text = self._points_text(row)
        if points is None and text:
            role = "deduction" if is_negative(text) else "points"
            described = (
                *described,
                Described(role, self._columns.headers[self._columns.of("points")[0]], text),
            )
        self.outline.items.append(Item((row,), self._open, code, title, points, points_row, described))

    def _title(self, row: int) -> tuple[str, str]:
        """Number and title; rows with own points below one content are told apart by their standards."""
        code, title = code_of(self._grid, self._columns, row)
        content = self._columns.of("content")[0]
        top, bottom = self._grid.reach(row, content)
        pointed = [each for each in range(top, bottom + 1) if self._own_points(each)]
        standard = next((self._grid.text(row, column) for column in self._columns.of("standard")), "")
        if not title:
            title = (
                self.outline.items[-1].title.partition("：")[0].partition(": ")[0]
                if self.outline.items
                else ""
            )
            return code, labelled(title, standard) if standard and title else title or standard
        return code, labelled(title, standard) if standard and len(pointed) > 1 else title

    def _own_points(self, row: int) -> bool:
        return bool(self._own_points_text(row))

    def _own_points_text(self, row: int) -> str:
        return next((self._grid.own(row, column) for column in self._columns.of("points")), "")

    def _points_text(self, row: int) -> str:
        return next((self._grid.text(row, column) for column in self._columns.of("points")), "")

    def _points(self, row: int) -> tuple[Points | None, int]:
        """The points of an item and the row they stand in."""
        for column in self._columns.of("points"):
            text = self._grid.text(row, column)
            if text:
                return self._read_points(row, text), self._grid.reach(row, column)[0]
        section = None if self._open is None else self.outline.sections[self._open]
        if section and section.points and section.points.each:
            return replace(section.points, together=None), row
        return self._blank_points(row)

    def _blank_points(self, row: int) -> tuple[Points | None, int]:
        """CSV has no merged cells: a blank below points may be what is left of one."""
        above = self.outline.items[-1] if self.outline.items else None
        if not self._grid.flat or above is None or above.section != self._open or above.points is None:
            return None, row
        self._note(note(row + 1, "assumed", "standard_shared_blank", above=above.points_row + 1))
        return above.points, above.points_row

    def _read_points(self, row: int, text: str) -> Points | None:
        points = read_points(text)
        if points is None and is_negative(text):
            self._note(note(row + 1, "assumed", "standard_points_negative", text=text))
        elif points is None and not _VETO.search(plain(text)):
            self._note(note(row + 1, "error", "standard_points_unread", text=text))
        elif points is not None and points.each:
            self._note(note(row + 1, "understood", "standard_each", points=exact_text(points.value)))
        return points

    def _described(self, row: int) -> tuple[Described, ...]:
        """The texts beside an item; one that reaches over several items describes each of them."""
        columns = self._columns
        return tuple(
            Described(columns.roles[column], columns.headers[column], text)
            for role in DESCRIBING
            for column in columns.of(role)
            if (text := self._grid.text(row, column))
        )

    def _more(self, line: Line) -> None:
        if not self.outline.items:
            self._text(line)
            return
        last = self.outline.items[-1]
        known = {(each.header, each.text) for each in last.described}
        new = tuple(each for each in self._described(line.row) if (each.header, each.text) not in known)
        if text := self._own_points_text(line.row):
            self._note(note(line.row + 1, "error", "standard_points_unread", text=text))
        joined = replace(last, rows=(*last.rows, line.row), described=(*last.described, *new))
        self.outline.items[-1] = joined

    def _subtotal(self, line: Line) -> None:
        self._sum(line, self._named_in(line.worth.title), "standard_subtotal")

    def _named_in(self, label: str) -> int | None:
        """The open section, or the one around it whose name the label tells: 环境管理小计."""
        sections, place = self.outline.sections, self._open
        while place is not None:
            if _name_of(sections[place].title) in plain(label):
                return place
            place = sections[place].parent
        return self._open

    def _total(self, line: Line) -> None:
        self._sum(line, None, "standard_total")

    def _sum(self, line: Line, section: int | None, code: str) -> None:
        points = line.worth.points.total if line.worth.points else None
        if points is None:
            said = [text for _, text in self._grid.written(line.row)]
            code = "standard_total_unread" if len(said) > 1 else "standard_total_blank"
            kind: Kind = "error" if len(said) > 1 else "left_out"
            self._note(note(line.row + 1, kind, code, text=" ".join(said)))
            return
        self.outline.sums.append(Sum(line.row, section, points))
        self._note(note(line.row + 1, "understood", code, points=exact_text(points)))

    def _text(self, line: Line) -> None:
        said = " ".join(text for _, text in self._grid.written(line.row))
        self._note(note(line.row + 1, "left_out", "standard_text", text=re.sub(r"\s+", " ", said)))


def _name_of(title: str) -> str:
    """A section's title without its number."""
    return plain(re.split(r"[\s、.]|部分|(?:模块|板块)[一二三四五六七八九十0-9]+", title)[-1])


def labelled(label: str, text: str) -> str:
    """A label and what it says, with the colon of its language."""
    return f"{label}: {text}" if label.isascii() else f"{label}：{text}"


def is_bonus(item: Item, sections: Sequence[Section]) -> bool:
    """Whether an item only adds: its points are a +2, or its section is one of additional points."""
    in_bonus = item.section is not None and sections[item.section].bonus
    return in_bonus or (item.points is not None and item.points.bonus)


def vetoes(item: Item) -> bool:
    """Whether an item speaks of 一票否决, which can mean a score of nothing or the lowest grade."""
    return _VETO.search(plain(item.title + item.said("standard", "deduction", "points"))) is not None
