"""What a roster learns of people."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from server.accounts import register
from server.coordinates import Point, metres
from server.db import AnyRow
from server.fieldwork.people.workers import workers
from server.fieldwork.visits.assigning import NewVisit, assign_visit
from server.fieldwork.waves.reading import find_wave
from server.keys import KeyRing
from server.models.tasks import Assignment
from server.rostering.visits import Visit
from server.rostering.workers import FIRM, SHOPPER, STAFF, LastVisit, Worker
from server.scope import EVERYTHING, Scope
from tests.builders import DAY, NOW, PUBLIC_URL, create_units, create_wave
from tests.fieldwork.people.people_for_tests import STAFF as STAFF_FILE
from tests.fieldwork.people.people_for_tests import Desk, person_id

SHOPPERS = """工号,姓名,手机号,人员类别,所属机构,片区,证书,证书有效期,可用日,请假,每日上限,总上限,\
回避机构,曾被识别,评分,住址经度,住址纬度,住址坐标系
V1,小周,13900139000,神秘访客,C01,D1,暗访一级,2026-12-31,周末,2026-05-16~2026-05-17,3,20,\
B101,B102,9.2,114.30555,30.59333,GCJ-02
V2,小吴,13900139000,神秘访客,,D10,,,,,,,,,,,,
V3,小郑,13900139003,神秘访客,,,,,,,,,,,,,,
"""


@pytest.fixture
def desk(connection: Connection, keys: KeyRing) -> Desk:
    create_units(connection)
    register.add_firm(connection, "XSDC", "岫山调查", now=NOW)
    desk = Desk(connection, keys)
    desk.load(STAFF_FILE)
    desk.load(SHOPPERS)
    desk.load("工号,姓名,公司\nF2,外勤,XSDC\n")
    return desk


def wave(desk: Desk, code: str = "NOW", **changes: Any) -> AnyRow:
    values: dict[str, Any] = {
        "state": "launched", "instrument": "visit", "opens_at": NOW, "closes_at": NOW + 14 * DAY, **changes,
    }  # fmt: skip
    wave_id = create_wave(desk.connection, code=code, **values)
    return find_wave(desk.connection, wave_id, EVERYTHING)


def by_code(desk: Desk, found: list[Worker]) -> dict[str, Worker]:
    names = {str(person_id(desk.connection, code)): code for code in ("V1", "V2", "V3", "S1", "F2")}
    return {names.get(each.id, each.kind): each for each in found}


def went(desk: Desk, code: str, unit: str, of: AnyRow, *, done: bool = True, days: int = 0) -> None:
    """A visit of somebody in an earlier wave."""
    new = NewVisit(of.id, person_id(desk.connection, code), unit, NOW - 60 * DAY, NOW + DAY, {})
    made = assign_visit(desk.connection, new, desk.keys, public_url=PUBLIC_URL, by="system", now=NOW)
    day = NOW - timedelta(days=days)
    values: dict[str, Any] = {"completed_at": day} if done else {"planned_on": day.date()}
    desk.connection.execute(update(Assignment).where(Assignment.id == made.assignment_id).values(**values))


def test_everybody_who_goes_out_and_nobody_else(desk: Desk) -> None:
    found = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING))
    assert {code: each.kind for code, each in found.items()} == {
        "V1": SHOPPER, "V2": SHOPPER, "V3": SHOPPER, "S1": STAFF, "F2": SHOPPER, "firm": FIRM,
    }  # fmt: skip
    assert found["F2"].firm == found["firm"].id


def test_what_is_known_of_somebody(desk: Desk) -> None:
    one = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING, desk.keys))["V1"]
    assert one.territories == {"C01/D1/", "D1"}
    assert one.conflicts == {"C01/D1/B101/", "B101"}
    assert one.identified == {"C01/D1/B102/", "B102"}
    assert one.certificates == {"暗访一级": date(2026, 12, 31)}
    assert (one.per_day, one.total, one.rating) == (3, 20, Decimal("9.20"))
    # Weekends of 4 to 18 May (the last day is the 17th), without the one that they asked off.
    assert one.days == {date(2026, 5, 9), date(2026, 5, 10)}
    assert one.home is not None
    assert 300 < metres(one.home, Point(114.306, 30.593)) < 800, "no longer in the datum it was given in"


def test_without_the_keys_nobody_has_a_home(desk: Desk) -> None:
    assert {each.home for each in workers(desk.connection, wave(desk), EVERYTHING)} == {None}


def test_places_are_what_visits_are_compared_with(desk: Desk) -> None:
    one = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING))["V1"]
    visit = Visit("B101", "B101", "C01/D1/", date(2026, 5, 9), date(2026, 5, 9))
    assert visit.lies_in(one.territories)
    assert visit.lies_in(one.conflicts)
    other = Visit("B102", "B102", "C01/D1/", date(2026, 5, 9), date(2026, 5, 9))
    assert not other.lies_in(one.conflicts)
    assert other.lies_in(one.identified)


def test_whoever_works_at_an_outlet_is_known_there(desk: Desk) -> None:
    desk.load("工号,姓名,所属机构,角色,角色范围\nS2,督导乙,B201,督导,D10\n")
    found = {each.id: each for each in workers(desk.connection, wave(desk), EVERYTHING)}
    assert "B201" in found[str(person_id(desk.connection, "S2"))].conflicts


def test_last_visits_lock_out_by_day_and_by_wave(desk: Desk) -> None:
    older = wave(desk, "OLD", opens_at=NOW - 60 * DAY, closes_at=NOW - 40 * DAY)
    before = wave(desk, "BEFORE", opens_at=NOW - 30 * DAY, closes_at=NOW - DAY)
    went(desk, "V3", "B101", older, days=50)
    went(desk, "V3", "B101", before, days=10)
    went(desk, "V3", "B102", older, days=45)
    seen = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING))["V3"].seen
    assert seen == {
        "B101": LastVisit(date(2026, 4, 24), 1),
        "B102": LastVisit(date(2026, 3, 20), 2),
    }


def test_what_another_wave_has_planned_counts_until_it_is_called_off(desk: Desk) -> None:
    other = wave(desk, "OTHER", opens_at=NOW - DAY)
    went(desk, "V3", "B201", other, done=False)
    this = wave(desk)
    assert set(by_code(desk, workers(desk.connection, this, EVERYTHING))["V3"].seen) == {"B201"}
    desk.connection.execute(update(Assignment).values(cancelled_at=NOW, cancel_reason="x"))
    assert by_code(desk, workers(desk.connection, this, EVERYTHING))["V3"].seen == {}


def test_who_is_registered_twice_is_locked_out_twice(desk: Desk) -> None:
    before = wave(desk, "BEFORE", opens_at=NOW - 30 * DAY, closes_at=NOW - DAY)
    went(desk, "V1", "B201", before, days=10)
    found = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING))
    assert set(found["V1"].seen) == set(found["V2"].seen) == {"B201"}


def test_the_scope_limits_whom_one_sends(desk: Desk) -> None:
    found = by_code(desk, workers(desk.connection, wave(desk), Scope(unit_paths=("C01/D10/",))))
    assert set(found) == {"V2"}


def test_whoever_leaves_is_sent_nowhere_afterwards(desk: Desk) -> None:
    desk.load("工号,离职日期\nV3,2026-05-06\nV2,2026-05-04\n")
    found = by_code(desk, workers(desk.connection, wave(desk), EVERYTHING))
    assert found["V3"].days == {date(2026, 5, 4), date(2026, 5, 5)}
    assert "V2" not in found
    assert desk.connection.scalar(select(Assignment.id)) is None
