from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from server.keys import KeyRing
from server.models.contacts import ServiceEvent
from server.scope import Scope
from tests import builders
from tests.builders import NOW
from tests.fieldwork.contacts.worlds import put_contacts, put_events

HEADER = "业务流水号,客户编号,网点编号,办理时间,办理业务,办理渠道,柜员编号,等待分钟"
GOOD = "E1,K1,B101,2026-05-03 10:35,开户,自助,T017,12"


@pytest.fixture
def bank(connection: Connection, keys: KeyRing) -> Connection:
    builders.create_units(connection)
    put_contacts(connection, keys, "K1,13800138000,B101", "K2,13900139000,B201")
    return connection


def only(connection: Connection) -> Any:
    return connection.execute(select(*ServiceEvent.__table__.columns)).one()


def test_an_event_as_a_bank_exports_it(bank: Connection) -> None:
    report = put_events(bank, GOOD, header=HEADER)
    assert (report.created, report.rejected) == (1, 0)
    row = only(bank)
    assert row.happened_at == datetime(2026, 5, 3, 2, 35, tzinfo=UTC)
    assert (row.business, row.channel, row.teller_code, row.waited_minutes) == (
        "开户",
        "self_service",
        "T017",
        12,
    )


def test_the_same_again_changes_nothing_and_a_correction_is_one(bank: Connection) -> None:
    put_events(bank, GOOD, header=HEADER)
    again = put_events(bank, GOOD, header=HEADER)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
    corrected = put_events(bank, GOOD.replace("10:35", "11:35").replace("T017", ""), header=HEADER)
    assert [(change.kind, [name for name, _, _ in change.fields]) for change in corrected.changes] == [
        ("changed", ["happened_at", "teller_code"])
    ]
    assert (only(bank).happened_at.hour, only(bank).teller_code) == (3, None)


def test_a_column_that_is_not_there_stays_as_it_was(bank: Connection) -> None:
    put_events(bank, GOOD, header=HEADER)
    put_events(bank, "E1,K1,B101,2026-05-03 10:35")
    assert (only(bank).business, only(bank).channel) == ("开户", "self_service")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-05-03 10:35:20", "2026-05-03T02:35:20+00:00"),
        ("2026-05-03T10:35:20Z", "2026-05-03T10:35:20+00:00"),
        ("2026-05-03T10:35:20+09:00", "2026-05-03T01:35:20+00:00"),
        ("2026/5/3 9:05", "2026-05-03T01:05:00+00:00"),
        ("2026年5月3日 09:05", "2026-05-03T01:05:00+00:00"),
        ("2026-05-03", "2026-05-02T16:00:00+00:00"),
    ],
)
def test_times_without_an_offset_are_the_units(bank: Connection, written: str, expected: str) -> None:
    put_events(bank, f"E1,K1,B101,{written}")
    assert only(bank).happened_at.isoformat() == expected


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("E1,K9,B101,2026-05-03,,,,", "contact", "import_unknown_contact"),
        ("E1,K1,B999,2026-05-03,,,,", "unit_code", "import_unknown_unit"),
        ("E1,K1,B101,yesterday,,,,", "happened_at", "import_moment"),
        ("E1,K1,B101,2026-05-06,,,,", "happened_at", "import_in_future"),
        ("E1,K1,B101,2026-05-03,,pigeon,,", "channel", "import_unknown_channel"),
        ("E1,K1,B101,2026-05-03,,,,-1", "waited_minutes", "import_minutes"),
        ("E1,K1,B101,2026-05-03,,,,nan", "waited_minutes", "import_minutes"),
        ("E1,,B101,2026-05-03,,,,", "contact", "cell_missing"),
        (f"E1,K1,B101,2026-05-03,{'长' * 201},,,", "business", "import_text_long"),
    ],
)
def test_a_bad_row_stays_out_with_its_reason(bank: Connection, row: str, column: str, code: str) -> None:
    report = put_events(bank, row, header=HEADER)
    assert [(each.row, each.column, each.code) for each in report.problems] == [(2, column, code)]
    assert (report.created, report.rejected) == (0, 1)


def test_a_clock_that_goes_fast_loses_nothing(bank: Connection) -> None:
    late = (NOW + timedelta(hours=20)).isoformat()
    assert put_events(bank, f"E1,K1,B101,{late}").created == 1


def test_a_customer_of_another_outlet_may_be_served_at_mine(bank: Connection) -> None:
    east = Scope(unit_paths=("C01/D1/",))
    assert put_events(bank, "E1,K2,B101,2026-05-03", scope=east).created == 1
    assert put_events(bank, "E2,K1,B201,2026-05-03", scope=east).rejected == 1


def test_an_event_of_another_outlet_is_not_taken_over(bank: Connection) -> None:
    put_events(bank, "E1,K2,B201,2026-05-03")
    report = put_events(bank, "E1,K2,B101,2026-05-03", scope=Scope(unit_paths=("C01/D1/",)))
    assert [each.code for each in report.problems] == ["import_outside_scope"]


def test_a_dry_run_writes_nothing(bank: Connection) -> None:
    assert put_events(bank, GOOD, header=HEADER, dry_run=True).created == 1
    assert bank.execute(select(ServiceEvent.id)).all() == []
