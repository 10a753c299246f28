"""The columns of a table of units: what they may be called, and how a cell becomes a value.

A row says only what its columns say: a column that is not there changes nothing, an empty cell empties.
Values stand side by side by column name, `parent_code` and the attributes as well, so that an import, a feed
and a change by hand are compared with what is known in one way.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.coordinates import DATUMS
from server.fieldwork.organisation.attributes import SHAPES
from server.fieldwork.organisation.opening_hours import read_hours, write_hours
from server.models.organisation import LEVELS
from server.tables import Row, TableProblem, named_cell, read_day

__all__ = ["COLUMNS", "FIELDS", "LEVELS", "NEEDED", "REQUIRED", "print_values", "read_row"]

CODE = re.compile(r"[^\s/\x00-\x1f]{1,60}")
LONGEST = {"name": 200, "name_en": 200, "address": 500, "closed_reason": 500}
DEFAULT_TIMEZONE = "Asia/Shanghai"

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("机构编号", "机构代码", "编号", "网点编号", "unit code"),
    "name": ("机构名称", "名称", "网点名称"),
    "name_en": ("英文名称", "英文名", "english name"),
    "parent_code": ("上级编号", "上级机构编号", "上级机构"),
    "level": ("级别", "机构级别", "层级"),
    "kind": ("类别", "机构类别", "网点类别"),
    "address": ("地址",),
    "longitude": ("经度",),
    "latitude": ("纬度",),
    "datum": ("坐标系", "坐标基准"),
    "timezone": ("时区",),
    "opening_hours": ("营业时间", "对外营业时间"),
    "area": ("面积", "营业面积", "面积（平方米）"),
    "counters": ("窗口数", "柜台数", "窗口数量"),
    "tags": ("标签",),
    "opened_on": ("开业日期", "成立日期"),
    "state": ("状态", "营业状态"),
    "closed_on": ("撤销日期", "撤并日期", "关闭日期"),
    "closed_reason": ("撤销原因", "撤并原因"),
    "successor_code": ("并入机构", "并入机构编号", "承接机构"),
}
REQUIRED = ("code",)
# What a unit that is not known yet has to say.
NEEDED = ("name", "level")
# In the order in which changes are listed. `state` is a way of saying `closed_on`.
FIELDS = tuple(name for name in COLUMNS if name not in {"code", "state"})

LEVEL_NAMES = {
    "总行": "head_office", "总公司": "head_office",
    "省行": "province", "省分行": "province", "省": "province", "省公司": "province",
    "市行": "city", "市分行": "city", "市": "city", "分行": "city", "市公司": "city",
    "区县": "district", "区": "district", "县": "district", "县公司": "district",
    "片区": "area",
    "支行": "sub_branch", "一级支行": "sub_branch", "sub-branch": "sub_branch",
    "二级支行": "second_sub_branch",
    "网点": "outlet", "营业厅": "outlet",
}  # fmt: skip
DATUM_NAMES = {
    **{name.lower(): name for name in DATUMS},
    "wgs84": "WGS-84", "gcj02": "GCJ-02", "火星坐标": "GCJ-02", "bd09": "BD-09", "百度坐标": "BD-09",
}  # fmt: skip
STATES = {
    "open": True, "营业": True, "正常": True, "正常营业": True, "开业": True,
    "closed": False, "撤销": False, "已撤销": False, "已撤并": False, "关闭": False, "停业": False,
}  # fmt: skip


def read_row(row: Row, problems: list[TableProblem]) -> dict[str, Any]:
    """The values of the columns a row has; what is wrong with it is added to `problems`."""
    values: dict[str, Any] = {}
    for column, cell in row.cells.items():
        reader, code = _READERS[column]
        try:
            values[column] = reader(cell) if cell else None
        except (ValueError, InvalidOperation):
            problems.append(TableProblem(row.number, column, code, {"value": cell[:100]}))
    return values


def print_values(values: Mapping[str, Any]) -> dict[str, str | None]:
    """Values as a list of changes shows them."""
    return {name: _printed(name, value) for name, value in values.items()}


def _printed(name: str, value: Any) -> str | None:
    if value is None or value == []:
        return None
    if name == "opening_hours":
        return write_hours(value)
    if isinstance(value, list):
        return "、".join(value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _shaped(column: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader of an attribute, which has a shape."""

    def read_shaped(cell: str) -> Any:
        value = read(cell)
        if not SHAPES[column](value):
            raise ValueError(cell)
        return value

    return read_shaped


def _text(column: str) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if not cell or len(cell) > LONGEST[column]:
            raise ValueError(cell)
        return cell

    return read


def _code(cell: str) -> str:
    if CODE.fullmatch(cell) is None:
        raise ValueError(cell)
    return cell


def _level(cell: str) -> str:
    level = LEVEL_NAMES.get(cell, cell.lower())
    if level not in LEVELS:
        raise ValueError(cell)
    return level


def _degrees(limit: int) -> Callable[[str], Decimal]:
    def read(cell: str) -> Decimal:
        value = Decimal(cell)
        if not value.is_finite() or abs(value) > limit:
            raise ValueError(cell)
        return round(value, 7)

    return read


def _timezone(cell: str) -> str:
    try:
        ZoneInfo(cell)
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError(cell) from None
    return cell


def _number(cell: str) -> int | float:
    """A plain number with at most two places; JSON has no Decimal."""
    plain = unicodedata.normalize("NFKC", cell).lower().replace(",", "")
    value = round(Decimal(re.sub(r"(㎡|m2|平方米)$", "", plain)), 2)
    if not value.is_finite():
        raise ValueError(cell)
    return int(value) if value == value.to_integral_value() else float(value)


def _tags(cell: str) -> list[str]:
    return list(dict.fromkeys(tag for tag in re.split(r"[、,，;；|\s]+", cell) if tag))


# column -> what reads its cells, and the code of what it refuses.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "code": (_code, "import_code_characters"),
    "name": (_text("name"), "import_text"),
    "name_en": (_text("name_en"), "import_text"),
    "parent_code": (str, "import_unknown_parent"),
    "level": (_level, "import_unknown_level"),
    "kind": (_shaped("kind", str), "import_text"),
    "address": (_text("address"), "import_text"),
    "longitude": (_degrees(180), "import_coordinate"),
    "latitude": (_degrees(90), "import_coordinate"),
    "datum": (named_cell(DATUM_NAMES), "import_unknown_datum"),
    "timezone": (_timezone, "import_unknown_timezone"),
    "opening_hours": (read_hours, "import_opening_hours"),
    "area": (_shaped("area", _number), "import_number"),
    "counters": (_shaped("counters", _number), "import_number"),
    "tags": (_shaped("tags", _tags), "import_tags"),
    "opened_on": (read_day, "import_date"),
    "state": (named_cell(STATES), "import_unit_state"),
    "closed_on": (read_day, "import_date"),
    "closed_reason": (_text("closed_reason"), "import_text"),
    "successor_code": (str, "import_unknown_successor"),
}
