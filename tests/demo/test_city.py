"""The demo bank's tree of units."""

import csv
import io
import math
import re
from collections import Counter
from decimal import Decimal

import pytest

from server.demo.city import CLOSEST_KM, UNIT_COLUMNS, DemoUnit, build_city, outlets, units_csv
from server.demo.places import CENTRE_LATITUDE, CENTRE_LONGITUDE
from server.demo.remarks import THEMES
from server.fieldwork.organisation import unit_import
from server.tables import read_table

CITY = build_city(1)


def test_same_seed_same_bytes() -> None:
    assert units_csv(build_city(1)) == units_csv(CITY)
    assert units_csv(build_city(2)) != units_csv(CITY)


def test_counts() -> None:
    levels = Counter(unit.level for unit in CITY)
    assert levels == {"city": 1, "district": 5, "sub_branch": 12, "outlet": 40}
    assert len(outlets(CITY)) == 40


@pytest.mark.parametrize("seed", range(20))
def test_codes_and_outlets_are_unique(seed: int) -> None:
    units = build_city(seed)
    assert len({unit.code for unit in units}) == len(units)
    assert len({unit.name for unit in units}) == len(units)
    assert len({unit.name_en for unit in units}) == len(units)
    assert len({(unit.longitude, unit.latitude) for unit in outlets(units)}) == 40


def test_parents_come_before_children_and_have_the_level_above() -> None:
    above = {"district": "city", "sub_branch": "district", "outlet": "sub_branch"}
    levels: dict[str, str] = {"": ""}
    for unit in CITY:
        assert levels[unit.parent_code] == above.get(unit.level, "")
        levels[unit.code] = unit.level


def kilometres(one: DemoUnit, other: DemoUnit) -> float:
    east = float(one.longitude - other.longitude) * 111.32 * math.cos(math.radians(CENTRE_LATITUDE))
    return math.hypot(east, float(one.latitude - other.latitude) * 111.32)


def test_outlets_lie_in_one_city_and_not_on_top_of_each_other() -> None:
    places = outlets(CITY)
    for unit in places:
        assert abs(float(unit.longitude) - CENTRE_LONGITUDE) < 0.25
        assert abs(float(unit.latitude) - CENTRE_LATITUDE) < 0.2
        siblings = [other for other in places if other.parent_code == unit.parent_code and other != unit]
        assert min(kilometres(unit, other) for other in siblings) > CLOSEST_KM * 0.99
        assert max(kilometres(unit, other) for other in siblings) < 9


def test_outlets_say_what_a_visitor_sees() -> None:
    for unit in outlets(CITY):
        assert re.fullmatch(r"云岫市\w+区\w+\d+号", unit.address)
        assert re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", unit.hours)
        assert 1 <= unit.counters <= 8
    assert {tag for unit in CITY for tag in unit.tags} >= {"旗舰", "适老", "社区"}


def quality_by_sub_branch(units: tuple[DemoUnit, ...]) -> dict[str, list[float]]:
    groups: dict[str, list[float]] = {}
    for unit in outlets(units):
        groups.setdefault(unit.parent_code, []).append(unit.quality)
    return groups


@pytest.mark.parametrize("seed", range(20))
def test_one_sub_branch_is_weak_and_one_excellent(seed: int) -> None:
    groups = quality_by_sub_branch(build_city(seed))
    ordered = sorted(groups.values(), key=lambda values: sum(values) / len(values))
    assert max(ordered[0]) < min(ordered[1])
    assert min(ordered[-1]) > 0.88
    assert all(0.45 < value < 1 for values in ordered for value in values)


def test_weak_sides_are_themes_that_remarks_know() -> None:
    assert {unit.weak_side for unit in outlets(CITY)} <= set(THEMES)


def test_the_file_has_the_columns_of_the_import() -> None:
    data = units_csv(CITY)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == UNIT_COLUMNS
    assert [row["机构编号"] for row in rows] == [unit.code for unit in CITY]
    assert {row["坐标系"] for row in rows} == {"GCJ-02"}
    assert [Decimal(row["经度"]) for row in rows] == [unit.longitude for unit in CITY]
    assert [row["营业时间"] for row in rows] == [unit.hours for unit in CITY]
    assert [row["窗口数"] for row in rows] == [str(unit.counters or "") for unit in CITY]
    assert not {name for name in rows[0] if "quality" in name}
    # Excel in China opens the file, so every name must exist in its own encoding too.
    data.decode("utf-8-sig").encode("gb18030")


def test_the_import_reads_every_row() -> None:
    columns, required = unit_import.COLUMNS, unit_import.REQUIRED
    table = read_table(units_csv(CITY), "units.csv", aliases=columns, required=required)
    assert [row.cells["code"] for row in table.rows] == [unit.code for unit in CITY]
    assert list(table.problems) == []
    assert list(table.ignored) == []
