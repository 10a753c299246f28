"""The columns of a table of people: what they may be called, and how a cell becomes a value.

A row says only what its columns say: a column that is not there changes nothing, an empty cell empties.
Several rows of one person say several roles or certificates; together they are all that the person has.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from server.accounts.authority import GIVEN_ROLES
from server.fieldwork.contacts.imports.cells import email, phone
from server.fieldwork.organisation.columns import CODE, DATUM_NAMES
from server.models.accounts import PERSON_KINDS
from server.tables import Row, TableProblem, named_cell, read_day

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("工号", "员工号", "员工编号", "人员编号", "staff number"),
    "name": ("姓名",),
    "phone": ("手机号", "手机号码", "手机", "电话"),
    "email": ("邮箱", "电子邮箱", "e-mail", "e-mail address"),
    "kind": ("人员类别", "人员类型", "用工类别"),
    "title": ("职务", "岗位"),
    "unit_code": ("所属机构", "机构编号", "所属机构编号", "网点编号"),
    "firm_code": ("公司", "公司编号", "第三方公司", "firm"),
    "role": ("角色",),
    "role_scope": ("角色范围", "权限范围", "管辖范围"),
    "login": ("登录名", "用户名"),
    "locale": ("界面语言", "语言"),
    "languages": ("语种", "会说的语言"),
    "left_on": ("离职日期", "离岗日期"),
    "judged": ("考核对象", "参加考核"),
    "certificate": ("证书", "证书名称"),
    "certificate_level": ("证书等级",),
    "certificate_score": ("证书得分", "考试得分"),
    "passed_on": ("取证日期", "取得日期", "通过日期"),
    "expires_on": ("证书有效期", "证书到期", "有效期至"),
    "territories": ("片区", "负责片区", "片区机构编号"),
    "weekdays": ("可用日", "可用星期", "可安排日"),
    "absences": ("请假", "不可用日期"),
    "per_day": ("每日上限",),
    "total": ("总上限", "每期上限"),
    "conflicts": ("回避机构", "利益冲突机构"),
    "conflict_reason": ("回避原因", "利益冲突原因"),
    "identified": ("曾被识别", "被识别网点"),
    "rating": ("评分", "人员评分"),
    "home_longitude": ("住址经度",),
    "home_latitude": ("住址纬度",),
    "home_datum": ("住址坐标系",),
}
REQUIRED = ("code",)
# What several rows of one person may each say.
ROLE_COLUMNS = ("role", "role_scope")
CERTIFICATE_COLUMNS = ("certificate", "certificate_level", "certificate_score", "passed_on", "expires_on")
HOME_COLUMNS = ("home_longitude", "home_latitude", "home_datum")
# In the order in which changes are listed, as a person is compared; what is `HIDDEN` is never shown.
FIELDS = (
    "name", "phone", "email", "kind", "title", "unit_code", "firm_code", "login", "locale", "languages",
    "judged", "territories", "weekdays", "absences", "per_day", "total", "conflicts", "conflict_reason",
    "identified", "rating", "home", "left_on", "roles", "certificates",
)  # fmt: skip
HIDDEN = frozenset({"phone", "email", "home"})

KINDS = PERSON_KINDS
WHOLE = "*"
WHOLE_NAMES = frozenset({"*", "全辖", "全部", "all", "whole organisation"})
KIND_NAMES = {
    **{name: name for name in KINDS},
    "员工": "staff", "本行员工": "staff", "正式员工": "staff", "employee": "staff",
    "神秘访客": "shopper", "访客": "shopper", "暗访员": "shopper",
    "外勤": "field_worker", "第三方外勤": "field_worker", "第三方访员": "field_worker",
    "访员": "field_worker",
}  # fmt: skip
# Roles without an account say what kind of work somebody does.
LINKED_ROLES = {"shopper": "shopper", "神秘访客": "shopper", "employee": "staff", "员工": "staff"}
ROLE_NAMES = {
    **{name: name for name in GIVEN_ROLES},
    "系统管理员": "administrator", "管理员": "administrator", "运维人员": "operator", "运维": "operator",
    "项目经理": "coordinator", "统筹": "coordinator", "委托方": "owner",
    "分析人员": "analyst", "分析员": "analyst",
    "审计人员": "auditor", "审计": "auditor", "复核员": "reviewer",
    "督导": "supervisor", "检查人": "supervisor",
    "网点负责人": "branch_manager", "支行长": "branch_manager", "网点主任": "branch_manager",
    "行长": "president", "分管行长": "deputy_president", "副行长": "deputy_president",
    "大堂经理": "lobby_manager", "被考核单位": "evaluated_body", "回访员": "call_back_agent",
    "调度员": "dispatcher", "公司调度员": "dispatcher",
}  # fmt: skip
LOCALE_NAMES = {"zh": "zh", "中文": "zh", "汉语": "zh", "en": "en", "英文": "en", "英语": "en"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = {
    **{name: (name,) for name in WEEKDAYS},
    **{f"周{day}": (name,) for day, name in zip("一二三四五六日", WEEKDAYS, strict=True)},
    **{f"星期{day}": (name,) for day, name in zip("一二三四五六日", WEEKDAYS, strict=True)},
    "周天": ("sun",), "星期天": ("sun",), "工作日": WEEKDAYS[:5], "周末": WEEKDAYS[5:], "每天": (),
}  # fmt: skip
YES = {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}
LIST = re.compile(r"[、,，;；|\s]+")
SPAN = re.compile(r"\s*(?:~|～|至|到|/)\s*")
MOST_LISTED = 200
# About a hundred metres: where somebody lives is nobody's business in more detail than distances need.
HOME_PLACES = 3


def read_row(row: Row, problems: list[TableProblem]) -> dict[str, Any]:
    """The values of the columns a row has; what is wrong with it is added to `problems`."""
    values: dict[str, Any] = {}
    for column, cell in row.cells.items():
        reader, code = _READERS[column]
        try:
            values[column] = reader(cell) if cell else None
        except (ValueError, InvalidOperation):
            # A number or a place is somebody's own: reports are mailed around.
            value = "…" if column in {*HIDDEN, *HOME_COLUMNS} else cell[:100]
            problems.append(TableProblem(row.number, column, code, {"value": value}))
    return values


def _text(longest: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(cell)
        return cell

    return read


def _code(cell: str) -> str:
    if CODE.fullmatch(cell) is None:
        raise ValueError(cell)
    return cell


def _scope(cell: str) -> str:
    return WHOLE if cell.lower() in WHOLE_NAMES else _code(cell)


def _login(cell: str) -> str:
    login = cell.lower()
    if re.fullmatch(r"[^\s/]{2,60}", login) is None:
        raise ValueError(cell)
    return login


def _list(cell: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each for each in LIST.split(cell) if each))
    if len(found) > MOST_LISTED:
        raise ValueError(cell)
    return found


def _codes(cell: str) -> tuple[str, ...]:
    return tuple(sorted(_code(each) for each in _list(cell)))


def _weekdays(cell: str) -> tuple[str, ...]:
    read = named_cell(WEEKDAY_NAMES)
    named = {name for each in _list(cell) for name in read(each)}
    return tuple(name for name in WEEKDAYS if name in named)


def _absences(cell: str) -> tuple[tuple[date, date], ...]:
    """Days and spans of days: 2026-05-01~2026-05-05、2026-06-01."""
    found = []
    for each in re.split(r"[、,，;；]+", cell):
        ends = [read_day(end) for end in SPAN.split(each.strip())]
        if len(ends) > 2 or ends[-1] < ends[0]:
            raise ValueError(cell)
        found.append((ends[0], ends[-1]))
    return tuple(sorted({first: (first, last) for first, last in found}.values()))


def _whole(most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if not (cell.isascii() and cell.isdigit()) or int(cell) > most:
            raise ValueError(cell)
        return int(cell)

    return read


def _number(most: int, places: int, least: int = 0) -> Callable[[str], Decimal]:
    def read(cell: str) -> Decimal:
        value = Decimal(cell)
        if not value.is_finite() or not least <= value <= most:
            raise ValueError(cell)
        return round(value, places)

    return read


# column -> what reads its cells, and the code of what it refuses.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "code": (_code, "import_code_characters"),
    "name": (_text(100), "import_text"),
    "phone": (phone, "import_phone"),
    "email": (email, "import_email"),
    "kind": (named_cell(KIND_NAMES), "import_unknown_person_kind"),
    "title": (_text(100), "import_text"),
    "unit_code": (str, "import_unknown_unit"),
    "firm_code": (str, "import_unknown_firm"),
    "role": (named_cell({**ROLE_NAMES, **{name: name for name in LINKED_ROLES}}), "import_unknown_role"),
    "role_scope": (_scope, "import_unknown_unit"),
    "login": (_login, "import_login"),
    "locale": (named_cell(LOCALE_NAMES), "import_unknown_language"),
    "languages": (_list, "import_text"),
    "left_on": (read_day, "import_date"),
    "judged": (named_cell(YES), "import_yes_no"),
    "certificate": (_text(60), "import_text"),
    "certificate_level": (_text(60), "import_text"),
    "certificate_score": (_number(100, 2), "import_number"),
    "passed_on": (read_day, "import_date"),
    "expires_on": (read_day, "import_date"),
    "territories": (_codes, "import_unknown_unit"),
    "weekdays": (_weekdays, "import_weekdays"),
    "absences": (_absences, "import_date"),
    "per_day": (_whole(50), "import_number"),
    "total": (_whole(10_000), "import_number"),
    "conflicts": (_codes, "import_unknown_unit"),
    "conflict_reason": (_text(200), "import_text"),
    "identified": (_codes, "import_unknown_unit"),
    "rating": (_number(10, 2), "import_number"),
    "home_longitude": (_number(180, HOME_PLACES, -180), "import_coordinate"),
    "home_latitude": (_number(90, HOME_PLACES, -90), "import_coordinate"),
    "home_datum": (named_cell(DATUM_NAMES), "import_unknown_datum"),
}
