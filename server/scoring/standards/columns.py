"""Finds the header of a standard and says what each column is for.

The header may stand below title lines and span two rows; people call the same column by many names.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from server.scoring.standards.amounts import Points, read_title
from server.scoring.standards.grid import Grid

Role = Literal[
    "code",
    "group",
    "content",
    "points",
    "section_points",
    "standard",
    "deduction",
    "evidence",
    "to_fill",
    "other",
]

_SEARCHED = 40  # rows in which a header is looked for: title lines, dates and signatures stand above it

_MOST: dict[str, int] = {"code": 1, "section_points": 1, "group": 4}  # further ones only describe

# In this order: the first pattern that fits the whole header says the role. `project` is decided afterwards.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "to_fill": (
        "实?得分|实际(得|扣)分|评分|打分|评定|存在(的)?问题|问题(描述|记录)|整改.*|(检查|责任|考核)人|是否.*",
        "(自评|检查|考核|考评|评价|复核|核定|实际)(得分|分|分数|结果|情况|记录|评分)",
        "(扣|失|减|得)分(原因|理由|情况|说明|记录)",
        "score(d|awarded)|result|awarded|findings?",
    ),
    "code": ("序号?|编号|项次|编码|条款号|指标编号|条目号?|no\\.?|#|item(no\\.?|number)|code|id",),
    "deduction": (
        "(每[次处项])?(扣|减)分(值|数|标准|办法|细则|规则|项|依据|分值)?(及(标准|说明))?",
        "deductions?|pointsdeducted|penalty",
    ),
    "points": (
        "(标准|应得?|基准|满|总|配|项目|指标|考核|基本)?分(值|数)?|标准分值|满分值|配分",
        "points?|(max(imum)?)?(score|points|marks?)|weight",
    ),
    "group": (
        "(检查|考核|评价|考评|服务|指标|项目)?(类别|类型|分类|模块|部分|板块|维度|大类|大项|区域|环节|部位|范围|要素)",
        "[一二]级指标|section|category|area|module",
    ),
    "content": (
        ".*内容.*|.*(要点|检查点|考核点)|三级指标|具体指标|检查项|考核项|指标项",
        "item|content|question|check(point|item)?",
    ),
    "project": ("(检查|考核|评价|考评|评分|服务|测评|评估|扣分)?(项目|指标)(名称)?|title|name",),
    "standard": (
        "(评分|考核|检查|计分|打分|评价|考评|测评|赋分|得分)?(标准|细则|办法|规则|依据|说明|描述)(及.*|说明)?",
        "(服务|具体|执行|工作|质量|检查|考核)?(要求|规范|标准)(及.*|说明)?",
        "(评分|考核|计分|考评|评价)方法|criteria|criterion|standard|scoring(rule|criteria)?|description",
    ),
    "evidence": (
        ".*(佐证|取证|举证|证据|证明)(材料|方式|要求|资料)?|方式|备注|附注|数据来源",
        "(检查|考核|评价|考评|核查|测评|检测)(方式|方法|手段|途径)",
        "evidence|remarks?|notes?|proof|method|comments?",
    ),
}
_ROLES = {role: re.compile("|".join(parts), re.IGNORECASE) for role, parts in _PATTERNS.items()}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where what stands. `headers` are the words of the file, `first` and `last` the rows of the header.

    `declared` are points that the header of the points column itself tells: 分值（100分）.
    """

    roles: tuple[Role, ...]
    headers: tuple[str, ...]
    first: int
    last: int
    declared: Points | None = None

    def of(self, role: Role) -> tuple[int, ...]:
        """The columns of a role, from the left."""
        return tuple(column for column, named in enumerate(self.roles) if named == role)


def find_columns(grid: Grid) -> Columns | None:
    """The first row that names a content and something about points; None when no row does."""
    for row in range(min(len(grid.rows), _SEARCHED)):
        named = _named(grid, row)
        if _is_header(named):
            last = row + 1 if _continues(grid, row) else row
            return _columns(grid, row, last)
    return None


def is_header(grid: Grid, row: int, columns: Columns) -> bool:
    """Whether a later row repeats the header, as tables printed on several pages do."""
    again = [(column, text) for column, text in grid.written(row)]
    return len(again) > 1 and all(text in _header_texts(grid, columns, column) for column, text in again)


def _header_texts(grid: Grid, columns: Columns, column: int) -> set[str]:
    return {grid.heading(row, column) for row in range(columns.first, columns.last + 1)}


def _named(grid: Grid, row: int) -> list[str]:
    return [_role(text) for _, text in grid.written(row)]


def _is_header(named: Sequence[str]) -> bool:
    says_what = {"content", "project", "standard"} & {*named}
    says_points = {"points", "deduction", "standard"} & {*named}
    return len({*named} - {"other"}) >= 2 and bool(says_what) and len(says_what | says_points) >= 2


def _continues(grid: Grid, row: int) -> bool:
    """Whether the next row holds only second lines of the header, below a cell merged across."""
    if row + 1 >= len(grid.rows):
        return False
    below = grid.written(row + 1)
    merged_down = any(grid.reach(row, column)[1] > row for column, _ in grid.written(row))
    return merged_down and bool(below) and all(_role(text) != "other" for _, text in below)


def _columns(grid: Grid, first: int, last: int) -> Columns:
    headers = tuple(grid.heading(last, column) or grid.heading(first, column) for column in range(grid.width))
    named = [_role(text) if text else "other" for text in headers]
    declared = next(
        (read_title(text).points for text, role in zip(headers, named, strict=True) if role == "points"), None
    )
    roles = _without_empty(grid, tuple(_decided(grid, named, last)), last)
    return Columns(tuple(roles), headers, first, last, declared)


def _role(header: str) -> str:
    key = re.sub(r"[\s*_:/]", "", unicodedata.normalize("NFKC", header))
    bare = re.sub(r"\([^()]*\)", "", key)
    found = (role for role, pattern in _ROLES.items() if pattern.fullmatch(bare))
    return next(found, "other")


def _decided(grid: Grid, named: Sequence[str], last: int) -> Iterator[Role]:
    """Of several columns that name things, those that reach over rows are groups, the next is the content.

    What follows the content describes it. With no such column the standard itself is what is asked.
    """
    naming = [column for column, role in enumerate(named) if role in ("content", "project")]
    if not naming:
        naming = [column for column, role in enumerate(named) if role == "standard"][:1]
    after = {column: naming[order + 1 :] for order, column in enumerate(naming)}
    content = next(
        (column for column in naming[:-1] if not _spans(grid, column, after[column], last)),
        naming[-1] if naming else -1,
    )
    for column, role in enumerate(named):
        if column == content:
            yield "content"
        elif column in naming:
            yield "group" if column < content else "standard"
        else:
            yield _KNOWN[role]


_KNOWN: dict[str, Role] = {
    "to_fill": "to_fill",
    "code": "code",
    "deduction": "deduction",
    "points": "points",
    "group": "group",
    "standard": "standard",
    "evidence": "evidence",
    "other": "other",
}


def _spans(grid: Grid, column: int, after: Sequence[int], last: int) -> bool:
    """Whether a text of the column stands for several rows: merged, or blank where a later name is not."""
    rows = range(last + 1, len(grid.rows))
    if any(grid.own(row, column) and grid.reach(row, column)[1] > row for row in rows):
        return True
    return any(not grid.own(row, column) and any(grid.own(row, other) for other in after) for row in rows)


def _without_empty(grid: Grid, roles: Sequence[Role], last: int) -> Iterator[Role]:
    """A column of deductions or points that is empty is one to write into.

    Of several columns of points the fullest has those of the items, one before it those of sections.
    """
    filled = [
        sum(bool(grid.own(row, column)) for row in range(last + 1, len(grid.rows)))
        for column in range(len(roles))
    ]
    pointed = [column for column, role in enumerate(roles) if role == "points" and filled[column]]
    items = max(pointed, key=lambda column: filled[column], default=-1)
    seen: list[Role] = []
    for column, role in enumerate(roles):
        if role in ("deduction", "points") and not filled[column]:
            yield "to_fill"
        elif role == "points" and column != items:
            yield "section_points" if column < items else "other"
        elif seen.count(role) >= _MOST.get(role, grid.width):
            yield "other"
        else:
            seen.append(role)
            yield role
