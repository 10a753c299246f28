"""What an import of units would change, and that it then changes exactly that."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from server.fieldwork.importing import Change, ImportReport, SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.models.audit import AuditLine
from server.models.organisation import Unit, UnitVersion
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW, create_units

FILE = """机构编号,机构名称,级别,上级编号,撤销日期
D1,东城区,区县,D10,
B101,青年路营业部,网点,D1,
B102,翠湖支行,网点,D1,2026-05-05
B201,人民路支行,网点,D10,
N1,新华支行,支行,D1,
Q,无主,网点,nowhere,
"""
CHANGES = (
    Change(2, "D1", "moved", (("parent_code", "C01", "D10"),), below=2),
    Change(3, "B101", "changed", (("name", "青年路支行", "青年路营业部"),)),
    Change(4, "B102", "closed", (("closed_on", None, "2026-05-05"),)),
    Change(
        6,
        "N1",
        "created",
        (
            ("name", None, "新华支行"),
            ("parent_code", None, "D1"),
            ("level", None, "sub_branch"),
            ("timezone", None, "Asia/Shanghai"),
        ),
    ),
)


def run(connection: Connection, text: str = FILE, scope: Scope = EVERYTHING, **options: Any) -> ImportReport:
    sent = SentFile(text.encode(), "units.csv", BY, scope)
    return import_units(connection, sent, now=NOW + timedelta(days=1), **options)


def state(connection: Connection) -> list[Any]:
    columns = Unit.__table__.columns
    units = connection.execute(select(*columns).order_by(Unit.code)).all()
    counts = (connection.scalar(select(func.count()).select_from(each)) for each in (UnitVersion, AuditLine))
    return [*units, *counts]


def test_a_dry_run_says_what_would_change_and_changes_nothing(connection: Connection) -> None:
    create_units(connection)
    before = state(connection)
    report = run(connection, dry_run=True)
    assert report.changes == CHANGES
    assert report.dry_run
    assert (report.created, report.updated, report.unchanged, report.rejected) == (1, 3, 1, 1)
    assert dict(report.kinds) == {"created": 1, "moved": 1, "changed": 1, "closed": 1}
    assert state(connection) == before


def test_what_was_shown_is_what_is_applied(connection: Connection) -> None:
    create_units(connection)
    shown, applied = run(connection, dry_run=True), run(connection)
    assert (applied.changes, applied.problems) == (shown.changes, shown.problems)
    assert applied.fingerprint == shown.fingerprint
    assert run(connection, dry_run=True).changes == ()


def test_another_tree_gives_another_fingerprint(connection: Connection) -> None:
    create_units(connection)
    shown = run(connection, dry_run=True)
    run(connection, "机构编号,机构名称\nB101,别的名字\n")
    assert run(connection, dry_run=True).fingerprint != shown.fingerprint


def test_what_falls_takes_no_other_row_along(connection: Connection) -> None:
    """A row outside the scope must not decide where the rows below it go."""
    create_units(connection)
    east = Scope(unit_paths=("C01/D1/",))
    text = "机构编号,机构名称,级别,上级编号\nB201,别处,网点,D1\nN,新网点,网点,B201\nM,另一个,网点,B101\n"
    report = run(connection, text, east)
    assert [(each.row, each.code) for each in report.problems] == [
        (2, "import_outside_scope"),
        (3, "import_outside_scope"),
    ]
    assert connection.scalar(select(Unit.path).where(Unit.code == "M")) == "C01/D1/B101/M/"
    assert connection.scalar(select(Unit.path).where(Unit.code == "B201")) == "C01/D10/B201/"


def test_columns_that_are_not_there_change_nothing(connection: Connection) -> None:
    create_units(connection)
    report = run(connection, "机构编号,地址\nB101,青年路 1 号\nN,某处\n")
    assert report.changes == (Change(2, "B101", "changed", (("address", None, "青年路 1 号"),)),)
    assert [(each.row, each.column, each.code) for each in report.problems] == [(3, "name", "cell_missing")]
    row = connection.execute(select(Unit.name_en, Unit.path).where(Unit.code == "B101")).one()
    assert row == ("Youth Road", "C01/D1/B101/")
    assert run(connection, "机构编号,地址\nB101,\n").changes[0].fields == (("address", "青年路 1 号", None),)
