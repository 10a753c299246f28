"""What a district's coordinator can change ends at the district."""

import pytest
from sqlalchemy import Connection, select

from server.errors import Refusal
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.importing import ImportReport, SentFile
from server.fieldwork.organisation.unit_import import import_units
from server.fieldwork.waves.planning import plan_wave
from server.keys import KeyRing
from server.models.organisation import Unit
from server.models.waves import Wave
from server.scope import Scope
from tests.builders import BY, NOW, contacts_csv, create_units, new_wave, units_csv


def path_of(connection: Connection, code: str) -> str:
    return connection.execute(select(Unit.path).where(Unit.code == code)).scalar_one()


@pytest.fixture
def district(connection: Connection) -> Scope:
    create_units(connection)
    return Scope(unit_paths=(path_of(connection, "D1"),))


def codes(report: ImportReport) -> list[tuple[int | None, str]]:
    return [(problem.row, problem.code) for problem in report.problems]


def test_a_wave_without_a_unit_reaches_what_its_planner_does(connection: Connection, district: Scope) -> None:
    wave_id = plan_wave(connection, new_wave(), by=BY, now=NOW, scope=district)
    unit = connection.execute(
        select(Unit.code).join(Wave, Wave.unit_id == Unit.id).where(Wave.id == wave_id)
    ).scalar_one()
    assert unit == "D1"


def test_a_foreign_unit_is_as_unknown_as_one_that_does_not_exist(
    connection: Connection, district: Scope
) -> None:
    for code in ("D10", "nowhere"):
        with pytest.raises(Refusal) as refused:
            plan_wave(connection, new_wave(unit_code=code), by=BY, now=NOW, scope=district)
        assert [detail.code for detail in refused.value.details] == ["unknown_unit"]


def test_whoever_has_two_districts_says_which(connection: Connection, district: Scope) -> None:
    both = Scope(unit_paths=(*district.unit_paths, path_of(connection, "D10")))
    with pytest.raises(Refusal) as refused:
        plan_wave(connection, new_wave(), by=BY, now=NOW, scope=both)
    assert [detail.code for detail in refused.value.details] == ["unit_needed"]


def test_units_are_neither_changed_nor_moved_across_the_border(
    connection: Connection, district: Scope
) -> None:
    rows = [
        ("B101", "改名", "Renamed", "D1", "outlet"),
        ("B201", "抢来的", "Taken", "D1", "outlet"),
        ("B299", "别人的", "Theirs", "D10", "outlet"),
        ("B199", "新网点", "New", "D1", "outlet"),
    ]
    report = import_units(connection, SentFile(units_csv(rows), "u.csv", BY, district), now=NOW)
    assert (report.created, report.updated) == (1, 1)
    assert codes(report) == [(3, "import_outside_scope"), (4, "import_outside_scope")]


def test_contacts_of_other_districts_are_of_unknown_units(
    connection: Connection, keys: KeyRing, district: Scope
) -> None:
    data = contacts_csv(
        [("K1", "13800000001", "B101", "2026-05-02", "zh"), ("K2", "13800000002", "B201", "2026-05-02", "zh")]
    )
    report = import_contacts(connection, keys, SentFile(data, "c.csv", BY, district), now=NOW)
    assert report.created == 1
    assert codes(report) == [(3, "import_unknown_unit")]
