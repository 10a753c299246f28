from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, select, text

from server.catalogue import LOCALES
from server.catalogue import text as catalogue_text
from server.db import Base
from server.fieldwork.contacts.contact_import import import_contacts
from server.fieldwork.contacts.imports import contact_rows as contacts
from server.fieldwork.contacts.imports import event_rows as events
from server.fieldwork.contacts.imports.passing import BATCH
from server.fieldwork.importing import ImportReport, SentFile
from server.keys import KeyRing
from server.models.contacts import Contact, ContactPrivate
from server.scope import EVERYTHING, Scope
from server.tables import read_table
from tests import builders
from tests.builders import BY, NOW, contact_rows

HEADER = "客户编号,姓名,手机号,网点编号,语言,大字版,同意来源,办理日期\n"
GOOD = "K1,王芳,138 0013-8000,B101,英文,是,柜面,2026年5月2日\n"


@pytest.fixture
def units(connection: Connection) -> Connection:
    builders.create_units(connection)
    return connection


def load(
    connection: Connection,
    keys: KeyRing,
    text: str,
    encoding: str = "utf-8",
    *,
    dry_run: bool = False,
    scope: Scope = EVERYTHING,
) -> ImportReport:
    sent = SentFile(text.encode(encoding), "c.csv", BY, scope)
    return import_contacts(connection, keys, sent, now=NOW, dry_run=dry_run)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.rejected


def only(connection: Connection) -> Any:
    return connection.execute(
        select(*Contact.__table__.columns, ContactPrivate.phone, ContactPrivate.name).join(
            ContactPrivate, ContactPrivate.contact_id == Contact.id
        )
    ).one()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_contact_as_a_bank_exports_it(units: Connection, keys: KeyRing, encoding: str) -> None:
    assert counts(load(units, keys, HEADER + GOOD, encoding)) == (1, 0, 0, 0)
    row = only(units)
    assert (row.external_id, row.locale, row.large_type, row.consent_source) == ("K1", "en", True, "柜面")
    assert row.served_on.isoformat() == "2026-05-02"
    assert (keys.decrypt(row.phone), keys.decrypt(row.name)) == ("+8613800138000", "王芳")


def test_no_table_holds_a_plain_number_or_name(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD + "K2,李强,12345,B101,,,,\nK3,赵敏,13900139000,nowhere,,,,\n")
    for table in Base.metadata.tables:
        for row in units.execute(text(f'SELECT "{table}"::text FROM "{table}"')).scalars():
            for secret in ("13800138000", "13900139000", "王芳", "李强", b"8613800138000".hex()):
                assert secret not in row, table


def test_unchanged_rows_change_nothing(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    before = only(units)
    assert counts(load(units, keys, HEADER + GOOD)) == (0, 0, 1, 0)
    assert only(units) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [("138 0013-8000", "13900139000"), ("王芳", "王方"), ("B101", "B102"), ("英文", "中文"), ("是", "否")],
)
def test_a_change_is_an_update(units: Connection, keys: KeyRing, old: str, new: str) -> None:
    load(units, keys, HEADER + GOOD)
    assert counts(load(units, keys, HEADER + GOOD.replace(old, new))) == (0, 1, 0, 0)
    assert counts(load(units, keys, HEADER + GOOD.replace(old, new))) == (0, 0, 1, 0)


def test_a_changed_number_is_found_by_its_hash(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    load(units, keys, HEADER + GOOD.replace("138 0013-8000", "13900139000"))
    stored = units.scalars(select(ContactPrivate.phone_hash)).all()
    assert stored == [keys.lookup_hash("+8613900139000")]


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("K2,,1380013,B101,,,,", "phone", "import_phone"),
        ("K2,,027-87654321,B101,,,,", "phone", "import_phone"),
        ("K2,,13900139000,nowhere,,,,", "unit_code", "import_unknown_unit"),
        ("K2,,13900139000,B101,,,,2026-02-30", "served_on", "import_date"),
        ("K2,,13900139000,B101,,perhaps,,", "large_type", "import_yes_no"),
        ("K2,,13900139000,B101,法文,,,", "locale", "import_unknown_language"),
        ("K1,,13900139000,B101,,,,", "external_id", "import_duplicate"),
        (",,13900139000,B101,,,,", "external_id", "cell_missing"),
        ("K2,,,B101,,,,", "phone", "cell_missing"),
    ],
)
def test_a_bad_row_stays_out_with_its_reason(
    units: Connection, keys: KeyRing, row: str, column: str, code: str
) -> None:
    report = load(units, keys, f"{HEADER}{GOOD}{row}\n")
    assert counts(report) == (1, 0, 0, 1)
    assert [(each.row, each.column, each.code) for each in report.problems] == [(3, column, code)]
    assert only(units).external_id == "K1"


def test_a_report_calls_columns_as_the_file_does(units: Connection, keys: KeyRing) -> None:
    report = load(units, keys, HEADER.replace("手机号", "联系 手机") + GOOD)
    assert report.headers["external_id"] == "客户编号"
    assert [each.code for each in report.problems] == ["header_missing"]
    assert report.ignored_columns == ("联系 手机",)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("area", ["contacts", "service_events"])
def test_columns_are_taken_under_the_names_that_the_page_gives_them(area: str, locale: str) -> None:
    columns = {"contacts": contacts.COLUMNS, "service_events": events.COLUMNS}[area]
    labels = [catalogue_text(f"{area}.column.{name}", locale) for name in columns]
    found = read_table(",".join(labels).encode() + b"\n", "t.csv", aliases=columns)
    assert (found.columns, found.ignored) == (tuple(columns), ())


def test_a_dry_run_shows_what_would_change_and_changes_nothing(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    before = only(units)
    changed = (
        GOOD.replace("B101", "B102").replace("是", "否").replace("王芳", "王方")
        + "K2,,13900139000,B101,,,,\n"
    )
    shown = load(units, keys, HEADER + changed, dry_run=True)
    assert (counts(shown), shown.dry_run) == ((1, 1, 0, 0), True)
    assert [(each.row, each.key, each.kind, each.fields) for each in shown.changes] == [
        (
            2,
            "K1",
            "changed",
            (("unit_code", "B101", "B102"), ("large_type", "True", "False"), ("name", "…", "…")),
        ),
        (3, "K2", "created", ()),
    ]
    assert only(units) == before
    assert load(units, keys, HEADER + changed).fingerprint == shown.fingerprint
    assert load(units, keys, HEADER + changed, dry_run=True).fingerprint != shown.fingerprint


def test_columns_that_a_file_does_not_have_stay_as_they_are(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    before = only(units)
    report = load(units, keys, "客户编号,手机号,网点编号,员工,首选渠道\nK1,13800138000,B101,是,微信\n")
    after = only(units)
    assert counts(report) == (0, 1, 0, 0)
    assert (after.locale, after.large_type, after.served_on) == ("en", True, before.served_on)
    assert (after.staff, after.preferred_channel, after.consent_source) == (True, "wechat", "柜面")
    assert keys.decrypt(after.name) == "王芳"


def test_attributes_are_columns_that_people_name_themselves(units: Connection, keys: KeyRing) -> None:
    head = "客户编号,手机号,网点编号,属性：层级,attribute:region\n"
    load(units, keys, head + "K1,13800138000,B101,金卡,east\n")
    assert only(units).attributes == {"层级": "金卡", "region": "east"}
    report = load(units, keys, head + "K1,13800138000,B101,,east\n", dry_run=True)
    assert report.changes[0].fields == (("attribute:层级", "金卡", None),)
    load(units, keys, "客户编号,手机号,网点编号,属性:层级\nK1,13800138000,B101,\n")
    assert only(units).attributes == {"region": "east"}


def test_what_lies_outside_the_senders_scope_is_not_touched(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    before = only(units)
    east = Scope(unit_paths=("C01/D10/",))
    report = load(units, keys, HEADER + GOOD.replace("B101", "B201"), scope=east)
    assert [(each.column, each.code) for each in report.problems] == [("external_id", "import_outside_scope")]
    assert only(units) == before


@pytest.mark.parametrize("length", [BATCH, 2 * BATCH + 1])
def test_a_repeated_id_is_found_however_far_back_its_first_row_is(
    units: Connection, keys: KeyRing, length: int
) -> None:
    rows = [(f"K{number}", builders.phone_of(number), "B101", "", "") for number in range(length)]
    report = builders.create_contacts(units, keys, [*rows, rows[0]])
    assert counts(report) == (length, 0, 0, 1)
    assert report.problems[0].params == {"value": "K0", "first_row": 2}


def test_an_open_case_ends_when_its_day_is_taken_away(units: Connection, keys: KeyRing) -> None:
    head = "客户编号,手机号,网点编号,投诉处理开始\n"
    load(units, keys, head + "K1,13800138000,B101,2026年5月1日\n")
    assert only(units).open_case_since.isoformat() == "2026-05-01"
    load(units, keys, head + "K1,13800138000,B101,\n")
    assert only(units).open_case_since is None


def test_reports_do_not_carry_numbers(units: Connection, keys: KeyRing) -> None:
    report = load(units, keys, f"{HEADER}K2,,027-87654321,B101,,,,\n")
    assert "8765" not in repr(report)


def test_two_imports_at_once_in_different_orders(engine: Engine, keys: KeyRing) -> None:
    with engine.begin() as connection:
        builders.create_units(connection)
    rows, started = contact_rows(150), Barrier(2)

    def run(ordered: list[tuple[object, ...]]) -> ImportReport:
        with engine.begin() as connection:
            started.wait(timeout=30)
            return builders.create_contacts(connection, keys, ordered)

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, (rows, rows[::-1])))
    assert sorted(counts(report) for report in reports) == [(0, 0, 450, 0), (450, 0, 0, 0)]


def test_files_longer_than_a_batch(units: Connection, keys: KeyRing) -> None:
    rows = [(f"K{number}", builders.phone_of(number), "B101", "", "") for number in range(4_500)]
    assert counts(builders.create_contacts(units, keys, rows)) == (4_500, 0, 0, 0)


def test_a_name_that_is_too_long_is_not_told(units: Connection, keys: KeyRing) -> None:
    report = load(units, keys, HEADER + GOOD.replace("王芳", "长" * 201))
    assert [(each.column, each.code) for each in report.problems] == [("name", "import_text_long")]
    assert "长" not in repr(report)


def test_whoever_was_erased_keeps_the_id_when_sent_again(units: Connection, keys: KeyRing) -> None:
    load(units, keys, HEADER + GOOD)
    before = only(units)
    units.execute(delete(ContactPrivate))
    report = load(units, keys, HEADER + GOOD)
    assert [(each.kind, each.fields) for each in report.changes] == [
        ("changed", (("name", "…", "…"), ("phone", "…", "…")))
    ]
    assert (only(units).id, keys.decrypt(only(units).phone)) == (before.id, "+8613800138000")


def test_an_address_is_kept_encrypted_until_a_file_takes_it_away(units: Connection, keys: KeyRing) -> None:
    def kept() -> str | None:
        row = units.execute(select(ContactPrivate.email, ContactPrivate.email_hash)).one()
        assert row.email_hash in (
            {None} if row.email is None else set(keys.lookup_hashes("wang@bank.example"))
        )
        return keys.decrypt(row.email) if row.email else None

    header = "客户编号,手机号,网点编号,邮箱\n"
    wrong = load(units, keys, header + "K1,13800138000,B101,wang@\n")
    assert [(each.code, each.params) for each in wrong.problems] == [("import_email", {"value": "…ang@"})]
    assert counts(load(units, keys, header + "K1,13800138000,B101,Wang@bank.example\n")) == (1, 0, 0, 0)
    assert kept() == "wang@bank.example"
    assert counts(load(units, keys, header + "K1,13800138000,B101,wang@bank.example\n")) == (0, 0, 1, 0)
    assert counts(load(units, keys, HEADER + GOOD)) == (0, 1, 0, 0)
    assert kept() == "wang@bank.example", "a column that a file lacks changes nothing"
    assert counts(load(units, keys, header + "K1,13800138000,B101,\n")) == (0, 1, 0, 0)
    assert kept() is None
