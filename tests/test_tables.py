"""Tables as Excel, exports and enemies write them."""

import io
import unicodedata
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.tables import CODES, MAX_UNPACKED, Table, TableProblem, read_sheet, read_table

ALIASES = {"code": ("网点编码", "Branch code"), "name": ("网点名称",), "phone": ("手机号", "Mobile")}
CSV = "网点编码,网点名称,手机号\n001,青年路支行,13812345678\n002,翠湖支行,13912345678\n"


def read(data: bytes | str, filename: str = "units.csv", **options: int) -> Table:
    content = data.encode() if isinstance(data, str) else data
    return read_table(content, filename, aliases=ALIASES, required=("code", "name"), **options)


def codes(table: Table) -> list[tuple[int | None, str | None, str]]:
    return [(problem.row, problem.column, problem.code) for problem in table.problems]


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def sheet_replaced(xml: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook(["code", "name"]))) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    return archive({**members, "xl/worksheets/sheet1.xml": xml})


@pytest.mark.parametrize(
    ("encoding", "recognised"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_every_encoding_that_excel_writes(encoding: str, recognised: str) -> None:
    table = read(CSV.encode(encoding))
    rows = list(table.rows)
    assert (table.encoding, table.problems) == (recognised, [])
    assert table.columns == ("code", "name", "phone")
    assert [(row.number, row.cells["name"]) for row in rows] == [(2, "青年路支行"), (3, "翠湖支行")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(delimiter: str) -> None:
    text = f'code{delimiter}name\n1{delimiter}"a{delimiter}b"\n'
    (row,) = read(text).rows
    assert row.cells == {"code": "1", "name": f"a{delimiter}b"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_broken_byte_takes_out_its_row_and_no_other(encoding: str) -> None:
    first, second, third = CSV.encode(encoding).splitlines(keepends=True)
    table = read(first + second.replace(b"001", b"0\xff1") + third)
    assert [row.number for row in table.rows] == [3]
    assert (table.encoding, codes(table)) == (encoding, [(2, "code", "cell_broken_text")])


def test_row_numbers_are_those_of_excel() -> None:
    table = read('\ncode,name\n1,"two\nlines"\n,,\n3,c\n')
    assert [(row.number, row.cells["name"]) for row in table.rows] == [(3, "two\nlines"), (5, "c")]


def test_cells_are_trimmed_and_composed() -> None:
    (row,) = read("code,name\n\u3000 1\u00a0,\u200bcafe\u0301\u3000\n").rows
    assert row.cells == {"code": "1", "name": "café"}


@pytest.mark.parametrize(
    "header", ["Branch code", " BRANCH_CODE * ", "branch-code", "Ｂｒａｎｃｈ　ｃｏｄｅ", "网点编码*"]
)
def test_headers_are_recognised_as_people_write_them(header: str) -> None:
    table = read(f"{header},name,district\n1,a,x\n")
    assert (table.columns, table.ignored) == (("code", "name"), ("district",))
    assert [row.cells for row in table.rows] == [{"code": "1", "name": "a"}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("code,手机号\n1,2\n", TableProblem(1, None, "header_missing", {"names": "name"})),
        ("code,name,网点编码\n1,a,2\n", TableProblem(1, "code", "header_duplicate", {"header": "网点编码"})),
    ],
)
def test_bad_headers_stop_the_import(text: str, problem: TableProblem) -> None:
    table = read(text)
    assert list(table.rows) == []
    assert table.problems == [problem]


def test_bad_rows_are_told_and_good_rows_kept() -> None:
    table = read('code,name\n1,a\n,b\n3,c,d\n4,"d"x\n5,e\n6,' + "x" * 32_768 + "\n7,\x00\n8\n9,i,,\n")
    assert [row.number for row in table.rows] == [2, 6, 10]
    assert codes(table) == [
        (3, "code", "cell_missing"),
        (4, None, "row_too_many_cells"),
        (5, None, "row_quotes"),
        (7, "name", "cell_too_long"),
        (8, "name", "cell_broken_text"),
        (9, "name", "cell_missing"),
    ]


def test_a_quote_that_never_closes_is_told_where_it_opens() -> None:
    table = read('code,name\n1,a\n2,"b\n3,c\n')
    assert [row.number for row in table.rows] == [2]
    assert codes(table) == [(3, None, "row_quotes")]


def test_the_limit_of_rows_is_told() -> None:
    table = read("code,name\n1,a\n2,b\n3,c\n", max_rows=2)
    assert [row.number for row in table.rows] == [2, 3]
    assert codes(table) == [(4, None, "rows_over_limit")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b" \r\n ", "file_empty"),
        (b",,\n,,\n", "header_absent"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "file_old_excel"),
        (b"%PDF-1.7", "file_not_a_table"),
        (b"a\x00b\x00", "file_not_a_table"),
        (b"PK\x03\x04 broken", "file_damaged"),
        (archive({"readme.txt": b"hello"}), "file_not_a_table"),
        (archive({"xl/workbook.xml": b"<", "content.xml": b""}), "file_not_a_table"),
        (archive({"xl/workbook.xml": b"<nothing/>"}), "file_damaged"),
    ],
)
def test_files_that_are_no_table(data: bytes, code: str) -> None:
    table = read(data)
    assert codes(table) == [(None, None, code)]
    assert list(table.rows) == []


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        ("units.csv", "file_not_a_table"),
        ("UNITS.XLSX", "file_not_a_table"),
        ("photo.jpg", "file_unsupported"),
        ("units", "file_unsupported"),
    ],
)
def test_a_name_that_lies_is_told_from_a_kind_we_do_not_take(filename: str, code: str) -> None:
    for data in (b"\xff\xd8\xff\xe0\x00\x10JFIF", archive({"readme.txt": b"hello"})):
        assert codes(read(data, filename)) == [(None, None, code)]


def test_a_table_says_what_the_file_calls_its_columns() -> None:
    table = read("Branch code *,网点名称,district\n1,a,x\n")
    assert table.headers == {"code": "Branch code *", "name": "网点名称"}


def test_a_workbook_keeps_texts_and_shows_numbers_as_people_see_them() -> None:
    data = workbook(
        [],
        ["网点编码", "网点名称", "手机号"],
        ["00123", "甲", 13812345678],
        [123.0, True, 0.5],
        [],
        [date(2026, 1, 2), datetime.fromisoformat("2026-01-02T09:30"), Decimal("1.25")],
    )
    table = read(data, "units.xlsx")
    rows = list(table.rows)
    assert table.problems == []
    assert table.encoding == "xlsx"
    assert [(row.number, tuple(row.cells.values())) for row in rows] == [
        (3, ("00123", "甲", "13812345678")),
        (4, ("123", "TRUE", "0.5")),
        (6, ("2026-01-02", "2026-01-02 09:30:00", "1.25")),
    ]


def test_a_number_whose_digits_excel_has_lost_is_not_taken_for_a_code() -> None:
    table = read(workbook(["code", "name"], [530102199001011234, "a"], ["530102199001011234", "b"]))
    assert [row.cells["code"] for row in table.rows] == ["530102199001011234"]
    assert codes(table) == [(2, "code", "cell_number_long")]


def test_a_zip_bomb_is_measured_not_believed() -> None:
    bomb = sheet_replaced(b" " * (MAX_UNPACKED + 1))
    assert codes(read(bomb)) == [(None, None, "file_too_large_unpacked")]
    honest = (MAX_UNPACKED + 1).to_bytes(4, "little")
    assert bomb.count(honest) == 2
    assert codes(read(bomb.replace(honest, (100).to_bytes(4, "little")))) == [
        (None, None, "file_too_large_unpacked")
    ]


@pytest.mark.parametrize("corner", ["XFD1048576", "xfd1048576"])
def test_two_cells_in_far_corners_are_refused_before_they_are_unfolded(corner: str) -> None:
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="{corner}"><v>1</v></c></row>'
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    data = sheet_replaced(
        f'<worksheet xmlns="{namespace}"><sheetData>{cells}</sheetData></worksheet>'.encode()
    )
    assert codes(read(data)) == [(None, None, "sheet_too_large")]


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_registered_problems(data: bytes) -> None:
    table = read(b"code,name\n" + data)
    list(table.rows)
    for problem in table.problems:
        assert tuple(problem.params) == CODES[problem.code]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufffd"), min_size=1, max_size=12)
FRAMED = CELLS.map(lambda text: f"x{text}x")


@given(st.lists(st.tuples(FRAMED, FRAMED), max_size=10), st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]))
def test_what_was_written_is_read_back(rows: list[tuple[str, str]], encoding: str) -> None:
    quoted = [",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    # Enough Chinese in the first row to tell GB18030 from UTF-8, as any real table has.
    text = "\r\n".join(["code,name", "编码编码编码编码,名称名称名称名称", *quoted])
    table = read(text.encode(encoding))
    found = [tuple(row.cells.values()) for row in table.rows]
    assert table.problems == []
    assert found[1:] == [tuple(map(composed, row)) for row in rows]


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def test_a_sheet_as_it_stands_keeps_its_place_and_its_merged_cells() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"], sheet["C4"], sheet["D9"] = " 标题 ", 1.5, "完"
    sheet.merge_cells("B2:C3")
    sheet.merge_cells("C4:C9")
    book.create_sheet("附表")["A1"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    read_first = read_sheet(stream.getvalue(), "a.xlsx")
    assert read_first.rows[:4] == (("", "", ""), ("标题", "", ""), ("", "", ""), ("", "1.5", ""))
    assert read_first.merged == ((1, 2, 0, 1), (3, 8, 1, 1))
    assert (read_first.others, read_first.problems) == (("附表",), ())
    assert read_sheet(stream.getvalue(), "a.xlsx", name="附表").rows == (("x",),)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_csv_has_no_merged_cells(encoding: str) -> None:
    sheet = read_sheet(CSV.encode(encoding), "a.csv")
    assert (sheet.rows[1], sheet.merged) == (("001", "青年路支行", "13812345678"), None)


def test_merged_cells_reach_no_further_than_the_rows_and_never_overlap() -> None:
    cell = b'<row r="1"><c r="A1"><v>1</v></c><c r="B1"><v>2</v></c></row>'
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = (
        b'<worksheet xmlns="%s"><sheetData>%%s</sheetData><mergeCells>%%s</mergeCells></worksheet>' % space
    )
    far = sheet_replaced(sheet % (cell, b'<mergeCell ref="A1:A1048576"/>'))
    assert read_sheet(far, "a.xlsx").merged == ((0, 0, 0, 0),)
    overlapping = sheet_replaced(sheet % (cell, b'<mergeCell ref="A1:B1"/>' * 2))
    assert [problem.code for problem in read_sheet(overlapping, "a.xlsx").problems] == ["file_damaged"]


def test_a_sheet_has_a_limit_of_rows() -> None:
    sheet = read_sheet(b"a,b\n" * 4, "a.csv", max_rows=3)
    assert [problem.code for problem in sheet.problems] == ["rows_over_limit"]
