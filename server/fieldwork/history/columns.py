"""The columns of a file of earlier results, and its cells: numbers, days, lists of items."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("机构编号", "网点编号", "对象编号", "编号", "unit_code", "subject"),
    "period": ("期间", "考核期间", "考核期", "季度", "年度"),
    "day": ("日期", "检查日期", "暗访日期", "date", "visited_on"),
    "measure": ("项目", "指标", "指标名称", "indicator_name"),
    "instrument": ("检查方式", "方式"),
    "score": ("得分", "分数", "成绩"),
    "grade": ("等级", "等次", "评级"),
    "rank": ("名次", "排名"),
    "item": ("扣分项", "失分项", "问题项", "failed_item", "failed_items"),
    "points": ("扣分", "扣分值", "失分", "lost"),
    "base": ("基数", "基准值", "base_rate"),
    "value": ("指标值", "数值", "indicator"),
    "note": ("备注", "说明", "remark"),
}
REQUIRED = ("code",)
# Column -> the kind of result that a cell of it is; the order is that of the changes shown.
NUMBERS = {"score": "score", "rank": "rank", "base": "base_rate", "value": "indicator"}
COLUMN_OF = {
    "score": "score",
    "grade": "grade",
    "rank": "rank",
    "failed_item": "item",
    "base_rate": "base",
    "indicator": "value",
}
LONGEST_NOTE = 200
MOST_DIGITS = 30

# As people write them: 71.5分, 第12名. A share in percent is not taken: nobody could tell 0.85 from 85 %.
_NUMBER = re.compile(r"第?([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?)(?:分|名|位)?", re.ASCII)
_BETWEEN = re.compile(r"[、，,;；\n]")


def read_number(cell: str) -> Decimal:
    """An exact number.

    Raises:
        ValueError: the cell is none.
    """
    found = _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell).replace(" ", ""))
    if found is None or len(found[1]) > MOST_DIGITS:
        raise ValueError(cell)
    return Decimal(found[1])


def plain(number: Decimal) -> str:
    """A number as people write it: no exponent, no zeros that say nothing."""
    return f"{number.normalize():f}"


def several(cell: str, known: Mapping[str, str] | None) -> tuple[str, ...]:
    """The items of a cell; one whose own title holds a comma is one."""
    if known is not None and cell.casefold() in known:
        return (cell,)
    return tuple(part.strip() for part in _BETWEEN.split(cell) if part.strip())
