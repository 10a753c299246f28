"""Standards as branches, banks and bureaus write them, each with the merged cells it would have in Excel."""

import csv
import io
from dataclasses import dataclass

import openpyxl
from openpyxl.utils import range_boundaries

from server.scoring.standards.grid import Grid

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Standard:
    """Rows as they are typed, merged ranges as Excel names them, and whether everything in it adds up."""

    rows: tuple[tuple[Cell, ...], ...]
    merged: tuple[str, ...] = ()
    sound: bool = True

    def texts(self) -> list[list[str]]:
        return [["" if cell is None else str(cell) for cell in row] for row in self.rows]

    def grid(self) -> Grid:
        ranges = []
        for name in self.merged:
            left, top, right, bottom = range_boundaries(name)
            ranges.append((top - 1, bottom - 1, left - 1, right - 1))
        return Grid.of(self.texts(), ranges)

    def flat(self) -> Grid:
        """As CSV has it."""
        return Grid.of(self.texts(), flat=True)

    def workbook(self, *other_sheets: str) -> bytes:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in self.rows:
            sheet.append(list(row))
        for name in self.merged:
            sheet.merge_cells(name)
        for name in other_sheets:
            book.create_sheet(name)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def csv(self, encoding: str) -> bytes:
        stream = io.StringIO()
        csv.writer(stream).writerows(self.texts())
        return stream.getvalue().encode(encoding)


# Numbering begins again in each section; titles, lines to fill in, a total and signatures around the table.
SECTION_ROWS = Standard(
    (
        ("某行网点服务检查标准（满分100分）",),
        ("检查网点：", None, "检查日期："),
        ("序号", "检查内容", "分值", "评分标准", "佐证", "得分"),
        ("一、营业环境（40分）",),
        (1, "门头店招整洁完好", 20, "不整洁不得分", "拍照"),
        (2, "厅内卫生", 20, "脏乱不得分", "现场查看"),
        ("二、柜面服务（60分）",),
        ("1", "柜员微笑服务", "30", "未微笑不得分", "不合格时拍照"),
        ("2", "唱收唱付", "３０分", "不达标不得分", "调阅录像"),
        ("合计", None, 100),
        ("检查人：", None, "审核："),
    ),
    ("A1:F1", "A4:F4", "A7:F7"),
)
# One cell of points for a whole section, from which every item takes.
DEDUCTIONS = Standard(
    (
        ("检查项目", "分值", "序号", "检查内容", "扣分标准", "检查方式", "扣分", "扣分原因"),
        ("营业环境", 20, 1, "店招清洁", "每发现一处扣1分", "拍照"),
        (None, None, 2, "地面整洁", "每处扣0.5分，扣完为止", "查看"),
        ("服务纪律", 15, 3, "举手礼", "未执行扣2分", "暗访"),
        (None, None, 4, "不使用手机", "发现一次扣5分", "问题须拍照"),
        ("总分", 35),
    ),
    ("A2:A3", "B2:B3", "A4:A5", "B4:B5"),
)
# Scheme E1 as it is printed: 15 + 20 + 5 + 5 under a declared 55.
CONTRADICTING = Standard(
    (
        ("序号", "考核内容", "标准分", "评分标准"),
        ("一", "支付清算", 20),
        (1, "资金支付及时", 20, "每延误一次扣1分"),
        ("二", "信息反馈", 15),
        (2, "及时反馈", 15, "每迟报一次扣2分"),
        ("三", "账户管理", 5),
        (3, "账户资料齐全", 5, "缺一项扣1分"),
        ("四", "系统管理", 5),
        (4, "系统运行正常", 5, "每次扣1分"),
        ("合计", None, 55),
    ),
    sound=False,
)
# Sections in sections by number, subtotals, columns that are filled in by hand.
NESTED = Standard(
    (
        ("序号", "考核内容", "分值", "得分", "扣分原因"),
        ("模块一 环境管理（35分）",),
        ("1.1", "室外环境", 15),
        ("1.1.1", "店招清洁", 5),
        ("1.1.2", "门前整洁", 10),
        ("1.2", "室内环境", 20),
        ("1.2.1", "地面", 8),
        ("1.2.2", "灯光", 12),
        ("环境管理小计", None, 35),
        ("模块二 服务（15分）",),
        ("2.1", "微笑", 10),
        ("2.2", "问候", 5),
        ("合计", None, 50),
    ),
    ("A2:E2", "A10:E10"),
)
# Points for each, an item over two rows, points that two items share, additional points.
SHARED = Standard(
    (
        ("项目", "内容", "分值", "标准"),
        ("便民设施", "老花镜", "每项2分，共6分", "在位可用"),
        (None, "雨伞", None, "在位"),
        (None, "饮水机", None, "可饮用"),
        ("大堂", "引导", 10, "主动迎接，每漏一次扣1分"),
        (None, None, None, "礼貌送别，未做到扣2分"),
        ("柜台", "三声服务", 6, "来有迎声"),
        (None, "双手接递", None, "双手"),
        ("加分项（5分）", "客户表扬", "加5分", "有表扬得5分"),
        ("总计", None, 22),
    ),
    ("A2:A4", "C2:C4", "A5:A6", "B5:B6", "C5:C6", "A7:A8", "C7:C8"),
)
# A header of two rows, grades with points of their own, a range, a subtotal.
TWO_HEADERS = Standard(
    (
        ("服务考核细则",),
        ("序号", "检查项目", None, "分值", "评分", None),
        (None, "类别", "要求", None, "标准", "检查方式"),
        (1, "厅堂", "明亮", 10, "完全达标得10分，基本达标得5分，不达标不得分", "目测"),
        (2, None, "整洁", "0-10分", "按整洁程度", "目测"),
        (3, "柜台", "问候", "十分", "按是否问候", "留图片"),
        (4, None, "送别", 5, None, None),
        ("小计", None, None, 15),
        ("合计", None, None, "35分"),
    ),
    ("A1:F1", "A2:A3", "B2:C2", "D2:D3", "E2:F2", "B4:B5", "B6:B7"),
)
# One content over rows that have points of their own; codes of letters.
COVERED = Standard(
    (
        ("编号", "考核内容", "标准", "分值", "权重说明"),
        ("OUT-01", "厅堂环境", "地面干净", 5, "重点"),
        ("OUT-02", None, "墙面干净", 5, None),
        ("STAFF-01", "人员", "着装", 90, None),
    ),
    ("B2:B3",),
)
# Sections in columns, one inside the other, their points in a column of their own; an empty 合计.
COLUMNS = Standard(
    (
        ("一级指标", "分值", "二级指标", "三级指标", "分值", "评分标准"),
        ("环境", 30, "厅外", "店招", 10, "好得10分，中得6分，差得0分"),
        (None, None, None, "门前", 5, "净"),
        (None, None, "厅内", "地面", 15, "净"),
        ("服务", 20, "柜员", "微笑", 20, "每次扣2分"),
        ("合计", None, None, None, None),
    ),
    ("A2:A4", "B2:B4", "C2:C3"),
)
# Rules inside the contents, which bring their own numbers; points of each item, and of a whole section.
RULES_INSIDE = Standard(
    (
        ("序号", "考核项目", "考核内容及评分标准", "标准分"),
        ("一", "营业环境", "1.店招整洁，不洁扣5分", 5),
        (None, None, "2.地面整洁，每处扣0.5分", 5),
        ("二", "服务纪律", "1.站立迎接，未站立每次扣1分", 10),
        (None, None, "2.使用文明用语，发现一次不文明扣2分", None),
        ("合计", None, None, 20),
    ),
    ("A2:A3", "B2:B3", "A4:A5", "B4:B5", "D4:D5", "A6:C6"),
)
# Chinese numbers in a column of their own, remarks beside a section, points for each of several in one item.
NUMBER_COLUMN = Standard(
    (
        ("序号", "检查内容", "分值", "评分标准", "备注"),
        ("一", "营业环境", 10, None, "共两项"),
        (1, "店招", 4, "净", None),
        (2, "设施", "6分（每项2分）", "老花镜、雨伞、饮水机", None),
        ("二", "服务", 5),
        (3, "微笑", 5, "笑", None),
        ("总分", None, 15),
    ),
)
# Everything that cannot be read.
DOUBTFUL = Standard(
    (
        ("序号", "项目", "标准分", "扣分标准", "备注"),
        ("一、环境（若干分）",),
        (1, "店招", "酌情", "每处扣1分", "需拍照"),
        (2, "地面", 5, "脏扣8分"),
        ("二、服务（20分）",),
        (3, "微笑", 6, "酌情扣分"),
        (4, "投诉", 4, "一票否决"),
        (5, "迎送", None, "看情况"),
        ("三、附则（10分）",),
        ("合计", None, "见附件"),
        ("说明：本表由总行制定",),
    ),
    ("A2:E2", "A5:E5", "A9:E9"),
    sound=False,
)

ALL = {
    "section rows": SECTION_ROWS,
    "deductions": DEDUCTIONS,
    "contradicting": CONTRADICTING,
    "nested": NESTED,
    "shared": SHARED,
    "two headers": TWO_HEADERS,
    "covered": COVERED,
    "columns": COLUMNS,
    "rules inside": RULES_INSIDE,
    "number column": NUMBER_COLUMN,
    "doubtful": DOUBTFUL,
}
