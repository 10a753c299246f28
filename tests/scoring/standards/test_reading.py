"""Tables of standards become definitions that lint, and a report that names every row."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.forms import compile_form, lint
from server.scoring.compile import lint as lint_scoring
from server.scoring.form_items import form_items, form_rules
from server.scoring.score import score
from server.scoring.standards.grid import Grid
from server.scoring.standards.notes import CODES
from server.scoring.standards.reading import Understanding, understand
from tests.scoring.standards import tables_for_tests as tables
from tests.scoring.standards.tables_for_tests import Standard

HEADER = ("序号", "内容", "分值", "标准", "佐证")


def errors_of(definition: dict[str, Any]) -> list[str]:
    """The codes of everything that keeps a definition from being published."""
    scored = lint_scoring(definition["scoring"], form_items(definition))
    return [each.code for each in (*lint(definition), *scored) if each.severity == "error"]


def read(*rows: tuple[tables.Cell, ...], merged: tuple[str, ...] = (), **options: Any) -> Understanding:
    return understand(Standard(rows, merged).grid(), **options)


def definition_of(read_: Understanding) -> dict[str, Any]:
    assert read_.definition is not None
    return read_.definition


def questions(read_: Understanding) -> dict[str, Any]:
    pages = definition_of(read_)["pages"]
    return {element["name"]: element for page in pages for element in page["elements"]}


def codes(read_: Understanding, row: int | None) -> list[str]:
    return [note.code for note in read_.notes if note.row == row]


def only_item(*cells: tables.Cell, header: tuple[str, ...] = HEADER, **options: Any) -> Any:
    (question,) = questions(read(header, cells, **options)).values()
    return question


@pytest.mark.parametrize("name", tables.ALL)
@pytest.mark.parametrize("method", [None, "points", "deduct"])
def test_every_filled_row_is_named(name: str, method: Any) -> None:
    standard = tables.ALL[name]
    for grid in (standard.grid(), standard.flat()):
        named = {note.row for note in understand(grid, method=method).notes}
        filled = {row + 1 for row in range(len(grid.rows)) if grid.written(row)}
        assert filled <= named


@pytest.mark.parametrize("name", tables.ALL)
def test_a_table_that_adds_up_becomes_a_form_without_errors(name: str) -> None:
    standard = tables.ALL[name]
    found = understand(standard.grid())
    assert found.sound == standard.sound
    if standard.sound:
        assert errors_of(definition_of(found)) == []


@pytest.mark.parametrize("name", tables.ALL)
def test_every_note_has_the_parameters_of_its_code(name: str) -> None:
    for note in understand(tables.ALL[name].grid()).notes:
        assert {*note.params} == {*CODES[note.code]}


CELLS = st.sampled_from(
    [
        "",
        "",
        "1",
        "1.1",
        "一",
        "一、环境（20分）",
        "店招",
        "5",
        "每项2分",
        "合计",
        "小计",
        "酌情",
        "-2",
        "备注：无",
        "加分项",
    ]
)


@given(st.lists(st.lists(CELLS, min_size=5, max_size=5), max_size=8), st.booleans())
@settings(max_examples=150)
def test_no_row_of_any_table_is_lost(rows: list[list[str]], flat: bool) -> None:
    grid = Grid.of([list(HEADER), *rows], flat=flat)
    found = understand(grid)
    assert {row + 1 for row in range(len(grid.rows)) if grid.written(row)} <= {
        note.row for note in found.notes
    }
    if found.definition is not None:
        assert [problem.code for problem in lint(found.definition) if problem.severity == "error"] == []


def test_section_rows_titles_and_the_lines_around_the_table() -> None:
    found = understand(tables.SECTION_ROWS.grid())
    definition = definition_of(found)
    assert definition["title"] == "某行网点服务检查标准"
    assert definition["scoring"] == {
        "method": "points",
        "points": "100",
        "sections": [
            {"name": "section_1", "title": "一、营业环境", "points": "40"},
            {"name": "section_2", "title": "二、柜面服务", "points": "60"},
        ],
    }
    assert list(questions(found)) == ["q1_1", "q1_2", "q2_1", "q2_2"]
    assert codes(found, 2) == ["standard_heading"]
    assert codes(found, 11) == ["standard_text"]
    assert "standard_codes_prefixed" in codes(found, None)
    assert questions(found)["q2_2"]["scoring"] == {
        "section": "section_2",
        "code": "2.2",
        "awards": {"yes": "30", "no": "0"},
        "naValue": "na",
    }


def test_points_of_a_whole_section_are_what_its_items_take_from() -> None:
    found = understand(tables.DEDUCTIONS.grid())
    scoring = definition_of(found)["scoring"]
    assert scoring["method"] == "deduct"
    assert [section["points"] for section in scoring["sections"]] == ["20", "15"]
    floor = questions(found)["q2"]
    assert (floor["type"], floor["min"], floor["max"], floor["step"]) == ("text", 0, 20, 0.5)
    assert floor["scoring"] == {"section": "section_1", "code": "2", "awards": "value"}
    assert questions(found)["q3"]["scoring"]["awards"] == {"yes": "0", "no": "-2"}
    assert "standard_column_to_fill" in codes(found, 1)


def test_the_made_form_scores_as_the_standard_says() -> None:
    definition = definition_of(understand(tables.DEDUCTIONS.grid()))
    rules = form_rules(definition)
    assert rules is not None
    form = compile_form(definition)
    answers = {"q1": 3, "q2": 18.5, "q3": "no", "q4": 5}
    sheet = score(rules, answers, tuple(form.questions))
    # Section one has lost 21.5 of its 20 points, section two 7 of 15.
    assert (sheet.to_json()["published"], sheet.to_json()["scale"]) == ("8.00", "35")


def test_parts_that_miss_the_declared_total_are_said_and_refused() -> None:
    found = understand(tables.CONTRADICTING.grid())
    (wrong,) = [note for note in found.notes if note.kind == "error"]
    assert (wrong.row, wrong.code, wrong.params) == (
        10,
        "standard_sum_total",
        {"declared": "55", "sum": "45"},
    )
    assert errors_of(definition_of(found)) == ["points_do_not_add_up"]


def test_sections_in_sections() -> None:
    found = understand(tables.NESTED.grid())
    scoring = definition_of(found)["scoring"]
    assert [(section["title"], section["points"]) for section in scoring["sections"]] == [
        ("模块一 环境管理 · 1.1 室外环境", "15"),
        ("模块一 环境管理 · 1.2 室内环境", "20"),
        ("模块二 服务", "15"),
    ]
    assert (scoring["scale"], scoring["points"]) == ("50", "50")
    assert list(questions(found))[:2] == ["q1_1_1", "q1_1_2"]


@pytest.mark.parametrize(
    ("row", "column", "written", "told"),
    [
        (3, 2, 10, {"section": "室内环境", "declared": "20", "sum": "22"}),
        (7, 2, 14, {"declared": "20", "sum": "22"}),
        (8, 2, 34, {"declared": "34", "sum": "35"}),
    ],
)
def test_sums_are_compared_at_every_level(row: int, column: int, written: int, told: dict[str, str]) -> None:
    rows = [list(line) for line in tables.NESTED.rows]
    rows[row][column] = written
    found = read(*map(tuple, rows), merged=tables.NESTED.merged)
    wrong = [dict(note.params) for note in found.notes if note.code == "standard_sum_section"]
    assert not found.sound
    assert wrong


def test_points_for_each_shared_points_and_additional_points() -> None:
    found = understand(tables.SHARED.grid())
    asked = questions(found)
    assert [asked[f"item_{order}"]["scoring"]["awards"]["yes"] for order in (1, 2, 3)] == ["2", "2", "2"]
    guiding, counter, praise = (asked[f"item_{order}"] for order in (4, 5, 6))
    assert (guiding["max"], guiding["step"]) == (10, 1)
    assert "礼貌送别，未做到扣2分" in guiding["description"]
    assert (counter["title"], counter["max"], counter["scoring"]["awards"]) == (
        "三声服务；双手接递",
        6,
        "value",
    )
    assert praise["scoring"] == {"bonus": True, "awards": {"yes": "5", "no": "0"}, "naValue": "na"}
    assert "standard_shared" in codes(found, 7)
    assert codes(found, 6) == codes(found, 8) == ["standard_item_more"]


def test_csv_leaves_blanks_where_cells_were_merged() -> None:
    found = understand(tables.SHARED.flat())
    assert definition_of(found)["scoring"] == definition_of(understand(tables.SHARED.grid()))["scoring"]
    assert "standard_shared_blank" in codes(found, 8)


def test_points_for_each_that_do_not_make_their_sum() -> None:
    rows = (HEADER, (1, "甲", "每项2分，共10分"), (2, "乙"), (3, "丙"))
    found = read(*rows, merged=("C2:C4",))
    assert "standard_sum_each" in codes(found, 2)
    assert not found.sound


def test_a_header_of_two_rows_and_grades_of_fulfilment() -> None:
    found = understand(tables.TWO_HEADERS.grid())
    bright = questions(found)["q1"]
    assert [choice["text"] for choice in bright["choices"]] == ["完全达标", "基本达标", "不达标", "不适用"]
    assert bright["scoring"]["awards"] == {"p10": "10", "p5": "5", "p0": "0"}
    assert questions(found)["q2"]["scoring"]["awards"] == "value"
    titles = [section["title"] for section in definition_of(found)["scoring"]["sections"]]
    assert titles == ["厅堂", "柜台"]


def test_grades_under_deduct_lose_what_they_miss() -> None:
    found = understand(tables.TWO_HEADERS.grid(), method="deduct")
    assert questions(found)["q1"]["scoring"]["awards"] == {"p10": "0", "p5": "-5", "p0": "-10"}
    assert errors_of(definition_of(found)) == []


def test_one_content_over_several_rows_with_points() -> None:
    found = understand(tables.COVERED.grid())
    titles = {name: question["title"] for name, question in questions(found).items()}
    assert titles == {
        "OUT-01": "厅堂环境：地面干净",
        "OUT-02": "厅堂环境：墙面干净",
        "STAFF-01": "人员",
    }
    assert "权重说明：重点" in questions(found)["OUT-01"]["description"]
    assert "standard_column_described" in codes(found, 1)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (2, "standard_section_points_unread"),
        (3, "standard_points_unread"),
        (4, "standard_deduction_above"),
        (6, "standard_deduction_unread"),
        (7, "standard_item_veto"),
        (8, "standard_item_unscored"),
        (9, "standard_section_empty"),
        (10, "standard_total_unread"),
        (11, "standard_text"),
    ],
)
def test_what_is_not_understood_is_named_with_its_row(row: int, code: str) -> None:
    assert code in codes(understand(tables.DOUBTFUL.grid()), row)


@pytest.mark.parametrize(
    ("cells", "awards"),
    [
        ((1, "店招", 5), {"yes": "5", "no": "0"}),
        ((1, "店招", 5, "不达标不得分"), {"yes": "5", "no": "0"}),
        ((1, "店招", 5, "未悬挂扣2分"), {"yes": "5", "no": "3"}),
        ((1, "店招", 5, "每处扣1分"), "value"),
        ((1, "店招", 5, "破损扣1分，缺失扣5分"), "value"),
        ((1, "店招", 5, "酌情扣分"), "value"),
        ((1, "店招", "0-5分"), "value"),
        ((1, "店招（5分）", None), {"yes": "5", "no": "0"}),
    ],
)
def test_awards_under_points(cells: tuple[tables.Cell, ...], awards: object) -> None:
    question = only_item(*cells, method="points")
    assert question["scoring"]["awards"] == awards
    assert ("naValue" in question["scoring"]) == (awards != "value")


@pytest.mark.parametrize(
    ("cells", "awards"),
    [
        ((1, "店招", 5), {"yes": "0", "no": "-5"}),
        ((1, "店招", 5, "未悬挂扣2分"), {"yes": "0", "no": "-2"}),
        ((1, "店招", 5, "每处扣1分"), "value"),
    ],
)
def test_awards_under_deduct(cells: tuple[tables.Cell, ...], awards: object) -> None:
    question = only_item(*cells, method="deduct")
    assert question["scoring"]["awards"] == awards
    assert awards == "value" or question["choices"][0]["text"] == "合格"


@pytest.mark.parametrize(
    ("points", "standard", "step"),
    [
        (5, "每处扣1分", 1),
        (5, "每处扣2分", 1),
        (6, "每处扣2分", 2),
        (5, "每处扣0.5分", 0.5),
        (5, "每处扣1-3分", None),
        (5, "酌情扣分", None),
    ],
)
def test_the_step_of_a_number_reaches_every_amount(points: int, standard: str, step: float | None) -> None:
    assert only_item(1, "店招", points, standard, method="deduct").get("step") == step


@pytest.mark.parametrize(
    ("proof", "standard", "evidence"),
    [
        ("拍照", "整洁", {"photo": "always"}),
        ("现场拍摄照片", "整洁", {"photo": "always"}),
        ("调阅录像", "整洁", {"photo": "always"}),
        ("不合格时拍照", "整洁", {"photo": "onFail"}),
        ("扣分须附照片", "每处扣1分", None),
        ("拍照", "每处扣1分", {"photo": "always"}),
        ("现场查看", "整洁", None),
        ("无需拍照", "整洁", None),
        (None, "整洁", None),
    ],
)
def test_photos_become_evidence(proof: str | None, standard: str, evidence: object) -> None:
    question = only_item(1, "店招", 5, standard, proof)
    assert question.get("evidence") == evidence
    assert proof is None or f"佐证：{proof}" in question["description"]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (("1", "2"), ["q1", "q2"]),
        (("1.1", "1.2.3"), ["q1_1", "q1_2_3"]),
        (("OUT-01", "out.2"), ["OUT-01", "out_2"]),
        (("1", "1"), ["q1", "q2"]),
        (("甲", "乙"), ["item_1", "item_2"]),
        (("section_1", "2"), ["q1", "q2"]),
        (("1.1", "1-1"), ["q1", "q2"]),
    ],
)
def test_names_come_from_the_numbers_of_the_table(written: tuple[str, str], names: list[str]) -> None:
    found = read(HEADER, (written[0], "店招", 5), (written[1], "地面", 5))
    assert list(questions(found)) == names
    assert errors_of(definition_of(found)) == []


def test_a_number_may_stand_before_the_content() -> None:
    question = only_item("1.2、店招清洁", 5, header=("检查内容", "分值"))
    assert (question["name"], question["title"]) == ("q1_2", "店招清洁")
    assert only_item("1.5米线外等候", 5, header=("检查内容", "分值"))["title"] == "1.5米线外等候"


def test_braces_of_a_table_name_no_answers() -> None:
    found = read(HEADER, (1, "播放{宣传片}", 5, "见{附件}"))
    assert errors_of(definition_of(found)) == []


@pytest.mark.parametrize(
    ("rows", "method"),
    [
        (((1, "店招", 5, "每处扣1分"), (2, "地面", 5, "整洁")), "deduct"),
        (((1, "店招", 5, "每处扣1分"), (2, "地面", 5, "整洁"), (3, "墙面", 5, "整洁")), "points"),
    ],
)
def test_the_method_is_told_from_the_items_and_said(
    rows: tuple[tuple[tables.Cell, ...], ...], method: str
) -> None:
    found = read(HEADER, *rows)
    assert definition_of(found)["scoring"]["method"] == method
    (said,) = [note for note in found.notes if note.code == "standard_method_guessed"]
    assert said.params["method"] == method


def test_a_table_of_deductions_alone_starts_from_a_hundred() -> None:
    rows = (("序号", "内容", "扣分"), (1, "柜员未微笑", 2), (2, "离岗", "每次5分"), (3, "迟到", "-1"))
    found = read(*rows)
    assert definition_of(found)["scoring"] == {"method": "deduct", "points": "100"}
    awards = [question["scoring"]["awards"] for question in questions(found).values()]
    assert awards == [{"yes": "0", "no": "-2"}, "value", {"yes": "0", "no": "-1"}]
    assert "standard_full_marks_assumed" in codes(found, None)


def test_an_english_table_makes_an_english_form() -> None:
    rows = (
        ("No.", "Item", "Points", "Criteria", "Evidence"),
        (1, "Sign is clean", 10, None, "photo"),
        ("Total", None, 10),
    )
    found = read(*rows)
    definition = definition_of(found)
    assert (definition["locale"], definition["scoring"]["scale"]) == ("en", "10")
    assert [choice["text"] for choice in questions(found)["q1"]["choices"]] == ["Yes", "No", "Not applicable"]
    assert errors_of(definition) == []


def test_a_header_that_is_printed_again_is_skipped() -> None:
    found = read(HEADER, (1, "店招", 5), HEADER, (2, "地面", 5))
    assert codes(found, 3) == ["standard_header_again"]
    assert list(questions(found)) == ["q1", "q2"]


@pytest.mark.parametrize(
    "rows", [(("检查表",), ("随便", "文字")), (), ((1, 2, 3),), (("序号", "内容", "分值"),)]
)
def test_a_table_without_anything_to_ask_makes_no_form(rows: tuple[tuple[tables.Cell, ...], ...]) -> None:
    found = read(*rows)
    assert found.definition is None
    assert not found.sound


def test_sections_in_columns_with_points_in_a_column_of_their_own() -> None:
    found = understand(tables.COLUMNS.grid())
    sections = definition_of(found)["scoring"]["sections"]
    assert [(section["title"], section["points"]) for section in sections] == [
        ("环境 · 厅外", "15"),
        ("环境 · 厅内", "15"),
        ("服务 · 柜员", "20"),
    ]
    assert codes(found, 6) == ["standard_total_blank"]
    assert "standard_section_worth" in codes(found, 2)


def test_contents_that_bring_their_numbers_and_rules() -> None:
    found = understand(tables.RULES_INSIDE.grid())
    asked = questions(found)
    assert [(name, question["scoring"]["awards"]) for name, question in asked.items()] == [
        ("q1_1", {"yes": "0", "no": "-5"}),
        ("q1_2", "value"),
        ("q2_1", "value"),
        ("q2_2", "value"),
    ]
    assert "standard_shared_section" in codes(found, 4)
    assert (asked["q1_2"]["max"], asked["q2_1"]["max"]) == (5, 10)


def test_a_section_numbered_in_a_column_of_its_own() -> None:
    found = understand(tables.NUMBER_COLUMN.grid())
    assert [
        (section["title"], section["points"]) for section in definition_of(found)["scoring"]["sections"]
    ] == [
        ("一、营业环境", "10"),
        ("二、服务", "5"),
    ]
    assert codes(found, 2) == ["standard_section_worth", "standard_text"]
    assert questions(found)["q2"]["max"] == 6


def test_chinese_numbers_of_items_are_no_sections() -> None:
    found = read(("序号", "检查内容", "分值"), ("一", "店招", 5), ("二", "地面", 5), ("合计", None, 10))
    assert [question["title"] for question in questions(found).values()] == ["店招", "地面"]
    assert found.sound
    inside = read(
        ("序号", "检查内容", "分值"),
        ("第一部分 环境",),
        ("一", "店招", 5),
        ("二", "地面", 5),
        ("合计", None, 10),
    )
    (section,) = definition_of(inside)["scoring"]["sections"]
    assert (section["title"], len(questions(inside))) == ("第一部分 环境", 2)


def test_one_deduction_that_cannot_reach_the_points_is_said() -> None:
    found = read(HEADER, (1, "店招", 5, "未悬挂扣2分"), method="deduct")
    assert "standard_deduction_below" in codes(found, 2)
    assert found.sound
