"""What a form knows of the unit before the start."""

from types import SimpleNamespace
from typing import Any

from server.intake import known


def row(**attributes: object) -> Any:
    return SimpleNamespace(
        unit_name="青年路支行",
        unit_name_en=None,
        unit_code="B101",
        unit_level="outlet",
        unit_attributes=attributes,
    )


def test_plain_attributes_are_known_under_the_units_name() -> None:
    found = known.of_unit(row(counters=4, area="CBD", open=True, hours={"mon": "9-17"}, story="x" * 300))
    assert found == {
        "unit": "青年路支行",
        "unit_en": "青年路支行",
        "unit_code": "B101",
        "unit_level": "outlet",
        "unit_counters": 4,
        "unit_area": "CBD",
        "unit_open": True,
    }


def test_an_attribute_cannot_take_the_place_of_what_we_know() -> None:
    assert known.of_unit(row(code="B999"))["unit_code"] == "B101"


def test_a_subject_that_is_no_unit_keeps_its_own_name() -> None:
    assert known.of_unit(row(), "远东公司")["unit"] == "远东公司"
