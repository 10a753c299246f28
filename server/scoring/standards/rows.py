"""Says of every row of a standard what it is: a section, an item, more about one, a sum, or only text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from server.scoring.standards.amounts import Points, Worth, is_negative, plain, read_points, read_title
from server.scoring.standards.columns import Columns, Role, is_header
from server.scoring.standards.grid import Grid

Kind = Literal["header", "section", "item", "more", "subtotal", "total", "text"]

# The columns that describe an item, in the order in which its description has them.
DESCRIBING: tuple[Role, ...] = ("standard", "deduction", "evidence", "other")

_CHINESE = "[一二三四五六七八九十百]+"
# What a section begins with, and how deep it stands: a smaller rank holds those of a larger one.
_PART = "(?:部分|篇|章|模块|大项|大类|板块)"
_ORDINALS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(rf"第(?:{_CHINESE}|[0-9]+){_PART}|{_PART}(?:{_CHINESE}|[0-9]+)")),
    (1, re.compile("(?:[Pp]art|[Ss]ection|[Mm]odule)(?:[0-9]+|[A-HIVX]+)(?![a-z])")),
    (2, re.compile(rf"{_CHINESE}(?:[、.:,]|$)")),
    (3, re.compile(rf"\({_CHINESE}\)")),
)
_BY_CODE = 4  # 1 with items 1.1 and 1.2; each further dot is one deeper
_BY_NAME = 20  # a name and nothing else
_AMOUNT = r"(?P<rest>[:(].*|[0-9].*)?"
_TOTAL = re.compile(
    rf"(?:(?:合|总|共)计|总分值?|总得分|总成绩|满分|合计得?分|grandtotal|total)(?:数|值)?{_AMOUNT}",
    re.IGNORECASE,
)
_SUBTOTAL = re.compile(rf".{{0,30}}(?:小计|分项合计|本项合计|本部分合计|subtotal){_AMOUNT}", re.IGNORECASE)
# Remarks and lines to sign stand in the same columns as items do.
_REMARK = re.compile(r"备注|附注|注(?:意事项)?[:1-9]|说明[:1-9]|(?:note|remark)s?:", re.IGNORECASE)
_SIGNED = re.compile(
    "被?(?:检查|考核|评价|填表|审核|复核|受检|签字|签名|日期|时间|网点|机构|单位|支行|date|sign).{0,8}[:_]",
    re.IGNORECASE,
)
_SUMS: dict[Literal["subtotal", "total"], re.Pattern[str]] = {"subtotal": _SUBTOTAL, "total": _TOTAL}
_BARE_NUMBER = re.compile(rf"\(?(?:{_CHINESE}|[0-9]+(?:[.-][0-9]+)*|[A-Za-z])\)?[、.]?")
_CODE = re.compile(
    r"[0-9]{1,4}(?:[.\-][0-9]{1,4}){0,4}|[A-Za-z][A-Za-z0-9_]{0,15}(?:[.\-][A-Za-z0-9_]{1,16}){0,4}"
)
_NUMBERED = re.compile(r"\s*[(（]?(?P<code>[0-9]{1,3}(?:\.[0-9]{1,3}){0,4})[、.．:：)）]\s*(?=\D)")


NO_WORTH = Worth("")


@dataclass(frozen=True, slots=True)
class Line:
    """One row and what it was taken for.

    `worth` is the title with its points for sections and sums; `rank` how deep a section stands; `ordinal`
    whether a section is numbered, and not only a name; `pointed` whether the row fills the points column.
    """

    row: int
    kind: Kind
    worth: Worth = NO_WORTH
    rank: int = 0
    ordinal: bool = False
    pointed: bool = False


def read_lines(grid: Grid, columns: Columns) -> tuple[Line, ...]:
    """Every filled row below the header, in the order of the table."""
    rows = [row for row in range(columns.last + 1, len(grid.rows)) if grid.written(row)]
    return tuple(_settled([_Row(grid, columns, row).line() for row in rows]))


def _settled(lines: list[Line]) -> list[Line]:
    """What only the rows around can tell: which sum is the total, what is a section of nothing."""
    totals = [index for index, line in enumerate(lines) if line.kind == "total"]
    last = totals[-1] if totals else len(lines)
    for index in totals[:-1]:
        if any(line.kind == "item" for line in lines[index:last]):
            lines[index] = replace(lines[index], kind="subtotal")
    for index in reversed(range(len(lines))):
        line = lines[index]
        if line.kind == "section" and not _holds(lines, index):
            lines[index] = _without_content(line)
        elif index > last and line.kind in ("item", "more") and not line.pointed:
            lines[index] = replace(line, kind="text")  # remarks below the table, however they are numbered
    return lines


def _without_content(line: Line) -> Line:
    """A section that holds nothing: numbered and with points it is an item, a mere name is only text."""
    if line.pointed and line.ordinal:
        return replace(line, kind="item")
    announced = line.ordinal or line.worth.points is not None
    return line if announced else replace(line, kind="text")


def _holds(lines: Sequence[Line], index: int) -> bool:
    """Whether an item stands below a section, before the next one that is no part of it.

    An item that was taken for a section keeps its rank: 一, 二, 三 in a row are items beside each other.
    """
    rank = lines[index].rank
    for line in lines[index + 1 :]:
        if line.kind in ("item", "total"):
            return line.kind == "item" and not 0 < line.rank <= rank
        if line.kind == "section" and line.rank <= rank:
            return False
    return False


@dataclass(frozen=True, slots=True)
class _Row:
    """One row; only the question whether 1 is followed by 1.1 looks further."""

    grid: Grid
    columns: Columns
    row: int

    def line(self) -> Line:
        checks = (self._again, self._sum, self._section, self._item)
        found = next((line for check in checks if (line := check()) is not None), Line(self.row, "text"))
        return replace(found, pointed=self._pointed())

    def _filled(self, *roles: Role) -> bool:
        return any(self.grid.own(self.row, column) for role in roles for column in self.columns.of(role))

    def _again(self) -> Line | None:
        return Line(self.row, "header") if is_header(self.grid, self.row, self.columns) else None

    def _sum(self) -> Line | None:
        for column, text in self.grid.written(self.row):
            said = plain(text).replace("\n", "")
            for kind, pattern in _SUMS.items():
                found = pattern.fullmatch(said)
                if found and column not in self.columns.of("points"):
                    points = read_points(found["rest"] or "") or self._number_beside(column)
                    return Line(self.row, kind, Worth(text, points))
        return None

    def _number_beside(self, label: int) -> Points | None:
        """The number of a sum: in the points column, else the first number of the row."""
        cells = sorted(self.grid.written(self.row), key=lambda cell: cell[0] not in self.columns.of("points"))
        read = (read_points(text) for column, text in cells if column != label)
        return next((points for points in read if points is not None), None)

    def _section(self) -> Line | None:
        """A numbered title, a number with parts of it below, or a name alone; perhaps with its points."""
        own = self.grid.written(self.row)
        titles = [(column, text) for column, text in own if self._names(column)]
        others = [column for column, _ in own if not self._names(column)]
        roles = {self.columns.roles[each] for each in others} - {"to_fill"}
        if not titles or len(titles) > 2 or roles & {"standard", "deduction"}:
            return None
        (column, text), number = titles[-1], titles[0][1] if len(titles) == 2 else ""
        if number and not _BARE_NUMBER.fullmatch(plain(number)):
            return None
        rank = self._rank(column, number or text, alone=not number and not others)
        if not rank or (rank == _BY_NAME and _is_remark(text)) or (rank >= _BY_CODE and roles - {"points"}):
            return None
        worth = read_title(_numbered(number, text) if number else text)
        worth = replace(worth, points=worth.points or self._own_points())
        return Line(self.row, "section", worth, rank, ordinal=rank != _BY_NAME)

    def _names(self, column: int) -> bool:
        """Whether a title may stand there; a title over the whole width starts in the first column."""
        return column == 0 or self.columns.roles[column] in ("code", "group", "content")

    def _rank(self, column: int, text: str, *, alone: bool) -> int:
        """How deep a section stands that begins with this text; 0 for what is no section."""
        said = plain(text)
        for rank, pattern in _ORDINALS:
            if pattern.match(said):
                return rank
        code = code_of(self.grid, self.columns, self.row)[0]
        if code and self._has_parts(code):
            return _BY_CODE + len(re.findall("[.-]", code))
        wide = self.grid.reach_right(self.row, column) > column
        return _BY_NAME if wide or (alone and not _NUMBERED.match(text)) else 0

    def _has_parts(self, code: str) -> bool:
        """Whether the next coded row is a part of this one."""
        below = range(self.row + 1, len(self.grid.rows))
        later = (code_of(self.grid, self.columns, row)[0] for row in below)
        return next((found for found in later if found), "").startswith((f"{code}.", f"{code}-"))

    def _item(self) -> Line | None:
        """A row with a content or points of its own; one that only describes says more about the last."""
        written = self.grid.written(self.row)
        if _is_remark(written[0][1]) and len(written) == sum(_is_remark(text) for _, text in written):
            return None
        if self._filled("content") or self._pointed():
            return Line(self.row, "item")
        return Line(self.row, "more") if self._filled(*DESCRIBING) else None

    def _own_points(self) -> Points | None:
        texts = [self.grid.own(self.row, column) for column in self.columns.of("points")]
        return next((points for text in texts if (points := read_points(text)) is not None), None)

    def _pointed(self) -> bool:
        """Whether there are points in the points column, and not some other text."""
        texts = [self.grid.own(self.row, column) for column in self.columns.of("points")]
        return any(read_points(text) is not None or is_negative(text) for text in texts)


def _is_remark(text: str) -> bool:
    said = plain(text)
    return _REMARK.match(said) is not None or _SIGNED.match(said) is not None


def _numbered(number: str, text: str) -> str:
    """一、环境, 1.1 环境."""
    bare = number.rstrip("、.．")
    return f"{bare}、{text}" if re.fullmatch(_CHINESE, bare) else f"{bare} {text}"


def code_of(grid: Grid, columns: Columns, row: int) -> tuple[str, str]:
    """The number of a row, and its content without it where it stood there: 1.2、门头整洁."""
    content = next((grid.text(row, column) for column in columns.of("content")), "")
    found = _NUMBERED.match(content)
    rest = content[found.end() :] if found else content
    written = next((plain(grid.own(row, column)) for column in columns.of("code")), "").strip("、.()")
    if _CODE.fullmatch(written):
        return written, rest if found and plain(found["code"]) == written else content
    return (plain(found["code"]), rest) if found else ("", content)
