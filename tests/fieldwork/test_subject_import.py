"""Departments and banks from a file."""

import pytest
from sqlalchemy import Connection, select

from server.fieldwork.importing import Change, ImportReport, SentFile
from server.fieldwork.organisation.subject_import import import_subjects
from server.models.organisation import Subject, Unit
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW, create_units

HEADER = "编号,名称,类型,所属机构\n"
EAST = Scope(unit_paths=("C01/D1/",))


def load(
    connection: Connection, rows: str, scope: Scope = EVERYTHING, *, dry_run: bool = False
) -> ImportReport:
    sent = SentFile((HEADER + rows).encode(), "subjects.csv", BY, scope)
    return import_subjects(connection, sent, now=NOW, dry_run=dry_run)


def kept(connection: Connection) -> list[tuple[str, str, str, str | None]]:
    query = (
        select(Subject.code, Subject.name, Subject.kind, Unit.code)
        .join(Unit, Unit.id == Subject.parent_unit_id, isouter=True)
        .where(Subject.kind != "unit")
        .order_by(Subject.code)
    )
    return [tuple(row) for row in connection.execute(query)]


def test_departments_and_banks(connection: Connection) -> None:
    create_units(connection)
    rows = "DEP1,运营部,部门,D1\nBK1,某某银行,银行,\n"
    shown = load(connection, rows, dry_run=True)
    assert kept(connection) == []
    applied = load(connection, rows)
    assert (applied.changes, applied.fingerprint) == (shown.changes, shown.fingerprint)
    assert kept(connection) == [("BK1", "某某银行", "bank", None), ("DEP1", "运营部", "department", "D1")]
    assert load(connection, rows).unchanged == 2
    renamed = load(connection, "DEP1,运营管理部,部门,D10\n")
    fields = (("name", "运营部", "运营管理部"), ("unit_code", "D1", "D10"))
    assert renamed.changes == (Change(2, "DEP1", "changed", fields),)
    assert kept(connection)[1] == ("DEP1", "运营管理部", "department", "D10")


@pytest.mark.parametrize(
    ("row", "scope", "code"),
    [
        ("B101,青年路,部门,", EVERYTHING, "import_code_taken"),
        ("X Y,部门一,部门,", EVERYTHING, "import_code_characters"),
        ("X,部门一,小组,", EVERYTHING, "import_unknown_subject_kind"),
        ("X,部门一,部门,nowhere", EVERYTHING, "import_unknown_unit"),
        ("X,部门一,部门,B201", EAST, "import_unknown_unit"),
        ("X,部门一,部门,", EAST, "import_outside_scope"),
        ("WEST,西部,部门,D1", EAST, "import_outside_scope"),
        ("OK,好,部门,D1\nOK,好,部门,D1", EVERYTHING, "import_duplicate"),
    ],
)
def test_rows_that_do_not_hold(connection: Connection, row: str, scope: Scope, code: str) -> None:
    create_units(connection)
    load(connection, "WEST,西区运营部,部门,D10\n")
    assert [each.code for each in load(connection, row, scope).problems] == [code]
    assert kept(connection)[-1] == ("WEST", "西区运营部", "department", "D10")
