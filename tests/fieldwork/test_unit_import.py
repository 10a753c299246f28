import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Connection, Engine, select

from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.models.audit import AuditLine
from server.models.organisation import Subject, Unit
from tests import builders
from tests.builders import BY, NOW, UNITS, units_csv

CYCLE = ("parent_code", "import_parent_cycle")
FULL = "机构编号,机构名称,英文名称,上级编号,级别,经度,纬度,坐标系\n"


def unit(code: str, parent: str = "", level: str = "outlet", name: str = "") -> tuple[str, ...]:
    return (code, name or code, "", parent, level)


def load(connection: Connection, rows: Sequence[Sequence[object]]) -> ImportReport:
    return builders.create_units(connection, rows)


def load_text(connection: Connection, text: str, encoding: str = "utf-8") -> ImportReport:
    return import_units(connection, SentFile(text.encode(encoding), "units.csv", BY), now=NOW)


def paths(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(select(Unit.code, Unit.path)).all())


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def problems(report: ImportReport) -> list[tuple[int | None, str | None, str]]:
    return [(each.row, each.column, each.code) for each in report.problems]


def assert_paths_follow_parents(connection: Connection) -> None:
    rows = {row.id: row for row in connection.execute(select(Unit.id, Unit.code, Unit.parent_id, Unit.path))}
    for row in rows.values():
        above = rows[row.parent_id].path if row.parent_id else ""
        assert row.path == f"{above}{row.code}/"


def test_children_may_stand_above_their_parents(connection: Connection) -> None:
    assert counts(load(connection, UNITS[::-1])) == (6, 0, 0, 0)
    assert paths(connection)["B101"] == "C01/D1/B101/"
    assert_paths_follow_parents(connection)


def test_the_same_file_again_changes_nothing(connection: Connection) -> None:
    load(connection, UNITS)
    assert counts(load(connection, UNITS)) == (0, 0, 6, 0)
    renamed = [*UNITS[:-1], ("B201", "人民路营业部", "People's Road", "D10", "outlet")]
    assert counts(load(connection, renamed)) == (0, 1, 5, 0)
    assert connection.scalar(select(Subject.name).where(Subject.code == "B201")) == "人民路营业部"


def test_every_unit_is_a_subject_once(connection: Connection) -> None:
    load(connection, UNITS)
    load(connection, UNITS)
    subjects = connection.execute(select(Subject.code, Subject.kind).order_by(Subject.code)).all()
    assert subjects == [(code, "unit") for code in sorted(row[0] for row in UNITS)]


@pytest.mark.parametrize(
    ("rows", "kept", "found"),
    [
        ([unit("A", "B"), unit("B", "A"), unit("C")], {"C"}, [(2, *CYCLE), (3, *CYCLE)]),
        ([unit("A", "A")], set(), [(2, *CYCLE)]),
        ([unit("A", "nowhere"), unit("B")], {"B"}, [(2, "parent_code", "import_unknown_parent")]),
        ([unit("A"), unit("A", name="again")], {"A"}, [(3, "code", "import_duplicate")]),
        ([unit("A", level="moon"), unit("B")], {"B"}, [(2, "level", "import_unknown_level")]),
        ([unit("A/B"), unit("B")], {"B"}, [(2, "code", "import_code_characters")]),
        ([unit("A B"), unit("B")], {"B"}, [(2, "code", "import_code_characters")]),
        ([unit("A" * 61), unit("B")], {"B"}, [(2, "code", "import_code_characters")]),
    ],
)  # fmt: skip
def test_bad_rows_come_back_and_good_ones_stay(
    connection: Connection, rows: list[tuple[str, ...]], kept: set[str], found: list[Any]
) -> None:
    report = load(connection, rows)
    assert problems(report) == found
    assert set(paths(connection)) == kept
    assert report.rejected == len(found)


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ("181,30,WGS-84", "longitude", "import_coordinate"),
        ("114,91,WGS-84", "latitude", "import_coordinate"),
        ("NaN,30,WGS-84", "longitude", "import_coordinate"),
        ("114,,WGS-84", "longitude", "import_coordinate"),
        ("114,30,", "datum", "import_unknown_datum"),
        ("114,30,Mars", "datum", "import_unknown_datum"),
    ],
)
def test_coordinates_need_their_limits_and_their_datum(
    connection: Connection, cells: str, column: str, code: str
) -> None:
    report = load_text(connection, f"{FULL}A,甲,,,网点,{cells}\n")
    assert problems(report) == [(2, column, code)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_headers_levels_and_encodings(connection: Connection, encoding: str) -> None:
    text = f"{FULL}A,江城分行,Jiangcheng,,市分行,114.3,30.6,火星坐标\nB,青年路支行,,A,网点,,,\n"
    assert counts(load_text(connection, text, encoding)) == (2, 0, 0, 0)
    row = connection.execute(select(*Unit.__table__.columns).where(Unit.code == "A")).one()
    assert (row.name, row.level, row.datum, str(row.longitude)) == (
        "江城分行", "city", "GCJ-02", "114.3000000",
    )  # fmt: skip
    assert counts(load_text(connection, text, encoding)) == (0, 0, 2, 0)


def test_a_workbook(connection: Connection) -> None:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (
        ("机构编号", "机构名称", "级别", "上级编号"),
        (1001, "分行", "市", None),
        (2, "支行", "网点", 1001),
    ):
        book.active.append(row)
    book.save(stream)
    report = import_units(connection, SentFile(stream.getvalue(), "units.xlsx", BY), now=NOW)
    assert counts(report) == (2, 0, 0, 0)
    assert paths(connection) == {"1001": "1001/", "2": "1001/2/"}


MOVES: dict[str, tuple[list[tuple[str, ...]], dict[str, str]]] = {
    "a subtree that is not in the file moves along": (
        [unit("D", "Y", "district")],
        {"D": "R/Y/D/", "M": "R/Y/D/M/", "L": "R/Y/D/M/L/"},
    ),
    "a new unit below a moved one that is not in the file": (
        [unit("D", "Y", "district"), unit("N", "M")],
        {"N": "R/Y/D/M/N/"},
    ),
    "below a unit that itself moves, named later": (
        [unit("D", "Z", "district"), unit("Y", "", "city")],
        {"Y": "Y/", "Z": "Y/Z/", "D": "Y/Z/D/", "L": "Y/Z/D/M/L/"},
    ),
    "below a unit that itself moves, named earlier": (
        [unit("Y", "", "city"), unit("D", "Z", "district")],
        {"Y": "Y/", "Z": "Y/Z/", "D": "Y/Z/D/", "L": "Y/Z/D/M/L/"},
    ),
    "parent and child change places": (
        [unit("D", "M", "district"), unit("M", "X", "sub_branch")],
        {"M": "R/X/M/", "D": "R/X/M/D/", "L": "R/X/M/L/"},
    ),
}
TREE = [
    unit("R", "", "city"), unit("X", "R", "city"), unit("Y", "R", "city"), unit("Z", "Y", "city"),
    unit("D", "X", "district"), unit("M", "D", "sub_branch"), unit("L", "M"),
]  # fmt: skip


@pytest.mark.parametrize("move", MOVES)
def test_moves(connection: Connection, move: str) -> None:
    load(connection, TREE)
    rows, expected = MOVES[move]
    assert load(connection, rows).problems == ()
    assert_paths_follow_parents(connection)
    assert expected.items() <= paths(connection).items()
    assert load(connection, rows).unchanged == len(rows)


def test_a_unit_cannot_move_below_itself(connection: Connection) -> None:
    load(connection, TREE)
    before = paths(connection)
    report = load(connection, [unit("D", "L", "district")])
    assert problems(report) == [(2, "parent_code", "import_parent_cycle")]
    assert paths(connection) == before


def test_two_imports_at_once(engine: Engine) -> None:
    started = Barrier(2)

    def run(rows: Sequence[Sequence[object]]) -> ImportReport:
        with engine.begin() as connection:
            started.wait(timeout=30)
            return load(connection, rows)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, (UNITS, UNITS[::-1])))
    assert sorted(counts(report) for report in reports) == [(0, 0, 6, 0), (6, 0, 0, 0)]
    with engine.connect() as connection:
        assert_paths_follow_parents(connection)


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"%PDF-1.7", b"PK\x03\x04broken", b"a,b\n1,2\n"])
def test_files_that_are_no_table_of_units(connection: Connection, data: bytes) -> None:
    report = import_units(connection, SentFile(data, "units.xlsx", BY), now=NOW)
    assert report.problems
    assert paths(connection) == {}


def test_an_import_leaves_an_audit_line(connection: Connection) -> None:
    sent = SentFile(units_csv([*UNITS, unit("Q", "nowhere")]), "units.csv", BY)
    import_units(connection, sent, now=NOW)
    line = connection.execute(select(AuditLine.actor, AuditLine.action, AuditLine.detail)).one()
    counts = {"created": 6, "updated": 0, "rejected": 1}
    assert line == (BY, "units_imported", {"file": "units.csv", "sha256": sent.sha256, **counts})
