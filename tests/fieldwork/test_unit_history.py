"""The organisation on any day: moves, closings, mergers, and who may look back at what."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.history import known_since, tree_as_of, unit_history
from server.fieldwork.organisation.unit_import import import_units
from server.models.organisation import Subject, Unit, UnitVersion
from server.scope import EVERYTHING, Scope
from tests.builders import BY, NOW, create_units

DAY_0 = NOW.date()
EAST, WEST = Scope(unit_paths=("C01/D1/",)), Scope(unit_paths=("C01/D10/",))


def load(connection: Connection, text: str, *, after: int = 0, **options: Any) -> ImportReport:
    """Import a table `after` days."""
    sent = SentFile(text.encode(), "units.csv", BY, options.pop("scope", EVERYTHING))
    return import_units(connection, sent, now=NOW + timedelta(days=after), **options)


def tree(connection: Connection, after: int, scope: Scope = EVERYTHING) -> dict[str, str]:
    rows = tree_as_of(connection, scope, DAY_0 + timedelta(days=after))
    return {row.code: row.path for row in rows}


def problems(report: ImportReport) -> list[str]:
    return [each.code for each in report.problems]


def unit_id(connection: Connection, code: str) -> Any:
    return connection.scalar(select(Unit.id).where(Unit.code == code))


def assert_versions_are_whole(connection: Connection) -> None:
    """Days without a gap or an overlap, and the newest version says what the unit is."""
    versions = connection.execute(
        select(UnitVersion.unit_id, UnitVersion.valid_from, UnitVersion.valid_to).order_by(
            UnitVersion.unit_id, UnitVersion.valid_from
        )
    ).all()
    for before, after in pairwise(versions):
        assert before.valid_to == (after.valid_from if before.unit_id == after.unit_id else None)
    differing = (
        select(func.count())
        .select_from(Unit)
        .join(UnitVersion, (UnitVersion.unit_id == Unit.id) & UnitVersion.valid_to.is_(None), isouter=True)
        .where(
            UnitVersion.path.is_distinct_from(Unit.path)
            | UnitVersion.name.is_distinct_from(Unit.name)
            | UnitVersion.attributes.is_distinct_from(Unit.attributes)
            | (UnitVersion.closed != Unit.closed_at.is_not(None))
        )
    )
    assert connection.scalar(differing) == 0


@pytest.fixture
def moved(connection: Connection) -> Connection:
    """East District, with two outlets, goes below West District on the third day."""
    create_units(connection)
    load(connection, "机构编号,上级编号\nD1,D10\n", after=3)
    return connection


def test_the_tree_of_a_day(moved: Connection) -> None:
    assert tree(moved, -1) == {}
    assert tree(moved, 2)["B101"] == "C01/D1/B101/"
    assert tree(moved, 3)["B101"] == tree(moved, 30)["B101"] == "C01/D10/D1/B101/"
    assert list(tree(moved, 3).values()) == sorted(tree(moved, 3).values())
    assert len(tree(moved, 3)) == 6
    assert known_since(moved, EVERYTHING) == DAY_0
    assert_versions_are_whole(moved)


def test_only_what_changed_has_a_new_version(moved: Connection) -> None:
    changed = moved.scalars(
        select(Unit.code)
        .join(UnitVersion, UnitVersion.unit_id == Unit.id)
        .where(UnitVersion.valid_to.is_not(None))
    )
    assert set(changed) == {"D1", "B101", "B102"}


def test_a_reader_looks_back_at_what_stood_below_their_units_then(moved: Connection) -> None:
    east_now, west_now = Scope(unit_paths=("C01/D10/D1/",)), WEST
    assert set(tree(moved, 2, west_now)) == {"D10", "B201"}
    assert set(tree(moved, 3, west_now)) == {"D10", "B201", "D1", "B101", "B102"}
    assert set(tree(moved, 2, east_now)) == set(tree(moved, 3, east_now)) == {"D1", "B101", "B102"}
    assert tree(moved, 3, Scope(unit_paths=())) == {}
    assert unit_history(moved, unit_id(moved, "B201"), east_now) == ()


def test_what_happened_to_a_unit(moved: Connection) -> None:
    load(moved, "机构编号,机构名称\nB101,青年路营业部\n", after=5)
    steps = unit_history(moved, unit_id(moved, "B101"), EVERYTHING)
    assert [(step.kind, step.since, step.until) for step in steps] == [
        ("changed", DAY_0 + timedelta(days=5), None),
        ("moved", DAY_0 + timedelta(days=3), DAY_0 + timedelta(days=5)),
        ("created", DAY_0, DAY_0 + timedelta(days=3)),
    ]
    assert steps[0].fields == (("name", "青年路支行", "青年路营业部"),)
    assert steps[1].fields == (("path", "C01/D1/B101/", "C01/D10/D1/B101/"),)
    assert steps[0].by == BY
    assert moved.scalar(select(Subject.name).where(Subject.code == "B101")) == "青年路营业部"


def test_two_changes_of_one_day_are_one_version(connection: Connection) -> None:
    create_units(connection)
    for name in ("甲", "乙"):
        load(connection, f"机构编号,机构名称\nB101,{name}\n", after=2)
    assert [step.kind for step in unit_history(connection, unit_id(connection, "B101"), EVERYTHING)] == [
        "changed",
        "created",
    ]
    assert_versions_are_whole(connection)


CLOSE = "机构编号,撤销日期,撤销原因,并入机构\n"


def test_closing_merging_and_reopening(connection: Connection) -> None:
    create_units(connection)
    report = load(connection, CLOSE + f"B102,{DAY_0 + timedelta(days=4)},租约到期,B101\n", after=6)
    assert dict(report.kinds) == {"closed": 1}
    closed = connection.execute(select(*Unit.__table__.columns).where(Unit.code == "B102")).one()
    assert closed.closed_at.isoformat() == "2026-05-07T16:00:00+00:00"
    assert (closed.closed_reason, closed.successor_id) == ("租约到期", unit_id(connection, "B101"))
    days = {after: row.closed for after in (3, 4) for row in as_of(connection, after) if row.code == "B102"}
    assert days == {3: False, 4: True}
    assert (
        load(connection, CLOSE + f"B102,{DAY_0 + timedelta(days=4)},租约到期,B101\n", after=7).unchanged == 1
    )
    assert dict(load(connection, "机构编号,状态\nB102,营业\n", after=9).kinds) == {"reopened": 1}
    again = connection.execute(select(*Unit.__table__.columns).where(Unit.code == "B102")).one()
    assert (again.closed_at, again.closed_reason, again.successor_id) == (None, None, None)
    steps = unit_history(connection, closed.id, EVERYTHING)
    assert [step.kind for step in steps] == ["reopened", "closed", "created"]
    assert_versions_are_whole(connection)


def as_of(connection: Connection, after: int) -> Any:
    return tree_as_of(connection, EVERYTHING, DAY_0 + timedelta(days=after))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("D1,2026-05-04,,", ["import_open_below"]),
        ("D1,2026-05-04,,\nB101,2026-05-04,,\nB102,2026-05-04,,", []),
        ("D1,2026-05-04,,\nB101,2026-05-04,,", ["import_open_below"]),
        ("B101,2026-05-05,,", ["import_day_future"]),
        ("B101,2026-05-04,,B101", ["import_unknown_successor"]),
        ("B101,2026-05-04,,Q", ["import_unknown_successor"]),
        ("B101,soon,,", ["import_date"]),
    ],
)  # fmt: skip
def test_what_can_be_closed(connection: Connection, rows: str, found: list[str]) -> None:
    create_units(connection)
    report = load(connection, CLOSE + rows + "\n")
    assert problems(report) == found
    closed = {row.code for row in connection.execute(select(Unit.code).where(Unit.closed_at.is_not(None)))}
    assert ("D1" in closed) == (not found and "D1" in rows)


@pytest.mark.parametrize(
    "row", ["N,新网点,网点,D1", "B201,人民路支行,网点,D1", "B101,青年路支行,网点,D1,营业"]
)
def test_nothing_open_comes_below_a_closed_unit(connection: Connection, row: str) -> None:
    create_units(connection)
    load(connection, CLOSE + "".join(f"{code},2026-05-04,,\n" for code in ("D1", "B101", "B102")))
    report = load(connection, f"机构编号,机构名称,级别,上级编号,状态\n{row}\n", after=1)
    assert problems(report) == ["import_parent_closed"]


def test_changes_from_an_earlier_day(connection: Connection) -> None:
    create_units(connection)
    load(connection, "机构编号,机构名称\nB101,甲\n", after=8)
    ok = load(connection, "机构编号,上级编号\nB201,D1\n", after=9, day=DAY_0 + timedelta(days=2))
    assert dict(ok.kinds) == {"moved": 1}
    assert (tree(connection, 1)["B201"], tree(connection, 2)["B201"]) == ("C01/D10/B201/", "C01/D1/B201/")
    early: Mapping[str, str] = {
        "itself": "机构编号,机构名称\nB101,乙\n",
        "below a unit that moves": "机构编号,上级编号\nD1,D10\n",
        "its new parent": "机构编号,上级编号\nB102,B101\n",
    }
    for text in early.values():
        report = load(connection, text, after=9, day=DAY_0 + timedelta(days=7))
        assert problems(report) == ["import_before_last_change"]
        assert report.problems[0].params["day"] == str(DAY_0 + timedelta(days=8))
    assert_versions_are_whole(connection)


def test_a_tree_of_any_depth(connection: Connection) -> None:
    levels = ("总行", "省行", "市行", "区县", "片区", "支行", "二级支行", *["网点"] * 20)
    rows = [f"U{at},{level}{at},{level},{f'U{at - 1}' if at else ''}" for at, level in enumerate(levels)]
    assert load(connection, "机构编号,机构名称,级别,上级编号\n" + "\n".join(reversed(rows))).created == 27
    assert tree(connection, 0)["U26"].count("/") == 27


def test_a_path_has_an_end(connection: Connection) -> None:
    codes = [f"{at:02}" + "长" * 20 for at in range(40)]
    rows = [f"{code},{code},网点,{codes[at - 1] if at else ''}" for at, code in enumerate(codes)]
    report = load(connection, "机构编号,机构名称,级别,上级编号\n" + "\n".join(rows))
    assert set(problems(report)) == {"import_too_deep", "import_unknown_parent"}
    assert report.created == 31
    top = "顶" * 20
    assert load(connection, f"机构编号,机构名称,级别,上级编号\n{top},X,网点,\n").created == 1
    assert problems(load(connection, f"机构编号,上级编号\n{codes[0]},{top}\n", after=1)) == [
        "import_too_deep"
    ]


def test_days_are_those_of_the_organisation(connection: Connection) -> None:
    late = NOW.replace(hour=17)
    import_units(connection, SentFile("机构编号,机构名称,级别\nA,甲,网点\n".encode(), "u.csv", BY), now=late)
    assert known_since(connection, EVERYTHING) == date(2026, 5, 5)
