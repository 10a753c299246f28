"""What a unit is like: hours, area, counters, tags and kind, as columns."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.attributes import SHAPES
from server.fieldwork.organisation.unit_import import import_units
from server.models.organisation import Unit
from tests.builders import BY, NOW, create_units

HOURS = "周一至周五 9:00-17:00；周六 9:00-16:00"


def load(connection: Connection, header: str, row: str) -> ImportReport:
    sent = SentFile(f"机构编号,{header}\nB101,{row}\n".encode(), "units.csv", BY)
    return import_units(connection, sent, now=NOW + timedelta(days=1))


def attributes(connection: Connection) -> Any:
    return connection.scalar(select(Unit.attributes).where(Unit.code == "B101"))


def test_columns_become_attributes(connection: Connection) -> None:
    create_units(connection)
    connection.execute(update(Unit).where(Unit.code == "B101").values(attributes={"floor": 2}))
    report = load(connection, "营业时间,面积,窗口数,标签,类别", f"{HOURS},320.5㎡,6,适老网点、旗舰店,综合")
    stored = attributes(connection)
    assert stored["opening_hours"]["mon"] == [["09:00", "17:00"]]
    assert stored["opening_hours"]["sun"] == []
    assert {name: value for name, value in stored.items() if name != "opening_hours"} == {
        "floor": 2, "area": 320.5, "counters": 6, "tags": ["适老网点", "旗舰店"], "kind": "综合",
    }  # fmt: skip
    assert report.changes[0].fields[1:] == (
        ("opening_hours", None, "Mo-Fr 09:00-17:00; Sa 09:00-16:00"),
        ("area", None, "320.5"),
        ("counters", None, "6"),
        ("tags", None, "适老网点、旗舰店"),
    )
    assert load(connection, "窗口数,标签", ",").updated == 1
    assert attributes(connection).keys() == {"floor", "opening_hours", "area", "kind"}


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("营业时间", "早九晚五", "import_opening_hours"),
        ("面积", "很大", "import_number"),
        ("面积", "0", "import_number"),
        ("面积", "-5", "import_number"),
        ("面积", "NaN", "import_number"),
        ("窗口数", "2.5", "import_number"),
        ("窗口数", "9999", "import_number"),
        ("标签", "长" * 41, "import_tags"),
        ("标签", "、".join(f"t{at}" for at in range(31)), "import_tags"),
        ("类别", "长" * 41, "import_text"),
        ("状态", "不知道", "import_unit_state"),
        ("开业日期", "去年", "import_date"),
        ("时区", "Moon/Base", "import_unknown_timezone"),
        ("机构名称", "长" * 201, "import_text"),
        ("机构名称", "", "cell_missing"),
    ],
)
def test_values_that_have_not_their_shape(connection: Connection, header: str, cell: str, code: str) -> None:
    create_units(connection)
    assert [each.code for each in load(connection, header, cell).problems] == [code]


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("opening_hours", {"mon": [["09:00", "17:00"]], "holidays": []}, True),
        ("opening_hours", {"monday": []}, False),
        ("opening_hours", {"mon": [["17:00", "09:00"]]}, False),
        ("opening_hours", {"mon": "09:00-17:00"}, False),
        ("opening_hours", {"mon": [9, 17]}, False),
        ("opening_hours", [], False),
        ("area", True, False),
        ("counters", 0, True),
        ("tags", [], True),
        ("tags", [""], False),
        ("tags", "旗舰店", False),
    ],
)
def test_shapes(name: str, value: object, right: bool) -> None:
    assert SHAPES[name](value) is right
